"""Users that move: a device's service must move before another server can run its tasks.

A device's state is its holder, the server that has its service. A decision for another server costs
the device's migration in that slot, and that server is the holder from then on. Running locally
leaves the holder as it is.
"""

import time
from typing import NamedTuple

import numpy as np
from numba import njit

from mec_env.optimum.dual import add_exactly
from mec_env.optimum.hindsight.ascent import Found
from mec_env.optimum.hindsight.moving_dual import (
    LANES,
    bound_at,
    in_lanes,
    soft_block,
    soft_devices,
    work_for,
)
from mec_env.optimum.hindsight.rounding import congestion_cost
from mec_env.optimum.hindsight.shared_cpu import BETTER, Programs, search
from mec_env.optimum.hindsight.slots import read_only

#: Of the ascent at each heat: more raise the bound by less than 0.001 %.
ITERATIONS = 40


class MovingProblem(NamedTuple):
    """An episode of T slots, N devices that move and M servers; arrays in C order.

    Attributes
    ----------
    link : (T, N, M) float64
        Cost of device i on server j without migration and congestion, >= 0; inf: not allowed.
    local : (T, N) float64
        Cost of device i on its own CPU, >= 0 and finite.
    weight : (T, N) float64
        Square root of the task's cycles, > 0: the load that the device brings.
    congestion : (M,) float64
        Cost of the square of a server's load in a slot, > 0.
    migration : (N,) float64
        Cost of moving a device's service to another server, >= 0.
    holder : (N,) int64
        Server 0 .. M - 1 that holds the service before slot 0.
    """

    link: np.ndarray
    local: np.ndarray
    weight: np.ndarray
    congestion: np.ndarray
    migration: np.ndarray
    holder: np.ndarray


def solve(
    problem: MovingProblem, warm: np.ndarray | None = None, time_limit: float | None = None
) -> Found:
    """Bound the optimum of an episode in hindsight and find a decision near it.

    Parameters
    ----------
    problem : MovingProblem
    warm : (T, M) float64, optional
        Prices >= 0 to start from. The bound holds whatever they are.
    time_limit : float, optional
        Seconds after which the ascent and the best responses stop with what they have.

    Returns
    -------
    Found
    """
    deadline = None if time_limit is None else time.perf_counter() + time_limit
    lanes, own, room = in_lanes(problem), by_device(problem), work_for(problem)
    congestion = own[3]
    programs = Programs(
        lambda prices, heat, load: soft_devices(lanes, prices, heat, room, load),
        lambda prices: bound_at(lanes, congestion, prices, room[0]),
        lambda *asked: settle_in_turn(lanes, own, room, *asked),
        lambda decision, load: respond(own, decision, load),
        lambda decision: cost_of(problem, decision),
        ITERATIONS,
    )
    return search(problem[:4], programs, warm, deadline)


def cost_of(problem: MovingProblem, decision: np.ndarray) -> float:
    """What a decision costs over the episode, played through slot by slot; inf if not allowed.

    Parameters
    ----------
    problem : MovingProblem
    decision : (T, N) int64
        0 for local, j for server j - 1 of the arrays.

    Returns
    -------
    float
    """
    return play(tuple(map(read_only, problem)), read_only(np.asarray(decision, np.int64)))


@njit(cache=True, nogil=True, error_model="numpy")
def play(problem, decision):
    """Return the compensated sum of what ``decision`` costs."""
    link, local, weight, congestion, migration, first = problem
    slots, devices, servers = link.shape
    load = np.zeros((slots, servers))
    holder = first.copy()
    cost, lost = 0.0, 0.0
    for t in range(slots):
        for i in range(devices):
            j = decision[t, i] - 1
            if j < 0:
                cost, lost = add_exactly(cost, lost, local[t, i])
                continue
            if link[t, i, j] == np.inf:
                return np.inf
            cost, lost = add_exactly(cost, lost, link[t, i, j])
            load[t, j] += weight[t, i]
            if holder[i] != j:
                cost, lost = add_exactly(cost, lost, migration[i])
                holder[i] = j
    return (cost + lost) + congestion_cost(load, congestion)


def by_device(problem):
    """The problem with devices outermost: link (N, T, M), local and weight (N, T)."""
    link, local, weight, congestion, migration, holder = problem
    return (
        np.ascontiguousarray(link.transpose(1, 0, 2)),
        np.ascontiguousarray(local.T),
        np.ascontiguousarray(weight.T),
        congestion.copy(),
        migration.copy(),
        holder.copy(),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def best_path(own, i, load, value, choice, path):
    """Fill ``path`` (T,) with the best decisions of device i against the others' ``load`` (T, M).

    ``value`` (M,) and ``choice`` (T, M + 1) are work room. Returns the path's cost.
    """
    link, local, weight, congestion, migration, holder = own
    slots, servers = load.shape
    value[:] = 0.0
    for t in range(slots - 1, -1, -1):
        w, stay = weight[i, t], local[i, t]
        least, to = np.inf, 0
        for j in range(servers):
            cost = link[i, t, j] + congestion[j] * w * (2.0 * load[t, j] + w)
            if cost + value[j] < least:
                least, to = cost + value[j], j + 1
            choice[t, j] = j + 1 if cost < stay else 0
            value[j] += min(cost, stay)
        least += migration[i]
        choice[t, servers] = to
        for j in range(servers):
            if least < value[j]:
                value[j] = least
                choice[t, j] = to
    k = holder[i]
    cost = value[k]
    for t in range(slots):
        path[t] = choice[t, k]
        if path[t] > 0:
            k = path[t] - 1
    return cost


@njit(cache=True, nogil=True, error_model="numpy")
def path_cost(own, i, load, path):
    """Return what device i's ``path`` costs against the others' ``load``."""
    link, local, weight, congestion, migration, holder = own
    k = holder[i]
    cost = 0.0
    for t in range(path.size - 1, -1, -1):
        j = path[t] - 1
        if j < 0:
            cost += local[i, t]
        else:
            w = weight[i, t]
            cost += link[i, t, j] + congestion[j] * w * (2.0 * load[t, j] + w)
    for t in range(path.size):
        j = path[t] - 1
        if j >= 0 and j != k:
            cost += migration[i]
            k = j
    return cost


@njit(cache=True, nogil=True, error_model="numpy")
def settle_in_turn(lanes, own, work, prices, heat, load, decision):
    """Fill ``decision`` (T, N): in turn each device's best path against the load.

    ``load`` (T, M) is the expected one of all, and becomes the decided one device by device.
    """
    _, _, off, _ = work
    slots, servers = load.shape
    devices = decision.shape[1]
    value, choice = np.empty(servers), np.empty((slots, servers + 1), np.int64)
    path = np.empty(slots, np.int64)
    for b in range(lanes[0].shape[0]):
        soft_block(lanes, b, prices, heat, work)
        for r in range(min(LANES, devices - b * LANES)):
            i = b * LANES + r
            for t in range(slots):
                for j in range(servers):
                    load[t, j] = max(load[t, j] - off[t, j, r], 0.0)
            best_path(own, i, load, value, choice, path)
            for t in range(slots):
                decision[t, i] = path[t]
                if path[t] > 0:
                    load[t, path[t] - 1] += own[2][i, t]


@njit(cache=True, nogil=True, error_model="numpy")
def respond(own, decision, load):
    """Let each device in turn take its best path against the others; return how many changed."""
    weight = own[2]
    slots, servers = load.shape
    value, choice = np.empty(servers), np.empty((slots, servers + 1), np.int64)
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
        if best_path(own, i, load, value, choice, path) < cost - BETTER * cost:
            changed += 1
            now[:] = path
        for t in range(slots):
            decision[t, i] = now[t]
            if now[t] > 0:
                load[t, now[t] - 1] += weight[i, t]
    return changed
