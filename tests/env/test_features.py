"""What servers look at, against a plain twin of its definition, against sampling, and by hand."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ncx2

import mec_env
from mec_env import SCENARIOS, MECEnv, Range
from mec_env.physics.link import bit_costs
from mec_env.simulator.features import FEATURES, SIZE, feature_table, observe_features, row_size
from mec_env.simulator.kernel import room_for
from tests.helpers import UNEQUAL

STEP = 0.1116
BUSY = {**UNEQUAL, "mecs": 4, "iotds": 30, "path_loss_exponent": 3.3, "area": 400.0}
# What a factor of the fading is below with a probability, from its definition: Rayleigh's power is
# exponential; a ray of 0.3 of the power and a scattered rest are a noncentral chi-square.
LAWS = {
    "rayleigh": lambda x: 1.0 - np.exp(-x),
    "droo": lambda x: 1.0 - np.exp(-x),
    "lydroo": lambda x: ncx2.cdf(2.0 * x / 0.7, 2, 2.0 * 0.3 / 0.7),
    "are": lambda x: 1.0 * (x > 1.0),
    "log-distance": lambda x: 1.0 * (x > 1.0),
}
FADING = ["rayleigh", "droo", "lydroo"]


def observing(seed=0, **fields):
    env = MECEnv(actions="prices", observe="features", **fields)
    return env, env.reset(seed=seed)[0].reshape(env.scenario.mecs, SIZE)


def again(env):
    """The features of the slot as it stands on the board now."""
    simulator, out = env.simulator, np.empty(env.observation_space.shape, np.float32)
    observe_features(
        simulator._features, simulator.physics, simulator._worlds, simulator._board, simulator._carry,
        simulator._law, 0,
        room_for(env.scenario.iotds, env.scenario.mecs, True), out,
    )  # fmt: skip
    return out.reshape(-1, SIZE)


class Twin:
    """The definition of the features once more, with numpy, a device and a server at a time."""

    def __init__(self, env, below):
        self.slot, self.world = env.slot, env.simulator.world()
        scenario, n = env.scenario, env.scenario.iotds
        self.below, self.table = below, env.simulator.physics.links
        m = scenario.mecs
        self.price = env.prices(np.zeros(m))
        calibrated = env.options.nominal == "calibrated"
        reach = np.log(env.prices(np.ones(m)) / self.price)
        self.step = reach / 3.0 if calibrated else np.full(m, STEP)
        self.weight, self.local = np.sqrt(self.slot.cycles), self.slot.local_cost
        self.bit = self.slot.data_bits * self.slot.weight_time / self.slot.bandwidth

        def mean(value, now):
            return np.full(n, 0.5 * (value.low + value.high)) if isinstance(value, Range) else now

        # Tasks of mean size.
        cycles = mean(scenario.cycles, self.slot.cycles)
        self.typical_bits = mean(scenario.data_bits, self.slot.data_bits).sum()
        self.typical_weight = np.sqrt(cycles)
        self.typical_local = self.local / self.slot.cycles * cycles

    def gain_that_costs(self, cost, device):
        """Bisection for the gain at which a link costs so much."""
        low, high = np.full(len(cost), -80.0), np.full(len(cost), 5.0)
        for _ in range(50):
            middle = 0.5 * (low + high)
            found = self.bit[device] * bit_costs(self.table, np.exp(middle).astype(np.float32))
            low, high = np.where(found > cost, middle, low), np.where(found > cost, high, middle)
        return np.exp(high)

    def loads(self, server, k):
        """Expected and willing load at trial price k."""
        price = self.price[server] * np.exp(k * self.step[server])
        asked = self.slot.link_cost[:, server] + price * self.weight
        willing = asked < self.local
        chance = np.ones(len(asked))
        for other in set(range(len(self.price))) - {server}:
            left = asked - self.price[other] * self.weight
            possible = np.flatnonzero(left > 0.0)  # no link costs less than nothing
            gain = self.gain_that_costs(left[possible], possible)
            chance[possible] *= self.below(gain / self.world.path_gain[other, possible])
        return self.weight @ (willing * chance), self.weight @ willing

    def share(self, load, server, k):
        paid = self.price[server] * np.exp(k * self.step[server])
        paid /= 2.0 * self.slot.weight_time / self.slot.server_speed[server]
        return np.log(load / paid + 0.05)

    def row(self, server):
        loads = [self.loads(server, k) for k in (-2, -1, 0, 1, 2)]
        congestion = self.slot.weight_time / self.slot.server_speed[server]
        weights, worth = self.typical_weight.sum(), np.mean(self.local / self.weight)
        everything = self.typical_local.sum()
        rest = [
            self.price[server] * weights / everything,
            congestion * weights**2 / everything,
            self.weight.sum() / weights,
            worth / np.mean(self.typical_local / self.typical_weight),
            self.local.sum() / everything,
            self.slot.data_bits.sum() / self.typical_bits,
        ]
        shares = [
            self.share(load[kind], server, k - 2) for kind in (0, 1) for k, load in enumerate(loads)
        ]
        return np.array([*np.clip(shares, -3.0, 3.0), *np.clip(np.log(rest), -10.0, 10.0)])


# --- by hand --------------------------------------------------------------------------


def test_one_device_and_one_server_worked_by_hand():
    # No fading: the task of w = 31623 comes at every trial price, and fills the server at λ0.
    _, seen = observing(
        mecs=1, iotds=1, channel="are", device_layout="given", device_positions=((10.0, 20.0),),
        server_layout="given", server_positions=((20.0, 20.0),),
    )  # fmt: skip
    shares = [np.log(np.exp(-k * STEP) + 0.05) for k in (-2, -1, 0, 1, 2)]
    # λ0 w / local = 6.3246e-6 · 31623 / 2 = 0.1; q w² / local = 1e-10 · 1e9 / 2 = 0.05.
    expected = [*shares, *shares, np.log(0.1), np.log(0.05), 0.0, 0.0, 0.0, 0.0]
    assert seen[0] == pytest.approx(expected, abs=1.5e-3)


def test_the_table_has_sixteen_features_and_says_their_units():
    assert SIZE == sum(feature.entries for feature in FEATURES) == 16
    rows = feature_table()
    assert [row[0] for row in rows] == [feature.name for feature in FEATURES]
    assert all(all(row) and len(row) == 5 for row in rows)


# --- against the twin and against sampling ------------------------------------------------


@pytest.mark.parametrize("nominal", ["pooled", "calibrated"])
@pytest.mark.parametrize("channel", FADING)
def test_every_feature_is_its_definitions(channel, nominal):
    # Of each of three others 1e-3 of a probability is left out, and what is left of less than 1e-3
    # is not looked into; the rest of the 5e-3 is for tables.
    for seed in range(3):
        env, seen = observing(**{**BUSY, "channel": channel}, world_seed=seed, nominal=nominal)
        for _ in range(2):
            expected = np.array([Twin(env, LAWS[channel]).row(j) for j in range(4)])
            assert seen[:, 5:] == pytest.approx(expected[:, 5:], abs=1e-5)
            off = np.abs(np.exp(seen[:, :5]) - np.exp(expected[:, :5]))
            assert (off <= 5e-3 * np.exp(expected[:, 5:10])).all()
            # Neither nobody nor everybody who is willing is expected.
            assert ((seen[:, :5] > -2.9) & (seen[:, :5] < seen[:, 5:10] - 0.1)).any(axis=1).all()
            seen = env.step(np.zeros(4))[0].reshape(4, SIZE)


def _step(limit, x):
    return 1.0 * (x > limit)


@pytest.mark.parametrize("channel", ["are", "log-distance"])
def test_without_fading_expected_loads_are_certain(channel):
    # The step of the law is a slope of 1/64 in the log of the gain: between a little sooner and later.
    shadowing = 4.0 if channel == "log-distance" else 0.0
    for seed in range(4):
        env, seen = observing(
            **{**BUSY, "channel": channel, "shadowing": shadowing, "world_seed": seed}
        )
        sooner, later = (
            np.array([Twin(env, partial(_step, limit)).row(j) for j in range(4)])
            for limit in (np.exp(-1.1 / 64.0), np.exp(1.1 / 64.0))
        )
        assert (seen <= sooner + 1e-2).all() and (seen >= later - 1e-2).all()
        exact = np.array([Twin(env, LAWS[channel]).row(j) for j in range(4)])
        assert np.median(np.abs(seen - exact)) < 1e-5


def sampled(rng, channel, shape):
    if channel != "lydroo":
        return rng.exponential(size=shape)
    scattered = np.sqrt(0.35) * (rng.normal(size=shape) + 1j * rng.normal(size=shape))
    return np.abs(np.sqrt(0.3) + scattered) ** 2


@pytest.mark.parametrize("channel", FADING)
def test_expected_loads_are_those_of_sampled_fading(channel):
    count, rng = 20_000, np.random.default_rng(3)
    env, seen = observing(**{**BUSY, "channel": channel, "iotds": 12})
    twin = Twin(env, None)
    path = twin.world.path_gain[:, :, None]
    gain = (path * sampled(rng, channel, (4, 12, count))).astype(np.float32)
    link = bit_costs(twin.table, gain.ravel()).reshape(gain.shape) * twin.bit[:, None]
    cost = link + twin.price[:, None, None] * twin.weight[:, None]
    for server in range(4):
        others = np.delete(cost, server, axis=0).min(axis=0)
        for k in range(5):
            price = twin.price[server] * np.exp((k - 2) * STEP)
            asked = twin.slot.link_cost[:, server] + price * twin.weight
            comes = (asked < twin.local)[:, None] & (asked[:, None] <= others)
            loads = twin.weight @ comes
            error = 4.0 * loads.std() / np.sqrt(count) + 4e-3 * loads.mean()
            low, high = (
                twin.share(loads.mean() + sign * error, server, k - 2) for sign in (-1.0, 1.0)
            )
            assert low - 1e-3 <= seen[server, k] <= high + 1e-3


# --- what is looked at, and what is not ------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 3), st.integers(0, 2**32), st.floats(0.01, 100.0))
def test_no_server_sees_anothers_column(changed, seed, factor):
    env, seen = observing(seed, **BUSY)
    gain = env.simulator._board.gain
    assert (again(env) == seen).all()
    gain[0, changed] *= np.random.default_rng(seed).permutation(np.linspace(1.0, factor, 30))
    after = again(env)
    others = np.arange(4) != changed
    assert (after[others] == seen[others]).all()
    # Nor does its own price, congestion or view of the tasks change, but its loads do.
    assert (after[changed, 10:] == seen[changed, 10:]).all()


def test_a_servers_own_column_is_looked_at():
    env, seen = observing(**BUSY)
    env.simulator._board.gain[0, 2] *= 1e3
    assert (again(env)[2, 5:10] > seen[2, 5:10]).all()


def given_fields(rng, n=20, m=3):
    return dict(
        iotds=n, mecs=m, area=300.0, path_loss_exponent=3.3,
        device_layout="given", device_positions=rng.uniform(0, 300, (n, 2)),
        server_layout="given", server_positions=rng.uniform(0, 300, (m, 2)),
        data_bits=rng.uniform(1e5, 2e6, n), cycles=rng.uniform(0.2e9, 3e9, n),
        local_speed=rng.uniform(0.5e9, 1.1e9, n), server_speed=rng.uniform(3e9, 2e10, m),
    )  # fmt: skip


def permuted(fields, names, order):
    """The fields with some of them in another order, all as tuples."""
    fields = {k: v[order] if k in names else v for k, v in fields.items()}
    return {
        k: tuple(map(tuple if v.ndim == 2 else float, v)) if isinstance(v, np.ndarray) else v
        for k, v in fields.items()
    }


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_devices_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    fields, order = given_fields(rng), rng.permutation(20)
    env, seen = observing(**permuted(fields, (), None))
    names = ("device_positions", "data_bits", "cycles", "local_speed")
    other, _ = observing(**permuted(fields, names, order))
    other.simulator._board.gain[0] = env.simulator._board.gain[0][:, order]
    assert again(other) == pytest.approx(seen, abs=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_servers_orders_the_rows(seed):
    rng = np.random.default_rng(seed)
    fields, order = given_fields(rng), np.array([2, 0, 1])
    env, seen = observing(**permuted(fields, (), None))
    other, _ = observing(**permuted(fields, ("server_positions", "server_speed"), order))
    other.simulator._board.gain[0] = env.simulator._board.gain[0][order]
    assert again(other) == pytest.approx(seen[order], abs=1e-5)
    assert np.ptp(seen, axis=0).max() > 0.1


# --- spaces ------------------------------------------------------------------------------


@pytest.mark.parametrize("mecs, iotds", [(1, 1), (3, 5), (3, 200), (12, 7)])
def test_the_length_is_sixteen_a_server_whatever_the_number_of_devices(mecs, iotds):
    env, seen = observing(mecs=mecs, iotds=iotds)
    assert env.observation_space.shape == (16 * mecs,) and seen.shape == (mecs, 16)
    agents = mec_env.parallel_env(
        agents="servers", actions="prices", observe="features", mecs=mecs, iotds=iotds
    )
    assert agents.observation_space("mec_0").shape == (16,)


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("nominal", ["pooled", "calibrated"])
def test_features_stay_in_their_space(name, nominal):
    env = MECEnv(name, "prices", observe="features", nominal=nominal)
    observed, _ = env.reset(seed=0)
    for _ in range(5):
        assert observed.dtype == np.float32 and env.observation_space.contains(observed)
        observed = env.step(env.action_space.sample())[0]
    row = row_size(env.scenario)
    bounds = [3.0] * 10 + [10.0] * (row - 10)
    high = env.observation_space.high.reshape(-1, row)
    assert (high == bounds).all() and (env.observation_space.low == -high.ravel()).all()


def test_agents_see_the_rows_of_the_whole():
    env = MECEnv(actions="prices", observe="features", **BUSY)
    agents = mec_env.parallel_env(agents="servers", actions="prices", observe="features", **BUSY)
    whole, parts = env.reset(seed=5)[0], agents.reset(seed=5)[0]
    for action in np.random.default_rng(0).uniform(-1, 1, (4, 4)).astype(np.float32):
        for j, agent in enumerate(agents.possible_agents):
            assert (parts[agent] == whole[16 * j : 16 * j + 16]).all()
            space = agents.observation_space(agent)
            assert space.contains(parts[agent])
            assert (space.high == env.observation_space.high[:16]).all()
        assert (agents.state() == whole).all()
        whole = env.step(action)[0]
        parts = agents.step(dict(zip(agents.possible_agents, action[:, None])))[0]


def test_prices_asked_do_not_change_what_is_seen_next():
    one, other = (MECEnv(actions="prices", observe="features", **BUSY) for _ in range(2))
    one.reset(seed=1), other.reset(seed=1)
    assert (one.step(np.full(4, -1.0))[0] == other.step(np.full(4, 1.0))[0]).all()
