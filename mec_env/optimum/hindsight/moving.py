"""Users that move: the server that holds a device's service must be moved to be changed.

A device's state is its holder. A decision for another server than the holder costs the device's
migration in that slot, and that server is the holder from then on; running locally leaves it. With
c_j = link_j + lambda_j w the least cost from slot t on is

    V_t(k) = min(local + V_t+1(k), c_k + V_t+1(k), migration + min_j (c_j + V_t+1(j))).

The programs of ``LANES`` devices run side by side, as the lanes of one loop, and all without a
branch: the soft min of x and y at the width h is the least over p in [0, 1] of
(1 - p) x + p y - h p (1 - p). Its derivatives are the shares 1 - p and p, and it is the min itself
where the two are further apart than h. A width is heat * w: heat is then a price, the one unit in
which all devices can be compared.
"""

import time
from typing import NamedTuple

import numpy as np
from numba import njit

from mec_env.optimum.dual import SOFT, add_exactly
from mec_env.optimum.hindsight.ascent import Found, ascend
from mec_env.optimum.hindsight.rounding import congestion_cost, round_down, shared_cpu_loss
from mec_env.optimum.hindsight.slots import certify_slots, unit_price

#: Devices whose programs run side by side.
LANES = 32
#: Heats of the ascent, and the one of the rounding, as shares of the mean price.
HEATS, ROUNDING = (0.1, 0.03, 0.01, 0.003), 0.01
ITERATIONS = 40
# Best responses end by themselves; this only rules out a stall through rounding.
SWEEPS = 1000
# A response must be better by this share, or rounding could make devices swap for ever.
BETTER = 1e-12


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
    link, local, weight, congestion, _, _ = problem
    blind, _, start = certify_slots(link, local, weight, congestion)
    unit = unit_price(start, weight, congestion)
    if warm is not None:
        start = np.maximum(np.asarray(warm, dtype=np.float64), 0.0)
    lanes, work = in_lanes(problem), work_for(problem)

    def soft(prices, heat):
        load = np.zeros(prices.shape)
        value = soft_devices(lanes, prices, heat, work, load)
        slope = prices / (2.0 * congestion)
        return value - 0.5 * np.vdot(prices, slope), load - slope

    def hard(prices):
        return bound_at(lanes, congestion, prices, work[0])

    heats = [unit * heat for heat in HEATS]
    bound, prices = ascend(
        soft, hard, start, np.sqrt(2.0 * congestion), heats, ITERATIONS, deadline
    )
    own = by_device(problem)
    in_turn = np.zeros(local.shape, np.int64)
    load = np.zeros(prices.shape)
    soft_devices(lanes, prices, ROUNDING * unit, work, load)
    settle_in_turn(lanes, own, prices, ROUNDING * unit, work, load, in_turn)
    found = []
    for decision in (in_turn, blind):
        respond(own, decision, deadline)
        found.append((cost_of(problem, decision), decision))
    objective, decision = min(found, key=lambda pair: pair[0])
    return Found(decision, objective, bound, prices)


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
    return play(tuple(problem), np.ascontiguousarray(decision, np.int64))


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


def in_lanes(problem):
    """The devices' arrays with ``LANES`` devices innermost: (blocks, T, M, LANES) and so on.

    A link that is not allowed gets a cost at which it never pays: more than the local cost and a
    migration. Places left over hold devices without costs or load.
    """
    link, local, weight, _, migration, holder = problem
    slots, devices, servers = link.shape
    blocks = -(-devices // LANES)
    never = 4.0 * (local.max(axis=0) + migration)
    rows = np.zeros((blocks * LANES, slots, servers))
    rows[:devices] = np.where(np.isinf(link), never[:, None], link).transpose(1, 0, 2)
    lanes = rows.reshape(blocks, LANES, slots, servers).transpose(0, 2, 3, 1)

    def spread(array, rest):
        padded = np.full((blocks * LANES, *array.shape[1:]), rest, array.dtype)
        padded[:devices] = array
        return np.ascontiguousarray(np.moveaxis(padded.reshape(blocks, LANES, -1), 1, 2))

    return (
        np.ascontiguousarray(lanes),
        spread(local.T, 0.0),
        spread(weight.T, 0.0),
        spread(migration, 0.0)[:, 0],
        spread(holder, 0)[:, 0],
    )


def work_for(problem):
    """Room for values (M, LANES) and for three shares (T, M, LANES)."""
    slots, _, servers = problem.link.shape
    return np.empty((servers, LANES)), *(np.empty((slots, servers, LANES)) for _ in range(3))


def by_device(problem):
    """The problem with devices outermost: link (N, T, M), local and weight (N, T)."""
    link, local, weight, congestion, migration, holder = problem
    return (
        np.ascontiguousarray(link.transpose(1, 0, 2)),
        np.ascontiguousarray(local.T),
        np.ascontiguousarray(weight.T),
        congestion,
        migration,
        holder,
    )


@njit(cache=True, nogil=True, error_model="numpy", fastmath=SOFT)
def soft_block(lanes, b, prices, heat, work):
    """Run the soft programs of a block; leave each device's expected load (T, M, LANES) in work[2].

    Returns the sum of their values.
    """
    link, local, weight, migration, holder = lanes
    value, to, off, moves = work
    _, slots, servers, _ = link.shape
    width, inverse, least = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    value[:] = 0.0
    for t in range(slots - 1, -1, -1):
        for r in range(LANES):
            width[r] = heat * weight[b, t, r]
            inverse[r] = 0.5 / max(width[r], 1e-300)
            # The first server is taken whole.
            least[r] = link[b, t, 0, r] + prices[t, 0] * weight[b, t, r] + value[0, r]
            least[r] += 4.0 * width[r]
        for j in range(servers):
            price = prices[t, j]
            for r in range(LANES):
                cost = link[b, t, j, r] + price * weight[b, t, r]
                more = least[r] - (cost + value[j, r])
                p = min(max(0.5 + more * inverse[r], 0.0), 1.0)
                least[r] -= p * (more + width[r] * (1.0 - p))
                to[t, j, r] = p
                more = local[b, t, r] - cost
                p = min(max(0.5 + more * inverse[r], 0.0), 1.0)
                value[j, r] += local[b, t, r] - p * (more + width[r] * (1.0 - p))
                off[t, j, r] = p
        for j in range(servers):
            for r in range(LANES):
                more = value[j, r] - (least[r] + migration[b, r])
                p = min(max(0.5 + more * inverse[r], 0.0), 1.0)
                value[j, r] -= p * (more + width[r] * (1.0 - p))
                moves[t, j, r] = p
    total = 0.0
    for r in range(LANES):
        total += value[holder[b, r], r]
    # The shares of devices whose service a server holds, in the room of the values.
    held, rest = value, least
    held[:] = 0.0
    for r in range(LANES):
        held[holder[b, r], r] = 1.0
    for t in range(slots):
        rest[:] = 0.0
        for j in range(servers):
            for r in range(LANES):
                leaving = held[j, r] * moves[t, j, r]
                rest[r] += leaving
                held[j, r] -= leaving
        for j in range(servers - 1, -1, -1):
            for r in range(LANES):
                arriving = rest[r] * to[t, j, r]
                rest[r] -= arriving
                off[t, j, r] = (held[j, r] * off[t, j, r] + arriving) * weight[b, t, r]
                held[j, r] += arriving
    return total


@njit(cache=True, nogil=True, error_model="numpy", fastmath=SOFT)
def soft_devices(lanes, prices, heat, work, load):
    """Add all devices' expected load to ``load`` (T, M); return the sum of their soft values."""
    _, _, off, _ = work
    slots, servers = load.shape
    total = 0.0
    for b in range(lanes[0].shape[0]):
        total += soft_block(lanes, b, prices, heat, work)
        for t in range(slots):
            for j in range(servers):
                here = 0.0
                for r in range(LANES):
                    here += off[t, j, r]
                load[t, j] += here
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def bound_at(lanes, congestion, prices, value):
    """Return a valid lower bound at ``prices`` >= 0; ``value`` (M, LANES) is work room.

    A slot's term goes through price * w and its sum with the link; then this slot and each one
    before add their own to the value that holds it and, where the service moves, the migration:
    2 T + 2 roundings, all of numbers >= 0. A min rounds nothing.
    """
    link, local, weight, migration, holder = lanes
    blocks, slots, servers, _ = link.shape
    least = np.empty(LANES)
    gain, lost = 0.0, 0.0
    for b in range(blocks):
        value[:] = 0.0
        for t in range(slots - 1, -1, -1):
            least[:] = np.inf
            for j in range(servers):
                price = prices[t, j]
                for r in range(LANES):
                    cost = link[b, t, j, r] + price * weight[b, t, r]
                    least[r] = min(least[r], cost + value[j, r])
                    value[j, r] += min(local[b, t, r], cost)
            for j in range(servers):
                for r in range(LANES):
                    value[j, r] = min(value[j, r], least[r] + migration[b, r])
        for r in range(LANES):
            gain, lost = add_exactly(gain, lost, value[holder[b, r], r])
    return round_down(gain + lost, shared_cpu_loss(prices, congestion), 2.0 * slots + 2.0)


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
def settle_in_turn(lanes, own, prices, heat, work, load, decision):
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
def respond_once(own, decision, load):
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


def respond(own, decision, deadline):
    """Repeat best responses until nothing changes: the cost falls with each, so it ends."""
    load = np.empty((decision.shape[0], own[3].size))
    for _ in range(SWEEPS):
        if not respond_once(own, decision, load):
            return
        if deadline is not None and time.perf_counter() > deadline:
            return
