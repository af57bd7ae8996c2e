"""The benches' own claims: the reference costs what we cost, the leaderboard writes what it says."""

import subprocess

import numpy as np
import pytest

import mec_env
from benchmarks import audit
from benchmarks.speed.plain_numpy import NumpyEnvironment
from mec_bench import provenance as record


@pytest.mark.parametrize("rows", [1, 3])
def test_reference_costs_what_ours_does(rows):
    scenario = mec_env.resolve("paper-large", world_seed=2)
    reference = NumpyEnvironment(scenario, rows, seed=1)
    decision = np.random.default_rng(0).integers(0, 9, (rows, 180))
    gain = reference.gain.copy()
    time, energy = reference.judge(decision)
    w = reference.world
    for k in range(rows):
        slot = mec_env.Slot(
            gain[k].T, w.distance, w.data_bits, w.cycles, w.local_speed, w.server_speed
        )
        outcome = mec_env.outcome(slot, decision[k])
        assert time[k] == pytest.approx(outcome.time, rel=1e-9)
        assert energy[k] == pytest.approx(outcome.energy, rel=1e-9)


def test_reference_step_has_our_shapes():
    env = NumpyEnvironment(mec_env.resolve("paper-medium"), 4)
    observation, reward, _, _ = env.step(np.zeros((4, 30), dtype=int))
    assert observation.shape == (4, 60)
    assert observation.dtype == np.float32
    # All local: 30 devices, 1 s and 1 J each.
    assert reward == pytest.approx(1 / 60)


def test_audit_says_what_is_nearly_solved(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["audit", "--quick", "--scenarios", "paper-large,square-km"])
    audit.main()
    text = capsys.readouterr().out
    assert "paper-large: nearly solved by" in text
    assert "square-km: best trivial rule" in text
    assert "certified" in text.splitlines()[0]


def test_results_do_not_make_a_revision_dirty(tmp_path, monkeypatch):
    def git(*arguments):
        who = ["-c", "user.name=A", "-c", "user.email=a@b.c"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    results = tmp_path / "benchmarks" / "results"
    results.mkdir(parents=True)
    code, result = tmp_path / "code.py", results / "page.html"
    code.write_text("1")
    result.write_text("1")
    git("init")
    git("add", "-A")
    git("commit", "-m", "first")
    clean = record.revision(results.parent)
    assert clean and not clean.endswith("-dirty")
    installed = tmp_path / ".venv" / "site-packages"
    installed.mkdir(parents=True)
    (installed / "code.py").write_text("1")
    assert record.revision(installed) is None, "a package in somebody else's checkout"
    result.write_text("2")
    assert record.revision(results.parent) == clean
    code.write_text("2")
    assert record.revision(results.parent) == clean + "-dirty"
    monkeypatch.setattr(record.shutil, "which", lambda name: None)
    assert record.revision(results.parent) is None, "a machine without git"
