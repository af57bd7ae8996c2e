"""Users that move: no bound lies, decisions cost what they say, and little coupled is nothing."""

from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mec_env.optimum.certificate import certify_problem
from mec_env.optimum.hindsight.moving import (
    MovingProblem,
    by_device,
    cost_of,
    settle_in_turn,
    solve,
)
from mec_env.optimum.hindsight.moving_dual import bound_at, in_lanes, soft_devices, work_for
from mec_env.optimum.problem import Problem
from tests.optimum.episodes import (
    brute_force,
    check,
    costs_for,
    load_of,
    movings,
    nobody_gains_alone,
    plain_cost,
    soft_slopes_are_its_derivatives,
)

seeds = st.integers(0, 2**32 - 1)


def many_devices(rng, slots, devices, servers, migration):
    """An episode without bans, with weights that differ."""
    link = rng.uniform(0.1, 3.0, (slots, devices, servers))
    local = rng.uniform(1.0, 4.0, (slots, devices))
    weight = rng.uniform(0.5, 2.0, (slots, devices))
    congestion = rng.uniform(0.5, 2.0, servers) * servers / devices
    holder = rng.integers(0, servers, devices)
    return MovingProblem(link, local, weight, congestion, np.full(devices, migration), holder)


@settings(max_examples=200, deadline=None)
@given(movings)
def test_bound_optimum_decision(problem):
    found = check(problem, solve(problem), cost_of)
    optimum = brute_force(problem)
    assert found.lower_bound <= optimum * (1 + 1e-9)
    assert found.objective >= optimum * (1 - 1e-9)


@settings(max_examples=60, deadline=None)
@given(movings)
def test_nobody_gains_by_another_path_of_his_own(problem):
    assert nobody_gains_alone(problem, solve(problem).decision)


def test_settling_turns_the_expected_load_into_the_decided_one():
    problem = many_devices(np.random.default_rng(7), 6, 40, 3, 0.5)
    lanes, own, room = in_lanes(problem), by_device(problem), work_for(problem)
    prices, load = np.full((6, 3), 0.3), np.zeros((6, 3))
    soft_devices(lanes, prices, 0.01, room, load)
    decision = np.zeros((6, 40), np.int64)
    settle_in_turn(lanes, own, room, prices, 0.01, load, decision)
    assert decision.any() and load == pytest.approx(load_of(problem, decision))


def test_a_decision_costs_what_is_worked_out_by_hand():
    problem = MovingProblem(
        link=np.array([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]),
        local=np.array([[10.0, 20.0], [30.0, 40.0]]),
        weight=np.array([[1.0, 2.0], [3.0, 4.0]]),
        congestion=np.array([0.5, 0.25]),
        migration=np.array([100.0, 1000.0]),
        holder=np.array([0, 1]),
    )
    # Both on server 2: links 2 + 4, the first moves, load 3. Then the first stays on it, the
    # second goes home: 6 + 40, load 3.
    assert cost_of(problem, [[2, 2], [2, 0]]) == 6 + 100 + 0.25 * 9 + 46 + 0.25 * 9
    # Home leaves the service where it is: back on the holder nothing moves.
    assert cost_of(problem, [[0, 0], [1, 2]]) == 10 + 20 + 5 + 8 + 0.5 * 9 + 0.25 * 16
    assert cost_of(problem, [[1, 1], [2, 1]]) == 1 + 3 + 0.5 * 9 + 1000 + 6 + 7 + 100 + 4.5 / 2 + 8


def test_a_service_that_is_dear_to_move_waits_for_the_better_server():
    # Staying on server 1 costs 1, 1, 1, moving to server 2 at once 0.6 and then 0 each.
    link = np.array([[[1.0, 0.0]]] * 3)
    parts = (link, np.full((3, 1), 9.0), np.ones((3, 1)), np.full(2, 1e-9))
    moves = solve(MovingProblem(*parts, np.array([0.6]), np.array([0])))
    assert moves.decision.ravel().tolist() == [2, 2, 2]
    assert moves.objective == pytest.approx(0.6 + 3e-9) and moves.lower_bound == pytest.approx(0.6)
    stays = solve(MovingProblem(*parts, np.array([3.1]), np.array([0])))
    assert stays.decision.ravel().tolist() == [1, 1, 1]
    assert stays.objective == pytest.approx(3.0) and stays.lower_bound == pytest.approx(3.0)


@settings(max_examples=100, deadline=None)
@given(seeds)
def test_bound_is_below_the_real_number(seed):
    """Against exact rational arithmetic: the last bit of the bound is on the safe side."""
    rng = np.random.default_rng(seed)
    slots, devices, servers = 12, 5, 3
    link, local, weight, congestion = costs_for(rng, slots, devices, servers)
    size = 10.0 ** rng.uniform(-6, 6, devices)
    link, local = link * size[:, None], local * size
    holder = rng.integers(0, servers, devices)
    problem = MovingProblem(link, local, weight, congestion, rng.random(devices) * size, holder)
    prices = 2.0 * congestion * weight.mean() * 10.0 ** rng.uniform(-2, 2, (slots, servers))
    bound = bound_at(in_lanes(problem), congestion, prices, work_for(problem)[0])
    real = -sum(F(p) ** 2 / (4 * F(q)) for row in prices for p, q in zip(row, congestion))
    for i in range(devices):
        value = [F(0)] * servers
        for t in range(slots - 1, -1, -1):
            allowed = [j for j in range(servers) if np.isfinite(link[t, i, j])]
            costs = {j: F(link[t, i, j]) + F(prices[t, j]) * F(weight[t, i]) for j in allowed}
            arrivals = [costs[j] + value[j] + F(problem.migration[i]) for j in allowed]
            stays = [
                min([F(local[t, i]), costs[k]] if k in costs else [F(local[t, i])]) + value[k]
                for k in range(servers)
            ]
            value = [min([stay, *arrivals]) for stay in stays]
        real += value[holder[i]]
    assert F(bound) <= max(real, 0)
    assert bound >= float(real) - 1e-12 * (float(local.sum()) + (prices**2 / congestion).sum())


@settings(max_examples=50, deadline=None)
@given(seeds)
def test_soft_slopes_are_its_derivatives(seed):
    rng = np.random.default_rng(seed)
    problem = many_devices(rng, 4, 40, 3, 0.5)
    lanes, room = in_lanes(problem), work_for(problem)
    prices = rng.uniform(0.1, 1.0, (4, 3))

    def soft(asked, heat):
        load = np.zeros(asked.shape)
        return soft_devices(lanes, asked, heat, room, load), load

    def hard(asked):
        # Servers too slow to give anything away.
        return bound_at(lanes, np.full(3, 1e12), asked, room[0])

    soft_slopes_are_its_derivatives(rng, soft, hard, prices, problem.weight)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_without_migration_it_is_the_slots_own_certificates(seed):
    rng = np.random.default_rng(seed)
    problem = many_devices(rng, 5, 30, 4, 0.0)
    found = check(problem, solve(problem), cost_of)
    own = [
        certify_problem(
            Problem(problem.link[t], problem.local[t], problem.weight[t], problem.congestion)
        )
        for t in range(5)
    ]
    lower, objective = sum(c.lower_bound for c in own), sum(c.objective for c in own)
    assert lower * (1 - 1e-12) <= found.lower_bound <= objective
    assert lower <= found.objective <= objective * (1 + 1e-12)


def test_the_gap_falls_with_devices():
    rng = np.random.default_rng(5)
    gaps = []
    for devices in (8, 32, 128):
        found = solve(many_devices(rng, 20, devices, 4, 1.0))
        gaps.append(found.objective / found.lower_bound - 1.0)
    assert gaps[0] > gaps[1] > gaps[2] and gaps[2] < 2e-3


@pytest.mark.parametrize(
    "slots, devices, servers", [(1, 1, 1), (1, 5, 3), (6, 1, 2), (6, 40, 1), (3, 33, 2)]
)
def test_any_size_has_a_bound(slots, devices, servers):
    rng = np.random.default_rng(slots + devices)
    problem = many_devices(rng, slots, devices, servers, 0.3)
    found = check(problem, solve(problem), cost_of)
    assert found.lower_bound > 0.0


def test_where_all_is_free_the_bound_is_0_and_touched():
    zeros = np.zeros((3, 4, 2))
    problem = MovingProblem(
        zeros, zeros[..., 0], np.ones((3, 4)), np.ones(2), np.zeros(4), np.zeros(4, np.int64)
    )
    found = check(problem, solve(problem), cost_of)
    assert found.lower_bound == found.objective == 0.0


def test_where_no_link_is_allowed_all_run_locally():
    rng = np.random.default_rng(3)
    problem = many_devices(rng, 4, 9, 3, 0.5)
    problem = problem._replace(link=np.full((4, 9, 3), np.inf))
    found = check(problem, solve(problem), cost_of)
    assert (found.decision == 0).all()
    assert found.lower_bound == pytest.approx(problem.local.sum(), rel=1e-12)


def test_a_decision_that_is_not_allowed_costs_inf():
    link = np.array([[[np.inf, 1.0]]])
    parts = (np.ones((1, 1)), np.ones((1, 1)), np.ones(2), np.ones(1), np.zeros(1, np.int64))
    assert cost_of(MovingProblem(link, *parts), np.array([[1]])) == np.inf


def test_warm_prices_start_there_and_no_time_still_gives_a_bound():
    problem = many_devices(np.random.default_rng(8), 10, 40, 3, 1.0)
    cold = solve(problem)
    at_once = check(problem, solve(problem, cold.prices, 0.0), cost_of)
    assert at_once.lower_bound == cold.lower_bound and (at_once.prices == cold.prices).all()
    assert at_once.objective == pytest.approx(plain_cost(problem, at_once.decision))
    again = solve(problem, cold.prices)
    assert again.lower_bound >= cold.lower_bound
    nothing = check(problem, solve(problem, np.zeros((10, 3)), 0.0), cost_of)
    assert nothing.lower_bound < cold.lower_bound


def test_the_problem_is_left_as_it_was_and_a_call_repeats():
    problem = many_devices(np.random.default_rng(9), 6, 20, 3, 1.0)
    before = [array.copy() for array in problem]
    first, second = solve(problem), solve(problem)
    assert all((a == b).all() for a, b in zip(before, problem))
    assert first.lower_bound == second.lower_bound and (first.decision == second.decision).all()
