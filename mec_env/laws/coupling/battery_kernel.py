"""Batteries in a slot: what an option takes, what can't be paid, what is harvested."""

import math

import numpy as np
from numba import njit

from mec_env.draws import streams
from mec_env.draws.streams import normal_from, philox, uniform32
from mec_env.laws.coupling.battery import (
    BLOCKS,
    CLUSTERS,
    CONTRAST,
    DAY,
    DROP,
    HARVESTED,
    HARVESTS,
    KIND,
    LEVEL,
    LEVELS,
    MEAN,
    OFF,
    ON,
    SKY_MEMORY,
    UNIT,
)  # fmt: skip
from mec_env.physics.link import link

_SUN, _ON_OFF = HARVESTS["sun"], HARVESTS["on-off"]
# A joule more or less by rounding must not cost a level.
_ROUNDING = 1e-12


@njit(cache=True, nogil=True, error_model="numpy")
def begin(coupled, own, carry, e, counter, space, room):
    """Half full, a sky each cluster, some time of the day."""
    numbers, state, n = coupled.numbers, carry.numbers[e], room.decision.size
    for i in range(n):
        state[LEVEL * n + i] = numbers[LEVELS] // 2
        state[HARVESTED * n + i] = 0.0
    key0, key1, slot, episode = counter
    skies = int(numbers[CLUSTERS])
    words = np.empty(-(-2 * (skies + 1) // 4) * 4, np.uint32)
    normals = np.empty(words.size, np.float32)
    philox(key0, key1, slot, episode, streams.SKY_START | (space << 8), words)
    normal_from(words, normals)
    for c in range(skies):
        sky = float(normals[c])
        if numbers[KIND] == _ON_OFF:
            share = numbers[ON] / (numbers[ON] + numbers[OFF])
            sky = 1.0 * (uniform32(words[c]) < share)
        state[BLOCKS * n + c] = sky
        state[BLOCKS * n + skies + c] = 0.0
    state[BLOCKS * n + 2 * skies] = uniform32(words[words.size - 1]) * numbers[DAY]


@njit(cache=True, nogil=True, error_model="numpy")
def levels(numbers, joules):
    """Whole levels that so many joules take."""
    return math.ceil(joules / numbers[UNIT] * (1.0 - _ROUNDING))


@njit(cache=True, nogil=True, error_model="numpy")
def sending(physics, gain, data_bits):
    """Seconds and joules of sending a task over a link at its best power."""
    spectral, power = link(physics.links, gain)
    seconds = data_bits / (physics.bandwidth * spectral)
    return seconds, seconds * power


@njit(cache=True, nogil=True, error_model="numpy")
def at_home(coupled, level, seconds, power):
    """What a task not sent comes to at a level, for its seconds and watts at full speed.

    Returns
    -------
    seconds, joules, levels : float
    pace : int
        0 at full speed, 1 at half, 2 where it is dropped.
    """
    numbers = coupled.numbers
    full = levels(numbers, seconds * power)
    if full <= level:
        return seconds, seconds * power, full, 0
    half = levels(numbers, 0.25 * seconds * power)
    if half <= level:
        return 2.0 * seconds, 0.25 * seconds * power, half, 1
    return numbers[DROP], 0.0, 0, 2


@njit(cache=True, nogil=True, error_model="numpy")
def settle(coupled, physics, worlds, board, carry, e, decision):
    """Seconds and joules of all who do not send, and how many are dropped; levels are paid.

    Links that can't be paid are taken back in ``decision``, and who stays is marked with -1, for
    it is counted here.
    """
    n, state, row, world = decision.size, carry.numbers[e], board.row[e], worlds.row[e]
    time, energy, dropped = 0.0, 0.0, 0
    for i in range(n):
        level, j = state[LEVEL * n + i], decision[i] - 1
        if j >= 0:
            _, joules = sending(physics, board.gain[e, j, i], board.data_bits[row, i])
            used = levels(coupled.numbers, joules)
            if used <= level:
                state[LEVEL * n + i] -= used
                continue
        seconds = board.cycles[row, i] / worlds.local_speed[world, i]
        seconds, joules, used, pace = at_home(coupled, level, seconds, worlds.local_power[world, i])
        decision[i] = -1
        state[LEVEL * n + i] -= used
        time += seconds
        energy += joules
        dropped += pace == 2
    return time, energy, dropped


@njit(cache=True, nogil=True, error_model="numpy")
def advance(coupled, own, carry, e, counter, space, room):
    """Harvest, cut at the top level; then the skies go on."""
    numbers, state, n = coupled.numbers, carry.numbers[e], room.decision.size
    key0, key1, slot, episode = counter
    philox(key0, key1, slot, episode, streams.COINS | (space << 8), room.more)
    skies = int(numbers[CLUSTERS])
    day = state[BLOCKS * n + 2 * skies]
    for i in range(n):
        sky = state[BLOCKS * n + int(own[n + i])]
        joules = own[i] * harvest(numbers, coupled.series, sky, day, slot)
        gained = math.floor(joules / numbers[UNIT] + uniform32(room.more[i]))
        # More than the store holds is cut: no more is told of it.
        gained = min(gained, numbers[LEVELS])
        state[HARVESTED * n + i] = gained
        state[LEVEL * n + i] = min(state[LEVEL * n + i] + gained, numbers[LEVELS])
    words = np.empty(-(-2 * skies // 4) * 4, np.uint32)
    normals = np.empty(words.size, np.float32)
    philox(key0, key1, slot, episode, streams.SKY | (space << 8), words)
    normal_from(words, normals)
    memory = numbers[SKY_MEMORY]
    for c in range(skies):
        at = BLOCKS * n + c
        state[at + skies] = state[at]
        if numbers[KIND] == _ON_OFF:
            leaves = 1.0 / numbers[ON] if state[at] == 1.0 else 1.0 / numbers[OFF]
            if uniform32(words[c]) < leaves:
                state[at] = 1.0 - state[at]
        else:
            state[at] = memory * state[at] + math.sqrt(1.0 - memory * memory) * normals[c]


@njit(cache=True, nogil=True, error_model="numpy")
def hour(law_numbers, numbers, e, n, slot):
    """Share of the day that has passed, [0, 1)."""
    day = numbers[e, BLOCKS * n + 2 * int(law_numbers[CLUSTERS])]
    return ((slot + day) / law_numbers[DAY]) % 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def harvest(numbers, series, sky, day, slot):
    """Joules of a mean panel in a slot."""
    if numbers[KIND] == _SUN:
        light = max(0.0, math.sin(2.0 * math.pi * (slot + day) / numbers[DAY]))
        weather = 2.0 / (1.0 + math.exp(-numbers[CONTRAST] * sky))
        return numbers[MEAN] * math.pi * light * weather
    if numbers[KIND] == _ON_OFF:
        return numbers[MEAN] * sky * (numbers[ON] + numbers[OFF]) / numbers[ON]
    return numbers[MEAN] * series[min(slot, series.shape[0] - 1), 0]


@njit(cache=True, nogil=True, error_model="numpy")
def options(physics, numbers, gain, data_bits, seconds, power, link_use, home_use):
    """Fill the levels that links (N, M), and full and half speed at home (N, 2), take.

    ``seconds`` (N,) and ``power`` (N,) are those of running at home at full speed.
    """
    n, m = link_use.shape
    for i in range(n):
        for j in range(m):
            _, joules = sending(physics, gain[j, i], data_bits[i])
            link_use[i, j] = int(levels(numbers, joules))
        home_use[i, 0] = int(levels(numbers, seconds[i] * power[i]))
        home_use[i, 1] = int(levels(numbers, 0.25 * seconds[i] * power[i]))
