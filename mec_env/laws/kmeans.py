"""Centres of points by k-means, in a version that a frozen world can rely on."""

import numpy as np
from numba import njit


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
