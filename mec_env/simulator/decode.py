"""How a row's action becomes the decision that is judged: its mode, admission, asking again.

At prices each device takes the cheapest of its options, as :func:`mec_env.at_prices` has it. The
cost of a link is solved for only where a lower bound leaves the link a chance, which holds for one
or two of a device's M links.
"""

import math

import numpy as np
from numba import njit

from mec_env.draws._bits import bits_of_float, float_of_bits
from mec_env.laws.actions import PRICES, decode
from mec_env.laws.coupling import kernel as coupling
from mec_env.laws.coupling.kernel import BATTERY
from mec_env.optimum.admission import admit_in
from mec_env.optimum.asking import ask_again, ask_next
from mec_env.optimum.pricing import choose_at_prices
from mec_env.optimum.subset import NODE_CAP
from mec_env.physics.cost import link_cost, link_costs, local_cost, send
from mec_env.physics.link import piece_of

#: Span of the weights of what a coupling adds [log].
WEIGHT_SPAN = 2.0
# A bound's factor against its float32 roundings. One beyond them is infinite, which no local cost is.
_BELOW = np.float32(1.0 - 1e-6)
# Bits above those of all numbers.
_NONE = np.int32(2**31 - 1)


@njit(cache=True, nogil=True, error_model="numpy")
def decide(asking, action, mode, physics, worlds, board, carry, law, e, room):
    """Fill ``room.decision`` by the action of row e.

    Parameters
    ----------
    asking : (admission, retries, reserves), or None
        Whether servers admit, how often who is refused asks again, and the reserve (R,) of each
        broadcast that follows. None where an action says it all: no prices, nobody refused.
    action : (size,)
    mode : int
        The mode's code.
    physics, worlds, board, carry, law, room
        As the simulator's kernels have them.

    Returns
    -------
    asked : int
        How many devices asked for a server at first.
    told : int
        How many numbers were exchanged in asking again.
    """
    if asking is None:
        # Without a detour: it would cost a tenth of the step.
        decode(mode, action, board.gain[e], room.decision)
        return 0, 0
    if law is None:
        return _ask(asking, action, mode, physics, worlds, board, e, room)
    return _ask_coupled(asking, action, mode, physics, worlds, board, carry, law, e, room)


@njit(cache=True, nogil=True, error_model="numpy")
def _ask(asking, action, mode, physics, worlds, board, e, room):
    """:func:`decide` where slots don't depend on each other."""
    admission, retries, reserves = asking
    if mode == PRICES:
        for j in range(room.price.size):
            room.price[j] = price_of(worlds, worlds.row[e], j, action[j])
        _at_prices(physics, worlds, board, e, room)
    else:
        decode(mode, action, board.gain[e], room.decision)
        if admission:
            _save(physics, worlds, board, e, room)
    asked = _asked(room.decision)
    if not admission:
        return asked, 0
    row, world = board.row[e], worlds.row[e]
    congestion = room.floor
    for j in range(congestion.size):
        congestion[j] = physics.weight_time / worlds.server_speed[world, j]
    if retries == 0 and reserves.size == 0:
        admit_in(
            room.subset, room.saving, board.root_cycles[row], congestion, room.decision, NODE_CAP
        )
        return asked, 0
    problem = _problem(physics, worlds, board, e, congestion)
    return asked, _negotiate(problem, room, retries, reserves)


@njit(cache=True, nogil=True, error_model="numpy")
def _asked(decision):
    asked = 0
    for i in range(decision.size):
        asked += decision[i] > 0
    return asked


@njit(cache=True, nogil=True, error_model="numpy")
def _ask_coupled(asking, action, mode, physics, worlds, board, carry, law, e, room):
    """:func:`decide` where a coupling adds to costs, closes links or leaves devices without a task."""
    admission, retries, reserves = asking
    m, n = board.gain[e].shape
    link, local, weight = np.empty((n, m)), np.empty(n), np.ones(m)
    if mode == PRICES:
        for j in range(m):
            room.price[j] = price_of(worlds, worlds.row[e], j, action[2 * j])
            weight[j] = weight_of(worlds, worlds.row[e], j, action[2 * j + 1])
    elif law.code == BATTERY:
        weight[:] = 0.0
    coupling.weighed(law, physics, worlds, board, carry, e, weight, link, local)
    congestion = room.floor
    for j in range(m):
        congestion[j] = physics.weight_time * coupling.on_server(law, worlds, e, j)
    problem = link, local, board.root_cycles[board.row[e]], congestion
    if mode == PRICES:
        choose_at_prices(problem, room.price, room.decision)
    else:
        decode(mode, action, board.gain[e], room.decision)
    asked = _asked(room.decision)
    if not admission:
        return asked, 0
    for i in range(n):
        j = room.decision[i] - 1
        if j >= 0 and link[i, j] == np.inf:
            room.decision[i] = 0
        elif j >= 0:
            room.saving[i] = local[i] - link[i, j]
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
        admit_in(room.subset, room.saving, weight, congestion, room.decision, NODE_CAP)
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
def weight_of(worlds, world, server, action):
    """How much an action, clipped to [-1, 1], makes a server weigh what the coupling adds."""
    clipped = min(max(float(action), -1.0), 1.0)
    return worlds.weight[world, server] * math.exp(WEIGHT_SPAN * clipped)


@njit(cache=True, nogil=True, error_model="numpy")
def _at_prices(physics, worlds, board, e, room):
    """Fill the decision at ``room.price``, and what each asker saves, ``room.saving``."""
    row, world, gain = board.row[e], worlds.row[e], board.gain[e]
    m, n = gain.shape
    weights, data, price = board.root_cycles[row], board.data_bits[row], room.price
    local, lowest, second = room.saving, room.lowest[0], room.lowest[1]
    speed, power, cycles = worlds.local_speed[world], worlds.local_power[world], board.cycles[row]
    for i in range(n):
        local[i] = local_cost(physics, cycles[i], speed[i], power[i])
    tag, least, bits, weight = _tag(m), physics.links.least, room.bound[0], room.bound[1]
    _bound(physics, gain, data, weights, price, tag, room)
    # Links that have a chance are gathered first: the loop that solves for them then has no branch.
    _, used, used_gain, sent = room.scratch
    count = 0
    for i in range(n):
        room.decision[i] = 0
        used[count], used_gain[count] = i, gain[np.uint64(lowest[i] & tag), i]
        sent[0, count] = data[i]
        count += _untagged(lowest[i], tag) < local[i]
    send(physics, used_gain, sent, count)
    for k in range(count):
        i, where, sending = used[k], lowest[used[k]] & tag, sent[0, k]
        best = sending + price[np.uint64(where)] * weights[i]
        if _untagged(second[i], tag) <= best:
            for j in range(m):
                asked = bits[i] * least[piece_of(gain[j, i])] + np.float32(price[j]) * weight[i]
                if asked <= best and j != where:
                    cost = link_cost(physics, gain[j, i], data[i])
                    asked = cost + price[j] * weights[i]
                    if asked < best or (asked == best and j < where):
                        best, where, sending = asked, j, cost
        if best < local[i]:
            room.decision[i] = where + 1
            local[i] -= sending


@njit(cache=True, nogil=True, error_model="numpy")
def _tag(servers):
    """The last bits, all ones, which tell so many servers apart."""
    tag = np.int32(0)
    while tag < servers - 1:
        tag = np.int32(2 * tag + 1)
    return tag


@njit(cache=True, nogil=True, error_model="numpy")
def _untagged(bits, tag):
    """The bound that a tagged one says, no higher."""
    return float_of_bits(np.int32(bits & ~tag))


@njit(cache=True, nogil=True, error_model="numpy")
def _bound(physics, gain, data, weights, price, tag, room):
    """Bound each link's price from below and find each device's two lowest, ``room.lowest``.

    Vector code of float32: one pass with contiguous devices for each server. Numbers that are not
    negative compare as their bits do, so the last of these may say which server a bound is of.
    """
    m, n = gain.shape
    least = physics.links.least
    unit = physics.weight_time / physics.bandwidth
    lowest, second = room.lowest[0], room.lowest[1]
    bits, weight, bound = room.bound[0], room.bound[1], room.bound[2]
    for i in range(n):
        bits[i] = _BELOW * np.float32(data[i] * unit)
        weight[i] = _BELOW * np.float32(weights[i])
        lowest[i] = second[i] = _NONE
    for j in range(m):
        asked, server = np.float32(price[j]), np.int32(j)
        # Two loops, for one with a table in it is no vector code.
        for i in range(n):
            bound[i] = bits[i] * least[piece_of(gain[j, i])] + asked * weight[i]
        for i in range(n):
            tagged = np.int32((bits_of_float(bound[i]) & ~tag) | server)
            second[i] = min(second[i], max(lowest[i], tagged))
            lowest[i] = min(lowest[i], tagged)


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
