"""Bounds never lie, decisions are near, batches repeat single calls to the last bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mec_bench.problems import Problems
from mec_env.optimum import dual
from mec_env.optimum.certificate import certify_problem, certify_problems
from mec_env.optimum.problem import Problem
from tests.optimum.independent import brute_force, plain_bound, plain_cost, problems

many = settings(max_examples=1000, deadline=None)
# Rounding of the reference's own plain sums.
ROUNDING = 1e-12


def check(problem, certificate):
    """What holds for every certificate; returns it."""
    n, m = problem.link.shape
    c = certificate
    assert c.decision.shape == (n,) and c.decision.dtype == np.int64
    assert c.decision.min() >= 0 and c.decision.max() <= m
    assert c.objective == pytest.approx(plain_cost(problem, c.decision), rel=ROUNDING)
    assert 0.0 <= c.lower_bound <= c.objective
    assert c.prices.shape == (m,) and (c.prices >= 0.0).all() and np.isfinite(c.prices).all()
    if c.lower_bound > 0.0:
        assert c.gap == (c.objective - c.lower_bound) / c.lower_bound
    assert c.exact is (c.gap <= 1e-6)
    return c


@many
@given(problems(), st.sampled_from(["fast", "tight"]))
def test_bound_optimum_decision(problem, effort):
    c = check(problem, certify_problem(problem, effort))
    optimum = brute_force(problem)
    assert c.lower_bound <= optimum * (1 + ROUNDING)
    assert c.objective >= optimum * (1 - ROUNDING)


@many
@given(problems(), st.integers(0, 2**32 - 1))
def test_every_bound_is_below_every_cost(problem, seed):
    rng = np.random.default_rng(seed)
    n, m = problem.link.shape
    natural = np.sqrt(problem.congestion)
    prices = natural * 10.0 ** rng.uniform(-8, 4, m) * (rng.random(m) < 0.8)
    bound = dual.bound_at(problem, (0.0, np.zeros(m)), prices)
    assert bound == pytest.approx(
        max(plain_bound(problem, prices), 0.0),
        rel=1e-9,
        abs=1e-9 * (plain_bound(problem, np.zeros(m)) + (prices**2 / problem.congestion).sum()),
    )
    warm = check(problem, certify_problem(problem, prices=prices))
    best = certify_problem(problem, "exact")
    for lower in (bound, warm.lower_bound, best.lower_bound):
        for decision in (warm.decision, best.decision, rng.integers(0, m + 1, n)):
            assert lower <= plain_cost(problem, decision) * (1 + ROUNDING)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_bound_is_below_the_real_number(seed):
    """Against exact rational arithmetic: the last bit of the bound is on the safe side."""
    from fractions import Fraction as F

    rng = np.random.default_rng(seed)
    n, m = 30, 3
    size = 10.0 ** rng.uniform(-8, 8, n)
    link, local = rng.random((n, m)) * size[:, None], rng.random(n) * size
    weight, congestion = 10.0 ** rng.uniform(0, 3, n), 10.0 ** rng.uniform(-10, -9, m)
    prices = 10.0 ** rng.uniform(-6, -2, m)
    bound = dual.bound_at((link, local, weight, congestion), (0.0, np.zeros(m)), prices)
    real = sum(
        min(F(local[i]), *(F(link[i, j]) + F(prices[j]) * F(weight[i]) for j in range(m)))
        for i in range(n)
    ) - sum(F(prices[j]) ** 2 / (4 * F(congestion[j])) for j in range(m))
    assert F(bound) <= max(real, 0)
    if real > 0:
        gain = float(real + sum(F(prices[j]) ** 2 / (2 * F(congestion[j])) for j in range(m)))
        assert F(bound) >= real - F(2e-15 * gain)


@pytest.mark.parametrize("name", ["square-km", "square-50m"])
def test_gaps_at_180_devices(name):
    gaps = {"fast": [], "warm": [], "tight": []}
    for seed in range(20):
        world = Problems(name, seed)
        prices = certify_problem(world.next()).prices
        problem = world.next()
        gaps["fast"].append(check(problem, certify_problem(problem)).gap)
        gaps["warm"].append(check(problem, certify_problem(problem, prices=prices)).gap)
        gaps["tight"].append(check(problem, certify_problem(problem, "tight")).gap)
    assert np.mean(gaps["fast"]) < 7e-4
    assert np.mean(gaps["warm"]) < 7e-4
    assert np.mean(gaps["tight"]) < (2e-4 if name == "square-50m" else 4e-4)
    assert np.mean(gaps["tight"]) <= np.mean(gaps["fast"])


@pytest.mark.parametrize("name", ["square-km", "square-50m"])
def test_gap_at_10_000_devices(name):
    world = Problems(name, 0, 10_000, 100)
    prices = certify_problem(world.next()).prices
    problem = world.next()
    assert check(problem, certify_problem(problem, prices=prices)).gap < 2e-4


def extremes():
    rng = np.random.default_rng(0)
    n, m = 40, 4
    link, local = rng.random((n, m)), 1 + rng.random(n)
    weight, congestion = 1e4 * (1 + rng.random(n)), np.full(m, 1e-10)
    six_decades = np.sqrt(10.0 ** rng.uniform(3, 9, n))
    return {
        "one server": (link[:, :1], local, weight, congestion[:1]),
        "one device": (link[:1], local[:1], weight[:1], congestion),
        "one of each": (link[:1, :1], local[:1], weight[:1], congestion[:1]),
        "more servers than devices": (
            link[:3].repeat(5, 1),
            local[:3],
            weight[:3],
            np.full(20, 1e-10),
        ),
        "all links equal": (np.ones((n, m)), local, weight, congestion),
        "all the same": (np.ones((n, m)), np.full(n, 2.0), np.full(n, 1e4), congestion),
        "all costs zero": (np.zeros((n, m)), np.zeros(n), weight, congestion),
        "zero links": (np.zeros((n, m)), local, weight, congestion),
        "bad links": (np.full((n, m), 1e12), local, weight, congestion),
        "bad local": (link, np.full(n, 1e12), weight, congestion),
        "both bad": (np.full((n, m), 1e12), np.full(n, 1e12), weight, congestion),
        "some links bad": (np.where(link < 0.5, 1e12, link), local, weight, congestion),
        "six decades of cycles": (link, local * six_decades / 1e4, six_decades, congestion),
        "no weight": (link, local, np.zeros(n), congestion),
        "some without weight": (link, local, weight * (link[:, 0] < 0.5), congestion),
        "slow servers": (link, local, weight, np.full(m, 1e6)),
        "fast servers": (link, local, weight, np.full(m, 1e-30)),
        "one slow server": (link, local, weight, np.array([1e-10, 1e-10, 1.0, 1e-10])),
    }


@pytest.mark.parametrize("effort", ["fast", "tight", "exact"])
@pytest.mark.parametrize("name", extremes())
def test_extremes(name, effort):
    problem = Problem(*extremes()[name])
    c = check(problem, certify_problem(problem, effort, time_limit=20))
    if name in ("bad links", "slow servers"):
        assert (c.decision == 0).all() and c.gap < 1e-12
    if name in ("bad local", "fast servers"):
        assert (c.decision > 0).all()
    if effort == "exact":
        assert c.exact
    again = certify_problem(problem, effort, prices=np.zeros(c.prices.size), time_limit=20)
    assert check(problem, again).lower_bound <= c.objective
    wild = certify_problem(problem, "fast", prices=np.full(c.prices.size, 1e30))
    assert check(problem, wild).lower_bound <= c.objective


@pytest.mark.parametrize("effort", ["fast", "tight", "exact"])
@pytest.mark.parametrize("name", ["square-km", "square-50m", "paper-large"])
def test_batch_is_single_to_the_bit(name, effort):
    world = Problems(name, 3, 12 if effort == "exact" else 120, 5)
    slots = [world.next() for _ in range(23)]
    batch = Problem(*(np.array(part) for part in zip(*slots)))
    prices = certify_problem(world.next()).prices
    for start in (None, prices):
        answers = [
            certify_problems(batch, effort, prices=start, threads=threads)
            for threads in (1, 2, 5, None)
        ]
        for k, slot in enumerate(slots):
            single = certify_problem(slot, effort, prices=start)
            for answer in answers:
                for field in ("decision", "objective", "lower_bound", "gap", "exact", "prices"):
                    row = getattr(answer, field)[k]
                    assert np.array_equal(row, getattr(single, field)), field
    # One congestion for all, and prices per row.
    shared = batch._replace(congestion=slots[0].congestion)
    same = certify_problems(shared, effort, prices=np.tile(prices, (23, 1)))
    assert np.array_equal(same.objective, answers[0].objective)


def test_inputs_stay_as_they_were():
    problem = Problems("square-50m", 0, 60, 4).next()
    prices = certify_problem(problem).prices
    before = [part.copy() for part in (*problem, prices)]
    for part in (*problem, prices):
        part.flags.writeable = False
    for effort in ("fast", "tight", "exact"):
        certify_problem(problem, effort, prices, time_limit=1)
    assert all(np.array_equal(a, b) for a, b in zip(before, (*problem, prices)))


def test_a_slice_or_another_type_does_too():
    problem = Problems("square-km", 0, 60, 4).next()
    wide = np.zeros((120, 8))
    wide[::2, ::2] = problem.link
    loose = problem._replace(link=wide[::2, ::2], local=problem.local.tolist())
    assert certify_problem(loose).objective == certify_problem(problem).objective


def wrong():
    good = Problem(np.ones((3, 2)), np.ones(3), np.ones(3), np.ones(2))
    return {
        "negative link": (good._replace(link=-good.link), "link must be finite and not negative"),
        "link below all": (good._replace(link=-good.link * np.inf), "link must"),
        "NaN link": (good._replace(link=good.link * np.nan), "link must"),
        "NaN local": (good._replace(local=good.local * np.nan), "local must be finite"),
        "negative weight": (good._replace(weight=-good.weight), "weight must be finite and not"),
        "no congestion": (good._replace(congestion=np.zeros(2)), "congestion must be .* positive"),
        "local shape": (good._replace(local=np.ones(4)), "local must have shape"),
        "weight shape": (good._replace(weight=np.ones(1)), "weight must have shape"),
        "congestion shape": (good._replace(congestion=np.ones(3)), "congestion must have shape"),
        "flat link": (good._replace(link=np.ones(3)), "link must have axes"),
        "no server": (
            good._replace(link=np.ones((3, 0)), congestion=np.ones(0)),
            "link must have axes",
        ),
    }


def test_an_infinite_link_is_closed():
    # Server 2 alone for device 1, none for device 2: at home it takes 5.
    link = np.array([[np.inf, 1.0], [np.inf, np.inf]])
    found = certify_problem(Problem(link, np.full(2, 5.0), np.ones(2), np.ones(2)), "exact")
    assert found.decision.tolist() == [2, 0]
    assert found.objective == pytest.approx(1.0 + 1.0 + 5.0)
    assert found.lower_bound == pytest.approx(7.0) and found.lower_bound <= found.objective


@pytest.mark.parametrize("name", wrong())
def test_wrong_problems_are_refused(name):
    problem, says = wrong()[name]
    with pytest.raises(ValueError, match=says):
        certify_problem(problem)


def test_wrong_arguments_are_refused():
    good = Problems("square-km", 0, 6, 2).next()
    with pytest.raises(ValueError, match="effort"):
        certify_problem(good, "quick")
    for prices in ([1.0], [-1.0, 0.0], [np.nan, 0.0], [np.inf, 0.0]):
        with pytest.raises(ValueError, match="prices"):
            certify_problem(good, prices=prices)
    for threads in (0, -1):
        with pytest.raises(ValueError, match="threads"):
            certify_problems(Problem(*(part[None] for part in good)), threads=threads)


def test_importing_does_not_bring_scipy_optimize():
    import subprocess
    import sys

    code = "import sys, mec_env.optimum.certificate; sys.exit('scipy.optimize' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
