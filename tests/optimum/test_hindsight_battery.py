"""Devices on a battery: no bound lies, decisions cost what they say, and levels order nothing."""

from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mec_env.optimum.certificate import certify_problem
from mec_env.optimum.hindsight.battery import (
    BatteryProblem,
    by_device,
    cost_of,
    settle_in_turn,
    solve,
)
from mec_env.optimum.hindsight.battery_dual import bound_at, levels_room, soft_devices
from mec_env.optimum.problem import Problem
from tests.optimum.episodes import (
    batteries,
    brute_force,
    check,
    costs_for,
    load_of,
    nobody_gains_alone,
    plain_cost,
    soft_slopes_are_its_derivatives,
)

seeds = st.integers(0, 2**32 - 1)


def many_devices(rng, slots, devices, servers, capacity=12):
    """An episode without bans, with weights that differ and levels that run short."""
    full = rng.uniform(1.0, 4.0, (slots, devices))
    return BatteryProblem(
        link=rng.uniform(0.1, 3.0, (slots, devices, servers)),
        local=np.stack([full, 2.0 * full, np.full_like(full, 15.0)], axis=2),
        weight=rng.uniform(0.5, 2.0, (slots, devices)),
        congestion=rng.uniform(0.5, 2.0, servers) * servers / devices,
        link_use=rng.integers(0, 6, (slots, devices, servers)),
        local_use=np.stack(
            [rng.integers(4, 9, (slots, devices)), rng.integers(1, 3, (slots, devices))], axis=2
        ),
        harvest=rng.integers(0, 4, (slots, devices)),
        start=np.full(devices, capacity // 2),
        capacity=capacity,
    )


@settings(max_examples=200, deadline=None)
@given(batteries)
def test_bound_optimum_decision(problem):
    found = check(problem, solve(problem), cost_of)
    optimum = brute_force(problem)
    assert found.lower_bound <= optimum * (1 + 1e-9)
    assert found.objective >= optimum * (1 - 1e-9)


@settings(max_examples=60, deadline=None)
@given(batteries)
def test_nobody_gains_by_another_path_of_his_own(problem):
    assert nobody_gains_alone(problem, solve(problem).decision)


def test_settling_turns_the_expected_load_into_the_decided_one():
    problem = many_devices(np.random.default_rng(7), 6, 40, 3)
    own, room = by_device(problem), levels_room(problem)
    prices, load = np.full((6, 3), 0.3), np.zeros((6, 3))
    soft_devices(own, prices, 0.01, room, load)
    decision = np.zeros((6, 40), np.int64)
    settle_in_turn(own, room, prices, 0.01, load, decision)
    assert decision.any() and load == pytest.approx(load_of(problem, decision))


def test_a_decision_costs_what_is_worked_out_by_hand():
    problem = BatteryProblem(
        link=np.array([[[1.0, 2.0]], [[3.0, 4.0]], [[5.0, 6.0]]]),
        local=np.array([[[10.0, 20.0, 30.0]], [[11.0, 22.0, 33.0]], [[12.0, 24.0, 36.0]]]),
        weight=np.array([[1.0], [2.0], [3.0]]),
        congestion=np.array([0.5, 0.25]),
        link_use=np.array([[[3, 1]], [[2, 5]], [[0, 1]]]),
        local_use=np.array([[[4, 1]], [[4, 1]], [[4, 1]]]),
        harvest=np.array([[1], [9], [0]]),
        start=np.array([3]),
        capacity=5,
    )
    # 3 levels pay server 1 (3); 1 harvested can't pay its 2, nor full speed's 4: half speed.
    # Cut at 5, server 2 is paid.
    assert cost_of(problem, [[1], [1], [2]]) == 1 + 0.5 + 22 + 6 + 0.25 * 9
    # 3 levels don't pay full speed but half, 1; 3 again can't pay server 2 nor full speed.
    assert cost_of(problem, [[0], [2], [0]]) == 20 + 22 + 12
    # With no level at all everything drops, but for what spends nothing.
    empty = problem._replace(start=np.array([0]), harvest=np.zeros((3, 1), np.int64))
    assert cost_of(empty, [[1], [0], [1]]) == 30 + 33 + 5 + 0.5 * 9


def test_charge_is_saved_for_the_slot_that_needs_it():
    # One level: a drop costs 1 in the first slot and 50 in the second, a link 0.5 in both.
    problem = BatteryProblem(
        link=np.full((2, 1, 1), 0.5),
        local=np.array([[[9.0, 0.9, 1.0]], [[9.0, 9.0, 50.0]]]),
        weight=np.ones((2, 1)),
        congestion=np.array([1e-9]),
        link_use=np.ones((2, 1, 1), np.int64),
        local_use=np.array([[[2, 2]], [[2, 2]]]),
        harvest=np.zeros((2, 1), np.int64),
        start=np.array([1]),
        capacity=2,
    )
    found = check(problem, solve(problem), cost_of)
    assert found.decision.ravel().tolist() == [0, 1]
    assert found.objective == pytest.approx(1.5) and found.lower_bound == pytest.approx(1.5)


def test_a_level_more_can_be_worse():
    # With 2 levels the task must run at full speed for 9; with 1 or none a drop costs 1.
    problem = BatteryProblem(
        link=np.full((1, 1, 1), np.inf),
        local=np.array([[[9.0, 8.0, 1.0]]]),
        weight=np.ones((1, 1)),
        congestion=np.ones(1),
        link_use=np.zeros((1, 1, 1), np.int64),
        local_use=np.array([[[2, 2]]]),
        harvest=np.zeros((1, 1), np.int64),
        start=np.array([2]),
        capacity=2,
    )
    for level, cost in ((2, 9.0), (1, 1.0), (0, 1.0)):
        found = solve(problem._replace(start=np.array([level])))
        assert found.objective == cost and found.lower_bound == pytest.approx(cost, rel=1e-12)
    # So a link that spends a level now, dearer by 2 than one that spends none, is taken.
    first = problem._replace(
        link=np.array([[[3.0, 5.0]]]),
        local=np.array([[[90.0, 90.0, 90.0]]]),
        congestion=np.full(2, 1e-12),
        link_use=np.array([[[0, 1]]]),
    )
    last = problem._replace(link=np.full((1, 1, 2), np.inf), link_use=np.zeros((1, 1, 2), np.int64))
    both = [np.concatenate(pair) for pair in zip(first[:3], last[:3])]
    uses = [np.concatenate(pair) for pair in zip(first[4:7], last[4:7])]
    found = solve(BatteryProblem(*both, first.congestion, *uses, problem.start, 2))
    assert found.decision.ravel().tolist() == [2, 0]
    assert found.objective == pytest.approx(6.0) and found.lower_bound == pytest.approx(6.0)


@settings(max_examples=100, deadline=None)
@given(seeds)
def test_bound_is_below_the_real_number(seed):
    """Against exact rational arithmetic: the last bit of the bound is on the safe side."""
    rng = np.random.default_rng(seed)
    slots, devices, servers, capacity = 10, 4, 4, 6
    link, full, weight, congestion = costs_for(rng, slots, devices, servers)
    size = 10.0 ** rng.uniform(-6, 6, devices)
    local = rng.random((slots, devices, 3)) * rng.choice([0.1, 1.0, 10.0], 3) * full.max()
    problem = BatteryProblem(
        link * size[:, None],
        local * size[:, None],
        weight,
        congestion,
        rng.integers(0, capacity + 3, link.shape),
        rng.integers(0, capacity + 3, (slots, devices, 2)),
        rng.integers(0, 4, (slots, devices)),
        rng.integers(0, capacity + 1, devices),
        capacity,
    )
    prices = 2.0 * congestion * weight.mean() * 10.0 ** rng.uniform(-2, 2, (slots, servers))
    bound = bound_at(by_device(problem), prices, levels_room(problem))
    real = -sum(F(p) ** 2 / (4 * F(q)) for row in prices for p, q in zip(row, congestion))
    real += sum(least_path(problem, i, prices) for i in range(devices))
    assert F(bound) <= max(real, 0)
    size = float(problem.local.sum()) + (prices**2 / congestion).sum()
    assert bound >= float(real) - 1e-12 * size


def least_path(problem, i, prices):
    """Device i's program at prices, in rational numbers and without leaving out an option."""
    link, local, weight, _, link_use, local_use, harvest, start, top = problem
    slots, _, servers = link.shape
    value = [F(0)] * (top + 1)
    for t in range(slots - 1, -1, -1):
        after = [value[min(top, b + harvest[t, i])] for b in range(top + 1)]
        costs = {
            j: F(link[t, i, j]) + F(prices[t, j]) * F(weight[t, i])
            for j in range(servers)
            if np.isfinite(link[t, i, j])
        }
        value = []
        for b in range(top + 1):
            speed = next((s for s in (0, 1) if local_use[t, i, s] <= b), 2)
            spent = local_use[t, i, speed] if speed < 2 else 0
            options = [F(local[t, i, speed]) + after[b - spent]]
            for j, cost in costs.items():
                if link_use[t, i, j] <= b:
                    options.append(cost + after[b - link_use[t, i, j]])
            value.append(min(options))
    return value[start[i]]


@settings(max_examples=50, deadline=None)
@given(seeds)
def test_soft_slopes_are_its_derivatives(seed):
    rng = np.random.default_rng(seed)
    problem = many_devices(rng, 5, 30, 3)
    if seed % 2:
        # Levels that are worse than lower ones.
        problem = problem._replace(local=problem.local[:, :, ::-1].copy())
    room = levels_room(problem)
    own = by_device(problem)
    prices = rng.uniform(0.1, 1.0, (5, 3))

    def soft(asked, heat):
        load = np.zeros(asked.shape)
        return soft_devices(own, asked, heat, room, load), load

    # Servers too slow to give anything away.
    slow = by_device(problem._replace(congestion=np.full(3, 1e12)))

    def hard(asked):
        return bound_at(slow, asked, room)

    soft_slopes_are_its_derivatives(rng, soft, hard, prices, problem.weight)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_with_a_battery_that_never_runs_short_it_is_the_slots_own_certificates(seed):
    rng = np.random.default_rng(seed)
    problem = many_devices(rng, 5, 30, 4, capacity=100)
    found = check(problem, solve(problem), cost_of)
    own = [
        certify_problem(
            Problem(problem.link[t], problem.local[t, :, 0], problem.weight[t], problem.congestion)
        )
        for t in range(5)
    ]
    lower, objective = sum(c.lower_bound for c in own), sum(c.objective for c in own)
    assert lower * (1 - 1e-12) <= found.lower_bound <= objective
    assert lower <= found.objective <= objective * (1 + 1e-12)


def test_a_battery_that_runs_short_costs():
    problem = many_devices(np.random.default_rng(4), 20, 60, 3)
    short, ample = solve(problem), solve(problem._replace(capacity=200, start=np.full(60, 200)))
    assert short.lower_bound > 1.05 * ample.objective


def test_the_gap_falls_with_devices():
    rng = np.random.default_rng(5)
    gaps = []
    for devices in (6, 30, 150):
        found = solve(many_devices(rng, 20, devices, 4))
        gaps.append(found.objective / found.lower_bound - 1.0)
    assert gaps[0] > gaps[1] > gaps[2] and gaps[2] < 2e-3


@pytest.mark.parametrize(
    "slots, devices, servers, capacity",
    [(1, 1, 1, 0), (1, 5, 3, 3), (6, 1, 2, 15), (6, 40, 1, 16), (3, 33, 2, 40)],
)
def test_any_size_has_a_bound(slots, devices, servers, capacity):
    rng = np.random.default_rng(slots + devices)
    problem = many_devices(rng, slots, devices, servers, capacity)
    found = check(problem, solve(problem), cost_of)
    assert found.lower_bound > 0.0


def test_where_all_is_free_the_bound_is_0_and_touched():
    problem = many_devices(np.random.default_rng(2), 3, 4, 2)
    problem = problem._replace(link=np.zeros((3, 4, 2)), local=np.zeros((3, 4, 3)))
    found = check(problem, solve(problem), cost_of)
    assert found.lower_bound == found.objective == 0.0


def test_where_no_link_is_allowed_the_bound_is_met():
    problem = many_devices(np.random.default_rng(3), 4, 9, 3)
    problem = problem._replace(link=np.full((4, 9, 3), np.inf))
    found = check(problem, solve(problem), cost_of)
    assert (found.decision == 0).all()
    assert found.lower_bound == pytest.approx(found.objective, rel=1e-12)
    assert cost_of(problem, np.ones((4, 9), np.int64)) == np.inf


def test_where_full_speed_beats_every_server_a_flat_battery_still_finds_them():
    # Slot by slot no server saves anything, so the slots' own prices are all 0.
    problem = many_devices(np.random.default_rng(6), 10, 60, 3)
    problem = problem._replace(local=problem.local * np.array([0.01, 1.0, 1.0]))
    found = check(problem, solve(problem), cost_of)
    assert found.decision.any() and found.objective < 1.01 * found.lower_bound


def test_warm_prices_start_there_and_no_time_still_gives_a_bound():
    problem = many_devices(np.random.default_rng(8), 10, 40, 3)
    cold = solve(problem)
    at_once = check(problem, solve(problem, cold.prices, 0.0), cost_of)
    assert at_once.lower_bound == cold.lower_bound and (at_once.prices == cold.prices).all()
    assert at_once.objective == pytest.approx(plain_cost(problem, at_once.decision))
    again = solve(problem, cold.prices)
    assert again.lower_bound >= cold.lower_bound


def test_the_problem_is_left_as_it_was_and_a_call_repeats():
    problem = many_devices(np.random.default_rng(9), 6, 20, 3)
    before = [np.copy(array) for array in problem]
    first, second = solve(problem), solve(problem)
    assert all((a == b).all() for a, b in zip(before, problem))
    assert first.lower_bound == second.lower_bound and (first.decision == second.decision).all()
