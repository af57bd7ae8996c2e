"""The maker of the shipped bounds: what it writes, and how it goes on after it was killed."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mec_env
from benchmarks import make_references
from benchmarks.make_references import make, partial_path

SCENARIO = mec_env.SCENARIOS["square-km"].replace(iotds=20, mecs=3, slots=3)
SUITE = mec_env.Suite("own", SCENARIO, (0, 1), (0,))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Write into a folder of the test's, after every slot."""
    monkeypatch.setattr(make_references, "bounds_path", lambda name: tmp_path / f"{name}.npz")
    monkeypatch.setattr(make_references, "PAUSE", 0.0)
    return tmp_path


@pytest.fixture
def certified(monkeypatch):
    """The slots that are certified, and by which effort."""
    seen, certify = [], mec_env.certify

    def counted(slot, effort="fast", **keywords):
        seen.append((slot.gain.tobytes(), effort))
        return certify(slot, effort, **keywords)

    monkeypatch.setattr(mec_env, "certify", counted)
    return seen


def quietly(count):
    """A progress callback for nobody."""


def interrupted_at(slot):
    """A progress callback that is interrupted before a slot of this number, from 1."""
    left = [slot]

    def progress(count):
        left[0] -= count
        if left[0] == 0:
            raise KeyboardInterrupt

    return progress


def content(file):
    with np.load(file, allow_pickle=False) as arrays:
        return {key: arrays[key] for key in arrays}


def same(one, other):
    return set(one) == set(other) and all(np.array_equal(one[k], other[k]) for k in one)


def test_a_reference_holds_each_slots_certificate(folder):
    told = []
    bounds, objectives = make(SUITE, "exact", 60.0, told.append)
    file = content(folder / "own.npz")
    assert sum(told) == SUITE.size == 6
    assert str(file["content_hash"]) == SUITE.content_hash()
    assert file["decision"].dtype == np.uint8
    for k, slot in enumerate(SUITE.slots()):
        assert file["objective"][k] == mec_env.outcome(slot, file["decision"][k]).objective
        best = mec_env.certify(slot, "exact").objective
        assert file["lower_bound"][k] <= best * (1 + 1e-12)
        assert file["objective"][k] == pytest.approx(best, rel=1e-6)
    assert np.array_equal(bounds, file["lower_bound"])
    assert np.array_equal(objectives, file["objective"])
    assert [path.name for path in folder.iterdir()] == ["own.npz"], "no partial work is left"


@pytest.mark.parametrize("slot", [1, 2, 4, 6])
def test_interrupted_it_goes_on_and_ends_alike(slot, folder, certified):
    make(SUITE, "tight", 60.0, quietly)
    whole = content(folder / "own.npz")
    (folder / "own.npz").unlink()
    certified.clear()
    with pytest.raises(KeyboardInterrupt):
        make(SUITE, "tight", 60.0, interrupted_at(slot))
    assert not (folder / "own.npz").exists(), "a reference is whole or not there"
    make(SUITE, "tight", 60.0, quietly)
    # The prices of the slot before start the next one: kept too, or the last bits would differ.
    assert same(content(folder / "own.npz"), whole)
    assert len(certified) == len(set(certified)) == SUITE.size, "no slot is certified twice"


PROGRAM = """
import os, signal, sys
from pathlib import Path
from benchmarks import make_references
from tests.bench.test_make_references import SUITE

folder, left = Path(sys.argv[1]), [4]
make_references.bounds_path = lambda name: folder / f"{name}.npz"
make_references.PAUSE = 0.0

def progress(count):
    left[0] -= count
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)

make_references.make(SUITE, "tight", 60.0, progress)
"""


def test_killed_it_goes_on(folder, certified):
    root = Path(__file__).parents[2]
    killed = subprocess.run([sys.executable, "-c", PROGRAM, str(folder)], cwd=root, check=False)
    assert killed.returncode == -signal.SIGKILL
    left = partial_path(folder / "own.npz", SUITE.content_hash(), "tight", 60.0)
    assert [path.name for path in folder.iterdir()] == [left.name]
    make(SUITE, "tight", 60.0, quietly)
    assert len(certified) == SUITE.size - 3


OTHERS = {
    "effort": (SUITE, "fast", 60.0),
    "limit": (SUITE, "tight", 30.0),
    # The same name, size and episodes: as a suite that was changed before it was frozen.
    "slots": (mec_env.Suite("own", SCENARIO, (5, 6), (0,)), "tight", 60.0),
    "size": (mec_env.Suite("own", SCENARIO.replace(slots=2), (0, 1), (0,)), "tight", 60.0),
}


@pytest.mark.parametrize("other", OTHERS)
def test_partial_work_of_something_else_is_not_taken(other, folder, certified):
    make(SUITE, "tight", 60.0, quietly)
    whole = content(folder / "own.npz")
    with pytest.raises(KeyboardInterrupt):
        make(*OTHERS[other], interrupted_at(4))
    certified.clear()
    make(SUITE, "tight", 60.0, quietly)
    assert len(certified) == SUITE.size
    assert same(content(folder / "own.npz"), whole)
    # What the other one had is still there for it.
    certified.clear()
    make(*OTHERS[other], quietly)
    assert len(certified) == OTHERS[other][0].size - 3
    assert [path.name for path in folder.iterdir()] == ["own.npz"]


def test_partial_work_is_not_written_after_every_slot(folder, monkeypatch):
    monkeypatch.setattr(make_references, "PAUSE", 1e9)
    with pytest.raises(KeyboardInterrupt):
        make(SUITE, "tight", 60.0, interrupted_at(6))
    assert not list(folder.iterdir())


def test_the_command_says_how_much_is_proved(folder, monkeypatch, capsys):
    part = mec_env.SUITES["ladder-30x2-v1"].only(worlds=1, slots=2)
    monkeypatch.setattr(make_references, "resolve_suite", lambda name: part)
    monkeypatch.setattr("sys.argv", ["make_references", "ladder-30x2-v1", "--seconds", "60"])
    make_references.main()
    assert capsys.readouterr().out.startswith("ladder-30x2-v1: gap mean ")
    assert (folder / f"{part.name}.npz").exists()
