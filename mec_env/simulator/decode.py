"""How a row's action becomes the decision that is judged: its mode, admission, asking again.

At prices each device takes the cheapest of its options, as :func:`mec_env.at_prices` has it. A
link's cost is solved for only where a bound from below leaves it a chance, one or two of M.
"""

import math

import numpy as np
from numba import njit

from mec_env.laws.actions import PRICES, decode
from mec_env.optimum.admission import admit_askers
from mec_env.optimum.asking import ask_again, ask_next
from mec_env.physics.cost import link_cost, link_costs, local_cost
from mec_env.physics.link import least_cost

#: Rounding of a bound from below against the cost that it bounds.
_BELOW = 1.0 - 1e-12


@njit(cache=True, nogil=True, error_model="numpy")
def decide(job, physics, worlds, board, e, room, which):
    """Fill ``room.decision`` by the action of row e.

    Parameters
    ----------
    job : (actions, active, mode, admission, retries, reserves)
        (E, size) actions of a mode, (E,) bool, the mode's code, whether servers admit, how often
        who is refused asks again, and the reserve (R,) of each broadcast that follows.
    physics, worlds, board, room
        As the simulator's kernels have them.
    which : int
        Row of ``actions``.

    Returns
    -------
    asked : int
        How many devices asked for a server at first.
    told : int
        How many numbers were exchanged in asking again.
    """
    actions, _, mode, admission, retries, reserves = job
    if mode == PRICES:
        for j in range(room.price.size):
            room.price[j] = price_of(worlds, worlds.row[e], j, actions[which, j])
        _at_prices(physics, worlds, board, e, room)
    else:
        decode(mode, actions[which], board.gain[e], room.decision)
        if admission:
            _save(physics, worlds, board, e, room)
    asked = 0
    for i in range(room.decision.size):
        asked += room.decision[i] > 0
    if not admission:
        return asked, 0
    row, world = board.row[e], worlds.row[e]
    congestion = room.floor
    for j in range(congestion.size):
        congestion[j] = physics.weight_time / worlds.server_speed[world, j]
    if retries == 0 and reserves.size == 0:
        admit_askers(room.saving, board.root_cycles[row], congestion, room.decision)
        return asked, 0
    problem = _problem(physics, worlds, board, e, congestion)
    return asked, _negotiate(problem, room, retries, reserves)


@njit(cache=True, nogil=True, error_model="numpy")
def _problem(physics, worlds, board, e, congestion):
    """The slot of row e as a bare Problem."""
    row, world = board.row[e], worlds.row[e]
    m, n = board.gain[e].shape
    links, local = np.empty((n, m)), np.empty(n)
    link_costs(physics, board.gain[e], board.data_bits[row], links)
    for i in range(n):
        speed, power = worlds.local_speed[world, i], worlds.local_power[world, i]
        local[i] = local_cost(physics, board.cycles[row, i], speed, power)
    return links, local, board.root_cycles[row], congestion


@njit(cache=True, nogil=True, error_model="numpy")
def _negotiate(problem, room, retries, reserves):
    """Admission, refused devices' next asks at ``room.price``, broadcasts; the numbers told."""
    link, _, weight, congestion = problem
    if retries > 0:
        # The first asks are the next ones of devices that have no seat yet.
        room.decision[:] = 0
        refused = np.zeros(link.shape, np.bool_)
        for _ in range(retries + 1):
            if not ask_next(problem, room.price, room.decision, refused):
                break
    else:
        admit_askers(room.saving, weight, congestion, room.decision)
    told = 0
    for reserve in reserves:
        told += ask_again(problem, room.decision, reserve)
    return told


@njit(cache=True, nogil=True, error_model="numpy")
def price_of(worlds, world, server, action):
    """What an action, clipped to [-1, 1], makes server ask per root of a cycle."""
    clipped = min(max(float(action), -1.0), 1.0)
    return worlds.price[world, server] * math.exp(worlds.span[world, server] * clipped)


@njit(cache=True, nogil=True, error_model="numpy")
def _at_prices(physics, worlds, board, e, room):
    """Fill the decision at ``room.price``, and what each asker saves, ``room.saving``."""
    row, world, gain = board.row[e], worlds.row[e], board.gain[e]
    m, n = gain.shape
    price, floor = room.price, room.floor
    speed, power = worlds.local_speed[world], worlds.local_power[world]
    bit = _BELOW * physics.weight_time / physics.bandwidth
    for i in range(n):
        weight, data = board.root_cycles[row, i], board.data_bits[row, i]
        local = local_cost(physics, board.cycles[row, i], speed[i], power[i])
        first, least = 0, np.inf
        for j in range(m):
            floor[j] = data * bit * least_cost(physics.links, gain[j, i]) + price[j] * weight
            if floor[j] < least:
                first, least = j, floor[j]
        room.decision[i] = 0
        if not least < local:
            continue
        sending = link_cost(physics, gain[first, i], data)
        best, where = sending + price[first] * weight, first
        for j in range(m):
            if floor[j] <= best and j != first:
                cost = link_cost(physics, gain[j, i], data)
                asked = cost + price[j] * weight
                if asked < best or (asked == best and j < where):
                    best, where, sending = asked, j, cost
        if best < local:
            room.decision[i] = where + 1
            room.saving[i] = local - sending


@njit(cache=True, nogil=True, error_model="numpy")
def _save(physics, worlds, board, e, room):
    """Fill ``room.saving`` for the devices that ask."""
    row, world, gain = board.row[e], worlds.row[e], board.gain[e]
    for i in range(room.decision.size):
        j = room.decision[i] - 1
        if j >= 0:
            speed, power = worlds.local_speed[world, i], worlds.local_power[world, i]
            local = local_cost(physics, board.cycles[row, i], speed, power)
            room.saving[i] = local - link_cost(physics, gain[j, i], board.data_bits[row, i])
