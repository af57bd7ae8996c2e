"""Exact admission against brute force, and what it promises about the decision it returns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mec_env
from mec_env.optimum.admission import admit_kernel
from mec_env.optimum.filling import continuous_price, likely_price, load_of_all
from mec_env.optimum.flips import LANES, LOAD, RATE, WEIGHT, work_for
from mec_env.optimum.subset import best_subset

decades = st.floats(-3, 3).map(lambda exponent: 10.0**exponent)
few = st.sampled_from([0.0, 0.1, 0.2, 0.5, 1.0])
KINDS = {
    "random": st.tuples(st.floats(-0.5, 2), st.floats(0.3, 2)),
    "tied": st.tuples(few, st.sampled_from([0.5, 1.0])),
    "tied ratios": st.sampled_from([(0.5 * w, w) for w in (0.2, 0.3, 0.7, 1.1)]),
    "equal weights": st.tuples(st.floats(-0.1, 1), st.just(1.0)),
    "six decades": st.tuples(decades, decades),
}


def cost(keep, saving, weight, congestion):
    return congestion * weight[keep].sum() ** 2 - saving[keep].sum()


def brute_force(saving, weight, congestion):
    """Least cost over all subsets."""
    subsets = (np.arange(2**saving.size)[:, None] >> np.arange(saving.size)) & 1
    return (congestion * (subsets @ weight) ** 2 - subsets @ saving).min()


@pytest.mark.parametrize("kind", KINDS)
def test_best_subset_is_the_best_of_all(kind):
    @settings(max_examples=150, deadline=None)
    @given(st.lists(KINDS[kind], max_size=14), st.floats(-2.5, 1))
    def check(items, log_congestion):
        saving = np.array([s for s, _ in items], float)
        weight = np.array([w for _, w in items], float)
        congestion = 10.0**log_congestion
        keep, _, capped = best_subset(saving, weight, congestion)
        assert not capped
        assert not keep[saving <= 0].any()
        found, least = (
            cost(keep, saving, weight, congestion),
            brute_force(saving, weight, congestion),
        )
        magnitude = saving[keep].sum() + congestion * weight[keep].sum() ** 2
        assert found <= least + 1e-13 * magnitude

    check()


@pytest.mark.parametrize("kind", KINDS)
def test_a_likely_price_is_the_price(kind):
    """What vector code finds is what the quickselect finds: a ratio to the last bit, or a sum nearly."""

    @settings(max_examples=150, deadline=None)
    @given(st.lists(KINDS[kind], min_size=1, max_size=60), st.floats(-2.5, 1))
    def check(items, log_congestion):
        items = [(s, w) for s, w in items if s > 0.0]
        if not items:
            return
        n, congestion = len(items), 10.0**log_congestion
        size = -(-n // LANES) * LANES
        work = work_for(n, 0)
        work[0][[RATE, LOAD, WEIGHT], :size] = 0.0
        for k, (saving, weight) in enumerate(items):
            work[0][[RATE, LOAD, WEIGHT], k] = saving / weight, weight, weight
        total, most = load_of_all(work[0], size)
        work[0][LOAD, 0] = items[0][1]
        found, splits = likely_price(work[0], n, size, 2.0 * congestion, total, most)
        ratios = work[0][RATE, :n].copy()
        price = continuous_price(work, n, congestion)
        if found > 0.0:
            assert found == pytest.approx(price, rel=1e-12)
            assert not splits or found in ratios

    check()


def test_worked_by_hand():
    # q = 1/4. Keeping weights 1 and 2 costs (1 + 2)²/4 − (1 + 1.6) = −0.35; the first alone
    # 1/4 − 1 = −0.75; the second alone 4/4 − 1.6 = −0.6; none 0.
    keep, _, _ = best_subset(np.array([1.0, 1.6]), np.array([1.0, 2.0]), 0.25)
    assert keep.tolist() == [True, False]


@pytest.mark.parametrize(
    "saving, kept",
    [
        ([], []),
        ([0.2], [True]),
        ([0.05], [False]),
        ([0.0], [False]),
        ([-1.0], [False]),
        ([np.nan], [False]),
    ],
)
def test_none_and_one_asker(saving, kept):
    keep, _, capped = best_subset(np.array(saving, float), np.ones(len(saving)), 0.1)
    assert keep.tolist() == kept
    assert not capped


def test_equal_tasks_keep_the_number_that_pays():
    # The k-th of n equal askers adds (2k − 1) q: with q = 0.01 and savings 0.2 that pays up to k = 10.
    keep, nodes, _ = best_subset(np.full(1000, 0.2), np.ones(1000), 0.01)
    assert keep.sum() == 10
    assert nodes == 0


def slot(seed, devices=200, servers=5, equal=False):
    """Link (N, M), local (N,), weight (N,), congestion (M,) and a random decision (N,)."""
    rng = np.random.default_rng(seed)
    cycles = np.full(devices, 1e9) if equal else rng.uniform(0.2e9, 3e9, devices)
    speed = rng.uniform(0.5e9, 1.1e9, devices)
    local = cycles / speed * (1 + 1e-27 * speed**3)
    link = rng.uniform(8e4, 2.4e6, (devices, 1)) * 10 ** rng.uniform(-7.5, -6, (devices, servers))
    congestion = 1 / rng.uniform(0.3e10, 2e10, servers)
    return link, local, np.sqrt(cycles), congestion, rng.integers(0, servers + 1, devices)


def objective(link, local, weight, congestion, decision):
    total = local[decision == 0].sum()
    for j, q in enumerate(congestion, start=1):
        on = decision == j
        total += link[on, j - 1].sum() + q * weight[on].sum() ** 2
    return total


@pytest.mark.parametrize("equal", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_decision_only_sends_back_and_never_costs_more(seed, equal):
    *costs, raw = slot(seed, equal=equal)
    untouched = raw.copy()
    admitted, capped = admit_kernel(tuple(costs), raw)
    assert capped == 0
    assert admitted.dtype == raw.dtype
    assert (raw == untouched).all()
    assert ((admitted == raw) | (admitted == 0)).all()
    assert objective(*costs, admitted) <= objective(*costs, raw)
    # No single device is better sent back or taken again.
    for device in np.flatnonzero(raw):
        moved = admitted.copy()
        moved[device] = raw[device] if admitted[device] == 0 else 0
        assert objective(*costs, moved) >= objective(*costs, admitted) - 1e-12


@pytest.mark.parametrize("equal", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_idempotent(seed, equal):
    *costs, raw = slot(seed, equal=equal)
    once, _ = admit_kernel(tuple(costs), raw)
    twice, _ = admit_kernel(tuple(costs), once)
    assert (once == twice).all()


@pytest.mark.parametrize("equal", [False, True])
def test_order_of_devices_leaves_the_objective(equal):
    link, local, weight, congestion, raw = slot(3, equal=equal)
    admitted, _ = admit_kernel((link, local, weight, congestion), raw)
    order = np.random.default_rng(0).permutation(raw.size)
    shuffled = (link[order], local[order], weight[order], congestion)
    again, _ = admit_kernel(shuffled, raw[order])
    assert objective(*shuffled, again) == pytest.approx(
        objective(link, local, weight, congestion, admitted), rel=1e-13
    )


def test_one_server_leaves_the_others_alone():
    link, local, weight, congestion, raw = slot(4)
    admitted, _ = admit_kernel((link, local, weight, congestion), raw)
    without = np.where(raw == 2, 0, raw)
    expected, _ = admit_kernel((link, local, weight, congestion), without)
    assert (np.where(admitted == 2, 0, admitted) == expected).all()


def test_nobody_asks():
    *costs, raw = slot(5)
    admitted, capped = admit_kernel(tuple(costs), np.zeros_like(raw))
    assert not admitted.any()
    assert capped == 0


def test_node_cap_is_reported_and_leaves_a_valid_decision():
    # Savings proportional to the weights: a subset-sum problem, the hard core of admission.
    weight = np.sqrt(np.random.default_rng(0).uniform(0.2e9, 3e9, 24))
    saving = 3e-5 * weight
    congestion = 3e-5 / weight.sum()  # half of the load is worth keeping
    keep, nodes, capped = best_subset(saving, weight, congestion, 1)
    assert capped
    assert nodes == 1
    everyone = np.ones(24, bool)
    assert cost(keep, saving, weight, congestion) <= cost(everyone, saving, weight, congestion)

    proved, _, capped = best_subset(saving, weight, congestion, 100_000_000)
    assert not capped
    assert cost(proved, saving, weight, congestion) <= cost(keep, saving, weight, congestion)

    decision, capped_servers = admit_kernel(
        (np.zeros((24, 2)), saving, weight, np.full(2, congestion)), np.ones(24, int), 1
    )
    assert capped_servers == 1
    assert (decision == keep).all()


def test_admit_repairs_an_overloaded_slot():
    # Best link sends everyone away; what the servers keep never costs more, and asking again changes nothing.
    env = mec_env.MECEnv(scenario="square-km")
    env.reset(seed=0)
    for _ in range(5):
        slot = env.slot
        asked = mec_env.RULES["best-link"]().decide(slot)
        admitted = mec_env.admit(slot, asked)
        assert np.all((admitted == asked) | (admitted == 0))
        before, after = (mec_env.outcome(slot, d).objective for d in (asked, admitted))
        assert after < 0.9 * before
        assert np.array_equal(mec_env.admit(slot, admitted), admitted)
        env.step(admitted)


def test_admit_reports_the_node_cap():
    rng = np.random.default_rng(0)
    n = 60
    # Savings in proportion to many distinct weights: a subset-sum problem.
    cycles = rng.uniform(1e9, 3e9, n)
    slot = mec_env.Slot(
        np.full((n, 1), 1.0), np.ones((n, 1)), np.full(n, 1e-9), cycles,
        cycles / (np.sqrt(cycles) / np.sqrt(3e9)) / 1.0, np.array([2e10]), kappa=0.0,
    )  # fmt: skip
    asked = np.ones(n, dtype=int)
    with pytest.warns(RuntimeWarning, match="node_cap = 1"):
        admitted = mec_env.admit(slot, asked, node_cap=1)
    assert mec_env.outcome(slot, admitted).objective <= mec_env.outcome(slot, asked).objective


def test_admit_refuses_bad_decisions():
    env = mec_env.MECEnv(scenario="paper-medium")
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"decision\[4\] = 3: must be from 0"):
        mec_env.admit(env.slot, [0, 0, 0, 0, 3] + [0] * 25)
