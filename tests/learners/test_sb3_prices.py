"""Stable-Baselines3's learners by prices: one network for all servers, at any size, and they learn."""

import numpy as np
import pytest
import torch
from gymnasium import spaces

import mec_env
from dirs_solver import find_learner
from dirs_solver.plugins.sb3 import learners as sb3
from dirs_solver.plugins.sb3 import prices
from dirs_solver.plugins.sb3.compared import ComparedRows
from dirs_solver.plugins.sb3.env import RowsVecEnv
from dirs_solver.plugins.sb3.shared import SharedActorCritic, SharedMeanStd, SharedSAC, SharedTD3
from mec_env.judging.suite import Suite
from mec_env.simulator.features import SIZE
from tests.toy_learners import Last

# Matrices this small are no work to share: threads would only wait for each other.
torch.set_num_threads(1)

NAMES = ("sb3-a2c-prices", "sb3-ppo-prices", "sb3-ddpg-prices", "sb3-td3-prices", "sb3-sac-prices")
#: Three servers that can't take all devices, on links that matter.
TINY = mec_env.SCENARIOS["square-km"].replace(name="tiny", iotds=20, mecs=3, slots=50)
SUITE = Suite("own", TINY, (0,), (0,))
OFF = dict(rows=16, batch_size=16, learning_starts=16, buffer_size=500, hidden=[8])
#: A few updates and no more.
QUICK = {
    "sb3-a2c-prices": dict(rows=16, n_steps=2, hidden=[8]),
    "sb3-ppo-prices": dict(rows=16, n_steps=2, batch_size=16, n_epochs=2, hidden=[8]),
    "sb3-ddpg-prices": OFF,
    "sb3-td3-prices": OFF,
    "sb3-sac-prices": OFF,
}
BOTH = pytest.mark.parametrize("observe", ["features", "columns"])
ALL = pytest.mark.parametrize("name", NAMES)


def quick(name, observe="features", seed=0, slots=96, **keywords):
    learner = find_learner(name)({**QUICK[name], "observe": observe})
    learner.learn(TINY, seed, slots, **keywords)
    return learner


def observation(observe, scenario=TINY):
    options = dict(actions="prices", observe=observe, nominal="calibrated")
    return mec_env.MECEnv(scenario, **options).reset(seed=5)[0]


def test_asking_the_fixed_prices_earns_nothing_in_any_slot():
    rows = ComparedRows(3, TINY, 0.25, observe="features", nominal="calibrated")
    rows.seed(4)
    rows.reset()
    same = np.full((3, 3), 0.25, dtype=np.float32)
    for _ in range(2 * TINY.slots):
        _, rewards, ends, _ = rows.step(same)
        assert not rewards.any()
    assert ends.all(), "the second episode ended too"


def test_a_compared_reward_is_the_difference_of_two():
    options = dict(nominal="calibrated", reward="log")
    compared = ComparedRows(2, TINY, -0.5, observe="features", **options)
    own, fixed = (RowsVecEnv(2, TINY, "prices", **options) for _ in range(2))
    for rows in (compared, own, fixed):
        rows.seed(9)
        rows.reset()
    draws = np.random.default_rng(0)
    for _ in range(5):
        action = draws.uniform(-1.0, 1.0, (2, 3)).astype(np.float32)
        _, rewards, _, infos = compared.step(action)
        _, mine, _, judged = own.step(action)
        _, theirs, _, _ = fixed.step(np.full((2, 3), -0.5, dtype=np.float32))
        np.testing.assert_array_equal(rewards, mine - theirs)
        assert infos == judged, "what is reported is the action's own"
        assert {"asked", "admitted"} <= set(infos[0])


def test_features_are_standardised_over_all_servers():
    draws = np.random.default_rng(0)
    parts = [draws.normal(3.0, 2.0, (rows, 4 * SIZE)) for rows in (5, 9)]
    moments = SharedMeanStd(SIZE, 4, epsilon=1e-12)
    for part in parts:
        moments.update(part)
    rows = np.concatenate(parts).reshape(-1, SIZE)
    np.testing.assert_allclose(moments.mean, np.tile(rows.mean(axis=0), 4))
    np.testing.assert_allclose(moments.var, np.tile(rows.var(axis=0), 4))


@pytest.mark.parametrize("networks", [SharedActorCritic, SharedTD3, SharedSAC])
def test_servers_that_change_places_change_nothing_else(networks):
    seen = spaces.Box(-10.0, 10.0, (3 * SIZE,))
    acts = spaces.Box(-1.0, 1.0, (3,))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = dict(pi=[8, 8], vf=[8, 8], qf=[8, 8])
        policy = networks(seen, acts, lambda _: 1e-3, net_arch=layers)
        x, a = torch.randn(4, 3, SIZE), torch.rand(4, 3)
    order = [2, 0, 1]
    one, other = x.flatten(1), x[:, order].flatten(1)
    with torch.no_grad():
        first, second = policy._predict(one, True), policy._predict(other, True)
        if networks is SharedActorCritic:
            values = policy.predict_values(one), policy.predict_values(other)
        else:
            values = policy.critic(one, a), policy.critic(other, a[:, order])
    assert first.shape == (4, 3) and first.std() > 0.0
    torch.testing.assert_close(first[:, order], second)
    torch.testing.assert_close(values[0], values[1])


@BOTH
@ALL
def test_the_policy_answers_what_the_library_predicts(name, observe, monkeypatch):
    models = []
    make = sb3._SB3Learner._model

    def made(self, *arguments):
        models.append(make(self, *arguments))
        return models[-1]

    monkeypatch.setattr(sb3._SB3Learner, "_model", made)
    monkeypatch.setattr(prices, "Best", Last)
    policy = quick(name, observe).policy
    (model,) = models
    seen = observation(observe)
    wanted = model.predict(model.env.normalize_obs(seen), deterministic=True)[0]
    got = policy.act_for_all(seen)
    assert got.shape == (3,) and got.dtype == np.float32
    np.testing.assert_allclose(got, wanted, atol=1e-5)
    if observe == "columns":
        np.testing.assert_array_equal(policy.act(seen), got)
        assert policy.parameter_count == seen.size * 8 + 8 + 8 * 3 + 3
    else:
        alone = [policy.act(f"mec_{j}", seen.reshape(3, SIZE)[j]) for j in range(3)]
        np.testing.assert_allclose(np.concatenate(alone), got, atol=1e-6)
        assert policy.parameter_count == SIZE * 8 + 8 + 8 + 1


@BOTH
@ALL
def test_same_seed_same_weights(name, observe):
    one, two, other = (quick(name, observe, seed).policy.arrays() for seed in (0, 0, 2**64 - 1))
    for key, value in one.items():
        np.testing.assert_array_equal(value, two[key])
    assert not np.array_equal(one["weight 0"], other["weight 0"])


@ALL
def test_a_file_trained_at_one_size_decides_at_another(name, tmp_path):
    learner, file = quick(name), tmp_path / "policy"
    learner.save(file)
    again = type(learner).load(file)
    assert (again.information, again.policy.information) == ("local", "local")
    for scenario in (TINY, TINY.replace(iotds=31, mecs=5)):
        seen = observation("features", scenario)
        got = again.policy.act_for_all(seen)
        assert got.shape == (scenario.mecs,)
        np.testing.assert_array_equal(got, learner.policy.act_for_all(seen))
        suite = Suite("other", scenario.replace(slots=2), (0,), (0,))
        assert mec_env.evaluate(again.policy, suite).decision.shape == (2, scenario.iotds)


@ALL
def test_a_file_of_the_whole_observation_fits_one_size(name, tmp_path):
    learner, file = quick(name, "columns"), tmp_path / "policy"
    learner.save(file)
    again = type(learner).load(file, TINY)
    assert (again.information, again.policy.information) == ("global", "global")
    seen = observation("columns")
    np.testing.assert_array_equal(again.policy.act(seen), learner.policy.act(seen))
    with pytest.raises(ValueError, match="trained for 3 servers and 20 devices, not for 3 and 21"):
        type(learner).load(file, TINY.replace(iotds=21))
    with pytest.raises(ValueError, match="trained for 3 servers and 20 devices"):
        mec_env.evaluate(again.policy, "paper-medium-v1")


@ALL
def test_it_is_judged_as_it_was_trained(name):
    """What the training says its policy comes to is what the environment says of it."""
    learner = quick(name)
    env = mec_env.MECVectorEnv(
        prices.JUDGED, TINY, "prices", observe="features", nominal="calibrated"
    )
    observed, _ = env.reset(seed=2**32 + int(np.random.SeedSequence(0).generate_state(1)[0]))
    objective = env.step(learner.policy.act_for_all(observed))[4]["objective"]
    assert learner.best == pytest.approx(objective.mean(), rel=1e-12)


@ALL
def test_without_training_it_asks_about_what_start_says(name):
    learner = find_learner(name)({**QUICK[name], "observe": "features", "start": -0.4})
    asked = learner.learn(TINY, 0, 0).act_for_all(observation("features"))
    np.testing.assert_allclose(asked, -0.4, atol=0.1)


@ALL
def test_a_class_says_of_its_information_what_its_chosen_settings_do(name):
    made = find_learner(name)
    assert made.information == made().information
    assert made({"observe": "features"}).information == "local"
    assert made({"observe": "columns"}).information == "global"


@ALL
def test_settings_are_checked(name):
    make = find_learner(name)
    for key, value in dict(observe="all", nominal="mean", reward="reciprocal").items():
        with pytest.raises(ValueError, match=key):
            make({key: value})
    with pytest.raises(ValueError, match=r"start = 1\.0"):
        make({"start": 1.0}).learn(TINY, 0, 0)


@pytest.mark.parametrize(
    "name, slots, changed, reached",
    [
        ("sb3-ppo-prices", 12_000, dict(learning_rate=1e-2), 0.008),
        ("sb3-a2c-prices", 12_000, dict(learning_rate=1e-2, rows=64, observe="features"), 0.008),
        ("sb3-ddpg-prices", 6_000, {}, 0.003),
        ("sb3-td3-prices", 6_000, {}, 0.003),
        ("sb3-sac-prices", 6_000, {}, 0.003),
    ],
)
def test_it_learns_to_ask_less_where_it_began_too_dear(name, slots, changed, reached):
    """Its start is a tenth above the certified optimum."""
    begun = find_learner(name)({**changed, "start": 0.8})
    start = mec_env.evaluate(begun.learn(TINY, 0, 0), SUITE)
    assert start.gap.mean() > 0.1
    policy = begun.learn(TINY, 0, slots)
    judged = mec_env.evaluate(policy, SUITE, bounds=(start.lower_bound, start.best))
    assert judged.gap.mean() < reached
