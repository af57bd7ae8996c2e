"""Prices as actions: what devices choose at them, what servers admit, what they are relative to."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import mec_env
from mec_env import MECEnv, Range
from mec_env.physics.outcome import outcome
from mec_env.simulator.pricing import training_slots
from tests.helpers import make_slot

TASKS = {
    "unequal": dict(cycles=Range(0.2e9, 3e9), data_bits=Range(1e5, 2e6)),
    "equal": dict(cycles=1e9, data_bits=8e5),
}
SIZES = st.fixed_dictionaries(
    dict(
        mecs=st.integers(1, 6),
        iotds=st.integers(1, 30),
        area=st.sampled_from([50.0, 300.0, 1000.0]),
        path_loss_exponent=st.sampled_from([2.0, 3.5]),
        channel=st.sampled_from(["rayleigh", "lydroo", "are"]),
        world_seed=st.integers(0, 1000),
    )
)
SEEDS = st.integers(0, 2**32)


def make(fields, seed=0, **options):
    """An environment of prices at its first slot."""
    env = MECEnv(actions="prices", server_layout="random", slots=3, **options, **fields)
    env.reset(seed=seed)
    return env


def cheapest(slot, prices):
    """Each device's cheapest option, found by comparing all."""
    decision = []
    for i in range(slot.local_cost.size):
        best, where = slot.local_cost[i], 0
        for j in range(len(prices)):
            asked = slot.link_cost[i, j] + prices[j] * np.sqrt(slot.cycles[i])
            if asked < best:
                best, where = asked, j + 1
        decision.append(where)
    return decision


def actions_of(env, seed):
    return np.random.default_rng(seed).uniform(-1.2, 1.2, env.scenario.mecs).astype(np.float32)


# --- the decision ---------------------------------------------------------------------


@pytest.mark.parametrize("tasks", TASKS)
def test_devices_choose_what_a_plain_loop_finds_cheapest(tasks):
    @settings(max_examples=60, deadline=None)
    @given(SIZES, SEEDS)
    def check(fields, seed):
        env = make({**TASKS[tasks], **fields}, seed, admission=False, span=3.0)
        for k in range(3):
            action = actions_of(env, [seed, k])
            expected = cheapest(env.slot, env.prices(action))
            assert env.decision(action).tolist() == expected
            info = env.step(action)[4]
            assert info["asked"] == info["offloaded"] == np.mean(np.array(expected) > 0)

    check()


def test_among_equal_servers_the_lower_one_is_chosen():
    env = _two_servers()
    slot = env.slot
    assert slot.link_cost[0, 0] == slot.link_cost[0, 1] < slot.local_cost[0]
    asked = env.prices(np.zeros(2, np.float32))
    assert asked[0] == asked[1]
    assert env.decision(np.zeros(2, np.float32)).tolist() == [1]
    # The tie is what decides: the least change makes the upper one cheaper.
    assert env.decision(np.array([0.0, -1e-3], np.float32)).tolist() == [2]


def test_among_equally_cheap_servers_the_lower_one_is_chosen_whatever_their_links():
    env = _two_servers(cycles=2.0**30)
    # The upper server's link is a little cheaper, by exactly what it asks more.
    env.simulator._board.gain[0, :, 0] = 2.0**-20 * np.array([1.1249, 1.125])
    env.simulator._forget()
    near, far = env.slot.link_cost[0, ::-1]
    price = (far - near) / 2.0**15
    assert 0.0 < price and near + price * 2.0**15 == far < env.slot.local_cost[0]
    still = np.zeros(2, np.float32)
    env.simulator._worlds.price[0] = 0.0, price
    assert env.decision(still).tolist() == [1]
    env.simulator._worlds.price[0, 1] = 0.999 * price
    assert env.decision(still).tolist() == [2]


def test_between_home_and_a_server_as_cheap_home_is_chosen():
    env = _two_servers(cycles=2.0**30)
    slot = env.slot
    # A weight of 2^15 leaves nothing to round in the product, nor in the sum.
    link, local, weight = slot.link_cost[0, 0], slot.local_cost[0], 2.0**15
    price = (local - link) / weight
    assert np.sqrt(slot.cycles[0]) == weight and link + price * weight == local
    still = np.zeros(2, np.float32)
    env.simulator._worlds.price[:] = price
    assert env.decision(still).tolist() == [0]
    env.simulator._worlds.price[0, 1] = price * (1.0 - 1e-9)
    assert env.decision(still).tolist() == [2]


def _two_servers(**fields):
    env = MECEnv(
        actions="prices", admission=False, mecs=2, iotds=1, channel="are", area=100.0,
        device_layout="given", device_positions=((50.0, 50.0),), server_layout="given",
        server_positions=((40.0, 50.0), (60.0, 50.0)), **fields,
    )  # fmt: skip
    env.reset(seed=0)
    return env


@settings(max_examples=60, deadline=None)
@given(SIZES, SEEDS)
def test_the_papers_vote_over_sigmoids_of_what_is_saved_decides_the_same(fields, seed):
    fields = {**TASKS["unequal"], **fields}
    env = make(fields, seed, admission=False)
    scores = MECEnv(actions="scores", server_layout="random", slots=3, **fields)
    scores.reset(seed=seed)
    slot, action = env.slot, actions_of(env, seed)
    saved = slot.local_cost[:, None] - slot.link_cost
    saved = saved - env.prices(action) * np.sqrt(slot.cycles)[:, None]
    # No device saves more than its local cost, so that no score above 0.5 saturates.
    with np.errstate(over="ignore"):
        score = (1.0 / (1.0 + np.exp(-saved / slot.local_cost.max()))).astype(np.float32)
    votes = scores.decision(score.T.ravel())
    ranked = np.sort(np.column_stack([score, np.full(len(score), 0.5)]), axis=1)
    clear = ranked[:, -1] - ranked[:, -2] > 3e-7  # a float32 tells these two apart
    assume(clear.any())
    assert (votes == env.decision(action))[clear].all()


# --- admission --------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["decisions", "scores", "prices"])
def test_a_step_admits_as_admit_does(mode):
    @settings(max_examples=30, deadline=None)
    @given(SIZES, SEEDS)
    def check(fields, seed):
        fields = {**TASKS["unequal"], "server_layout": "random", "slots": 3, **fields}
        asks = MECEnv(actions=mode, admission=False, **fields)
        env = MECEnv(actions=mode, admission=True, **fields)
        asks.reset(seed=seed), env.reset(seed=seed)
        env.action_space.seed(seed % 2**31)
        for _ in range(3):
            action, slot = env.action_space.sample(), env.slot
            asked = asks.decision(action)
            admitted = mec_env.admit(slot, asked)
            assert env.decision(action).tolist() == admitted.tolist()
            info = env.step(action)[4]
            asks.step(action)
            assert info["asked"] == np.mean(asked > 0)
            assert info["admitted"] == info["offloaded"] == np.mean(admitted > 0)
            assert info["asked"] >= info["admitted"]
            judged = outcome(slot, admitted).objective
            assert info["objective"] == pytest.approx(judged, rel=1e-12)

    check()


def test_admission_refuses_some_where_prices_are_too_low():
    env = make(dict(mecs=2, iotds=40, server_speed=3e9), span=3.0)
    info = env.step(np.full(2, -1.0, np.float32))[4]
    assert info["asked"] > info["admitted"] > 0.0


def test_admission_is_the_default_with_prices_alone():
    for mode, default in {"decisions": False, "scores": False, "prices": True}.items():
        assert MECEnv(actions=mode).options.admission is default


# --- what an action asks ------------------------------------------------------------------


@given(st.lists(st.floats(-3, 3, width=32), min_size=3, max_size=3), st.floats(0.01, 20.0))
@settings(max_examples=30, deadline=None)
def test_an_action_asks_the_nominal_price_times_the_exponential_of_span(action, span):
    env = make(dict(mecs=3, iotds=5), span=span)
    nominal = env.simulator._worlds.price[0]
    expected = nominal * np.exp(span * np.clip(action, -1.0, 1.0))
    assert env.prices(action) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("nominal, span", [("pooled", 0.7), ("calibrated", None)])
def test_the_default_span_is_that_of_the_nominal_price(nominal, span):
    env = make(dict(mecs=2, iotds=9, area=300.0, cycles=Range(0.2e9, 3e9)), nominal=nominal)
    low, middle, high = (np.log(env.prices(np.full(2, a))) for a in (-1.0, 0.0, 1.0))
    expected = span or 3.0 * env.simulator._worlds.step[0]
    assert high - middle == pytest.approx(expected, rel=1e-9)
    assert middle - low == pytest.approx(expected, rel=1e-9)


def test_actions_beyond_the_space_are_clipped():
    env = make(dict(mecs=3, iotds=20))
    beyond, border = np.array([-5.0, 7.0, np.inf]), np.array([-1.0, 1.0, 1.0])
    assert (env.prices(beyond) == env.prices(border)).all()
    assert (env.decision(beyond) == env.decision(border)).all()


def test_what_is_no_number_is_an_error_that_names_it():
    env = make(dict(mecs=3, iotds=5))
    for call in (env.prices, env.decision, env.step):
        with pytest.raises(ValueError, match=r"^action\[1\] = nan: must be a number$"):
            call(np.array([0.0, np.nan, 0.0], np.float32))
    assert env.simulator.slot_index[0] == 0


@pytest.mark.parametrize("mode", ["decisions", "scores"])
def test_an_environment_of_other_actions_asks_no_prices(mode):
    env = MECEnv(actions=mode, mecs=2, iotds=3)
    env.reset(seed=0)
    with pytest.raises(ValueError, match=f"actions = '{mode}': only an environment of 'prices'"):
        env.prices(env.action_space.sample())


# --- nominal prices ---------------------------------------------------------------------------


def one_device(server_speed):
    """The nominal price and the slot of a device 10 m from a server, without fading."""
    env = MECEnv(
        actions="prices", mecs=1, iotds=1, channel="are", server_speed=server_speed,
        device_layout="given", device_positions=((10.0, 20.0),),
        server_layout="given", server_positions=((20.0, 20.0),),
    )  # fmt: skip
    env.reset(seed=0)
    return float(env.prices(np.zeros(1))[0]), env.slot


def test_the_pooled_price_fills_the_servers_worked_by_hand():
    # One task of 1e9 cycles, w = 31622.8. It comes to a server of 1e10 cycles/s at any price below
    # (2 - 0.03) / w = 6.2e-5. So λ 1e10 / 2 = w: λ = 6.3246e-6.
    price, _ = one_device(1e10)
    assert price == pytest.approx(6.3246e-6, rel=1e-3)


def test_the_pooled_price_of_a_slow_server_is_what_the_device_would_still_pay():
    # At 1e8 cycles/s the task fills the server at 6.3e-4, where nobody comes.
    price, slot = one_device(1e8)
    assert slot.local_cost[0] == pytest.approx(2.0)
    assert price == pytest.approx((2.0 - slot.link_cost[0, 0]) / np.sqrt(1e9), rel=1e-3)


@settings(max_examples=40, deadline=None)
@given(SIZES, SEEDS)
def test_the_pooled_price_balances_what_is_asked_for_and_what_it_pays_for(fields, seed):
    env = make({**TASKS["unequal"], "server_speed": Range(3e9, 2e10), **fields}, seed)
    price = env.prices(np.zeros(env.scenario.mecs))
    assert (price == price[0]).all()
    world, s = env.simulator.world(), env.scenario
    n = s.iotds
    slot = make_slot(
        world.path_gain.T, data_bits=np.full(n, 1.05e6), cycles=np.full(n, 1.6e9),
        local_speed=world.local_speed, server_speed=world.server_speed, noise=s.noise,
        bandwidth=s.bandwidth, max_power=s.max_power, kappa=s.kappa, exponent=s.exponent,
    )  # fmt: skip
    worth = (slot.local_cost - slot.link_cost.min(axis=1)) / np.sqrt(slot.cycles)
    assume(worth.max() > 0.01 * slot.local_cost.mean() / np.sqrt(1.6e9))

    def too_much_comes_at(price):
        return np.sqrt(slot.cycles)[worth > price].sum() - price * slot.server_speed.sum() / 2.0

    assert too_much_comes_at(price[0] * (1.0 - 2e-3)) > 0.0
    assert too_much_comes_at(price[0] * (1.0 + 2e-3)) < 0.0


def test_calibrated_prices_are_mean_and_deviation_of_the_optimal_ones_logs():
    fields = dict(mecs=3, iotds=30, area=300.0, path_loss_exponent=3.0, world_seed=5)
    env = make({**TASKS["unequal"], **fields}, nominal="calibrated")
    slots = training_slots(env.scenario)
    logs = np.log([mec_env.certify(slot).prices for slot in slots])
    assert logs.shape == (100, 3)
    assert np.log(env.prices(np.zeros(3))) == pytest.approx(logs.mean(axis=0), abs=2e-3)
    reach = np.log(env.prices(np.ones(3)) / env.prices(np.zeros(3)))
    assert reach == pytest.approx(3.0 * logs.std(axis=0), rel=2e-2)


def test_calibration_slots_are_of_training_and_the_same_whatever_the_seed():
    fields = dict(mecs=2, iotds=9, area=300.0, path_loss_exponent=3.0)
    one, other = (make(fields, seed, nominal="calibrated") for seed in (0, 1))
    assert (one.prices(np.zeros(2)) == other.prices(np.zeros(2))).all()
    evaluation = MECEnv.for_evaluation(one.scenario, actions="prices", nominal="calibrated")
    assert (evaluation.prices(np.zeros(2)) == one.prices(np.zeros(2))).all()


# --- at_prices ------------------------------------------------------------------------------


def test_at_prices_takes_the_cheapest():
    slot = make_slot([[1e-8, 1e-9], [1e-9, 1e-8], [1e-16, 1e-16]])
    assert mec_env.at_prices(slot, [0.0, 0.0]).tolist() == [1, 2, 0]
    assert mec_env.at_prices(slot, [1.0, 1.0]).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "prices, message",
    [
        ([1.0], r"prices: shape \(1,\), must be \(2,\)"),
        ([[1.0, 1.0]], r"prices: shape \(1, 2\), must be \(2,\)"),
        ([0.0, np.nan], r"prices\[1\] = nan: must be a finite number of 0 or more"),
        ([-1.0, 0.0], r"prices\[0\] = -1: must be a finite number of 0 or more"),
        ([0.0, np.inf], r"prices\[1\] = inf: must be a finite number of 0 or more"),
    ],
)
def test_at_prices_refuses_in_one_sentence(prices, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        mec_env.at_prices(make_slot([[1e-8, 1e-9]]), prices)
