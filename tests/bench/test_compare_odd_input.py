"""``mec-env compare`` where something can't be: it is named in one sentence, and the rest goes on."""

import csv
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

import mec_env
from mec_bench import store
from mec_bench.bootstrap import Redraw
from mec_bench.cell import Cell
from mec_bench.cli import main
from mec_bench.compare.points import axis_of, points_of

ROOT = Path(__file__).parents[2]
BASE = mec_env.SCENARIOS["paper-medium"].replace(
    server_layout="kmeans", server_positions=None, name="small", iotds=4, mecs=2
)
MINE = '''"""A learner of one's own, in no package."""
import mec_env

class Mine:
    name, information = "mine", "global"
    def learn(self, scenario, seed, slots=None, progress=None):
        return mec_env.RULES["local"]()
'''


def _compare(out, *arguments):
    short = ("--worlds", "1", "--slots", "2", "--jobs", "1", "--out", str(out))
    main(["compare", *short, *arguments])


def _rows(out):
    with open(out / "compare.csv", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def small(tmp_path):
    """A scenario's file, of 4 devices and 2 servers."""
    file = tmp_path / "small.toml"
    BASE.save(file)
    return str(file)


def test_ranges_vary_in_either_field(small, tmp_path):
    out = tmp_path / "out"
    ranges = "server_speed={low = 1e10, high = 2e10},3e9"
    _compare(
        out, "--scenario", small, "--vary", "mecs=1,2", "--vary", ranges, "--learners", "local"
    )
    assert [row["server_speed"] for row in _rows(out)] == ["1e+10-2e+10", "3e+09"] * 2
    assert (out / "compare.svg").is_file()
    _compare(out, "--scenario", small, "--vary", ranges, "--learners", "local")
    assert [row["server_speed"] for row in _rows(out)] == ["1e+10-2e+10", "3e+09"]


def test_a_single_episode_has_no_interval(tmp_path):
    file = tmp_path / "coupled.toml"
    mec_env.SCENARIOS["rush-hour"].replace(iotds=4, mecs=2, name="coupled").save(file)
    _compare(tmp_path / "out", "--scenario", str(file), "--learners", "local,greedy")
    for row in _rows(tmp_path / "out"):
        assert row["gap_percent"]
        assert row["gap_low"] == row["objective_low"] == ""


def test_of_one_score_nothing_is_redrawn():
    assert Redraw(5, runs_shared=True).scores([[0.1], [0.2]], "any") is None


def test_a_trace_that_is_too_short_costs_its_point_alone(tmp_path, capsys):
    trace = tmp_path / "trace.csv"
    lines = [f"bus{k},{t},{100.0 * k + t},{50.0 + t}" for k in range(2) for t in range(0, 61, 5)]
    trace.write_text("\n".join(["id,time,x,y", *lines]) + "\n")
    mec_env.Scenario(
        name="trace", motion="trace", trace=str(trace), area=1000.0, iotds=2, mecs=1, slot_seconds=10.0
    ).save(tmp_path / "trace.toml")  # fmt: skip
    out, file = tmp_path / "out", str(tmp_path / "trace.toml")
    with pytest.raises(SystemExit) as end:
        _compare(out, "--scenario", file, "--vary", "slot_seconds=10,1000", "--learners", "local")
    assert end.value.code == 1
    assert "left out: slot_seconds = 1000" in capsys.readouterr().err
    rows = _rows(out)
    assert rows[0]["objective"]
    assert "must cover all 2 slots" in rows[1]["failed"]
    trace.unlink()
    (point,) = points_of(mec_env.Scenario.load(file), [axis_of("mecs=1")], 1, 2)
    assert "trace.csv" in point.problem


@pytest.mark.parametrize(
    "text, said",
    [
        ("iotds = = 2", "broken.toml: scenario: not valid TOML"),
        ("iotsd = 2", "broken.toml: scenario field = 'iotsd'"),
        (None, "broken.toml: there is no such file"),
    ],
)
def test_a_scenario_s_file_that_can_t_be_is_named(text, said, tmp_path, capsys):
    file = tmp_path / "broken.toml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SystemExit):
        _compare(tmp_path / "out", "--scenario", str(file))
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "learners, said",
    [
        ("local,,greedy", "a name between two commas is empty"),
        ("tests.toy_learners:NeverMade", "can't be made, RuntimeError: no licence"),
        ("tests.toy_learners:LearnsNot", "has no learn(scenario"),
    ],
)
def test_what_is_no_learner_is_named_before_any_runs(learners, said, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        _compare(tmp_path / "out", "--learners", learners)
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_a_module_in_the_working_directory_is_found_by_the_console_script(small, tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    # A console script has no working directory on its path: -P.
    script = tmp_path / "bin" / "mec-env.py"
    script.parent.mkdir()
    script.write_text("from mec_bench.cli import main\nif __name__ == '__main__':\n    main()\n")
    done = subprocess.run(
        [
            sys.executable, "-P", str(script), "compare", "--scenario", small, "--learners", "mine:Mine",
            "--worlds", "1", "--slots", "2", "--jobs", "1", "--out", "out",
        ],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert _rows(tmp_path / "out")[0]["learner"] == "mine:Mine"


def test_a_disk_that_fills_up_is_named_with_the_cell_and_what_to_do(tmp_path, monkeypatch):
    def full(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    cell = Cell("local", mec_env.SUITES["paper-medium-v1"].only(worlds=1, episodes=1, slots=1))
    monkeypatch.setattr(store, "whole_file", full)
    with pytest.raises(OSError, match=r"local.*No space left on device.*make room"):
        store.Store(tmp_path).write(cell.name, {"version": 2}, b"decisions")
