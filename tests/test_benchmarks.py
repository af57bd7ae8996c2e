"""The benches' own claims: the reference costs what we cost, the leaderboard writes what it says."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

import mec_env
from benchmarks import audit, leaderboard
from benchmarks.reference import NumpyEnvironment


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


def test_leaderboard_writes_table_json_and_plot(tmp_path, capsys):
    out = tmp_path / "board"
    leaderboard.main(
        ["--worlds", "2", "--slots", "3", "--learners", "local,greedy", "--out", str(out)]
    )
    text = capsys.readouterr().out
    assert "paper-large-v1 (part): 180 devices, 8 servers, 2 worlds, 12 slots" in text
    record = json.loads(out.with_suffix(".json").read_text())
    best, last = record["suites"]["square-km-v1 (part)"]
    assert [best["method"], last["method"]] == ["greedy", "local"]
    low, high = best["objective_interval"]
    assert low <= best["objective"] <= high < last["objective"]
    assert record["provenance"]["command"].startswith("python -m benchmarks.leaderboard")
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--suites", "square-kn-v1"], "did you mean 'square-km-v1'"),
        (["--learners", "gredy"], "did you mean 'greedy'"),
        (["--learners", "nowhere.module:Class"], "there is no module 'nowhere.module'"),
        (["--training-slots", "0"], "--training-slots 0"),
        (["--sites", "sites.csv"], "go together"),
        (["--slots", "0"], "at least 1"),
        (["--sites", "none.csv", "--users", "none.csv"], "none.csv"),
    ],
)
def test_leaderboard_refuses(arguments, says, capsys):
    with pytest.raises(SystemExit) as stop:
        leaderboard.main(arguments)
    assert stop.value.code == 2
    assert says in capsys.readouterr().err


class AlwaysLocal:
    """A learner of somebody else's: it learns nothing, and says how far it is."""

    name, information = "always-local", "global"

    def learn(self, scenario, seed, slots=None, progress=None):
        progress(SimpleNamespace(stage="online", done=slots, total=slots, objective=1.0))
        self.world = scenario.world_seed
        return mec_env.RULES["local"]()


def test_leaderboard_takes_anyone_s_learner(tmp_path, capsys):
    leaderboard.main(
        ["--suites", "paper-medium-v1", "--worlds", "2", "--slots", "3", "--training-slots", "5",
         "--learners", "local,tests.test_benchmarks:AlwaysLocal", "--out", str(tmp_path / "board")]
    )  # fmt: skip
    record = json.loads((tmp_path / "board.json").read_text())
    first, second = record["suites"]["paper-medium-v1 (part)"]
    assert {first["method"], second["method"]} == {"local", "tests.test_benchmarks:AlwaysLocal"}
    assert first["objective"] == second["objective"] == 60.0


def test_leaderboard_on_a_city(tmp_path, capsys):
    (tmp_path / "sites.csv").write_text("LATITUDE,LONGITUDE\n-37.815,144.974\n-37.812,144.960\n")
    (tmp_path / "users.csv").write_text("lat,lon\n-37.814,144.97\n-37.813,144.965\n")
    leaderboard.main(
        ["--sites", str(tmp_path / "sites.csv"), "--users", str(tmp_path / "users.csv"),
         "--slots", "2", "--learners", "local,nearest", "--out", str(tmp_path / "city")]
    )  # fmt: skip
    assert "city: 2 devices, 2 servers, 1 worlds, 10 slots" in capsys.readouterr().out


def test_audit_says_what_is_nearly_solved(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["audit", "--quick", "--scenarios", "paper-large,square-km"])
    audit.main()
    text = capsys.readouterr().out
    assert "paper-large: nearly solved by" in text
    assert "square-km: best trivial rule" in text
    assert "certified" in text.splitlines()[0]
