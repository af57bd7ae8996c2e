"""Prices with a coupling: what weights change, what servers then see, and every view alike."""

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from pettingzoo.test import parallel_api_test

import mec_env
from mec_env import MECEnv, MECVectorEnv
from mec_env.simulator.features import SIZE, row_size

THREE = ("follow-me", "harvest", "rush-hour")
MORE = {"follow-me": 5, "harvest": 6, "rush-hour": 5}
SMALL = dict(iotds=7, mecs=3, area=300.0, clusters=2, slots=12)
FEATURES = dict(actions="prices", observe="features")


def small(name, **fields):
    return mec_env.SCENARIOS[name].replace(**{**SMALL, **fields})


def acts(shape, count, seed=0):
    return np.random.default_rng(seed).uniform(-1.0, 1.0, (count, *shape)).astype(np.float32)


@pytest.mark.parametrize("name, devices", [("follow-me", 7), ("rush-hour", 60)])
def test_devices_take_the_cheapest_option_at_price_and_weighted_addition(name, devices):
    env = MECEnv(small(name, slots=60, iotds=devices), "prices", admission=False)
    env.reset(seed=3)
    changed = 0
    for action in acts((6,), 60):
        slot, price, weight = env.slot, env.prices(action), env.weights(action)
        roots = np.sqrt(slot.cycles)
        by_weight = []
        for omega in (weight, np.ones(3)):
            closed = np.isinf(slot.link_cost)
            added = np.where(closed, np.inf, slot.link_cost - slot.sending_cost)
            asked = slot.sending_cost + omega * added + price * roots[:, None]
            best = asked.argmin(axis=1)
            stays = slot.local_cost <= asked.min(axis=1)
            by_weight.append(np.where(stays, 0, best + 1))
        assert (env.decision(action) == by_weight[0]).all()
        changed += (by_weight[0] != by_weight[1]).any()
        env.step(action)
    assert changed, "no weight ever changed a choice"


def joules_of_links(slot):
    """What each link takes (N, M) [J], from the outcomes of sending one device's task alone."""
    n, m = slot.gain.shape
    home = np.zeros(n, dtype=np.int64)
    joules = np.zeros((n, m))
    for i in range(n):
        for j in range(m):
            one = home.copy()
            one[i] = j + 1
            more = mec_env.outcome(slot, one).energy - mec_env.outcome(slot, home).energy
            joules[i, j] = more + slot.coupled.local_joules[i]
    return joules


def test_a_joule_costs_its_weight_on_a_link_and_at_home():
    env = MECEnv(small("harvest", slots=60), "prices", admission=False)
    env.reset(seed=3)
    changed = 0
    for action in acts((6,), 60):
        slot, price, weight = env.slot, env.prices(action), env.weights(action)
        joules = joules_of_links(slot)
        chosen = []
        for omega in (weight, np.zeros(3)):
            closed = np.isinf(slot.link_cost)
            asked = slot.sending_cost + omega * joules + price * np.sqrt(slot.cycles)[:, None]
            asked[closed] = np.inf
            strongest = slot.gain.argmax(axis=1)
            home = slot.local_cost + omega[strongest] * slot.coupled.local_joules
            chosen.append(np.where(home <= asked.min(axis=1), 0, asked.argmin(axis=1) + 1))
        assert (env.decision(action) == chosen[0]).all()
        changed += (chosen[0] != chosen[1]).any()
        env.step(action)
    assert changed, "no weight ever changed a choice"


@pytest.mark.parametrize("name", THREE)
def test_a_weight_is_nominal_times_e_to_twice_the_action(name):
    env = MECEnv(small(name), "prices")
    env.reset(seed=0)
    nominal, price = env.weights(np.zeros(6)), env.prices(np.zeros(6))
    assert (nominal > 0.0).all() and (nominal == nominal[0]).all()
    action = np.array([0.0, 1.0, 0.0, -0.5, 0.0, 3.0])
    np.testing.assert_allclose(env.weights(action), nominal * np.exp([2.0, -1.0, 2.0]), rtol=1e-6)
    assert (env.prices(action) == price).all() and price.shape == (3,)


def test_without_a_coupling_there_are_no_weights():
    env = MECEnv(actions="prices", iotds=4, mecs=2)
    env.reset(seed=0)
    assert env.action_space.shape == (2,)
    with pytest.raises(ValueError, match=r"^weights: "):
        env.weights(np.zeros(2))


@pytest.mark.parametrize("name", THREE)
def test_a_batch_is_single_and_parallel_to_the_bit(name):
    scenario = small(name)
    single, agents = MECEnv(scenario, **FEATURES), mec_env.parallel_env(
        scenario, agents="servers", **FEATURES
    )  # fmt: skip
    batch = MECVectorEnv(3, scenario, **FEATURES)
    rows = batch.reset(seed=[5, 6, 7])[0]
    alone, each = single.reset(seed=6)[0], agents.reset(seed=6)[0]
    for k, action in enumerate(acts((3, 6), scenario.slots - 1)):
        assert (rows[1] == alone).all()
        assert (np.concatenate([each[a] for a in agents.agents]) == alone).all()
        assert single.observation_space.contains(alone)
        rows, rewards = batch.step(action)[:2]
        alone, reward = single.step(action[1])[:2]
        by_agent = {a: action[1][2 * j : 2 * j + 2] for j, a in enumerate(agents.agents)}
        each, got = agents.step(by_agent)[:2]
        assert rewards[1] == reward == next(iter(got.values())), k


@pytest.mark.parametrize("name", THREE)
def test_a_row_has_what_its_coupling_adds(name):
    scenario = small(name)
    assert row_size(scenario) == SIZE + MORE[name]
    env = MECEnv(scenario, **FEATURES)
    assert env.observation_space.shape == (3 * row_size(scenario),)
    assert env.action_space.shape == (6,)


@pytest.mark.parametrize("name", THREE)
@pytest.mark.parametrize("mode", ["decisions", "scores"])
def test_admission_keeps_nobody_at_a_loss(name, mode):
    """Who is kept saves at least what keeping him adds: taking him off never pays."""
    env = MECEnv(small(name, iotds=20), mode, admission=True)
    env.reset(seed=2)
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(env.scenario.slots):
        if mode == "decisions":
            action = rng.integers(0, 4, 20)
        else:
            action = rng.uniform(0.0, 1.0, 60).astype(np.float32)
        slot, kept = env.slot, env.decision(action)
        best = mec_env.outcome(slot, kept).objective
        assert not np.isinf(slot.link_cost[np.arange(20), kept - 1][kept > 0]).any()
        for i in np.flatnonzero(kept):
            without = kept.copy()
            without[i] = 0
            assert mec_env.outcome(slot, without).objective >= best * (1.0 - 1e-9)
        if mode == "decisions":
            refused += (kept != action).sum()
        info = env.step(action)[4]
        assert info["objective"] == pytest.approx(best, rel=1e-9)
    assert refused or mode == "scores"


@pytest.mark.parametrize("name", THREE)
def test_checkers_pass(name):
    check_env(MECEnv(small(name), **FEATURES), skip_render_check=True)
    parallel_api_test(mec_env.parallel_env(small(name), agents="servers", **FEATURES), 30)


@pytest.mark.parametrize("weight, chosen", [(1.02, 1), (0.98, 2)])
def test_a_migration_is_worth_its_weight_worked_by_hand(weight, chosen):
    # Halfway between both servers, so that links cost the same; server 1 holds the service.
    env = MECEnv(
        "follow-me", "prices", admission=False, iotds=1, mecs=2, channel="log-distance",
        area=300.0, shadowing=0.0, device_layout="given", device_positions=((150.0, 150.0),),
        server_layout="given", server_positions=((100.0, 150.0), (200.0, 150.0)), slots=4,
        cycles=1e9, data_bits=1e5, local_speed=1e8, server_speed=1e10, service_bits=0.2e9,
        backhaul=1e9, restart=0.1, idle_power=0.5,
    )  # fmt: skip
    env.reset(seed=0)
    s, zero = env.scenario, np.zeros(4)
    # 0.2 s of moving and 0.1 s of starting, at 0.5 W.
    migration = s.weight_time * 0.3 + s.weight_energy * 0.15
    root = 31622.7766
    # Server 1 asks twice the price of server 2; both would do better than ten seconds at home.
    action = (
        np.array([0.0, 0.0, np.log(0.5), 0.0])
        / np.log(env.prices(np.ones(4)) / env.prices(zero))[0]
    )
    price = env.prices(action)
    assert price[0] == pytest.approx(2.0 * price[1])
    # A migration pays while it costs less, times its weight, than what the price saves.
    even = (price[0] - price[1]) * root / migration
    action[3] = np.log(weight * even / env.weights(zero)[1]) / 2.0
    assert abs(action[3]) < 1.0, "the weight is one that can be asked"
    assert env.decision(action.astype(np.float32)) == [chosen]
