"""What a server knows of the other servers' links: the static map, or where moving devices are.

Where devices move, all servers see the devices' places, but not the shadowing of another server's
links. So a link to another server has the path gain of its distance, and shadowing counts as more
fading.
"""

import math

import numpy as np
from numba import njit

from mec_env.laws.coupling.moving import PATH, X, Y
from mec_env.physics.cost import link_cost

# Shadowing is averaged over so many values, up to so many deviations.
_VALUES, _MOST = 121, 6.0


def shadowed(below, logs, deviation_db):
    """The probabilities that fading times log-normal shadowing is below exp(logs), (entries,).

    Parameters
    ----------
    below, logs : (entries,) float64
        P(fading < exp(logs)), logs rising.
    deviation_db : float
        Of the shadowing [dB].
    """
    if deviation_db == 0.0:
        return below
    at = np.linspace(-_MOST, _MOST, _VALUES)
    chance = np.exp(-0.5 * at**2)
    shifts = 0.1 * math.log(10.0) * deviation_db * at
    # Below the table nothing is left, beyond it everything.
    every = [np.interp(logs - shift, logs, below, left=0.0, right=1.0) for shift in shifts]
    return chance @ np.array(every) / chance.sum()


def place(features, index, path_gain):
    """Fill a world's tables, for path gains (M, N)."""
    log_path = np.log(path_gain.T)
    costs = features.log_gain.size
    grid = features.cost_low + features.cost_step * np.arange(costs)
    # Gains fall as costs rise.
    best = np.interp(log_path + features.likely, features.log_gain[::-1], grid[::-1])
    features.log_path[index] = log_path
    features.cheapest[index] = np.exp(best)
    features.order[index] = np.argsort(best, axis=1, kind="stable")


@njit(cache=True, nogil=True, error_model="numpy")
def follow(features, physics, law, carry, e, world):
    """Set a world's tables of links to where row e's devices are."""
    state, own = carry.numbers[e], law.own[world]
    log_path, cheapest = features.log_path[world], features.cheapest[world]
    order, log_gain = features.order[world], features.log_gain
    n, m = log_path.shape
    unit = physics.weight_time / physics.bandwidth
    for i in range(n):
        for j in range(m):
            east = state[X * n + i] - own[3 * n + j]
            north = state[Y * n + i] - own[3 * n + m + j]
            log = _log_path(law.numbers[PATH:], math.log(max(east * east + north * north, 1.0)))
            log_path[i, j] = np.float32(log)
            # A gain beyond those that links can have costs as much as the last of them.
            gain = min(max(log + features.likely, log_gain[-1]), log_gain[0])
            cheapest[i, j] = np.float32(link_cost(physics, np.float32(math.exp(gain)), 1.0) / unit)
        # Last slot's order is nearly this one's.
        for rank in range(1, m):
            j, at = order[i, rank], rank
            while at > 0 and _after(cheapest[i], order[i, at - 1], j):
                order[i, at] = order[i, at - 1]
                at -= 1
            order[i, at] = j


@njit(cache=True, nogil=True, error_model="numpy")
def _after(costs, one, other):
    """Whether a server stands after another: it costs more, or as much and has a higher number."""
    return costs[one] > costs[other] or (costs[one] == costs[other] and one > other)


@njit(cache=True, nogil=True, error_model="numpy")
def _log_path(table, squared):
    """Log path gain by the log of the squared distance, from the coupling's table."""
    if table[0] == 1.0:
        return table[2] + (table[3] - table[2]) / table[1] * squared
    at = squared / table[1]
    k = min(int(at), int(table[0]) - 1)
    return table[2 + k] + (at - k) * (table[3 + k] - table[2 + k])
