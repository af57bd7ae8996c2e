"""Agents that share a policy by SuperSuit: seeded, each copy its own episodes."""

import numpy as np
import pytest

import mec_env

pytest.importorskip("supersuit")
from stable_baselines3 import PPO

from dirs_solver.plugins.sb3.sharing import SharedByAgents


def batch():
    return SharedByAgents(mec_env.parallel_env(mecs=2, iotds=5, agents="devices"), 2)


def test_a_seed_fixes_every_copy_and_copies_differ():
    one, two = batch(), batch()
    assert one.seed(7) == [7, 8]
    two.seed(7)
    seen = one.reset()
    assert np.array_equal(seen, two.reset())
    assert not np.array_equal(seen[:5], seen[5:])
    alone = mec_env.parallel_env(mecs=2, iotds=5, agents="devices")
    for k in range(2):
        theirs = list(alone.reset(seed=7 + k)[0].values())
        assert np.array_equal(seen[5 * k : 5 * k + 5], theirs)
    assert not np.array_equal(one.reset(), seen), "the next episode is another"


def test_a_training_is_fixed_by_its_seed():
    first, again, other = (
        PPO("MlpPolicy", batch(), n_steps=8, batch_size=16, seed=seed, device="cpu").learn(80)
        for seed in (0, 0, 1)
    )
    seen = batch().reset(seed=3)
    values = [model.policy.obs_to_tensor(seen)[0] for model in (first,)]
    found = [model.policy.predict_values(values[0]).tolist() for model in (first, again, other)]
    assert found[0] == found[1] != found[2]
