"""The leaderboard from an installed wheel: no checkout, no working directory of ours."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command, cwd):
    """Run a command that sees nothing of this checkout; its output."""
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=clean, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The interpreter of a fresh environment with our wheel, and this one's other packages."""
    pytest.importorskip("setuptools")
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    unbuilt = shutil.ignore_patterns("__pycache__", "*.nbi", "*.nbc")
    for name in ("mec_env", "dirs_solver", "mec_bench"):
        shutil.copytree(ROOT / name, source / name, ignore=unbuilt)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip"]
    run(*pip, "wheel", ".", "--no-deps", "--no-build-isolation", "-q", "-w", folder, cwd=source)
    (wheel,) = folder.glob("*.whl")
    shutil.rmtree(source)
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    found = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    site = run(found, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder)
    site = Path(site.strip())
    run(*pip, "install", "-q", "--no-deps", "--target", site, wheel, cwd=folder)
    # A plain path: .pth files there, an editable install of ours among them, are not read.
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return found


@pytest.mark.slow
def test_the_leaderboard_runs_and_verifies_from_a_wheel(python, tmp_path):
    for package in ("mec_env", "dirs_solver", "mec_bench"):
        where = run(python, "-c", f"import {package}; print({package}.__file__)", cwd=tmp_path)
        assert Path(where.strip()).is_relative_to(python.parents[1])
    module = [python, "-m", "mec_bench"]
    small = ["--suites", "paper-medium-v1", "--worlds", "1", "--slots", "5"]
    text = run(*module, "leaderboard", *small, "--learners", "local,greedy", cwd=tmp_path)
    assert text.index("greedy") < text.index("local")
    out = tmp_path / "leaderboard"
    assert sorted(p.name for p in out.iterdir()) == ["cells", "leaderboard.html", "leaderboard.md"]
    files = sorted((out / "cells").glob("*.json"))
    assert len(files) == 2
    assert "2 hold, 0 refused" in run(*module, "verify", *files, cwd=tmp_path)
    assert "no module" not in run(*module, cwd=tmp_path).lower()
    # What a run from a checkout would say.
    assert all('"revision": null' in file.read_text() for file in files)
