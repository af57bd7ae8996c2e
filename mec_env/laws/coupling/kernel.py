"""What a coupling does in a slot: each function branches by the coupling's code.

Kernels take ``law``, the coupling as :class:`Coupled`, and know nothing else of how a scenario is
coupled. Where slots don't depend on each other there is no ``law`` and none of this is called.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from mec_env.laws.coupling import (
    backlog,
    backlog_kernel,
    battery,
    battery_kernel,
    moving,
    moving_kernel,
)

MOVING, BATTERY, BACKLOG = moving.CODE, battery.CODE, backlog.CODE


class Coupled(NamedTuple):
    """A coupling as kernels take it.

    Attributes
    ----------
    code : int
    space : int
        Key space of its draws.
    numbers : (P,) float64
        The law's parameters.
    own : (worlds, K) float64
        What worlds fix of it.
    series : (slots, S) float64
        What a file has of each slot; empty without one.
    """

    code: int
    space: int
    numbers: np.ndarray
    own: np.ndarray
    series: np.ndarray


@njit(cache=True, nogil=True, error_model="numpy")
def begin(law, worlds, carry, e, counter, room):
    """Set what row e carries to what an episode begins with."""
    own = law.own[worlds.row[e]]
    if law.code == MOVING:
        moving_kernel.begin(law, own, carry, e, counter, law.space, room)
    elif law.code == BATTERY:
        battery_kernel.begin(law, own, carry, e, counter, law.space, room)
    elif law.code == BACKLOG:
        backlog_kernel.begin(law, own, carry, e, counter, law.space, room)


@njit(cache=True, nogil=True, error_model="numpy")
def unfold(law, worlds, carry, e, counter, room):
    """Make of what row e carries what its slot is drawn with: path gains, who has a task."""
    own = law.own[worlds.row[e]]
    if law.code == MOVING:
        moving_kernel.unfold(law, own, carry, e, worlds.path_gain[worlds.row[e]], room)
    elif law.code == BACKLOG:
        backlog_kernel.unfold(law, own, carry, e, counter, law.space, room)


@njit(cache=True, nogil=True, error_model="numpy")
def settle(law, physics, worlds, board, carry, e, room):
    """What the coupling makes of row e's decision, ``room.decision``, changed in place.

    Returns
    -------
    time, energy : float
        Time and energy in addition to those of links, local runs and shared CPUs [s], [J].
    migrations, dropped : int
    """
    own = law.own[worlds.row[e]]
    if law.code == MOVING:
        time, energy, count = moving_kernel.settle(law, own, carry, e, room.decision)
        return time, energy, count, 0
    if law.code == BATTERY:
        time, energy, dropped = battery_kernel.settle(
            law, physics, worlds, board, carry, e, room.decision
        )
        return time, energy, 0, dropped
    time = backlog_kernel.settle(law, own, carry, e, room.decision, room.floor)
    return time, 0.0, 0, 0


@njit(cache=True, nogil=True, error_model="numpy")
def advance(law, worlds, carry, e, counter, room):
    """Change what row e carries by the decision just settled, ``room.decision``."""
    own = law.own[worlds.row[e]]
    if law.code == MOVING:
        moving_kernel.advance(law, own, carry, e, counter, law.space, room)
    elif law.code == BATTERY:
        battery_kernel.advance(law, own, carry, e, counter, law.space, room)
    elif law.code == BACKLOG:
        backlog_kernel.advance(law, own, carry, e, counter, law.space, room)


@njit(cache=True, nogil=True, error_model="numpy")
def left(law, carry, e, n, m):
    """Mean share of the batteries that is left, and tasks waiting, after a slot of row e."""
    total = 0.0
    if law.code == BATTERY:
        for i in range(n):
            total += carry.numbers[e, battery.LEVEL * n + i]
        return total / (n * law.numbers[battery.LEVELS]), 0.0
    if law.code == BACKLOG:
        for j in range(m):
            total += carry.numbers[e, j]
        return 0.0, total
    return 0.0, 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def at_home(law, physics, worlds, board, carry, e, i):
    """Seconds and joules of device i's task where it is not sent."""
    row, world, n = board.row[e], worlds.row[e], board.cycles.shape[1]
    seconds = board.cycles[row, i] / worlds.local_speed[world, i]
    power = worlds.local_power[world, i]
    if law.code == BATTERY:
        level = carry.numbers[e, battery.LEVEL * n + i]
        seconds, joules, _, _ = battery_kernel.at_home(law, level, seconds, power)
        return seconds, joules
    if law.code == BACKLOG and carry.numbers[e, worlds.server_speed.shape[1] + i] == 0.0:
        return 0.0, 0.0
    return seconds, seconds * power


@njit(cache=True, nogil=True, error_model="numpy")
def on_link(law, physics, worlds, board, carry, e, i, j):
    """Seconds and joules that the coupling adds to device i's link to server j.

    Infinite where the link is not open to the device, which then stays at home, whatever it asked
    for.
    """
    own, n, m = law.own[worlds.row[e]], board.cycles.shape[1], worlds.server_speed.shape[1]
    if law.code == MOVING:
        return moving_kernel.on_link(law, own, carry, e, i, j, n)
    if law.code == BATTERY:
        row = board.row[e]
        _, joules = battery_kernel.sending(physics, board.gain[e, j, i], board.data_bits[row, i])
        used = battery_kernel.levels(law.numbers, joules)
        return (0.0 if used <= carry.numbers[e, battery.LEVEL * n + i] else np.inf), 0.0
    if law.code == BACKLOG:
        if carry.numbers[e, m + i] == 0.0:
            return np.inf, 0.0
        return backlog_kernel.turn(law, own, j) * (carry.numbers[e, j] + 0.5), 0.0
    return 0.0, 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def on_server(law, worlds, e, j):
    """Seconds that a unit of squared load takes on server j, together for all that are on it."""
    world = worlds.row[e]
    if law.code == BACKLOG:
        own = law.own[world]
        return 0.5 * backlog_kernel.turn(law, own, j) / law.numbers[backlog.TURN_CYCLES]
    return 1.0 / worlds.server_speed[world, j]


@njit(cache=True, nogil=True, error_model="numpy")
def snapshot(law, physics, worlds, board, carry, e, out):
    """Fill what a Slot's :class:`mec_env.physics.coupled.Coupled` holds of row e.

    ``out`` is (link_seconds (N, M), link_joules (N, M), local_seconds (N,), local_joules (N,),
    server_seconds (M,)).
    """
    link_seconds, link_joules, local_seconds, local_joules, server_seconds = out
    n, m = link_seconds.shape
    for i in range(n):
        local_seconds[i], local_joules[i] = at_home(law, physics, worlds, board, carry, e, i)
        for j in range(m):
            link_seconds[i, j], link_joules[i, j] = on_link(
                law, physics, worlds, board, carry, e, i, j
            )
    for j in range(m):
        server_seconds[j] = on_server(law, worlds, e, j)


@njit(cache=True, nogil=True, error_model="numpy")
def weighed(law, physics, worlds, board, carry, e, weight, link, local):
    """Fill what options cost at the servers' weights of what the coupling adds.

    A migration and the wait in a queue count ``weight[j]`` times. With batteries each joule costs
    ``weight[j]`` more on server j's link; at home it costs more by the weight of the server with
    the strongest link. Weights of 1 (with batteries, of 0) give the slot's own costs.

    Parameters
    ----------
    weight : (M,) float64
    link, local : (N, M), (N,) float64
        Filled; infinite where a link is not open.
    """
    row, (n, m) = board.row[e], link.shape
    for i in range(n):
        seconds, joules = at_home(law, physics, worlds, board, carry, e, i)
        local[i] = physics.weight_time * seconds + physics.weight_energy * joules
        strongest = 0
        for j in range(m):
            if board.gain[e, j, i] > board.gain[e, strongest, i]:
                strongest = j
            sent, used = battery_kernel.sending(
                physics, board.gain[e, j, i], board.data_bits[row, i]
            )
            more, waste = on_link(law, physics, worlds, board, carry, e, i, j)
            own = physics.weight_time * sent + physics.weight_energy * used
            if more == np.inf:
                link[i, j] = np.inf
            elif law.code == BATTERY:
                link[i, j] = own + weight[j] * used
            else:
                added = physics.weight_time * more + physics.weight_energy * waste
                link[i, j] = own + weight[j] * added
        if law.code == BATTERY:
            local[i] += weight[strongest] * joules
