"""Where devices and servers stand: drawn by law, or found by k-means.

All draws come from the world's own streams, so a world named by its seed keeps
its positions whatever version of numpy or scipy is installed.
"""

import math

import numpy as np
from numba import njit

LEVY_BETA = 1.5
# The paper names a Gaussian and a Levy distribution of positions and gives no
# parameters: these shares of the area's sides are ours.
GAUSSIAN_SIGMA = 1 / 6
LEVY_STEP = 1 / 20


def device_positions(scenario, stream):
    """Positions of the devices.

    Parameters
    ----------
    scenario : Scenario
    stream : mec_env.draws.streams.Stream

    Returns
    -------
    (N, 2) float64 array
        x and y [m], within the area.
    """
    n, area = scenario.iotds, np.array(scenario.area)
    if scenario.device_layout == "given":
        return np.array(scenario.device_positions)
    if scenario.device_layout == "uniform":
        return area * stream.uniform(n, 2)
    if scenario.device_layout == "gaussian":
        return np.clip(area * (0.5 + GAUSSIAN_SIGMA * stream.normal(n, 2)), 0.0, area)
    if scenario.device_layout == "levy":
        return _levy_walk(n, area, stream)
    centres = area * stream.uniform(scenario.clusters, 2)
    own = stream.integers(scenario.clusters, n)
    scatter = scenario.cluster_spread * area * stream.normal(n, 2)
    return np.clip(centres[own] + scatter, 0.0, area)


def server_positions(scenario, devices, stream):
    """Positions of the servers.

    Parameters
    ----------
    scenario : Scenario
    devices : (N, 2) array
        Positions of the devices [m], which k-means gathers.
    stream : mec_env.draws.streams.Stream

    Returns
    -------
    (M, 2) float64 array
        x and y [m], within the area.
    """
    if scenario.server_layout == "given":
        return np.array(scenario.server_positions)
    if scenario.server_layout == "random":
        return np.array(scenario.area) * stream.uniform(scenario.mecs, 2)
    return kmeans(devices, scenario.mecs, stream)


def mantegna_steps(stream, beta, count):
    """Steps with Levy-stable tails of index ``beta``, by Mantegna's method.

    u / |v|^(1 / beta) with u ~ N(0, sigma_u^2) and v ~ N(0, 1) (Mantegna,
    Phys. Rev. E 49, 1994).
    """
    sigma = (
        math.gamma(1 + beta)
        * math.sin(math.pi * beta / 2)
        / (math.gamma((1 + beta) / 2) * beta * 2 ** ((beta - 1) / 2))
    ) ** (1 / beta)
    return sigma * stream.normal(count) / np.abs(stream.normal(count)) ** (1 / beta)


def _levy_walk(n, area, stream):
    """A walk from the centre in random directions, folded back at the border."""
    length = np.abs(mantegna_steps(stream, LEVY_BETA, n)) * LEVY_STEP
    angle = 2.0 * np.pi * stream.uniform(n)
    walk = 0.5 + np.cumsum(
        length[:, None] * np.stack((np.cos(angle), np.sin(angle)), axis=1), axis=0
    )
    return area * (1.0 - np.abs(np.mod(walk, 2.0) - 1.0))


def kmeans(points, count, stream, rounds=100):
    """Centres by Lloyd's rounds from a k-means++ start.

    Ours rather than scipy's: a frozen world must not move with scipy's version,
    and importing ``scipy.cluster`` would double the time to the first step.

    Parameters
    ----------
    points : (N, 2) array
    count : int
        Number of centres; beyond N, centres repeat.
    stream : mec_env.draws.streams.Stream
    rounds : int
        Rounds at most; it stops before when no point changes its centre.

    Returns
    -------
    (count, 2) float64 array
    """
    return _lloyd(np.ascontiguousarray(points), stream.uniform(count), rounds)


@njit(cache=True, nogil=True)
def _lloyd(points, chances, rounds):
    n, count = points.shape[0], chances.size
    centres = np.empty((count, 2))
    nearest = np.empty(n)
    own = np.empty(n, dtype=np.int64)
    total = 0.0
    for k in range(count):
        # k-means++: the next centre is a point, with odds by squared distance to the last ones.
        chosen = int(chances[k] * n)
        if total > 0.0:
            target, running = chances[k] * total, 0.0
            for i in range(n):
                running += nearest[i]
                if running >= target:
                    chosen = i
                    break
        centres[k, 0], centres[k, 1] = points[chosen, 0], points[chosen, 1]
        total = 0.0
        for i in range(n):
            d = (points[i, 0] - centres[k, 0]) ** 2 + (points[i, 1] - centres[k, 1]) ** 2
            nearest[i] = d if k == 0 else min(nearest[i], d)
            total += nearest[i]
            own[i] = -1
    for _ in range(rounds):
        moved = False
        sums = np.zeros((count, 3))
        for i in range(n):
            best, where = np.inf, 0
            for k in range(count):
                d = (points[i, 0] - centres[k, 0]) ** 2 + (points[i, 1] - centres[k, 1]) ** 2
                if d < best:
                    best, where = d, k
            moved |= where != own[i]
            own[i] = where
            sums[where, 0] += points[i, 0]
            sums[where, 1] += points[i, 1]
            sums[where, 2] += 1.0
        if not moved:
            break
        for k in range(count):
            if sums[k, 2] > 0.0:
                centres[k, 0] = sums[k, 0] / sums[k, 2]
                centres[k, 1] = sums[k, 1] / sums[k, 2]
    return centres
