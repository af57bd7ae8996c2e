"""Queues in hindsight: against brute force, the assignment problem, a program over waiting tasks."""

import itertools
import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from mec_env.optimum.hindsight.backlog import BacklogProblem, bound_at, cost_of, solve

inf = np.inf


def plain_cost(problem, decision):
    """The cost by its definition: every task waits for its own turn, in the order of the slots."""
    link, local, present, wait, served = problem
    slots, n, m = link.shape
    waiting, cost = [0] * m, 0.0
    for t in range(slots):
        for i in range(n):
            if present[t, i] and decision[t][i] == 0:
                cost += local[t, i]
            elif present[t, i]:
                j = decision[t][i] - 1
                waiting[j] += 1
                cost += link[t, i, j] + wait[j] * waiting[j]
        waiting = [max(0, u - c) for u, c in zip(waiting, served)]
    return cost


def brute_force(problem):
    """The least cost over all decisions of those that have a task."""
    link, _, present, _, _ = problem
    m = link.shape[2]
    who = np.argwhere(present)
    best = inf
    for choice in itertools.product(range(m + 1), repeat=len(who)):
        decision = np.zeros(present.shape, int)
        decision[present] = choice
        best = min(best, plain_cost(problem, decision))
    return best


def assignment(problem):
    """The optimum as scipy finds it: tasks to the turns of all servers, or to their own device."""
    link, local, present, wait, served = problem
    slots = link.shape[0]
    slot = np.nonzero(present)[0]
    link, local = link[present], local[present]
    columns = []
    for j, c in enumerate(served):
        # Past the last slot no turn is worth more than the dearest local task.
        places = c * slots + min(int(local.max() / wait[j]) + 1, local.size)
        turn = np.arange(1, places + 1) - c * slot[:, None]
        columns.append(np.where(turn >= 1, link[:, j, None] + wait[j] * turn, 1e9))
    # inf is no cost that scipy takes.
    costs = np.minimum(np.hstack([*columns, np.full((local.size,) * 2, 1e9)]), 1e9)
    costs[np.arange(local.size), costs.shape[1] - local.size + np.arange(local.size)] = local
    return costs[linear_sum_assignment(costs)].sum()


def program_bound(problem, prices):
    """The bound by a program over the number of waiting tasks, server by server.

    No more tasks join in a slot than there are.
    """
    link, local, present, wait, served = problem
    slots = link.shape[0]
    bound = np.minimum(local, (link + prices[:, None, :]).min(axis=2))[present].sum()
    tasks = int(present.sum())
    for j, (w, c) in enumerate(zip(wait, served)):
        value = np.zeros(tasks + 1)  # by the number that wait
        for t in range(slots - 1, -1, -1):
            new = np.full(tasks + 1, inf)
            for u, n in itertools.product(range(tasks + 1), range(present[t].sum() + 1)):
                if u + n <= tasks:
                    turn = w * (n * u + n * (n + 1) / 2) - prices[t, j] * n
                    new[u] = min(new[u], turn + value[max(0, u + n - c)])
            value = new
        bound += value[0]
    return bound


def fraction_bound(problem, prices):
    """The bound without any rounding, turn by turn, none for more tasks than have come."""
    link, local, present, wait, served = problem
    slots, _, m = link.shape
    price = [[Fraction(x) for x in row] for row in prices]
    bound = Fraction(0)
    for t, i in np.argwhere(present):
        options = [Fraction(x) + price[t][j] for j, x in enumerate(link[t, i]) if x < inf]
        bound += min([Fraction(local[t, i]), *options])
    come = np.cumsum(present.sum(axis=1))
    for j, s in itertools.product(range(m), range(slots)):
        w, c = Fraction(wait[j]), int(served[j])
        # The last slot's turns go on past the end.
        for turn in range(1, int(come[s] if s == slots - 1 else min(c, come[s])) + 1):
            gain = max(price[t][j] - w * (c * (s - t) + turn) for t in range(s + 1))
            bound -= max(gain, Fraction(0))
    return bound


def tiny(rng, kind, most_tasks=6):
    """A random episode of at most four devices, and tasks few enough for brute force."""
    m, slots, n = (int(rng.integers(low, high)) for low, high in ((1, 4), (2, 5), (1, 5)))
    link = rng.exponential(0.5, (slots, n, m))
    local = rng.uniform(0.2, 6.0, (slots, n))
    wait = rng.uniform(0.05, 1.5, m)
    if kind == "ties":
        link, local = (rng.integers(0, 4, a.shape) * 0.5 for a in (link, local))
        wait = rng.integers(1, 3, m) * 0.5
    elif kind == "not allowed":
        link[rng.random(link.shape) < 0.5] = inf
    elif kind == "free":
        link[:] = 0.0
        local *= 10.0
    present = rng.random((slots, n)) < rng.uniform(0.4, 1.0)
    where = np.argwhere(present)
    for t, i in rng.permutation(where)[most_tasks if m < 3 else most_tasks - 1 :]:
        present[t, i] = False
    return BacklogProblem(link, local, present, wait, rng.integers(1, 4, m))


def town(n, m, slots, seed=0, served=None, bad_links=0.0):
    """Devices whose tasks come in a wave that moves from server to server."""
    rng = np.random.default_rng(seed)
    near = rng.integers(0, m, n)
    far = 0.1 + 0.6 * rng.random((n, m)) * (np.arange(m) != near[:, None])
    link = far * rng.exponential(1.0, (slots, n, m))
    link[rng.random(link.shape) < bad_links] = inf
    local = np.broadcast_to(rng.uniform(1.7, 3.4, n), (slots, n))
    wave = np.sin(2 * np.pi * (np.arange(slots)[:, None] / slots + near / m))
    present = rng.random((slots, n)) < 0.05 + 0.75 * np.maximum(0, wave)
    served = rng.integers(4, 11, m) if served is None else np.full(m, served)
    return BacklogProblem(link, local, present, 0.5 / served, served)


def check(problem, found, least):
    """The decision costs what is said, and bound <= optimum <= objective, touching."""
    decision, objective, bound, prices = found
    assert decision.dtype == np.int64 and (decision[~problem.present] == 0).all()
    assert plain_cost(problem, decision) == pytest.approx(objective, rel=1e-12, abs=1e-12)
    assert bound_at(problem, prices) == pytest.approx(bound, rel=1e-14)
    close = 1e-9 * max(least, 1e-300)
    assert bound <= least + close
    assert least <= objective + close
    assert objective <= least + close
    assert objective - bound <= close


def test_worked_by_hand():
    # One server, one task a slot, a turn costs 1. Slot 0: three tasks, slot 1: one. Sent tasks
    # take turns 1, 2, 3 from slot 0; a task of slot 1 finds turn 2 its first, turn 3 its second.
    # Sending all: 1 + 2 + 3 + 3 (three slots hence, two wait: 2 + 1) = 9. The second of slot 0
    # stays for 1.5 instead of delaying: 1 + 1.5 + 1 and the third, local 4, sent behind
    # (turn 2 of slot 0) moves slot 1's task to turn 2 of its own: 1 + 2 + 1.5 + 2 = 6.5.
    problem = BacklogProblem(
        link=np.zeros((2, 3, 1)),
        local=np.array([[9.0, 1.5, 4.0], [3.0, 9.0, 9.0]]),
        present=np.array([[True, True, True], [True, False, False]]),
        wait=np.array([1.0]),
        served=np.array([1]),
    )
    assert cost_of(problem, [[1, 1, 1], [1, 0, 0]]) == 9.0
    assert cost_of(problem, [[1, 0, 1], [1, 0, 0]]) == 6.5
    found = solve(problem)
    assert found.decision.tolist() == [[1, 0, 1], [1, 0, 0]]
    assert found.objective == 6.5
    assert found.lower_bound == pytest.approx(6.5, rel=1e-12)


def test_a_bound_worked_by_hand():
    # Prices 2.5 and 1, turns of 1, one a slot. Devices: min(9, 2.5) + min(1.5, 2.5) + min(4, 2.5)
    # and min(3, 1): 7.5. Turn 1 of slot 0 gains 2.5 - 1. In slot 1 a task of slot 0 would pay
    # 2.5 - 1 = 1.5 more than its slot's length, so the turn gains 1.5 - 1, and after the end, the
    # next 0: in all 2. The bound is 5.5.
    problem = BacklogProblem(
        link=np.zeros((2, 3, 1)),
        local=np.array([[9.0, 1.5, 4.0], [3.0, 9.0, 9.0]]),
        present=np.array([[True, True, True], [True, False, False]]),
        wait=np.array([1.0]),
        served=np.array([1]),
    )
    assert bound_at(problem, [[2.5], [1.0]]) == pytest.approx(5.5, rel=1e-14)


@pytest.mark.parametrize("kind", ["plain", "ties", "not allowed", "free"])
def test_never_invalid_and_exact_against_brute_force(kind):
    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 2**32 - 1))
    def compare(seed):
        problem = tiny(np.random.default_rng(seed), kind)
        check(problem, solve(problem), brute_force(problem))

    compare()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.5, 3.0]))
def test_a_bound_at_any_prices_is_valid_and_at_most_that_of_the_program(seed, scale):
    rng = np.random.default_rng(seed)
    problem = tiny(rng, "plain")
    prices = scale * rng.exponential(1.0, problem.link.shape[::2])
    bound = bound_at(problem, prices)
    assert bound <= max(program_bound(problem, prices), 0.0) * (1 + 1e-12) + 1e-12
    assert bound <= brute_force(problem) * (1 + 1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_turns_are_worth_what_the_program_over_waiting_tasks_says(seed):
    # At these prices fewer tasks are worth sending than there are: their number cuts neither.
    rng = np.random.default_rng(seed)
    slots, m = 4, 2
    wait = rng.uniform(0.5, 1.0, m)
    problem = BacklogProblem(
        link=np.zeros((slots, 12, m)),
        local=np.full((slots, 12), 3.0),
        present=np.ones((slots, 12), bool),
        wait=wait,
        served=rng.integers(1, 3, m),
    )
    prices = rng.uniform(0.0, 3.0, (slots, m))
    expected = program_bound(problem, prices)
    assert bound_at(problem, prices) == pytest.approx(max(expected, 0.0), rel=1e-12, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["whole turns", "any", "optimal"]))
def test_a_bound_is_rounded_down_from_the_one_without_rounding(seed, kind):
    rng = np.random.default_rng(seed)
    problem = town(20, 2, 6, seed, served=int(rng.integers(1, 4)))
    problem = problem._replace(wait=rng.uniform(0.02, 0.5, 2))
    prices = rng.exponential(0.5, (6, 2))
    if kind == "whole turns":  # a turn more or less is worth nothing, but for rounding
        prices = rng.integers(0, 8, (6, 2)) * problem.wait
    elif kind == "optimal":
        prices = solve(problem).prices
    exact = max(fraction_bound(problem, prices), Fraction(0))
    bound = bound_at(problem, prices)
    assert Fraction(bound) <= exact
    assert bound >= float(exact) - 1e-13 * problem.local.sum()


@pytest.mark.parametrize("seed", range(3))
def test_exact_as_scipys_assignment_at_sixty_devices(seed):
    problem = town(60, 5, 30, seed, bad_links=0.1 * seed)
    problem = problem._replace(served=np.maximum(problem.served // 3, 1))
    found = solve(problem)
    assert (found.decision == 0)[problem.present].any()  # or the queues bind nobody
    check(problem, found, assignment(problem))


def test_exact_where_each_server_ends_one_task_a_slot():
    problem = town(60, 3, 25, seed=5, served=1)
    problem = problem._replace(local=problem.local * 20)
    check(problem, solve(problem), assignment(problem))


def test_nobody_has_a_task():
    problem = town(4, 2, 3)
    problem = problem._replace(present=np.zeros((3, 4), bool), local=np.full((3, 4), np.nan))
    found = solve(problem)
    assert (found.objective, found.lower_bound) == (0.0, 0.0)
    assert not found.decision.any()
    assert (found.prices >= 0).all() and np.isfinite(found.prices).all()
    assert cost_of(problem, np.full((3, 4), 2)) == 0.0


@pytest.mark.parametrize("n, m, slots", [(1, 1, 1), (1, 3, 5), (6, 1, 5), (6, 3, 1), (1, 1, 40)])
def test_one_device_one_server_one_slot(n, m, slots):
    problem = town(n, m, slots, seed=2, served=1)
    problem = problem._replace(present=np.ones((slots, n), bool))
    check(problem, solve(problem), assignment(problem))


def test_where_no_link_is_allowed_all_run_locally():
    problem = town(9, 3, 5)
    problem = problem._replace(link=np.full((5, 9, 3), inf))
    found = solve(problem)
    assert not found.decision.any()
    assert found.objective == pytest.approx(problem.local[problem.present].sum(), rel=1e-14)
    assert found.lower_bound == pytest.approx(found.objective, rel=1e-14)


def test_queues_that_end_all_tasks_bind_nothing_from_slot_to_slot():
    # With more turns than devices nobody ever waits for another slot's tasks: slots add up.
    problem = town(15, 3, 6, seed=1)._replace(served=np.full(3, 10**9), wait=np.full(3, 0.2))
    found = solve(problem)
    alone = [
        solve(
            problem._replace(**{k: getattr(problem, k)[t : t + 1] for k in problem._fields[:3]})
        ).objective
        for t in range(6)
    ]
    assert found.objective == pytest.approx(sum(alone), rel=1e-12)
    check(problem, found, sum(alone))


def test_a_link_that_is_not_allowed_costs_inf():
    problem = town(3, 2, 2)._replace(present=np.ones((2, 3), bool), link=np.full((2, 3, 2), inf))
    assert cost_of(problem, np.ones((2, 3), int)) == inf


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.3, 3.0, 1e6, 1e300]), st.booleans())
def test_out_of_time_or_with_any_warm_prices_the_bound_is_valid(seed, scale, out_of_time):
    rng = np.random.default_rng(seed)
    problem = tiny(rng, "plain")
    warm = scale * rng.uniform(size=problem.link.shape[::2])
    found = solve(problem, warm=warm, time_limit=0.0 if out_of_time else None)
    least = brute_force(problem)
    assert found.lower_bound <= least * (1 + 1e-9)
    assert least <= found.objective * (1 + 1e-9)
    assert found.objective == pytest.approx(plain_cost(problem, found.decision), rel=1e-12)
    assert found.lower_bound >= bound_at(problem, warm)
    if not out_of_time:
        check(problem, found, least)


def test_out_of_time_each_joins_where_the_delay_is_least_worked_by_hand():
    # One server, one task a slot, a turn costs 1. Slot 0: the first takes turn 1; the second
    # would take turn 2 and stays for 1.5, the third takes it rather than 2.5. Slot 1 finds its
    # own turn taken: a task would pay 2 for the next and stays for 1.5, another rather pays.
    problem = BacklogProblem(
        link=np.zeros((2, 3, 1)),
        local=np.array([[9.0, 1.5, 2.5], [1.5, 2.5, 9.0]]),
        present=np.array([[True, True, True], [True, True, False]]),
        wait=np.array([1.0]),
        served=np.array([1]),
    )
    found = solve(problem, time_limit=0.0)
    assert found.decision.tolist() == [[1, 0, 1], [0, 1, 0]]
    assert found.objective == 1 + 1.5 + 2 + 1.5 + 2


def test_warm_prices_prove_their_bound_when_the_time_runs_out():
    problem = town(40, 4, 12)
    exact = solve(problem)
    late = solve(problem, warm=exact.prices, time_limit=0.0)
    assert late.lower_bound == exact.lower_bound
    assert late.objective < solve(problem, time_limit=0.0).objective
    assert late.objective < 1.02 * exact.objective


def test_units_of_cost_do_not_matter():
    problem = town(30, 3, 10, seed=3)
    found = solve(problem)
    for unit in (2.0**-40, 2.0**40):
        scaled = problem._replace(
            link=problem.link * unit, local=problem.local * unit, wait=problem.wait * unit
        )
        again = solve(scaled)
        np.testing.assert_array_equal(again.decision, found.decision)
        assert again.lower_bound == found.lower_bound * unit


def test_arguments_are_left_as_they_were():
    problem = town(10, 2, 4)
    before = [a.copy() for a in problem]
    warm = np.ones((4, 2))
    solve(problem, warm=warm).prices[:] = 7.0
    for array, old in zip(problem, before):
        np.testing.assert_array_equal(array, old)
    assert (warm == 1.0).all()


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(link=np.ones((2, 3))), "link: shape (2, 3); must be (T, N, M), each at least 1"),
        (dict(local=np.ones((2, 2))), "local: shape (2, 2); must be (2, 3)"),
        (dict(present=np.ones((2, 3))), "present: float64; must be True or False"),
        (dict(wait=np.array([0.1, 0.0])), "wait[1] = 0.0: must be a finite number above 0"),
        (dict(served=np.array([0, 1])), "served[0] = 0: must be an integer of at least 1"),
        (dict(served=np.array([1.0, 1.0])), "served: float64; must be integers of at least 1"),
        (dict(link=np.full((2, 3, 2), -1.0)), "link[0, 0, 0] = -1.0: must be a number of 0 or"),
        (dict(link=np.full((2, 3, 2), np.nan)), "link[0, 0, 0] = nan: must be a number of 0 or"),
        (dict(local=np.full((2, 3), inf)), "local[0, 0] = inf: must be a finite number of 0 or"),
    ],
)
def test_bad_problems_are_named(change, message):
    problem = BacklogProblem(
        np.ones((2, 3, 2)), np.ones((2, 3)), np.ones((2, 3), bool), np.ones(2), np.ones(2, int)
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        solve(problem._replace(**change))


def test_bad_prices_decisions_and_limits_are_named():
    problem = town(3, 2, 2)._replace(present=np.ones((2, 3), bool))
    with pytest.raises(ValueError, match=r"warm: shape \(2, 3\); must be \(2, 2\)"):
        solve(problem, warm=np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"prices\[0, 1\] = -1.0: must be a finite number of 0"):
        bound_at(problem, [[0.0, -1.0], [0.0, 0.0]])
    with pytest.raises(ValueError, match="time_limit = -1"):
        solve(problem, time_limit=-1)
    with pytest.raises(ValueError, match=r"decision\[0, 0\] = 3: must be an integer from 0 to 2"):
        cost_of(problem, np.full((2, 3), 3))
    with pytest.raises(ValueError, match="decision: float64 of shape"):
        cost_of(problem, np.zeros((2, 3)))
