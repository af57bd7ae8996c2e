"""Learners by prices where something passes from slot to slot: two numbers a server, at any size."""

import numpy as np
import pytest

import mec_env
from dirs_solver import find_learner
from mec_env.judging.suite import Suite
from mec_env.simulator.features import SIZE, row_size

THREE = ("follow-me", "harvest", "rush-hour")
SMALL = dict(iotds=7, mecs=3, area=300.0, clusters=2, slots=12)
#: A few updates and no more.
QUICK = {
    "sb3-ppo-prices": dict(rows=8, n_steps=4, batch_size=16, n_epochs=2, hidden=[8]),
    "sb3-sac-prices": dict(
        rows=8, batch_size=16, learning_starts=16, buffer_size=500, hidden=[8], observe="features"
    ),
    "mappo-prices": dict(rows=8, batch=32, minibatch=16, hidden=[8], critic_hidden=[8]),
}
ALL = pytest.mark.parametrize("name", QUICK)


def small(name, **fields):
    return mec_env.SCENARIOS[name].replace(name=f"tiny-{name}", **{**SMALL, **fields})


def learned(name, scenario, seed=0, slots=320):
    if name.startswith("sb3"):
        pytest.importorskip("stable_baselines3")
    else:
        pytest.importorskip("benchmarl")
    return find_learner(name)(QUICK[name]).learn(scenario, seed, slots)


def seen(scenario):
    options = dict(actions="prices", observe="features", nominal="calibrated")
    return mec_env.MECEnv(scenario, **options).reset(seed=5)[0]


@ALL
@pytest.mark.parametrize("of", THREE)
def test_a_server_names_its_price_and_its_weight(name, of):
    scenario = small(of)
    policy = learned(name, scenario)
    whole = seen(scenario)
    together = policy.act_for_all(whole)
    assert together.shape == (6,) and (np.abs(together) <= 1.0).all()
    for j, row in enumerate(whole.reshape(3, row_size(scenario))):
        alone = policy.act(f"mec_{j}", row)
        assert alone == pytest.approx(together[2 * j : 2 * j + 2], abs=1e-6)
    results = mec_env.evaluate(policy, Suite("own", scenario, (0,), (0,)))
    assert np.isfinite(results.objective).all() and (results.objective > 0.0).all()


@ALL
def test_a_weight_comes_to_hang_on_what_is_seen(name):
    scenario = small("follow-me")
    policy = learned(name, scenario)
    rows = seen(scenario).reshape(3, -1)
    other = rows.copy()
    # Of the coupling's own features alone.
    other[:, SIZE:] += 1.0
    weights = [policy.act_for_all(x.ravel())[1::2] for x in (rows, other)]
    assert np.abs(weights[0] - weights[1]).max() > 1e-6


@ALL
def test_the_same_actor_serves_more_servers(name):
    policy = learned(name, small("follow-me"))
    larger = small("follow-me", mecs=5, iotds=12)
    assert policy.act_for_all(seen(larger)).shape == (10,)


def test_priced_asks_a_price_and_lets_the_nominal_weight_be():
    scenario = small("rush-hour")
    policy = find_learner("priced")().learn(scenario, 0, 0)
    for row in seen(scenario).reshape(3, -1):
        asked = policy.act("mec_0", row)
        assert asked.shape == (2,) and asked[1] == 0.0
        # What it asks hangs on a server's first numbers alone.
        assert (policy.act("mec_0", np.append(row[:SIZE], 1.0 - row[SIZE:])) == asked).all()
