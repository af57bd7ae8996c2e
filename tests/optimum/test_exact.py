"""Proofs: the optimum of brute force, a true gap at the time limit, HiGHS where it is needed."""

import numpy as np
import pytest
from hypothesis import example, given, settings

from mec_bench.problems import Problems
from mec_env.optimum import exact
from mec_env.optimum.certificate import certify_problem
from mec_env.optimum.problem import Problem
from tests.optimum.independent import brute_force, plain_cost, problems

# Of Problems("square-50m", 0)'s first slot, proved to 5e-7 without a limit.
OPTIMUM_OF_SLOT_0 = 352.64087187


@settings(max_examples=800, deadline=None)
@given(problems())
def test_exact_is_the_optimum(problem):
    c = certify_problem(problem, "exact")
    optimum = brute_force(problem)
    assert c.exact and c.gap <= 1e-6
    assert c.objective == pytest.approx(optimum, rel=1.01e-6)
    assert c.lower_bound <= optimum * (1 + 1e-12)


# HiGHS's presolve ends this one in a solve error, with neither a decision nor a bound.
PRESOLVE_FAILS = Problem(
    np.zeros((8, 2)),
    np.array(
        [
            1.62915525,
            1.71118047,
            5.49108293,
            2.27415628,
            4.0148321,
            2.56390251,
            0.54359276,
            5.03808685,
        ]
    ),
    np.array(
        [15586.18036004, 114284.00799706, 37219.01705118, 28776.18564635]
        + [43680.90375072, 41417.91548701, 47330.95066984, 17543.95274523]
    ),
    np.array([6.82327676e-10, 3.31899778e-11]),
)


@settings(max_examples=40, deadline=None)
@given(problems())
@example(PRESOLVE_FAILS)
def test_highs_alone_is_the_optimum(problem):
    """Without branch and bound, and from a bad start, so that HiGHS has something to find."""
    work, exact.WORK = exact.WORK, 0
    roundings, exact.ROUNDINGS = exact.ROUNDINGS, 0
    try:
        n = problem.local.size
        bad = np.zeros(n, np.int64)
        prices = certify_problem(problem).prices
        decision, objective, bound, _ = exact.prove(
            problem, bad, plain_cost(problem, bad), 0.0, prices, 1e-6
        )
    finally:
        exact.WORK, exact.ROUNDINGS = work, roundings
    optimum = brute_force(problem)
    # The gap is large here, up to the whole objective, and HiGHS's tolerance is a share of it.
    tolerance = 1e-6 + 1.02 * exact.TOLERANCE * (1 + n + 2 * problem.congestion.size)
    assert objective == pytest.approx(plain_cost(problem, decision), rel=1e-12)
    assert optimum * (1 - 1e-12) <= objective <= optimum * (1 + tolerance)
    assert optimum * (1 - tolerance) <= bound <= optimum * (1 + 1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_square_km(seed):
    problem = Problems("square-km", seed).next()
    tight = certify_problem(problem, "tight")
    c = certify_problem(problem, "exact")
    assert c.exact
    assert tight.lower_bound <= c.objective <= tight.objective
    assert c.lower_bound <= tight.objective


def test_tight_is_within_a_ten_thousandth_of_exact():
    above = []
    for seed in range(20):
        problem = Problems("square-km", seed).next()
        best = certify_problem(problem, "exact").objective
        above.append(certify_problem(problem, "tight").objective / best - 1)
    assert np.mean(above) < 1e-4


def test_highs_at_40_devices():
    """On the small square branch and bound stalls, and HiGHS must finish."""
    problem = Problems("square-50m", 2, 40, 4).next()
    c = certify_problem(problem, "exact")
    assert c.exact


@pytest.mark.parametrize("limit", [0.0, 0.05, 1.0])
def test_time_limit_gives_the_true_gap(limit):
    problem = Problems("square-50m", 0).next()
    fast = certify_problem(problem)
    c = certify_problem(problem, "exact", time_limit=limit)
    assert c.objective == pytest.approx(plain_cost(problem, c.decision), rel=1e-12)
    assert c.gap == (c.objective - c.lower_bound) / c.lower_bound
    assert c.exact == (c.gap <= 1e-6)
    assert c.lower_bound >= fast.lower_bound and c.objective <= fast.objective
    assert c.lower_bound <= OPTIMUM_OF_SLOT_0 * (1 + 1e-9)
    assert c.objective >= OPTIMUM_OF_SLOT_0 * (1 - 1e-6)
