"""Cells and sweeps: nothing lost, nothing done twice, failures on record, the same numbers anywhere."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mec_env
from mec_bench import limits, run, training_log
from mec_bench.cell import Cell
from mec_bench.packing import pack, unpack
from mec_bench.scores import scores_of
from mec_bench.store import Store, read_decisions
from mec_bench.sweep import cluster, processes, sweep

SUITE = mec_env.SUITES["paper-medium-v1"].only(worlds=2, episodes=1, slots=3)
#: What of a record says when and where it was run.
CIRCUMSTANCES = ("provenance", "training", "training_seconds", "milliseconds")


def learner(name, seed=0, **limits):
    return Cell(f"tests.toy_learners:{name}", SUITE, seed, **limits)


def numbers(store):
    """Every cell without when and where it was run."""
    return {
        name: {k: v for k, v in record.items() if k not in CIRCUMSTANCES}
        for name, record in store.read().items()
    }


def test_a_cell_says_what_it_is(tmp_path):
    record, decisions = run.run(Cell("greedy", SUITE), "the command")
    assert record["suite_hash"] == SUITE.content_hash()
    assert (record["worlds"], record["episodes"], record["slots"]) == (2, 1, 3)
    assert record["provenance"]["command"] == "the command"
    assert record["status"] == "done" and len(scores_of(record).gap) == 6
    store = Store(tmp_path)
    store.write("a", record, decisions)
    kept = store.read()["a"]
    again = [mec_env.outcome(s, d).objective for s, d in zip(SUITE.slots(), read_decisions(kept, tmp_path))]  # fmt: skip
    assert kept["means"]["objective"] == [[np.mean(again[:3])], [np.mean(again[3:])]]
    gap = np.array(again) / SUITE.reference()[0] - 1
    assert np.ravel(kept["means"]["gap"]) == pytest.approx(
        gap.reshape(2, 3).mean(axis=1), abs=1e-15
    )
    assert scores_of(kept).gap == pytest.approx(gap, rel=2**-24)


def test_names_tell_cells_apart():
    names = {
        Cell("dirs", SUITE).name,
        Cell("dirs", SUITE, 1).name,
        Cell("dirs", SUITE, training_slots=7).name,
        Cell("dirs", SUITE, budget=7.0).name,
        Cell("dirs", SUITE.only(slots=2)).name,
        Cell("dirs", mec_env.SUITES["paper-medium-v1"]).name,
    }
    assert len(names) == 6
    # How long a cell may take doesn't change what it is; a rule trains on no slots.
    assert Cell("dirs", SUITE, time_limit=9.0).name == Cell("dirs", SUITE).name
    assert Cell("random", SUITE, training_slots=7).name == Cell("random", SUITE).name
    assert Cell("certified", SUITE).deterministic
    assert Cell("remote", SUITE).deterministic and not Cell("random", SUITE).deterministic
    assert "/" not in learner("Crash").name and ":" not in learner("Crash").name


def test_decisions_are_packed_and_unpacked():
    rng = np.random.default_rng(0)
    decided = rng.integers(0, 3, (SUITE.size, 30)).astype(np.uint8)
    assert np.array_equal(unpack(pack(decided, SUITE), SUITE), decided)
    one = mec_env.SUITES["ladder-30x2-v1"].only(worlds=1, episodes=1, slots=1)
    wide = replace(one, scenario=one.scenario.replace(mecs=300))
    assert unpack(pack(np.full((1, 30), 300, np.uint16), wide), wide).max() == 300
    many = np.zeros((10**4, 30), np.uint8)
    for data in (pack(decided[:-2], SUITE), pack(many, SUITE), pack(decided, SUITE)[:-9], b"no"):
        with pytest.raises(ValueError, match="decisions"):
            unpack(data, SUITE)


def test_what_is_there_is_skipped(tmp_path):
    store, wanted = Store(tmp_path), [Cell("local", SUITE), Cell("random", SUITE, 1)]
    seen = []
    assert sweep(wanted, store, processes(2), "c", lambda *what: seen.append(what)) == []
    assert seen[-1] == (2.0, 2, [])
    assert all(store.done(cell) for cell in wanted)
    assert not store.done(Cell("random", SUITE, 2))
    # A record without its decisions, or cut short, is not there.
    (tmp_path / f"{wanted[0].name}.decisions-v2.xz").unlink()
    (tmp_path / f"{wanted[1].name}.json").write_text('{"kind": "ce')
    assert not any(store.done(cell) for cell in wanted)


@pytest.mark.parametrize(
    "name, says",
    [
        ("Crash", "ZeroDivisionError: no slots"),
        ("Exits", "SystemExit: 3"),
        ("NaN", "ValueError: "),
        ("WrongShape", "ValueError: action: shape (31,), must be (30,)"),
        ("TooMany", "ValueError: "),
        (
            "Peeks",
            "ValueError: information = 'local': its policy must have act(agent, observation)",
        ),
        ("Slow", "TimeUp: took more than the 0.5 s that it may"),
    ],
)
def test_failures_are_recorded(name, says):
    record, decisions = run.run(learner(name, time_limit=0.5 if name == "Slow" else None), "c")
    assert record["status"] == "failed" and decisions is None and record["means"] is None
    assert record["error"].startswith(says) and "\n" not in record["error"]
    assert "Traceback" in record["traceback"] and says.split(":")[0] in record["traceback"]


def test_a_deadline_in_a_thread():
    caught = []

    def wait():
        try:
            with limits.deadline(0.2):
                while True:
                    time.sleep(0.01)
        except limits.TimeUp as error:
            caught.append(str(error))

    thread = threading.Thread(target=wait)
    thread.start()
    thread.join(20)
    assert caught == ["took more than the 0.2 s that it may"]
    with limits.deadline(0.2):
        pass
    time.sleep(0.4)


def test_a_budget_is_shared_by_the_worlds():
    record, _ = run.run(learner("Endless", budget=0.4), "c")
    assert record["status"] == "done" and record["budget"] == 0.4
    for k, row in enumerate(record["training"]):
        assert row["world"] == k and 0.2 <= row["processor_seconds"] < 2.0
        curve = np.array(row["curve"], dtype=float)
        assert 20 <= len(curve) <= training_log.CURVE
        assert (np.diff(curve[:, :2], axis=0) >= 0).all() and curve[-1, 1] <= row[
            "processor_seconds"
        ]
        assert (curve[:, 0] == curve[:, 2]).all() and (curve[:, 3] == 0.5).all()
        # Thinned to points equally far apart, over the whole of the training.
        assert len(set(np.diff(curve[:, 0]))) == 1 and curve[-1, 0] > 0.9 * row["slots"]


def test_a_dying_worker_costs_no_cell(tmp_path, monkeypatch):
    lives = tmp_path / "lives"
    lives.mkdir()
    monkeypatch.setenv("MEC_TEST_LIVES", str(lives))
    (lives / "1").touch()
    wanted = [learner("Mortal"), Cell("local", SUITE), learner("Mortal", 1)]
    assert sweep(wanted, Store(tmp_path / "a"), processes(2), "c") == []
    assert sweep(wanted, Store(tmp_path / "b"), processes(1), "c") == []
    assert numbers(Store(tmp_path / "a")) == numbers(Store(tmp_path / "b"))
    assert len(numbers(Store(tmp_path / "a"))) == 3
    # One that dies every time is on record, and the others are done.
    for k in range(9):
        (lives / str(k)).touch()
    failed = sweep(
        [learner("Mortal"), Cell("local", SUITE)], Store(tmp_path / "c"), processes(1), "c"
    )
    assert [cell.learner for cell in failed] == ["tests.toy_learners:Mortal"]
    kept = Store(tmp_path / "c").read()
    assert "its worker died 3 times" in kept[learner("Mortal").name]["error"]
    assert kept[Cell("local", SUITE).name]["status"] == "done"


def check_that_a_stuck_cell_is_killed(workers, out):
    stuck, local = learner("Stuck", time_limit=0.5), Cell("local", SUITE)
    assert sweep([stuck, local], Store(out), workers, "c") == [stuck]
    kept = Store(out).read()
    assert kept[local.name]["status"] == "done"
    says = "TimeUp: took more than the 0.5 s that it may, in one call that can't be interrupted"
    assert kept[stuck.name]["error"] == says
    assert "in learn" in kept[stuck.name]["traceback"]


def test_a_cell_that_cannot_be_interrupted_is_killed(tmp_path):
    check_that_a_stuck_cell_is_killed(processes(1), tmp_path)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_cell_that_cannot_be_interrupted_is_killed_in_a_cluster(tmp_path):
    dask = pytest.importorskip("dask")
    pytest.importorskip("distributed")
    # By default Dask gives it to three more workers first.
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        check_that_a_stuck_cell_is_killed(cluster(count=1), tmp_path)


def test_a_dying_cell_is_not_its_neighbours_fault(tmp_path, monkeypatch):
    lives = tmp_path / "lives"
    lives.mkdir()
    monkeypatch.setenv("MEC_TEST_LIVES", str(lives))
    for k in range(9):
        (lives / str(k)).touch()
    # Side by side in one pool: each death of the one takes the other's worker too.
    late, mortal = learner("Late"), learner("Mortal")
    assert sweep([mortal, late], Store(tmp_path / "out"), processes(2), "c") == [mortal]
    assert len(list(lives.iterdir())) == 6
    assert Store(tmp_path / "out").read()[late.name]["status"] == "done"


def test_killed_and_started_again(tmp_path):
    lives, out = tmp_path / "lives", tmp_path / "out"
    lives.mkdir()
    (lives / "wait").touch()
    command = [
        sys.executable, "-m", "benchmarks.leaderboard", "--suites", "paper-medium-v1", "--worlds", "1",
        "--slots", "3", "--learners", "local,tests.toy_learners:Waits,random", "--jobs", "1", "--out", str(out),
    ]  # fmt: skip
    where = {"cwd": Path(__file__).parents[2], "env": {**os.environ, "MEC_TEST_LIVES": str(lives)}}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    run = subprocess.Popen(command, **where, **quiet)
    deadline = time.monotonic() + 60
    while len(list(out.glob("cells/*.json"))) < 1:
        assert time.monotonic() < deadline and run.poll() is None
        time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    run.wait()
    (first,) = out.glob("cells/*.json")
    before = first.read_bytes()
    (lives / "wait").unlink()
    subprocess.run(command, **where, **quiet, check=True)
    files = list(out.glob("cells/*.json"))
    assert len(files) == 3 and first.read_bytes() == before
    assert {json.loads(f.read_text())["status"] for f in files} == {"done"}
    assert not list(out.glob("cells/*.tmp"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_cluster_gives_the_same(tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    lives = tmp_path / "lives"
    lives.mkdir()
    monkeypatch.setenv("MEC_TEST_LIVES", str(lives))
    wanted = [learner("Mortal"), learner("Mortal", 1), Cell("greedy", SUITE)]
    wanted += [Cell("random", SUITE, seed) for seed in range(3)]
    assert sweep(wanted, Store(tmp_path / "one"), processes(1), "c") == []
    # Two processes, of which one dies in the middle of a cell.
    (lives / "1").touch()
    assert sweep(wanted, Store(tmp_path / "two"), cluster(count=2), "c") == []
    assert not list(lives.iterdir())
    assert numbers(Store(tmp_path / "one")) == numbers(Store(tmp_path / "two"))
    assert len(numbers(Store(tmp_path / "two"))) == 6


def test_a_folder_that_takes_no_cells(tmp_path, monkeypatch):
    wanted = [Cell("local", SUITE)]
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file: cells can't be written there"):
        Store(tmp_path / "file").check(wanted)
    Store(tmp_path / "new").check(wanted)
    assert not list((tmp_path / "new").iterdir())
    usage = namedtuple("usage", "free")(2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(OSError, match="1 MB are free, 64 MB may be needed"):
        Store(tmp_path).check(wanted)
