"""Queues of whole tasks: the best decisions in hindsight, and a bound that no policy can pass.

Server j ends C whole tasks a slot, first come first served. n tasks that join behind u waiting
ones cost ``wait * (n u + n (n + 1) / 2)``, the sum of their turns; then u := max(0, u + n - C).

Prices lambda >= 0 for a task on server j in slot t split every decision's cost in two. The first
part is what the devices pay, prices included: at least the sum of min(local, min_j link + lambda).
The second part is what the servers cost, less the prices. A server's queue is a row of turns, C a
slot. If a task joined in slot t and takes the r-th turn of slot s >= t, it costs ``wait * (C (s -
t) + r)``. Each turn serves at most one task. So the server's part is at least the sum over its
turns of the least of 0 and ``wait * (C (s - t) + r) - lambda_t`` over t <= s. The turns don't
depend on each other here, so no program over the number of waiting tasks is needed. The minimum
stays the same: turns given out in any order cost no less than the queue with the same arrivals.

At the prices after the last task is placed, the bound is the optimum but for rounding.
"""

import math
import time
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from mec_env import checks
from mec_env.optimum.dual import add_exactly, round_down
from mec_env.optimum.hindsight import queue_paths


class BacklogProblem(NamedTuple):
    """An episode of T slots, N devices and M servers with queues, in the objective's units.

    Attributes
    ----------
    link : (T, N, M) float64
        Cost of sending device i's task to server j, the wait apart, >= 0; inf = not allowed.
    local : (T, N) float64
        Cost of running it on the device, >= 0, finite where there is a task.
    present : (T, N) bool
        Whether the device has a task; without one it decides nothing and costs nothing.
    wait : (M,) float64
        Cost of one turn on server j, > 0 and finite.
    served : (M,) int64
        Whole tasks that server j ends a slot, >= 1.
    """

    link: np.ndarray
    local: np.ndarray
    present: np.ndarray
    wait: np.ndarray
    served: np.ndarray


class Found(NamedTuple):
    """A decision in hindsight, and the proof of how good it is.

    Attributes
    ----------
    decision : (T, N) int64
        0 local, j server j; 0 where there is no task.
    objective : float
        Its cost over the episode.
    lower_bound : float
        No decision costs less, rounding included.
    prices : (T, M) float64
        Prices per task that prove the bound, >= 0.
    """

    decision: np.ndarray
    objective: float
    lower_bound: float
    prices: np.ndarray


def solve(
    problem: BacklogProblem, warm: ArrayLike | None = None, time_limit: float | None = None
) -> Found:
    """Find the best decisions of an episode with queues, and their certified bound.

    Parameters
    ----------
    problem : BacklogProblem
        The episode.
    warm : (T, M) array_like, optional
        Prices of a similar episode, >= 0 and finite. They count where they prove more than those
        found, as they may when the time runs out.
    time_limit : float, optional
        Seconds, checked after every slot. Tasks of later slots then join where it costs least at
        the time, and the bound is as valid but not tight. Without a limit both are exact.

    Returns
    -------
    Found

    Raises
    ------
    ValueError
        For shapes that don't fit and numbers out of range.
    """
    began = time.perf_counter()
    if time_limit is not None:
        time_limit = checks.number("time_limit", time_limit, " [s]", positive=False)
    problem = _checked(problem)
    link, local, present, wait, served = problem
    slots, _, m = link.shape
    if warm is not None:
        warm = _prices("warm", warm, (slots, m))
    first = np.concatenate(([0], np.cumsum(present.sum(axis=1))))
    tasks = queue_paths.Tasks(link[present], local[present], first)
    lines = queue_paths.empty_lines(tasks, wait, slots)
    search, seen = queue_paths.new_search(slots * m), np.empty(slots * m, np.int64)
    asked = np.zeros((slots, m)) if warm is None else warm
    for t in range(slots):
        if time_limit is None or time.perf_counter() - began < time_limit:
            queue_paths.place_slot(tasks, wait, served, lines, search, seen, t)
        else:
            queue_paths.join_slot(tasks, wait, served, lines, asked, t)
    decision = np.zeros(present.shape, np.int64)
    decision[present] = lines.decision
    objective = _cost(problem, decision)
    prices = lines.price
    bound = _bound(tasks, wait, served, prices)
    if warm is not None:
        at_warm = _bound(tasks, wait, served, warm)
        if at_warm > bound:
            bound, prices = at_warm, warm.copy()
    # They may touch, and then the objective's own rounding must not put it below.
    return Found(decision, objective, min(bound, objective), prices)


def cost_of(problem: BacklogProblem, decision: ArrayLike) -> float:
    """Return what a decision costs over the episode.

    Parameters
    ----------
    problem : BacklogProblem
        The episode.
    decision : (T, N) array_like of int
        0 … M; disregarded where there is no task.

    Returns
    -------
    float
        inf where a task goes where it is not allowed.

    Raises
    ------
    ValueError
        For a decision of another shape or out of range.
    """
    problem = _checked(problem)
    return _cost(problem, _decision(problem, decision))


def bound_at(problem: BacklogProblem, prices: ArrayLike) -> float:
    """Return the lower bound that prices (T, M) per task, >= 0 and finite, prove."""
    problem = _checked(problem)
    link, local, present, wait, served = problem
    prices = _prices("prices", prices, link.shape[::2])
    first = np.concatenate(([0], np.cumsum(present.sum(axis=1))))
    return _bound(queue_paths.Tasks(link[present], local[present], first), wait, served, prices)


@njit(cache=True, nogil=True, error_model="numpy")
def _bound(tasks, wait, served, prices):
    """The bound at ``prices``, rounded down.

    A device's term has one rounding. A server's term in a slot is that of its K turns that are
    worth filling, K times the best price still standing less wait * K (K + 1) / 2. The price still
    standing is rounded up in every slot, so that it needs no account. K has one rounding: the
    division is rounded to nearest, so K may count a turn that is worth nothing but for it, and
    never misses one. The products have one and two more, the compensated sums of both sides two,
    their difference one: together less than the 8 units that ``round_down`` allows for. Costs are
    >= 0, so 0 is a valid bound too.
    """
    link, local, first = tasks
    slots, m = prices.shape
    gain, gain_lost, loss, loss_lost = 0.0, 0.0, 0.0, 0.0
    for t in range(slots):
        for a in range(first[t], first[t + 1]):
            best = local[a]
            for j in range(m):
                best = min(best, link[a, j] + prices[t, j])
            gain, gain_lost = add_exactly(gain, gain_lost, best)
    for j in range(m):
        over = np.nextafter(wait[j] * served[j], 0.0)
        standing = 0.0
        for t in range(slots):
            standing = max(prices[t, j], np.nextafter(standing - over, np.inf))
            # More turns than tasks have come so far are never filled.
            turns = first[t + 1] if t == slots - 1 else min(first[t + 1], served[j])
            worth = standing / wait[j]
            if worth < turns:
                turns = int(worth)
            cost = wait[j] * (0.5 * (float(turns) * (turns + 1.0)))
            gain, gain_lost = add_exactly(gain, gain_lost, cost)
            loss, loss_lost = add_exactly(loss, loss_lost, turns * standing)
    return round_down(gain + gain_lost, loss + loss_lost)


def _cost(problem, decision):
    """The cost of a decision that is 0 where there is no task, summed exactly."""
    link, local, present, wait, served = problem
    m = wait.size
    slot, device = np.nonzero(present)
    chosen = decision[slot, device]
    sent = chosen > 0
    own = local[slot, device]
    own[sent] = link[slot[sent], device[sent], chosen[sent] - 1]
    joined = np.zeros((link.shape[0], m), np.int64)
    np.add.at(joined, (slot[sent], chosen[sent] - 1), 1)
    waiting = np.zeros(m, np.int64)
    turns = np.empty(joined.shape)
    for t, n in enumerate(joined):
        turns[t] = n * waiting + n * (n + 1) // 2
        waiting = np.maximum(0, waiting + n - served)
    return math.fsum(own) + math.fsum((wait * turns).ravel())


def _checked(problem):
    """The problem as arrays of the right kinds, or ValueError."""
    link, local = (np.ascontiguousarray(a, float) for a in problem[:2])
    present = np.asarray(problem.present)
    wait, served = np.asarray(problem.wait, float), np.asarray(problem.served)
    if link.ndim != 3 or 0 in link.shape:
        raise ValueError(f"link: shape {link.shape}; must be (T, N, M), each at least 1")
    slots, n, m = link.shape
    for field, array, shape in (
        ("local", local, (slots, n)),
        ("present", present, (slots, n)),
        ("wait", wait, (m,)),
        ("served", served, (m,)),
    ):
        if array.shape != shape:
            raise ValueError(f"{field}: shape {array.shape}; must be {shape} as link has it")
    if present.dtype != bool:
        raise ValueError(f"present: {present.dtype}; must be True or False")
    if not np.issubdtype(served.dtype, np.integer):
        raise ValueError(f"served: {served.dtype}; must be integers of at least 1")
    _all("served", served, served >= 1, "an integer of at least 1")
    _all("wait", wait, (wait > 0) & np.isfinite(wait), "a finite number above 0")
    _all("link", link, (link >= 0) | ~present[:, :, None], "a number of 0 or more, or inf")
    fine = (local >= 0) & np.isfinite(local)
    _all("local", local, fine | ~present, "a finite number of 0 or more")
    return BacklogProblem(link, local, present, wait, served.astype(np.int64))


def _decision(problem, decision):
    """The decision as integers, 0 where there is no task, or ValueError."""
    decision, m = np.asarray(decision), problem.wait.size
    if decision.shape != problem.present.shape or not np.issubdtype(decision.dtype, np.integer):
        raise ValueError(
            f"decision: {decision.dtype} of shape {decision.shape}; "
            f"must be integers of shape {problem.present.shape}"
        )
    decision = np.where(problem.present, decision, 0).astype(np.int64)
    _all("decision", decision, (decision >= 0) & (decision <= m), f"an integer from 0 to {m}")
    return decision


def _prices(field, prices, shape):
    prices = np.ascontiguousarray(prices, float)
    if prices.shape != shape:
        raise ValueError(f"{field}: shape {prices.shape}; must be {shape}")
    _all(field, prices, (prices >= 0) & np.isfinite(prices), "a finite number of 0 or more")
    return prices


def _all(field, values, fine, allowed):
    """Raise for the first of the values that is not fine."""
    if not fine.all():
        where = tuple(int(k) for k in np.argwhere(~fine)[0])
        value = values[where]
        raise ValueError(f"{field}[{', '.join(map(str, where))}] = {value}: must be {allowed}")
