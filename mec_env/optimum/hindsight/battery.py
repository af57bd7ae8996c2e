"""Devices that live on a battery: what is spent now is missing later.

A device's state is its level, 0 .. L. Uses and harvests are whole levels, so the programs are
exact. A link that the level can't pay falls back to the device's own CPU, full speed to half speed,
and half speed to a drop, which spends nothing. A level can be worse than a lower one, because it
can force an option that costs more than a drop. So no code here assumes that the cost to come falls
as the level rises. Wherever an option is left out, the most that this cost may rise is measured.
"""

import time
from typing import NamedTuple

import numpy as np
from numba import njit

from mec_env.optimum.dual import add_exactly
from mec_env.optimum.hindsight.ascent import Found
from mec_env.optimum.hindsight.battery_dual import (
    bound_at,
    levels_room,
    soft_device,
    soft_devices,
    within_reach,
)
from mec_env.optimum.hindsight.rounding import congestion_cost
from mec_env.optimum.hindsight.shared_cpu import BETTER, Programs, search
from mec_env.optimum.hindsight.slots import read_only

#: Of the ascent at each heat: more raise the bound by less than 0.001 %.
ITERATIONS = 20


class BatteryProblem(NamedTuple):
    """An episode of T slots, N devices with a battery and M servers; arrays in C order.

    Attributes
    ----------
    link : (T, N, M) float64
        Cost of device i on server j without congestion, >= 0; inf: not allowed.
    local : (T, N, 3) float64
        Cost at full speed, at half speed and of a drop, >= 0 and finite.
    weight : (T, N) float64
        Square root of the task's cycles, > 0: the load that the device brings.
    congestion : (M,) float64
        Cost of the square of a server's load in a slot, > 0.
    link_use : (T, N, M) int64
        Levels that a link uses, >= 0.
    local_use : (T, N, 2) int64
        Levels that full and half speed use, >= 0.
    harvest : (T, N) int64
        Levels gained after the slot, >= 0; those above the top are cut.
    start : (N,) int64
        Level before slot 0, 0 .. capacity.
    capacity : int
        The top level L.
    """

    link: np.ndarray
    local: np.ndarray
    weight: np.ndarray
    congestion: np.ndarray
    link_use: np.ndarray
    local_use: np.ndarray
    harvest: np.ndarray
    start: np.ndarray
    capacity: int


def solve(
    problem: BatteryProblem, warm: np.ndarray | None = None, time_limit: float | None = None
) -> Found:
    """Bound the optimum of an episode in hindsight and find a decision near it.

    Parameters
    ----------
    problem : BatteryProblem
    warm : (T, M) float64, optional
        Prices >= 0 to start from. The bound holds whatever they are.
    time_limit : float, optional
        Seconds after which the ascent and the best responses stop with what they have.

    Returns
    -------
    Found
    """
    deadline = None if time_limit is None else time.perf_counter() + time_limit
    own, room = by_device(problem), levels_room(problem)
    programs = Programs(
        lambda prices, heat, load: soft_devices(own, prices, heat, room, load),
        lambda prices: bound_at(own, prices, room),
        lambda *asked: settle_in_turn(own, room, *asked),
        lambda decision, load: respond(own, decision, load),
        lambda decision: cost_of(problem, decision),
        ITERATIONS,
    )
    alone = problem.link, problem.local[:, :, 0], problem.weight, problem.congestion
    return search(alone, programs, warm, deadline)


def cost_of(problem: BatteryProblem, decision: np.ndarray) -> float:
    """What a decision costs over the episode, played through slot by slot; inf if not allowed.

    Parameters
    ----------
    problem : BatteryProblem
    decision : (T, N) int64
        0 for local, j for server j - 1 of the arrays; what the level can't pay falls back.

    Returns
    -------
    float
    """
    arrays = tuple(map(read_only, problem[:-1]))
    return play((*arrays, int(problem.capacity)), read_only(np.asarray(decision, np.int64)))


def by_device(problem):
    """The problem with devices outermost, and (N, T, M) its servers by the levels that they use.

    More levels than there are count as one more than there are.
    """
    link, local, weight, congestion, link_use, local_use, harvest, start, capacity = problem

    def turned(array):
        return np.ascontiguousarray(np.swapaxes(array, 0, 1))

    link_use = turned(np.minimum(link_use, capacity + 1))
    return (
        turned(link),
        turned(local),
        turned(weight),
        congestion.copy(),
        link_use,
        turned(np.minimum(local_use, capacity + 1)),
        turned(np.minimum(harvest, capacity)),
        start.copy(),
        int(capacity),
        np.argsort(link_use, axis=2, kind="stable"),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def play(problem, decision):
    """Return the compensated sum of what ``decision`` costs."""
    link, local, weight, congestion, link_use, local_use, harvest, start, capacity = problem
    slots, devices, servers = link.shape
    load = np.zeros((slots, servers))
    level = start.copy()
    cost, lost = 0.0, 0.0
    for t in range(slots):
        for i in range(devices):
            j = decision[t, i] - 1
            if j >= 0 and link[t, i, j] == np.inf:
                return np.inf
            if j >= 0 and link_use[t, i, j] <= level[i]:
                cost, lost = add_exactly(cost, lost, link[t, i, j])
                load[t, j] += weight[t, i]
                level[i] -= link_use[t, i, j]
            elif local_use[t, i, 0] <= level[i]:
                cost, lost = add_exactly(cost, lost, local[t, i, 0])
                level[i] -= local_use[t, i, 0]
            elif local_use[t, i, 1] <= level[i]:
                cost, lost = add_exactly(cost, lost, local[t, i, 1])
                level[i] -= local_use[t, i, 1]
            else:
                cost, lost = add_exactly(cost, lost, local[t, i, 2])
            level[i] = min(level[i] + harvest[t, i], capacity)
    return (cost + lost) + congestion_cost(load, congestion)


@njit(cache=True, nogil=True, error_model="numpy")
def best_path(own, i, load, value, ahead, choice, path):
    """Fill ``path`` (T,) with the best decisions of device i against the others' ``load`` (T, M).

    ``value`` and ``ahead`` (L + 1,) and ``choice`` (T, L + 1) are work room. Returns its cost.
    """
    link, local, weight, congestion, link_use, local_use, harvest, start, capacity, order = own
    slots, servers = load.shape
    asked, kept = np.empty(servers), np.empty((slots, servers), np.int64)
    value[:] = 0.0
    for t in range(slots - 1, -1, -1):
        w = weight[i, t]
        full, half = local_use[i, t, 0], local_use[i, t, 1]
        low, rise = np.inf, 0.0
        for b in range(capacity + 1):
            ahead[b] = value[min(b + harvest[i, t], capacity)]
            low = min(low, ahead[b])
            rise = max(rise, ahead[b] - low)
        for b in range(capacity + 1):
            choice[t, b] = 0
            if b >= full:
                value[b] = local[i, t, 0] + ahead[b - full]
            elif b >= half:
                value[b] = local[i, t, 1] + ahead[b - half]
            else:
                value[b] = local[i, t, 2] + ahead[b]
        for j in range(servers):
            asked[j] = link[i, t, j] + congestion[j] * w * (2.0 * load[t, j] + w)
        count = within_reach(
            asked, link_use, order, i, t, local[i, t, 0], full, capacity, rise, kept
        )
        for a in range(count):
            j = kept[t, a]
            use = link_use[i, t, j]
            for b in range(use, capacity + 1):
                cost = asked[j] + ahead[b - use]
                if cost < value[b]:
                    value[b] = cost
                    choice[t, b] = j + 1
    cost = value[start[i]]
    b = start[i]
    for t in range(slots):
        path[t] = choice[t, b]
        if path[t] > 0:
            b -= link_use[i, t, path[t] - 1]
        elif local_use[i, t, 0] <= b:
            b -= local_use[i, t, 0]
        elif local_use[i, t, 1] <= b:
            b -= local_use[i, t, 1]
        b = min(b + harvest[i, t], capacity)
    return cost


@njit(cache=True, nogil=True, error_model="numpy")
def path_cost(own, i, load, path):
    """Return what device i's ``path`` costs against the others' ``load``."""
    link, local, weight, congestion, link_use, local_use, harvest, start, capacity, _ = own
    b = start[i]
    cost = 0.0
    for t in range(path.size):
        j = path[t] - 1
        w = weight[i, t]
        if j >= 0:
            cost += link[i, t, j] + congestion[j] * w * (2.0 * load[t, j] + w)
            b -= link_use[i, t, j]
        elif local_use[i, t, 0] <= b:
            cost += local[i, t, 0]
            b -= local_use[i, t, 0]
        elif local_use[i, t, 1] <= b:
            cost += local[i, t, 1]
            b -= local_use[i, t, 1]
        else:
            cost += local[i, t, 2]
        b = min(b + harvest[i, t], capacity)
    return cost


@njit(cache=True, nogil=True, error_model="numpy")
def fall_back(own, decision):
    """Turn each link in ``decision`` (T, N) that the level can't pay into 0, as it is played."""
    link, _, _, _, link_use, local_use, harvest, start, capacity, _ = own
    slots, devices = decision.shape
    for i in range(devices):
        b = start[i]
        for t in range(slots):
            j = decision[t, i] - 1
            if j >= 0 and (link_use[i, t, j] > b or link[i, t, j] == np.inf):
                decision[t, i] = 0
                j = -1
            if j >= 0:
                b -= link_use[i, t, j]
            elif local_use[i, t, 0] <= b:
                b -= local_use[i, t, 0]
            elif local_use[i, t, 1] <= b:
                b -= local_use[i, t, 1]
            b = min(b + harvest[i, t], capacity)


@njit(cache=True, nogil=True, error_model="numpy")
def settle_in_turn(own, room, prices, heat, load, decision):
    """Fill ``decision`` (T, N): in turn each device's best path against the load.

    ``load`` (T, M) is the expected one of all, and becomes the decided one device by device.
    """
    weight, capacity = own[2], own[8]
    slots, servers = load.shape
    value, ahead = np.empty(capacity + 1), np.empty(capacity + 1)
    choice, path = np.empty((slots, capacity + 1), np.int64), np.empty(slots, np.int64)
    expected = np.empty((slots, servers))
    for i in range(decision.shape[1]):
        expected[:] = 0.0
        soft_device(own, i, prices, heat, room, expected)
        for t in range(slots):
            for j in range(servers):
                load[t, j] = max(load[t, j] - expected[t, j], 0.0)
        best_path(own, i, load, value, ahead, choice, path)
        for t in range(slots):
            decision[t, i] = path[t]
            if path[t] > 0:
                load[t, path[t] - 1] += weight[i, t]


@njit(cache=True, nogil=True, error_model="numpy")
def respond(own, decision, load):
    """Let each device in turn take its best path against the others; return how many changed.

    Links in ``decision`` (T, N) that a level can't pay become 0 first.
    """
    fall_back(own, decision)
    weight, capacity = own[2], own[8]
    slots = load.shape[0]
    value, ahead = np.empty(capacity + 1), np.empty(capacity + 1)
    choice = np.empty((slots, capacity + 1), np.int64)
    path, now = np.empty(slots, np.int64), np.empty(slots, np.int64)
    load[:] = 0.0
    for t in range(slots):
        for i in range(decision.shape[1]):
            if decision[t, i] > 0:
                load[t, decision[t, i] - 1] += weight[i, t]
    changed = 0
    for i in range(decision.shape[1]):
        for t in range(slots):
            now[t] = decision[t, i]
            if now[t] > 0:
                j = now[t] - 1
                load[t, j] = max(load[t, j] - weight[i, t], 0.0)
        cost = path_cost(own, i, load, now)
        if best_path(own, i, load, value, ahead, choice, path) < cost - BETTER * cost:
            changed += 1
            now[:] = path
        for t in range(slots):
            decision[t, i] = now[t]
            if now[t] > 0:
                load[t, now[t] - 1] += weight[i, t]
    return changed
