"""The leaderboard from an installed wheel: no checkout, no working directory of ours."""

from pathlib import Path

import pytest

from tests.bench.conftest import run_clean


@pytest.mark.slow
def test_the_leaderboard_runs_and_verifies_from_a_wheel(wheel_python, tmp_path):
    for package in ("mec_env", "dirs_solver", "mec_bench"):
        where = run_clean(
            wheel_python, "-c", f"import {package}; print({package}.__file__)", cwd=tmp_path
        )
        assert Path(where.strip()).is_relative_to(wheel_python.parents[1])
    module = [wheel_python, "-m", "mec_bench"]
    small = ["--suites", "paper-medium-v1", "--worlds", "1", "--slots", "5"]
    text = run_clean(*module, "leaderboard", *small, "--learners", "local,greedy", cwd=tmp_path)
    assert text.index("greedy") < text.index("local")
    out = tmp_path / "leaderboard"
    assert sorted(p.name for p in out.iterdir()) == ["cells", "leaderboard.html", "leaderboard.md"]
    files = sorted((out / "cells").glob("*.json"))
    assert len(files) == 2
    assert "2 hold, 0 refused" in run_clean(*module, "verify", *files, cwd=tmp_path)
    assert "no module" not in run_clean(*module, cwd=tmp_path).lower()
    # What a run from a checkout would say.
    assert all('"revision": null' in file.read_text() for file in files)
