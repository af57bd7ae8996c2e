"""sb3-contrib's learners: what they remember is the library's own memory, and they learn."""

import sys

import numpy as np
import pytest
import torch

import mec_env
from dirs_solver import find_learner

pytest.importorskip("sb3_contrib")
from dirs_solver.plugins.sb3.contrib import RecurrentPPOPrices, TRPOPrices
from dirs_solver.plugins.sb3.env import RowsVecEnv
from dirs_solver.plugins.sb3.recurrent import RecurrentPrices

torch.set_num_threads(1)

#: Three servers that can't take all devices, on links that matter.
TINY = mec_env.SCENARIOS["square-km"].replace(name="tiny", iotds=20, mecs=3, slots=50)
QUICK = dict(rows=16, n_steps=4, batch_size=16, hidden=[8])
BOTH = pytest.mark.parametrize("observe", ["features", "columns"])


def recurrent(observe="features"):
    return RecurrentPPOPrices({**QUICK, "memory": 6, "n_epochs": 1, "observe": observe})


@BOTH
def test_the_memory_is_the_librarys_own(observe):
    learner = recurrent(observe)
    rows = learner._normalised(learner._rows(4, TINY, learner.settings))
    model = learner._model(rows, learner.settings, 3)
    rows.seed(0)
    rows.reset()
    rows.training, state = False, None
    policy = learner._policy(model, rows, "tanh", TINY)
    for slot in range(5):
        # Their mean without noise, clipped as the environment is given it.
        seen = rows.get_original_obs()
        theirs, state = model.predict(rows.normalize_obs(seen), state, np.full(4, slot == 0), True)
        np.testing.assert_allclose(policy.act(seen), theirs, atol=1e-5)
        rows.step(theirs)


def test_what_was_seen_before_counts_until_the_episode_ends():
    policy = recurrent().learn(TINY, 0, 128)
    seen = mec_env.MECEnv(TINY, actions="prices", observe="features").reset(seed=5)[0]
    first = policy.act(seen)
    later = policy.act(seen)
    assert not np.array_equal(first, later)
    policy.reset(7)
    assert np.array_equal(policy.act(seen), first)
    assert np.array_equal(policy.anew().act(seen), first), "another's memory is its own"


@BOTH
def test_a_policy_with_a_memory_says_which_sizes_it_acts_at(observe):
    policy = recurrent(observe).learn(TINY, 0, 64)
    assert isinstance(policy, RecurrentPrices) and policy.observe == observe
    with pytest.raises(ValueError, match="trained"):
        policy.prepare(TINY.replace(mecs=4))
    more = TINY.replace(iotds=30)
    if observe == "features":
        policy.prepare(more)
    else:
        with pytest.raises(ValueError, match="trained for 3 servers and 20 devices"):
            policy.prepare(more)


def test_trpo_shares_one_network_among_servers():
    policy = TRPOPrices(QUICK).learn(TINY, 0, 128)
    assert policy.information == "local"
    assert [weight.shape for weight, _ in policy.layers] == [(8, 16), (1, 8)]


@pytest.mark.parametrize("name", ["sb3-trpo-prices", "sb3-recurrent-ppo-prices"])
def test_a_missing_library_says_what_to_install(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "sb3_contrib", None)
    monkeypatch.delitem(sys.modules, "dirs_solver.plugins.sb3.contrib")
    with pytest.raises(
        ImportError, match=r'needs sb3_contrib: pip install "mec-offloading\[sb3\]"'
    ):
        find_learner(name)


@pytest.mark.parametrize("name", ["sb3-trpo-prices", "sb3-recurrent-ppo-prices"])
def test_it_learns_to_ask_more_than_it_began_with(name):
    changed = {"rows": 16, "hidden": [16], "learning_rate": 3e-3}
    learner = find_learner(name)(changed)
    learner.learn(TINY, 0, 6_000)
    assert learner.best < learner.first


def test_rows_of_a_coupled_scenario_are_read_in_order():
    scenario = mec_env.SCENARIOS["harvest"].replace(name="few", iotds=6, mecs=2, slots=8)
    learner = RecurrentPPOPrices({**QUICK, "memory": 6, "n_epochs": 1})
    policy = learner.learn(scenario, 0, 128)
    rows = RowsVecEnv(2, scenario, "prices", observe="features")
    rows.seed(1)
    assert policy.anew().act(rows.reset()).shape == (2, 4)
