"""Equal tasks are solved exactly, by cycles where the start is bad, and the bound equals the cost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mec_bench.problems import Problems
from mec_env.optimum.certificate import certify_problem
from mec_env.optimum.equal_tasks import bound_at_tolls, cancel_cycles
from tests.optimum.independent import assignment_cost, brute_force, plain_cost, problems

many = settings(max_examples=1000, deadline=None)


@many
@given(problems(equal=True), st.sampled_from(["fast", "tight", "exact"]))
def test_optimum_at_any_effort(problem, effort):
    c = certify_problem(problem, effort)
    assert c.objective == pytest.approx(brute_force(problem), rel=1e-12)
    assert c.gap <= 1e-11 and c.exact


@many
@given(problems(equal=True), st.integers(0, 2**32 - 1))
def test_cancelling_from_any_decision(problem, seed):
    n, m = problem.link.shape
    decision = np.random.default_rng(seed).integers(0, m + 1, n)
    toll = np.empty(m)
    cancel_cycles(problem, decision, toll)
    optimum = brute_force(problem)
    assert plain_cost(problem, decision) == pytest.approx(optimum, rel=1e-12)
    assert optimum * (1 - 1e-11) <= bound_at_tolls(problem, toll) <= optimum * (1 + 1e-12)


@many
@given(problems(equal=True), st.integers(0, 2**32 - 1))
def test_bound_at_random_tolls(problem, seed):
    rng = np.random.default_rng(seed)
    own = problem.congestion * problem.weight[0] ** 2
    toll = own * 10.0 ** rng.uniform(-3, 3, own.size) * (rng.random(own.size) < 0.8)
    assert bound_at_tolls(problem, toll) <= brute_force(problem) * (1 + 1e-12)


@pytest.mark.parametrize("start", ["all local", "all on one", "random"])
@pytest.mark.parametrize("devices, servers", [(20, 3), (180, 8), (1000, 32)])
def test_bad_starts_against_linear_assignment(devices, servers, start):
    problem = Problems("paper-large", 5, devices, servers).next()
    rng = np.random.default_rng(0)
    decision = {
        "all local": np.zeros(devices, np.int64),
        "all on one": np.ones(devices, np.int64),
        "random": rng.integers(0, servers + 1, devices),
    }[start]
    toll = np.empty(servers)
    assert cancel_cycles(problem, decision, toll) > 0
    optimum = assignment_cost(problem)
    assert plain_cost(problem, decision) == pytest.approx(optimum, rel=1e-12)
    assert bound_at_tolls(problem, toll) == pytest.approx(optimum, rel=1e-12)


@pytest.mark.parametrize("name", ["square-km", "square-50m"])
def test_links_that_matter_against_linear_assignment(name):
    """Equal cycles, but links, speeds and servers as unequal as in the wide scenarios."""
    problem = Problems(name, 1, 1000, 32).next()
    problem = problem._replace(weight=np.full(1000, 4e4))
    c = certify_problem(problem)
    assert c.gap <= 1e-11
    assert c.objective == pytest.approx(assignment_cost(problem), rel=1e-12)


@pytest.mark.parametrize("devices, servers", [(1, 1), (3, 20), (1000, 32), (10_000, 100)])
def test_gap_of_any_size(devices, servers):
    c = certify_problem(Problems("paper-large", 0, devices, servers).next())
    assert c.gap <= 1e-11
