"""Queues in a slot: who has a task, what waiting costs, what servers carry over."""

import math

import numpy as np
from numba import njit

from mec_env.draws import streams
from mec_env.draws.streams import normal_from, philox, uniform32
from mec_env.laws.coupling.backlog import (
    ARRIVALS,
    CLUSTERS,
    FRESH,
    HIGH,
    KIND,
    LOW,
    NOISE,
    OFF,
    ON,
    PERIOD,
    PHASE,
    RECENT,
    SLOT,
    STATE,
    WAVE_MEMORY,
)  # fmt: skip

_WAVE, _BURSTS = ARRIVALS["wave"], ARRIVALS["bursts"]


@njit(cache=True, nogil=True, error_model="numpy")
def begin(coupled, own, carry, e, counter, space, room):
    """Empty queues; each cluster somewhere in its wave, on or off."""
    numbers, state = coupled.numbers, carry.numbers[e]
    n, m = room.decision.size, room.price.size
    state[:m] = 0.0
    clusters = int(numbers[CLUSTERS])
    # A normal number takes a word of either half: a phase takes one that none of them has.
    words = np.empty(4 * clusters, np.uint32)
    normals = np.empty(words.size, np.float32)
    key0, key1, slot, episode = counter
    philox(key0, key1, slot, episode, streams.RATE_START | (space << 8), words)
    normal_from(words, normals)
    for c in range(clusters):
        at = n + m + c
        state[at + STATE * clusters] = normals[c]
        state[at + PHASE * clusters] = uniform32(words[clusters + c])
        if numbers[KIND] == _BURSTS:
            share = numbers[ON] / (numbers[ON] + numbers[OFF])
            state[at + STATE * clusters] = 1.0 * (uniform32(words[c]) < share)
        state[at + RECENT * clusters] = 0.5 * (numbers[LOW] + numbers[HIGH])


@njit(cache=True, nogil=True, error_model="numpy")
def unfold(coupled, own, carry, e, counter, space, room):
    """Draw who has a task in the slot."""
    numbers, state = coupled.numbers, carry.numbers[e]
    n, m = room.decision.size, room.price.size
    clusters = int(numbers[CLUSTERS])
    key0, key1, slot, episode = counter
    philox(key0, key1, slot, episode, streams.ARRIVALS | (space << 8), room.more)
    for i in range(n):
        at = n + m + int(own[m + i])
        chance = rate(
            numbers,
            coupled.series,
            state[at + STATE * clusters],
            state[at + PHASE * clusters],
            slot,
            n,
        )
        state[m + i] = 1.0 * (uniform32(room.more[i]) < chance)


@njit(cache=True, nogil=True, error_model="numpy")
def turn(coupled, own, j):
    """Seconds that a task takes its turn on server j."""
    return coupled.numbers[SLOT] / own[j]


@njit(cache=True, nogil=True, error_model="numpy")
def settle(coupled, own, carry, e, decision, count):
    """Seconds of all who join, their waiting included; who has no task is marked with -1.

    ``count`` (M,) is filled with how many join each server.
    """
    n, m, state = decision.size, count.size, carry.numbers[e]
    count[:] = 0.0
    for i in range(n):
        if state[m + i] == 0.0:
            decision[i] = -1
        elif decision[i] > 0:
            count[decision[i] - 1] += 1.0
    seconds = 0.0
    for j in range(m):
        joins = count[j]
        seconds += turn(coupled, own, j) * (joins * state[j] + 0.5 * joins * (joins + 1.0))
    return seconds


@njit(cache=True, nogil=True, error_model="numpy")
def advance(coupled, own, carry, e, counter, space, room):
    """Servers end what they can; what lately arrived is noted; rates go on."""
    numbers, state = coupled.numbers, carry.numbers[e]
    n, m = room.decision.size, room.price.size
    for i in range(n):
        if room.decision[i] > 0:
            state[room.decision[i] - 1] += 1.0
    for j in range(m):
        state[j] = max(0.0, state[j] - own[j])
    clusters = int(numbers[CLUSTERS])
    arrived, members = np.zeros(clusters), np.zeros(clusters)
    for i in range(n):
        c = int(own[m + i])
        members[c] += 1.0
        arrived[c] += state[m + i]
    key0, key1, slot, episode = counter
    words = np.empty(-(-2 * clusters // 4) * 4, np.uint32)
    normals = np.empty(words.size, np.float32)
    philox(key0, key1, slot, episode, streams.RATE | (space << 8), words)
    normal_from(words, normals)
    memory = numbers[WAVE_MEMORY]
    for c in range(clusters):
        at = n + m + c
        recent, own_state = at + RECENT * clusters, at + STATE * clusters
        state[recent] += FRESH * (arrived[c] / max(members[c], 1.0) - state[recent])
        if numbers[KIND] == _BURSTS:
            leaves = 1.0 / numbers[ON] if state[own_state] == 1.0 else 1.0 / numbers[OFF]
            if uniform32(words[c]) < leaves:
                state[own_state] = 1.0 - state[own_state]
        else:
            fresh = math.sqrt(1.0 - memory * memory) * normals[c]
            state[own_state] = memory * state[own_state] + fresh


@njit(cache=True, nogil=True, error_model="numpy")
def rate(numbers, series, state, phase, slot, n):
    """Probability that a device of a cluster has a task in a slot."""
    low, high = numbers[LOW], numbers[HIGH]
    if numbers[KIND] == _WAVE:
        wave = max(0.0, math.sin(2.0 * math.pi * (slot / numbers[PERIOD] + phase)))
        noise = numbers[NOISE]
        # Of mean one, whatever the noise.
        rate = (low + (high - low) * wave) * math.exp(noise * state - 0.5 * noise * noise)
        return min(rate, 1.0)
    if numbers[KIND] == _BURSTS:
        return high if state == 1.0 else low
    return min(series[min(slot, series.shape[0] - 1), 0] / n, 1.0)
