"""The benches' own claims: the reference costs what we cost, the leaderboard writes what it says."""

import json
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


class Given:
    """A generator whose exponential numbers are those that it was given."""

    def __init__(self, numbers):
        self.numbers = numbers

    def standard_exponential(self, shape, dtype):
        return self.numbers.reshape(shape).astype(dtype)


@pytest.mark.parametrize("name", ["paper-medium", "paper-large"])
def test_reference_is_our_environment_on_the_same_fading(name):
    ours, theirs = mec_env.MECEnv(name), NumpyEnvironment(mec_env.resolve(name))
    seen, _ = ours.reset(seed=3)
    rng = np.random.default_rng(0)
    for _ in range(3):
        theirs.rng = Given(ours.slot.gain.T.astype(np.float32) / theirs.world.path_gain)
        np.testing.assert_allclose(theirs.draw()[0], seen, atol=1e-5)
        decision = rng.integers(0, ours.scenario.mecs + 1, ours.scenario.iotds)
        _, reward, time, energy = theirs.step(decision[None])
        seen, ours_reward, _, _, info = ours.step(decision)
        # The quotient of two float32 numbers, multiplied back, differs in the last of seven digits.
        assert reward[0] == pytest.approx(ours_reward, rel=1e-6)
        assert time[0] == pytest.approx(info["time"], rel=1e-6)
        assert energy[0] == pytest.approx(info["energy"], rel=1e-6)


def test_audit_is_the_rules_mean_gap_and_the_links_share():
    scenario, told = mec_env.SCENARIOS["square-km"].replace(iotds=20, mecs=3), []
    gaps, share = audit.audit(scenario, 2, 2, told.append)
    assert sum(told) == 2 * len(mec_env.RULES) * 4
    suite = mec_env.Suite("own", scenario.replace(slots=2), (0, 1), (0,))
    expected, shares = {"greedy": [], "greedy+admission": []}, []
    rule = mec_env.RULES["greedy"]()
    for slot in suite.slots():
        best = mec_env.certify(slot)
        decided = rule.decide(slot)
        for label, d in (("greedy", decided), ("greedy+admission", mec_env.admit(slot, decided))):
            objective = mec_env.outcome(slot, d).objective
            expected[label].append(100 * (objective / best.lower_bound - 1))
        links = sum(slot.link_cost[i, j - 1] for i, j in enumerate(best.decision) if j)
        shares.append(100 * links / best.objective)
    assert set(gaps) == {f"{name}{end}" for name in mec_env.RULES for end in ("", "+admission")}
    for label, values in expected.items():
        # The audit's bounds start from the last slot's prices: the same to a part in a thousand.
        assert gaps[label] == pytest.approx(np.mean(values), abs=0.2)
    assert share == pytest.approx(np.mean(shares), rel=1e-9)


def test_audit_calls_a_scenario_solved_by_a_trivial_rule_alone():
    every = {f"{name}{end}": 9.0 for name in mec_env.RULES for end in ("", "+admission")}
    # What knows the slot's prices is no trivial rule.
    assert audit.verdict({**every, "certified": 0.0, "greedy": 0.1, "remote": 3.0}) == (
        "best trivial rule remote, 3.00 %"
    )
    assert audit.verdict({**every, "best-link+admission": 0.99, "remote": 3.0}) == (
        "nearly solved by best-link+admission, 0.99 %"
    )


def test_audit_writes_its_page_and_its_record(tmp_path, monkeypatch, capsys):
    seen = []

    def audited(scenario, worlds, slots, progress):
        seen.append((scenario.name, worlds, slots))
        gaps = {f"{name}{end}": 4.0 for name in mec_env.RULES for end in ("", "+admission")}
        return {**gaps, "remote": 2.5}, 12.0

    weighed = dict(strength=7.25, hindsight=0.5, myopic=8.0)
    monkeypatch.setattr(audit, "strength", lambda scenario, worlds, slots: weighed)
    monkeypatch.setattr(audit, "audit", audited)
    monkeypatch.setattr(audit, "PAGE", tmp_path / "audit.md")
    monkeypatch.setattr(audit, "RESULTS", tmp_path)
    monkeypatch.setattr("sys.argv", ["audit"])
    audit.main()
    names = [*mec_env.SCENARIOS, "city-like"]
    assert seen == [(name, 3, 20) for name in names]
    page = (tmp_path / "audit.md").read_text()
    assert all(f"| {name} | best trivial rule remote, 2.50 % |" in page for name in names)
    assert "the paper's own *Remote* is 2.50 % above it" in page
    assert all(f"| {name} | 7.25 | 0.50 | 8.00 |" in page for name in names)
    record = json.loads((tmp_path / "audit.json").read_text())
    assert list(record["scenarios"]) == names and record["provenance"]["versions"]["numpy"]
    capsys.readouterr()
    monkeypatch.setattr("sys.argv", ["audit", "--quick"])
    (tmp_path / "audit.md").unlink()
    audit.main()
    assert not (tmp_path / "audit.md").exists(), "a quick audit only prints"
    assert seen[-1] == ("city-like", 1, 4)


def test_coupling_strength_is_myopic_over_hindsight_and_nought_without_a_coupling():
    scenario = mec_env.SCENARIOS["follow-me"].replace(iotds=20, mecs=3, slots=8)
    ratios = []
    for world in (0, 1):
        own = scenario.replace(world_seed=world)
        best = mec_env.hindsight(mec_env.record(own, 0, evaluation=True))
        env, cost = mec_env.MECEnv.for_evaluation(own), 0.0
        env.reset(seed=0)
        for _ in range(8):
            cost += env.step(mec_env.certify(env.slot).decision)[4]["objective"]
        ratios.append(cost / best.objective)
    # Slots that depend on each other are not cut to the 3 that are asked for.
    found = audit.strength(scenario, 2, 3)
    assert found["strength"] == pytest.approx(100 * (np.mean(ratios) - 1), rel=1e-6)
    assert found["myopic"] >= found["strength"] > 0.1 and 0.0 <= found["hindsight"]
    still = audit.strength(mec_env.SCENARIOS["square-km"].replace(iotds=20, mecs=3), 2, 3)
    assert still["strength"] == pytest.approx(0.0, abs=1e-9)


def test_the_strongest_coupling_stands_first_and_what_was_not_measured_is_a_dash():
    weak = dict(strength=-1e-12, hindsight=0.1, myopic=0.1)
    strong = dict(strength=30.0, hindsight=0.02, myopic=30.03)
    rule = {"best tuned rule": 10.5, "its name": "potential", "planning": 6.0, "learned rule": 7.0, "planning knows": 1.0}  # fmt: skip
    head, rows = audit.strength_table({"a": weak, "b": strong}, {"b": rule})
    assert head[:4] == ["scenario", "coupling strength", "hindsight's decisions", "myopic"]
    assert rows == [
        ["b", "30.00", "0.02", "30.03", "10.50", "potential", "6.00", "7.00", "1.00"],
        ["a", "0.00", "0.10", "0.10", "–", "–", "–", "–", "–"],
    ]


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
