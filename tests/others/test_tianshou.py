"""Tianshou, in an environment of its own: it learns, and its bridge decides for every device."""

import gymnasium
import numpy as np
import pytest
import torch

pytest.importorskip("tianshou")
from dirs_solver.plugins.tianshou.bridge import Actor, decisions_policy, many_choices
from tests.others.playing import said_by, trained

torch.set_num_threads(1)


def test_it_learns_to_ask_better_prices():
    learner = trained("tianshou-ppo-prices", 8_000, learning_rate=3e-3)
    assert learner.best < learner.first


def test_the_bridge_gives_each_device_its_own_choice():
    # Two devices of three options: log-probabilities of (1, 0), worked out by hand.
    logits = torch.log(torch.tensor([[0.2, 0.5, 0.3, 0.7, 0.2, 0.1]]))
    chosen = many_choices(3)(logits)
    assert chosen.mode.tolist() == [[1, 0]]
    found = chosen.log_prob(torch.tensor([[1, 0]])).exp()
    assert found.item() == pytest.approx(0.5 * 0.7)


def test_a_policy_over_the_bridge_decides_within_the_space():
    env = gymnasium.make("mec_env:MEC-v0", scenario="paper-medium")
    seen, choices = env.observation_space.shape[0], int(env.action_space.nvec.sum())
    policy = decisions_policy(Actor(torch.nn.Linear(seen, choices)), env.action_space)
    decision = policy.compute_action(env.reset(seed=0)[0])
    assert env.action_space.contains(np.asarray(decision))


def test_the_bridge_refuses_other_spaces():
    with pytest.raises(ValueError, match="must be MultiDiscrete with equally many options"):
        decisions_policy(Actor(None), gymnasium.spaces.Discrete(3))


def test_the_example_runs():
    assert "1000 slots; the next one: objective" in said_by("tianshou_ppo.py", "1000")
