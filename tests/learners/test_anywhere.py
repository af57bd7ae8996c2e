"""Learners of a scenario's family: servers as rows of any size, and worlds that they have not seen."""

import numpy as np
import pytest
import torch

import mec_env
from dirs_solver import find_learner
from dirs_solver.plugins.sb3 import anywhere
from dirs_solver.plugins.sb3.compared import ComparedRows
from dirs_solver.plugins.sb3.env import RowsVecEnv
from dirs_solver.plugins.sb3.server_rows import ServerRows
from dirs_solver.shared.family import FIRST_WORLD, SEEDS, family_of
from mec_env.judging.suite import Suite
from mec_env.simulator.features import SIZE, row_size

# Matrices this small are no work to share: threads would only wait for each other.
torch.set_num_threads(1)

NAMES = ("sb3-ppo-any", "sb3-sac-any")
ALL = pytest.mark.parametrize("name", NAMES)
#: Three servers that can't take all devices, on links that matter.
TINY = mec_env.SCENARIOS["square-km"].replace(name="tiny", iotds=20, mecs=3, slots=50)
SUITE = Suite("own", TINY, (0,), (0,))
FACTORS = (0.4, 1.5)
OPTIONS = dict(observe="features", nominal="calibrated", reward="log")
#: A few updates and no more.
QUICK = {
    "sb3-ppo-any": dict(rows=8, worlds=4, n_steps=2, batch_size=16, n_epochs=2, hidden=[8]),
    "sb3-sac-any": dict(
        rows=8, worlds=4, batch_size=16, learning_starts=16, buffer_size=2000, hidden=[8]
    ),
}


def two_sizes(batches=RowsVecEnv, *arguments):
    return [
        batches(2, TINY.replace(mecs=2, iotds=9, slots=3), *arguments, **OPTIONS),
        batches(1, TINY.replace(mecs=4, slots=3), *arguments, **OPTIONS),
    ]


def actions_for(rows, seed=0):
    return np.random.default_rng(seed).uniform(-1.0, 1.0, (rows, 1)).astype(np.float32)


def test_a_row_is_a_server_of_a_batch():
    rows, alone = ServerRows(two_sizes(RowsVecEnv, "prices")), two_sizes(RowsVecEnv, "prices")
    assert (rows.num_envs, rows.slots_a_step) == (2 * 2 + 4, 3)
    rows.seed(5)
    for batch, own in zip(alone, np.random.SeedSequence(5).generate_state(2, np.uint64)):
        batch.seed(int(own))
    seen, wanted = rows.reset(), [batch.reset().reshape(-1, SIZE) for batch in alone]
    np.testing.assert_array_equal(seen, np.concatenate(wanted))
    for k in range(3):
        action = actions_for(8, k)
        seen, rewards, ends, infos = rows.step(action)
        first = alone[0].step(action[:4].reshape(2, 2))
        second = alone[1].step(action[4:].reshape(1, 4))
        # Servers 0 and 1 of each of two slots, then the four of the other size.
        np.testing.assert_array_equal(seen[:4], first[0].reshape(4, SIZE))
        np.testing.assert_array_equal(seen[4:], second[0].reshape(4, SIZE))
        a, b = first[1]
        np.testing.assert_allclose(rewards, [2 * a] * 2 + [2 * b] * 2 + [4 * second[1][0]] * 4)
        assert ends.tolist() == [k == 2] * 8
        objectives = [info["objective"] for info in infos]
        a, b, c = (info["objective"] for info in first[3] + second[3])
        assert objectives == [a, a, b, b, c, c, c, c]
    for j in range(2):
        own = first[3][1]["terminal_observation"].reshape(2, SIZE)[j]
        np.testing.assert_array_equal(infos[2 + j]["terminal_observation"], own)
        assert infos[2 + j]["TimeLimit.truncated"] is True


def test_asking_the_fixed_prices_earns_nothing_at_any_size():
    rows = ServerRows(two_sizes(ComparedRows, 0.25))
    rows.seed(0)
    rows.reset()
    for _ in range(7):
        _, rewards, _, _ = rows.step(np.full((8, 1), 0.25, dtype=np.float32))
        assert not rewards.any()
    assert rows.step(actions_for(8))[1].any()


def test_a_family_has_other_worlds_and_sizes_between_its_factors():
    scenario = mec_env.SCENARIOS["square-km"]
    family = family_of(scenario, 40, FACTORS, (7, 0))
    servers, devices = (np.array([getattr(s, f) for s in family]) for f in ("mecs", "iotds"))
    # 0.4 and 1.5 times 8 and 180.
    assert (servers.min(), servers.max()) == (3, 12)
    assert 72 <= devices.min() < 80 and 260 < devices.max() <= 270
    worlds = {one.world_seed for one in family}
    assert len(worlds) == 40 and FIRST_WORLD <= min(worlds) <= max(worlds) < FIRST_WORLD + SEEDS
    same = scenario.replace(mecs=3, iotds=90)
    assert {s.replace(mecs=3, iotds=90, world_seed=0) for s in family} == {same}
    again = family_of(scenario, 40, FACTORS, (7, 0))
    assert again == family
    assert not worlds & {one.world_seed for one in family_of(scenario, 40, FACTORS, (7, 1))}


def test_a_family_never_has_the_scenarios_own_world():
    (one,) = family_of(TINY, 1, FACTORS, 3)
    # The scenario's own is passed over by those that follow it.
    for own, other in ((0, 0), (1, -1), (2, -1)):
        scenario = TINY.replace(world_seed=one.world_seed - 1 + own)
        (found,) = family_of(scenario, 1, FACTORS, 3)
        assert found.world_seed == one.world_seed + other != scenario.world_seed


def test_what_a_scenario_gives_one_by_one_stays():
    city = TINY.replace(
        server_layout="given", server_positions=((1.0, 1.0), (5.0, 9.0), (7.0, 2.0))
    )
    assert {one.mecs for one in family_of(city, 6, FACTORS, 0)} == {3}
    assert len({one.iotds for one in family_of(city, 6, FACTORS, 0)}) > 1
    slow = TINY.replace(local_speed=tuple(1e9 for _ in range(20)))
    assert {one.iotds for one in family_of(slow, 6, FACTORS, 0)} == {20}
    crowded = TINY.replace(server_layout="kmeans", iotds=3)
    assert all(one.mecs <= one.iotds for one in family_of(crowded, 9, FACTORS, 0))


@ALL
def test_training_never_plays_the_world_that_it_is_given(name, monkeypatch):
    played = []
    make = mec_env.MECVectorEnv.__init__

    def made(self, rows, scenario, *arguments, **keywords):
        make(self, rows, scenario, *arguments, **keywords)
        played.append(self.scenario)

    monkeypatch.setattr(mec_env.MECVectorEnv, "__init__", made)
    find_learner(name)(QUICK[name]).learn(TINY, 0, 64)
    assert TINY.world_seed not in {scenario.world_seed for scenario in played}
    # Four worlds to train on, with a comparison each, and those that actors are judged on.
    assert len({scenario.world_seed for scenario in played}) == 4 + anywhere.WORLDS
    assert len({(scenario.mecs, scenario.iotds) for scenario in played}) > 4


@ALL
def test_it_says_what_it_was_trained_on_in_slots(name):
    reports = []
    find_learner(name)(QUICK[name]).learn(TINY, 0, 64, reports.append)
    # Eight rows of slots a step, whatever the number of servers.
    assert [report.done for report in reports] == list(range(8, 65, 8))
    assert {report.total for report in reports} == {64}


@ALL
def test_it_decides_at_other_sizes_after_a_file(name, tmp_path):
    learner, file = find_learner(name)(QUICK[name]), tmp_path / "policy"
    policy = learner.learn(TINY, 0, 64)
    learner.save(file)
    for scenario in (TINY, TINY.replace(iotds=31, mecs=5), TINY.replace(iotds=4, mecs=1)):
        again = type(learner).load(file, scenario)
        suite = Suite("other", scenario.replace(slots=2), (0,), (0,))
        decision = mec_env.evaluate(again.policy, suite).decision
        assert decision.shape == (2, scenario.iotds) and decision.max() <= scenario.mecs
        np.testing.assert_array_equal(decision, mec_env.evaluate(policy, suite).decision)


@ALL
@pytest.mark.parametrize("of", ["follow-me", "harvest", "rush-hour"])
def test_a_server_of_a_coupled_task_names_its_price_and_its_weight(name, of):
    scenario = mec_env.SCENARIOS[of].replace(
        name=f"tiny-{of}", iotds=7, mecs=3, area=300.0, clusters=2, slots=12
    )
    policy = find_learner(name)({**QUICK[name], "worlds": 2}).learn(scenario, 0, 64)
    assert policy.act("mec_0", np.zeros(row_size(scenario), dtype=np.float32)).shape == (2,)
    results = mec_env.evaluate(policy, Suite("own", scenario, (0,), (0,)))
    assert np.isfinite(results.objective).all() and (results.objective > 0.0).all()


@ALL
def test_settings_are_checked(name):
    make = find_learner(name)
    for key, value in dict(observe="columns", nominal="mean", reward="reciprocal").items():
        with pytest.raises(ValueError, match=key):
            make({key: value})
    with pytest.raises(ValueError, match="worlds = 0"):
        make({"worlds": 0}).learn(TINY, 0, 0)


@pytest.mark.parametrize(
    "name, slots, changed, reached",
    [
        ("sb3-ppo-any", 12_000, dict(learning_rate=1e-2), 0.03),
        ("sb3-sac-any", 6_000, dict(rows=64, batch_size=256), 0.03),
    ],
)
def test_it_learns_what_to_ask_in_a_world_that_it_has_not_seen(name, slots, changed, reached):
    """Its start is a tenth above the certified optimum."""
    begun = find_learner(name)({"worlds": 8, **changed, "start": 0.8})
    start = mec_env.evaluate(begun.learn(TINY, 0, 0), SUITE)
    assert start.gap.mean() > 0.1
    policy = begun.learn(TINY, 0, slots)
    assert begun.best < begun.first
    judged = mec_env.evaluate(policy, SUITE, bounds=(start.lower_bound, start.best))
    assert judged.gap.mean() < reached
