"""Stable-Baselines3's learners: the adapter is the environment, they learn, they are deterministic."""

import random

import gymnasium
import numpy as np
import pytest
import torch
from stable_baselines3.common.distributions import MultiCategoricalDistribution
from stable_baselines3.common.vec_env import VecNormalize

import mec_env
from dirs_solver import Learner, find_learner
from dirs_solver.plugins.sb3 import learners as sb3
from dirs_solver.plugins.sb3.decisions import EqualChoices
from dirs_solver.plugins.sb3.env import RowsVecEnv
from mec_env.judging.suite import Suite
from tests.helpers import UNEQUAL
from tests.toy_learners import Last

# Matrices this small are no work to share: threads would only wait for each other.
torch.set_num_threads(1)

NAMES = ("sb3-a2c", "sb3-ppo", "sb3-ddpg", "sb3-td3", "sb3-sac")
#: Servers too slow for all devices: neither local nor remote nor the nearest server is right.
TINY = mec_env.SCENARIOS["paper-medium"].replace(
    name="tiny", iotds=6, server_speed=4e9, slots=50
)  # fmt: skip
SUITE = Suite("own", TINY, (0,), (0,))
#: A few updates and no more.
QUICK = {
    "sb3-a2c": dict(rows=16, n_steps=2, hidden=[8]),
    "sb3-ppo": dict(rows=16, n_steps=2, batch_size=16, n_epochs=2, hidden=[8]),
    "sb3-ddpg": dict(rows=16, batch_size=16, learning_starts=16, buffer_size=500, hidden=[8]),
    "sb3-td3": dict(rows=16, batch_size=16, learning_starts=16, buffer_size=500, hidden=[8]),
    "sb3-sac": dict(rows=16, batch_size=16, learning_starts=16, buffer_size=500, hidden=[8]),
}


def quick(name, scenario=TINY, seed=0, slots=96, **keywords):
    learner = find_learner(name)(QUICK[name])
    learner.learn(scenario, seed, slots, **keywords)
    return learner


def observation(scenario=TINY):
    env = mec_env.MECEnv(scenario)
    return env.reset(seed=5)[0]


@pytest.mark.parametrize("actions", ["decisions", "scores"])
def test_a_row_is_a_gymnasium_environment(actions):
    fields = dict(UNEQUAL, reward="saving", actions=actions)
    rows = RowsVecEnv(2, **fields)
    seeds = rows.seed(7)
    singles = [gymnasium.make("MEC-v0", **fields) for _ in seeds]
    observed = rows.reset()
    alone = [env.reset(seed=seed)[0] for env, seed in zip(singles, seeds)]
    np.testing.assert_array_equal(observed, alone)
    rows.action_space.seed(1)
    for slot in range(1, 10):
        action = np.array([rows.action_space.sample() for _ in seeds])
        observed, rewards, ends, infos = rows.step(action)
        assert rewards.dtype == np.float32 and ends.dtype == bool
        for k, env in enumerate(singles):
            after, reward, terminated, truncated, info = env.step(action[k])
            assert rewards[k] == np.float32(reward) and ends[k] == truncated and not terminated
            assert truncated == (slot % UNEQUAL["slots"] == 0)
            assert {key: infos[k][key] for key in info} == info
            assert infos[k].get("TimeLimit.truncated", False) == truncated
            if truncated:
                np.testing.assert_array_equal(infos[k]["terminal_observation"], after)
                after = env.reset()[0]
            else:
                assert "terminal_observation" not in infos[k]
            np.testing.assert_array_equal(observed[k], after)


def test_row_seeds_are_far_apart_and_count_once():
    rows = RowsVecEnv(3, TINY)
    assert len({*rows.seed(0), *rows.seed(1)}) == 6
    rows.seed(0)
    first, second = rows.reset(), rows.reset()
    assert not np.array_equal(first, second), "a reset without seeds goes on to the next episode"
    rows.seed(0)
    np.testing.assert_array_equal(first, rows.reset())


def test_the_logarithmic_reward_is_that_of_the_cost_ratio():
    rows = RowsVecEnv(2, TINY, reward="log")
    rows.seed(0)
    rows.reset()
    local = rows.env_method("slot", indices=1)[0].local_cost.sum()
    decisions = np.array([np.zeros(6, dtype=int), np.ones(6, dtype=int)])
    _, rewards, _, infos = rows.step(decisions)
    assert rewards[0] == pytest.approx(0.0, abs=1e-7)
    assert rewards[1] == pytest.approx(np.log(local / infos[1]["objective"]), rel=1e-6)


def test_choices_in_one_array_are_the_librarys():
    ours, theirs = EqualChoices([3] * 4), MultiCategoricalDistribution([3] * 4)
    logits = torch.linspace(-2.0, 2.0, 24).reshape(2, 12).sin() * 2.0
    ours.proba_distribution(logits)
    theirs.proba_distribution(logits)
    choices = torch.tensor([[0, 1, 2, 0], [2, 2, 1, 0]])
    torch.testing.assert_close(ours.log_prob(choices), theirs.log_prob(choices))
    torch.testing.assert_close(ours.entropy(), theirs.entropy())
    assert torch.equal(ours.mode(), theirs.mode())


def test_choices_are_drawn_with_their_probabilities():
    probability = torch.tensor([0.5, 0.2, 0.3])
    choices = EqualChoices([3]).proba_distribution(probability.log().expand(40_000, 3))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        drawn = choices.sample()
    share = torch.bincount(drawn.flatten(), minlength=3) / 40_000
    # Four standard deviations of a share are 0.01.
    torch.testing.assert_close(share, probability, atol=0.01, rtol=0.0)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_learner_whose_actor_is_the_librarys(name, monkeypatch):
    """The policy answers what ``predict`` of the trained model answers."""
    models = []
    make = sb3._SB3Learner._model

    def made(self, *arguments):
        models.append(make(self, *arguments))
        return models[-1]

    monkeypatch.setattr(sb3._SB3Learner, "_model", made)
    monkeypatch.setattr(sb3, "Best", Last)
    learner = quick(name)
    assert isinstance(learner, Learner) and learner.name == name
    (model,) = models
    assert isinstance(model.env, VecNormalize) and model.gamma == 0.0
    seen = observation()
    wanted = model.predict(model.env.normalize_obs(seen), deterministic=True)[0]
    got = learner.policy.act(seen)
    if learner.actions == "scores":
        assert got.shape == (12,)
        np.testing.assert_allclose(got, wanted, atol=1e-5)
    else:
        np.testing.assert_array_equal(got, wanted)
    # Twelve gains, eight neurons, an output for each score or each option.
    outputs = 12 if learner.actions == "scores" else 18
    assert learner.policy.parameter_count == 12 * 8 + 8 + 8 * outputs + outputs


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_weights_and_global_generators_left_alone(name):
    before = random.getstate(), np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    one, two, other = (quick(name, seed=seed).policy.arrays() for seed in (0, 0, 2**64 - 1))
    assert random.getstate() == before[0]
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), before[2])
    for key, value in one.items():
        np.testing.assert_array_equal(value, two[key])
    assert not np.array_equal(one["weight 0"], other["weight 0"])
    assert not np.array_equal(one["mean"], other["mean"])


@pytest.mark.parametrize("name", NAMES)
def test_a_file_holds_the_policy_and_fits_one_size(name, tmp_path):
    learner, file = quick(name), tmp_path / "policy.safetensors"
    learner.save(file)
    again = type(learner).load(file, TINY)
    seen = observation()
    np.testing.assert_array_equal(again.policy.act(seen), learner.policy.act(seen))
    assert again.policy.parameter_count == learner.policy.parameter_count
    assert again.policy.scenario == TINY
    with pytest.raises(ValueError, match="trained for 2 servers and 6 devices, not for 2 and 30"):
        type(learner).load(file, "paper-medium")
    with pytest.raises(ValueError, match="trained for 2 servers and 6 devices"):
        mec_env.evaluate(again.policy, "paper-medium-v1")
    other = find_learner("sb3-a2c" if name != "sb3-a2c" else "sb3-ppo")
    with pytest.raises(ValueError, match=f"was written for learner {name}"):
        other.load(file)


def test_there_is_nothing_to_save_before_learning(tmp_path):
    with pytest.raises(ValueError, match=r"call learn\(\) first"):
        sb3.A2C().save(tmp_path / "policy")


@pytest.mark.parametrize("name", NAMES)
def test_progress_is_told_and_can_stop_it(name):
    reports = []

    def progress(report):
        reports.append(report)
        return len(reports) == 3

    learner = quick(name, slots=320, progress=progress)
    assert [report.done for report in reports] == [16, 32, 48]
    assert all(report.total == 320 for report in reports)
    np.testing.assert_allclose(
        reports[-1].objective, learner.objectives.mean(), err_msg="of the last 256 slots"
    )
    assert learner.policy.act(observation()).shape in ((6,), (12,))


@pytest.mark.parametrize("name", NAMES)
def test_settings_are_checked_and_slots_bound_the_training(name):
    with pytest.raises(ValueError, match="learning_rat"):
        find_learner(name)({"learning_rat": 1.0})
    with pytest.raises(ValueError, match="reward"):
        find_learner(name)({"reward": "reciprocal"})
    with pytest.raises(ValueError, match=r"start = 1\.0"):
        find_learner(name)({"start": 1.0}).learn(TINY, 0, 0)
    done = []
    quick(name, slots=5, progress=lambda report: done.append(report.done))
    assert 5 <= done[-1] <= 8, "no more rows than there are slots"
    assert len(quick(name, slots=0).objectives) == 0


def test_without_slots_it_trains_on_as_many_as_its_file_says():
    learner = sb3.TD3({**QUICK["sb3-td3"], "slots": {"small": 48, "large": 10**9}})
    learner.learn(TINY, 0)
    assert len(learner.objectives) == 3


@pytest.mark.parametrize(
    "name, slots, changed, reached",
    [
        ("sb3-a2c", 15_000, dict(rows=64), 0.03),
        ("sb3-ppo", 15_000, dict(rows=64), 0.03),
        # What they find is good and not the best: saturated scores end the exploration.
        ("sb3-ddpg", 6_000, dict(rows=16, batch_size=128), 0.2),
        ("sb3-td3", 6_000, dict(rows=16, batch_size=128), 0.2),
        ("sb3-sac", 6_000, dict(rows=16, batch_size=128), 0.2),
    ],
)
def test_it_learns_a_tiny_task_whose_optimum_is_known(name, slots, changed, reached):
    rules = {rule: mec_env.evaluate(mec_env.RULES[rule](), SUITE) for rule in ("local", "random")}
    assert all(judged.gap.mean() > 0.4 for judged in rules.values())
    local = rules["local"]
    policy = find_learner(name)(changed).learn(TINY, 0, slots)
    judged = mec_env.evaluate(policy, SUITE, bounds=(local.lower_bound, local.best))
    assert judged.gap.mean() < reached
