"""Moving users in a slot: how they move, what their links gain by it, what a migration takes."""

import math

import numpy as np
from numba import njit

from mec_env.draws import streams
from mec_env.draws.streams import exp32, log32, normal_from, philox, philox_block, uniform32
from mec_env.laws.coupling.moving import (
    AIM_X,
    AIM_Y,
    BLOCKS,
    FADES,
    HEIGHT,
    HOLDER,
    IDLE,
    MEMORY,
    MOTION,
    MOTIONS,
    PATH,
    SIGMA,
    SLOT,
    SLOWEST,
    SPEED,
    SPREAD,
    STRAY_X,
    STRAY_Y,
    WIDTH,
    X,
    Y,
)  # fmt: skip

_WAYPOINT, _GAUSS_MARKOV = MOTIONS["waypoint"], MOTIONS["gauss-markov"]
# What 1 dB adds to a natural logarithm.
_DECIBEL = np.float32(0.1 * math.log(10.0))
# Where draws are cut off, in deviations: gains beyond would be outside what observations allow.
_MOST = 6.0
# A distance that is none [m].
_NOWHERE = 1e-9


@njit(cache=True, nogil=True, error_model="numpy")
def begin(coupled, own, carry, e, counter, space, room):
    """Set row e to what an episode begins with: the world's places, services at the nearest server."""
    numbers, state = coupled.numbers, carry.numbers[e]
    n, m = room.decision.size, room.price.size
    for i in range(n):
        if coupled.series.size:
            state[X * n + i] = coupled.series[0, i]
            state[Y * n + i] = coupled.series[0, n + i]
        else:
            state[X * n + i] = own[n + i]
            state[Y * n + i] = own[2 * n + i]
        least, nearest = np.inf, 0
        for j in range(m):
            apart = (state[X * n + i] - own[3 * n + j]) ** 2
            apart += (state[Y * n + i] - own[3 * n + m + j]) ** 2
            if apart < least:
                least, nearest = apart, j
        state[HOLDER * n + i] = nearest
        for block in (AIM_X, AIM_Y, SPEED):
            state[block * n + i] = 0.0
    shadows = own[3 * n + 2 * m :]
    for k in range(m * n):
        state[BLOCKS * n + k] = shadows[k]
    key0, key1, slot, episode = counter
    if numbers[MOTION] == _WAYPOINT:
        for i in range(n):
            use = streams.LEG_START | (space << 8)
            _aim(numbers, own, state, i, n, philox_block(key0, key1, slot, episode, use, i))
    elif numbers[MOTION] == _GAUSS_MARKOV:
        philox(key0, key1, slot, episode, streams.LEG_START | (space << 8), room.more)
        normal_from(room.more, room.normals)
        pace = _axis_pace(numbers)
        for i in range(n):
            state[AIM_X * n + i] = pace * room.normals[i]
            state[AIM_Y * n + i] = pace * room.normals[n + i]
            _note_speed(state, i, n)


@njit(cache=True, nogil=True, error_model="numpy")
def unfold(coupled, own, carry, e, path, room):
    """Fill the path gains (M, N) of where row e's devices are, and their logs, ``room.normals``."""
    numbers, state = coupled.numbers, carry.numbers[e]
    m, n = path.shape
    table = numbers[PATH:]
    first, slope = np.float32(table[2]), np.float32((table[3] - table[2]) / table[1])
    # In float32 from here on, without a branch, each step over all links at once: vector code, and
    # hardly a link left over that fills no vector.
    x, y, logs, gains = room.place[:n], room.place[n:], room.normals[: m * n], path.ravel()
    shadow = state[BLOCKS * n : (BLOCKS + m) * n]
    for i in range(n):
        x[i], y[i] = np.float32(state[X * n + i]), np.float32(state[Y * n + i])
    for j in range(m):
        east, north = np.float32(own[3 * n + j]), np.float32(own[3 * n + m + j])
        for i in range(n):
            squared = (x[i] - east) * (x[i] - east) + (y[i] - north) * (y[i] - north)
            logs[j * n + i] = max(squared, np.float32(1.0))
    for k in range(m * n):
        logs[k] = log32(logs[k])
    if table[0] == 1.0:
        for k in range(m * n):
            logs[k] = first + slope * logs[k] + _DECIBEL * np.float32(shadow[k])
    else:
        for k in range(m * n):
            at = logs[k] / table[1]
            piece = min(int(at), int(table[0]) - 1)
            gain = table[2 + piece] + (at - piece) * (table[3 + piece] - table[2 + piece])
            logs[k] = np.float32(gain) + _DECIBEL * np.float32(shadow[k])
    for k in range(m * n):
        gains[k] = exp32(logs[k])


@njit(cache=True, nogil=True, error_model="numpy")
def on_link(coupled, own, carry, e, i, j, n):
    """Seconds and joules that offloading to server j adds for device i: those of a migration."""
    if carry.numbers[e, HOLDER * n + i] == j:
        return 0.0, 0.0
    return own[i], own[i] * coupled.numbers[IDLE]


@njit(cache=True, nogil=True, error_model="numpy")
def settle(coupled, own, carry, e, decision):
    """Seconds, joules and number of the migrations that a decision takes."""
    n, state = decision.size, carry.numbers[e]
    seconds, count = 0.0, 0
    for i in range(n):
        moves = (decision[i] > 0) & (state[HOLDER * n + i] != decision[i] - 1)
        seconds += own[i] if moves else 0.0
        count += moves
    return seconds, seconds * coupled.numbers[IDLE], count


@njit(cache=True, nogil=True, error_model="numpy")
def advance(coupled, own, carry, e, counter, space, room):
    """Move services to where they were used, then devices and the shadows on their way."""
    numbers, state = coupled.numbers, carry.numbers[e]
    n, m = room.decision.size, room.price.size
    for i in range(n):
        held = state[HOLDER * n + i]
        state[HOLDER * n + i] = room.decision[i] - 1.0 if room.decision[i] > 0 else held
    key0, key1, slot, episode = counter
    way, rest = room.spare[0], room.spare[1]
    motion = numbers[MOTION]
    if motion == _GAUSS_MARKOV:
        philox(key0, key1, slot, episode, streams.LEGS | (space << 8), room.more)
        normal_from(room.more, room.normals)
    if motion == _WAYPOINT:
        _walk(numbers, state, n, way, rest)
        for i in range(n):
            # Few aim anew, and only they draw.
            if state[SPEED * n + i] < 0.0:
                use = streams.LEGS | (space << 8)
                _aim(numbers, own, state, i, n, philox_block(key0, key1, slot, episode, use, i))
    else:
        for i in range(n):
            x, y = state[X * n + i], state[Y * n + i]
            if motion == _GAUSS_MARKOV:
                _drift(numbers, state, i, n, room.normals)
            else:
                _follow(numbers, coupled.series, state, i, n, slot)
            way[i] = math.sqrt((state[X * n + i] - x) ** 2 + (state[Y * n + i] - y) ** 2)
    sigma, fades, place = numbers[SIGMA], numbers[FADES], room.place
    if sigma == 0.0:
        return
    # Shadowing along a track: correlation exp(-way / decorrelation), the same deviation for ever.
    most = _MOST * sigma
    for i in range(n):
        place[i] = np.float32(-way[i] / fades)
    for i in range(n):
        place[i] = exp32(place[i])
    for i in range(n):
        kept = float(place[i])
        way[i], rest[i] = kept, sigma * math.sqrt(max(1.0 - kept * kept, 0.0))
    philox(key0, key1, slot, episode, streams.SHADOWING_STEP | (space << 8), room.words)
    normal_from(room.words, room.normals)
    for j in range(m):
        shadow = state[(BLOCKS + j) * n : (BLOCKS + j + 1) * n]
        normal = room.normals[j * n : (j + 1) * n]
        for i in range(n):
            fresh = way[i] * shadow[i] + rest[i] * normal[i]
            shadow[i] = min(max(fresh, -most), most)


@njit(cache=True, nogil=True, error_model="numpy")
def velocity(law_numbers, numbers, e, i, n):
    """Velocity [m/s] of device i: on its way to its aim, or as it came on a trace."""
    to_x, to_y = numbers[e, AIM_X * n + i], numbers[e, AIM_Y * n + i]
    if law_numbers[MOTION] != _WAYPOINT:
        return to_x, to_y
    east, north = to_x - numbers[e, X * n + i], to_y - numbers[e, Y * n + i]
    pace = _pace(numbers[e, SPEED * n + i], east, north)
    return pace * east, pace * north


@njit(cache=True, nogil=True, error_model="numpy")
def _pace(speed, east, north):
    """The share of a way that a second's walk is."""
    return speed / max(math.sqrt(east * east + north * north), _NOWHERE)


@njit(cache=True, nogil=True, error_model="numpy")
def velocities(law_numbers, numbers, e, share, most, out):
    """Fill ``out`` (2 N,) float32 with all devices' :func:`velocity`, eastwards, then northwards.

    In units of 1 / ``share``, none beyond ``most``.
    """
    n = out.size // 2
    x, y = numbers[e, X * n : (X + 1) * n], numbers[e, Y * n : (Y + 1) * n]
    to_x, to_y = numbers[e, AIM_X * n : (AIM_X + 1) * n], numbers[e, AIM_Y * n : (AIM_Y + 1) * n]
    speed = numbers[e, SPEED * n : (SPEED + 1) * n]
    towards = law_numbers[MOTION] == _WAYPOINT
    for i in range(n):
        way_x, way_y = to_x[i], to_y[i]
        if towards:
            east, north = to_x[i] - x[i], to_y[i] - y[i]
            pace = _pace(speed[i], east, north)
            way_x, way_y = pace * east, pace * north
        out[i] = np.float32(min(max(way_x * share, -most), most))
        out[n + i] = np.float32(min(max(way_y * share, -most), most))


@njit(cache=True, nogil=True, error_model="numpy")
def _aim(numbers, own, state, i, n, words):
    """Choose device i's next place, near where a device of the world stands, and its speed."""
    home = min(int(uniform32(words[0]) * n), n - 1)
    radius = math.sqrt(-2.0 * math.log(uniform32(words[1])))
    angle = 2.0 * math.pi * uniform32(words[2])
    east = own[n + home] + numbers[STRAY_X] * radius * math.cos(angle)
    north = own[2 * n + home] + numbers[STRAY_Y] * radius * math.sin(angle)
    state[AIM_X * n + i] = min(max(east, 0.0), numbers[WIDTH])
    state[AIM_Y * n + i] = min(max(north, 0.0), numbers[HEIGHT])
    state[SPEED * n + i] = numbers[SLOWEST] + numbers[SPREAD] * uniform32(words[3])


@njit(cache=True, nogil=True, error_model="numpy")
def _walk(numbers, state, n, way, share):
    """A slot's way towards the aims; who gets there stays for the rest of the slot and aims anew."""
    x, y = state[X * n : (X + 1) * n], state[Y * n : (Y + 1) * n]
    to_x, to_y = state[AIM_X * n : (AIM_X + 1) * n], state[AIM_Y * n : (AIM_Y + 1) * n]
    speed = state[SPEED * n : (SPEED + 1) * n]
    slot, width, height = numbers[SLOT], numbers[WIDTH], numbers[HEIGHT]
    # In loops over few arrays each, which the compiler can tell apart: vector code.
    for i in range(n):
        way[i] = math.sqrt(
            (to_x[i] - x[i]) * (to_x[i] - x[i]) + (to_y[i] - y[i]) * (to_y[i] - y[i])
        )
    for i in range(n):
        share[i] = min(speed[i] * slot / max(way[i], _NOWHERE), 1.0)
    for i in range(n):
        x[i] = min(max(x[i] + share[i] * (to_x[i] - x[i]), 0.0), width)
    for i in range(n):
        y[i] = min(max(y[i] + share[i] * (to_y[i] - y[i]), 0.0), height)
    for i in range(n):
        way[i] = share[i] * way[i]
        # Below 0 until its owner has aimed anew.
        speed[i] = speed[i] if share[i] < 1.0 else -1.0


@njit(cache=True, nogil=True, error_model="numpy")
def _drift(numbers, state, i, n, normals):
    """A slot's way at the velocity there is, turned back at the map's border; then a fresh one."""
    memory, pace = numbers[MEMORY], _axis_pace(numbers)
    fresh = math.sqrt(1.0 - memory * memory) * pace
    for place, aim, side, k in ((X, AIM_X, WIDTH, i), (Y, AIM_Y, HEIGHT, n + i)):
        at = state[place * n + i] + state[aim * n + i] * numbers[SLOT]
        folded = _fold(at, numbers[side])
        if not 0.0 <= at <= numbers[side]:
            state[aim * n + i] = -state[aim * n + i]
        state[place * n + i] = folded
        state[aim * n + i] = memory * state[aim * n + i] + fresh * normals[k]
    _note_speed(state, i, n)


@njit(cache=True, nogil=True, error_model="numpy")
def _fold(at, side):
    """A place on a line, turned back at 0 and at ``side`` as often as it takes."""
    left = at % (2.0 * side)
    return min(left, 2.0 * side - left)


@njit(cache=True, nogil=True, error_model="numpy")
def _follow(numbers, series, state, i, n, slot):
    """Where the trace has device i in the next slot, and how fast it got there."""
    after = min(slot + 1, series.shape[0] - 1)
    for place, aim, k in ((X, AIM_X, i), (Y, AIM_Y, n + i)):
        at = series[after, k]
        state[aim * n + i] = (at - state[place * n + i]) / numbers[SLOT]
        state[place * n + i] = at
    _note_speed(state, i, n)


@njit(cache=True, nogil=True, error_model="numpy")
def _axis_pace(numbers):
    """Deviation of either component of a Gauss-Markov velocity [m/s]."""
    return (numbers[SLOWEST] + 0.5 * numbers[SPREAD]) * math.sqrt(0.5)


@njit(cache=True, nogil=True, error_model="numpy")
def _note_speed(state, i, n):
    state[SPEED * n + i] = math.sqrt(state[AIM_X * n + i] ** 2 + state[AIM_Y * n + i] ** 2)
