"""Algorithm 2: which slots are demonstrated, by whom, and that agents learn to imitate."""

import numpy as np
import pytest
import torch

import mec_env
from dirs_solver import Levy, Settings
from dirs_solver.dirs import imitation
from dirs_solver.dirs.policy import DIRSPolicy
from dirs_solver.dirs.training import ONLINE, Trainer, TrainingSlots

torch.set_num_threads(1)

TINY = mec_env.Scenario(mecs=2, iotds=6, server_speed=5e9)


def test_demonstrated_slots_are_a_training_episode_of_the_seed():
    observations, slots = imitation.observe(TINY, 5, 3)
    env = mec_env.MECEnv(TINY)
    expected, _ = env.reset(seed=5)
    for observation, slot in zip(observations, slots):
        np.testing.assert_array_equal(observation, expected)
        np.testing.assert_array_equal(slot.gain, env.slot.gain)
        expected = env.step(np.zeros(6, dtype=np.int64))[0]


def test_online_slots_are_other_ones_and_can_be_passed_over():
    first = TrainingSlots(TINY, 5, ONLINE)
    assert not np.array_equal(first.observation, imitation.observe(TINY, 5, 1)[0][0])
    for _ in range(3):
        slot, decision = first.slot, np.array([1, 2, 0, 1, 2, 0])
        assert first.decide(decision) == pytest.approx(mec_env.outcome(slot, decision).objective)
    np.testing.assert_array_equal(
        first.observation, TrainingSlots(TINY, 5, ONLINE, skip=3).observation
    )


def test_demonstrations_are_the_certified_decisions_or_the_searchs():
    _, slots = imitation.observe(TINY, 5, 5)
    told = []
    optimal = imitation.demonstrate(slots, Settings(demonstrations="certified"), 5, told.append)
    bounds = [mec_env.certify(slot).lower_bound for slot in slots]
    costs = [mec_env.outcome(slot, d).objective for slot, d in zip(slots, optimal)]
    np.testing.assert_allclose(costs, bounds, rtol=1e-6)
    assert (told[-1].stage, told[-1].done, told[-1].total) == ("demonstrations", 5, 5)
    searched = imitation.demonstrate(slots, Settings(), 5)
    found = [mec_env.outcome(slot, d).objective for slot, d in zip(slots, searched)]
    # 8,000 candidates for 3^6 decisions.
    np.testing.assert_allclose(found, bounds, rtol=0.02)
    assert np.all(found >= np.array(bounds) * (1 - 1e-12))


def test_a_demonstrations_search_depends_on_seed_and_number_alone():
    _, slots = imitation.observe(TINY, 5, 1)
    search = Levy(3, 5)
    one = imitation.search_from_nothing(slots[0], search, 1, 4)
    np.testing.assert_array_equal(one, imitation.search_from_nothing(slots[0], search, 1, 4))
    others = [imitation.search_from_nothing(slots[0], search, 1, k) for k in range(5, 9)]
    assert any(np.any(one != other) for other in others)


def test_agents_learn_to_imitate():
    # A rule that local information suffices for: ask for the devices with a gain above the median.
    settings = Settings(hidden=(16, 16), batch=64, pretraining=400, learning_rate=3e-3)
    scenario = mec_env.Scenario(mecs=1, iotds=4)
    observations, _ = imitation.observe(scenario, 1, 300)
    decisions = (observations > np.median(observations, axis=0)).astype(np.int64)
    trainer = Trainer(scenario, settings, 0)
    trainer.agents.fit_inputs(observations[:200])
    trainer.replay.add_demonstrations(observations[:200], decisions[:200])
    told, kept = [], []
    imitation.pretrain(trainer, settings, told.append, lambda: kept.append(trainer.updates))
    assert kept == list(range(1, 401)) and told[-1].stage == "pre-training"
    assert told[-1].loss < 0.5 * told[0].loss
    votes = DIRSPolicy(trainer.agents, scenario).votes(observations[200:])
    assert np.mean(votes == decisions[200:]) > 0.9
