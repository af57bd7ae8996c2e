"""Proofs for unequal tasks: branch and bound for a moment, then HiGHS on what is left.

At the best prices, with y* = prices / (2 congestion), every decision costs

    bound + sum_i (how much more i's option costs at the prices than its cheapest)
          + sum_j congestion_j (load_j - y*_j)^2.

So an option whose term exceeds the present gap is in no better decision, and most devices are
settled. For the other devices HiGHS minimises the excess over the bound. The excess is a number
between 0 and the gap and is scaled to 0..1, so that HiGHS's tolerances are small in terms of the
objective.
"""

import time
from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from mec_env.optimum import dual, moves
from mec_env.optimum.branching import branch_and_bound, forbid
from mec_env.optimum.problem import Base, Problem

# Branch and bound succeeds within some 0.1 s of this or gives up after 1 s, in devices times
# servers times children at most tried.
WORK = 10_000_000
# Decisions looked at before HiGHS starts, about 0.5 ms each at 180 devices.
ROUNDINGS = 64
# Tangents of each square, 0.025 apart, and how often more may be added where one was missed.
TANGENTS, RESOLVES = 81, 30
# HiGHS's feasibility and integrality tolerance, per row.
TOLERANCE = 1e-6
# What scipy calls neither an optimum, a limit, infeasible nor unbounded.
FAILED = 4


class Reduced(NamedTuple):
    """What is not settled by the prices at the present gap."""

    device: np.ndarray  # (F,) the devices that still have a choice
    settled: np.ndarray  # (N,) the only option left to each other device
    problem: Problem  # of the F devices, inf where an option is out
    base: Base  # of the settled ones


def prove(problem, decision, objective, lower_bound, prices, wanted, time_limit=None):
    """Narrow the gap of a certificate to ``wanted``, or as far as ``time_limit`` allows.

    Returns
    -------
    decision, objective, lower_bound, prices
    """
    # A decision is looked for only if it is better by this share of the objective.
    slack = 0.5 * wanted
    deadline = time.perf_counter() + (np.inf if time_limit is None else time_limit)
    if time.perf_counter() >= deadline:
        return decision, objective, lower_bound, prices
    bare = tuple(problem)
    common, colder = dual.common_price(bare), prices.copy()
    none = 0.0, np.zeros(prices.size)
    if common > 0.0:
        heats = (3e-4 * common, 1e-5 * common, 0.3)
        dual.climb(bare, none[1], colder, heats, 1e-9, 100)
    root = dual.bound_at(bare, none, colder)
    if root > lower_bound:
        lower_bound, prices = root, colder
    root = dual.bound_at(bare, none, prices)

    reduced = reduce(problem, prices, root, objective * (1.0 - slack))
    part = decision[reduced.device]
    _, bound = branch_and_bound(
        tuple(reduced.problem),
        tuple(reduced.base),
        (prices, common),
        (part, objective),
        slack,
        WORK,
    )
    decision, objective = better(problem, reduced, part, decision, objective)
    lower_bound = max(lower_bound, min(bound, objective * (1.0 - slack)))

    if objective - lower_bound > wanted * lower_bound:
        # HiGHS is the slower the more options the gap leaves open: look around first.
        decision, objective = look_around(
            problem, prices, common, root, decision, objective, deadline
        )
        lower_bound = max(lower_bound, min(bound, objective * (1.0 - slack)))
    tangents_at = np.empty((prices.size, 0))
    for _ in range(RESOLVES):
        if objective - lower_bound <= wanted * lower_bound or time.perf_counter() >= deadline:
            break
        reduced = reduce(problem, prices, root, objective * (1.0 - slack))
        part, bound, loads = solve_reduced(
            reduced, prices, root, objective, slack, tangents_at, deadline - time.perf_counter()
        )
        before = objective, lower_bound
        if part is not None:
            decision, objective = better(problem, reduced, part, decision, objective)
            tangents_at = np.column_stack([tangents_at, loads])
        lower_bound = max(lower_bound, min(bound, objective * (1.0 - slack)))
        if (objective, lower_bound) == before:
            break  # HiGHS's tolerance allows no more
    return decision, objective, lower_bound, prices


def centre_of(prices, congestion):
    """Return y* (M,), the loads that the prices are right for."""
    return prices / (2.0 * congestion)


def look_around(problem, prices, common, bound, decision, objective, deadline):
    """Return the best of many roundings, each at another heat and improved by moves and swaps."""
    bare, none, load = tuple(problem), (0.0, np.zeros(prices.size)), np.empty(prices.size)
    new = np.empty_like(decision)
    for heat in common * np.geomspace(3e-6, 1e-2, ROUNDINGS):
        if time.perf_counter() >= deadline:
            break
        moves.round_in_turn(bare, none[1], prices, heat, new, load)
        moves.single_moves(bare, new, load, 100)
        moves.swap_and_move(bare, prices, 2.0 * (objective - bound), new, load)
        cost = moves.cost_of(bare, none, new, load)
        if cost < objective:
            decision, objective = new.copy(), cost
    return decision, objective


def reduce(problem, prices, bound, cut):
    """Settle each device whose other options lead, at ``prices``, to a cost above ``cut``."""
    allowed = np.ones((problem.local.size, prices.size + 1), np.bool_)
    forbid(tuple(problem), prices, cut - bound, allowed)
    device = np.flatnonzero(allowed.sum(axis=1) > 1)
    settled = allowed.argmax(axis=1)
    return Reduced(
        device,
        settled,
        Problem(
            np.where(allowed[device, 1:], problem.link[device], np.inf),
            np.where(allowed[device, 0], problem.local[device], np.inf),
            problem.weight[device],
            problem.congestion,
        ),
        Base(*cost_of_settled(tuple(problem), allowed, settled)),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def cost_of_settled(problem, allowed, settled):
    """Return the links' and local cost, and the load, of the devices with one option left."""
    link, local, weight, _ = problem
    n, m = link.shape
    cost, cost_lost = 0.0, 0.0
    load, lost = np.zeros(m), np.zeros(m)
    for i in range(n):
        if allowed[i].sum() > 1:
            continue
        j = settled[i] - 1
        if j < 0:
            cost, cost_lost = dual.add_exactly(cost, cost_lost, local[i])
        else:
            cost, cost_lost = dual.add_exactly(cost, cost_lost, link[i, j])
            load[j], lost[j] = dual.add_exactly(load[j], lost[j], weight[i])
    return cost + cost_lost, load + lost


def better(problem, reduced, part, decision, objective):
    """Return the better of the known decision and the reduced problem's, improved by moves."""
    new, load = reduced.settled.copy(), np.empty(problem.congestion.size)
    new[reduced.device] = part
    bare, none = tuple(problem), (0.0, np.zeros(load.size))
    moves.cost_of(bare, none, new, load)
    moves.single_moves(bare, new, load, 100)
    cost = moves.cost_of(bare, none, new, load)
    return (new, cost) if cost < objective else (decision, objective)


def solve_reduced(reduced, prices, bound, objective, slack, tangents_at, seconds):
    """Minimise the excess over ``bound`` with HiGHS, squares replaced by tangents.

    Returns
    -------
    part : (F,) int64 or None
        Options of the devices that aren't settled.
    lower_bound : float
        Holds for every decision that is looked for.
    loads : (M,) float64 or None
        Of that decision: where tangents are missing if the bound falls short of its cost.
    """
    link, local, weight, congestion = reduced.problem
    base_load = reduced.base.load
    devices, servers = link.shape
    if devices == 0:  # one decision is left, which the caller looks at
        return np.empty(0, np.int64), np.inf, centre_of(prices, congestion)
    # A little more than the gap, so that the known decision stays feasible.
    scale = 1.01 * (objective - bound)
    # A server's load can't be further from y* than the whole excess pays for.
    reach = np.sqrt(scale / congestion)
    centre = centre_of(prices, congestion)

    # Variables: x (one per allowed option), v_j in [-1, 1] (distance from y*), s_j >= v_j^2.
    priced = np.column_stack([local, link + prices * weight[:, None]])
    owner, option = np.nonzero(np.isfinite(priced))
    above = (priced - priced.min(axis=1, keepdims=True))[owner, option] / scale
    count = owner.size
    v, s = count + np.arange(servers), count + servers + np.arange(servers)
    cost = np.concatenate([above, np.zeros(servers), np.ones(servers)])

    one_option = coo_array((np.ones(count), (owner, np.arange(count))), (devices, cost.size))
    on = option > 0
    server = option[on] - 1
    load = coo_array(
        (
            np.concatenate([weight[owner[on]] / reach[server], -np.ones(servers)]),
            (
                np.concatenate([server, np.arange(servers)]),
                np.concatenate([np.flatnonzero(on), v]),
            ),
        ),
        (servers, cost.size),
    )
    away = (centre - base_load) / reach
    grid = np.broadcast_to(np.linspace(-1.0, 1.0, TANGENTS), (servers, TANGENTS))
    incumbents = np.clip((tangents_at - centre[:, None]) / reach[:, None], -1.0, 1.0)
    points = np.column_stack([grid, incumbents])
    rows = np.arange(points.size).reshape(points.shape)
    tangents = coo_array(
        (
            np.concatenate([-2.0 * points.ravel(), np.ones(rows.size)]),
            (
                np.concatenate([rows.ravel(), rows.ravel()]),
                np.concatenate([v.repeat(points.shape[1]), s.repeat(points.shape[1])]),
            ),
        ),
        (rows.size, cost.size),
    )
    answer = minimise(
        cost,
        integrality=np.repeat([1, 0], [count, 2 * servers]),
        bounds=Bounds(np.repeat([0.0, -1.0, 0.0], [count, servers, servers]), np.ones(cost.size)),
        constraints=[
            LinearConstraint(one_option, 1.0, 1.0),
            LinearConstraint(load, away, away),
            LinearConstraint(tangents, -(points.ravel() ** 2), np.inf),
        ],
        # The excess is at most 1, so that a relative gap is an absolute one at worst.
        gap=0.5 * slack * objective / scale,
        seconds=seconds,
    )
    if answer.status == 2:  # infeasible: nothing is as good as what is known
        return None, np.inf, None
    lower = bound
    if answer.mip_dual_bound is not None and np.isfinite(answer.mip_dual_bound):
        # Each row may be violated by the tolerance; the excess can't be negative.
        tolerance = TOLERANCE * (1 + devices + 2 * servers)
        lower += scale * max(answer.mip_dual_bound - tolerance, 0.0)
    if answer.x is None:
        return None, lower, None
    part = np.zeros(devices, np.int64)
    taken = answer.x[:count] > 0.5
    part[owner[taken]] = option[taken]
    return part, lower, centre + reach * answer.x[v]


def minimise(cost, gap, seconds, **program):
    """Ask HiGHS, and a second time without its presolve, which now and then ends in an error."""
    options = {"mip_rel_gap": gap}
    if np.isfinite(seconds):
        options["time_limit"] = max(seconds, 0.01)
    answer = milp(cost, options=options, **program)
    if answer.status == FAILED:
        answer = milp(cost, options={**options, "presolve": False}, **program)
    return answer
