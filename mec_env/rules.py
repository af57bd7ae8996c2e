"""Policies without learning: what every learner must beat.

A rule has ``decide(slot) -> decision``; one that draws random numbers also has
``reset(seed)``, called before each episode.
"""

import numpy as np
from numba import njit

from mec_env import streams


class Local:
    """Every device runs its own task."""

    name = "local"

    def decide(self, slot):
        """Decision (N,) int64 of 0 .. M."""
        return np.zeros(slot.gain.shape[0], dtype=np.int64)


class Nearest:
    """Every device offloads to the nearest server."""

    name = "nearest"

    def decide(self, slot):
        """Decision (N,) int64 of 1 .. M."""
        return np.argmin(slot.distance, axis=1) + 1


class BestLink:
    """Every device offloads over its best link."""

    name = "best-link"

    def decide(self, slot):
        """Decision (N,) int64 of 1 .. M."""
        return np.argmax(slot.gain, axis=1) + 1


class Remote:
    """The paper's *Remote*: the nearest server, local where the capacity rule says so."""

    name = "remote"

    def decide(self, slot):
        """Decision (N,) int64 of 0 .. M."""
        return capacity_rule(slot, Nearest().decide(slot))


class Random:
    """The paper's *Random*: local or any server with equal odds, under the capacity rule."""

    name = "random"

    def __init__(self):
        self.reset(0)

    def reset(self, seed):
        """Start the decisions that belong to a seed."""
        self._rng = np.random.default_rng([seed, streams.MAX_SEED])

    def decide(self, slot):
        """Decision (N,) int64 of 0 .. M."""
        n, m = slot.gain.shape
        return capacity_rule(slot, self._rng.integers(0, m + 1, n))


class Greedy:
    """Device after device takes the choice that adds least to the objective so far."""

    name = "greedy"

    def decide(self, slot):
        """Decision (N,) int64 of 0 .. M."""
        return _greedy(slot.link_cost, slot.local_cost, slot.tasks.root_cycles, slot.congestion)


RULES = {rule.name: rule for rule in (Local, Remote, Random, Nearest, BestLink, Greedy)}


def capacity_rule(slot, decision):
    """Send devices home that a server has no room for.

    The paper's Random and Remote run a task locally "if the computational
    resource is insufficient" and don't say when it is. Ours: a server admits
    devices while each could still get its own local speed, sum f_i0 <= F_j^max;
    the needier (larger F_i) stay out first, among equals the smaller gain.

    Parameters
    ----------
    slot : Slot
    decision : (N,) integers
        0 .. M.

    Returns
    -------
    (N,) int64 array
    """
    kept = np.array(decision, dtype=np.int64)
    for j in range(slot.gain.shape[1]):
        asking = np.flatnonzero(kept == j + 1)
        order = asking[np.lexsort((-slot.gain[asking, j], slot.cycles[asking]))]
        full = np.cumsum(slot.local_speed[order]) > slot.server_speed[j]
        kept[order[full]] = 0
    return kept


@njit(cache=True, nogil=True)
def _greedy(link_cost, local_cost, weight, congestion):
    n, m = link_cost.shape
    load = np.zeros(m)
    decision = np.zeros(n, dtype=np.int64)
    for i in range(n):
        best = local_cost[i]
        for j in range(m):
            # What the server's (sum of weights)^2 grows by when the device joins.
            added = congestion[j] * weight[i] * (2.0 * load[j] + weight[i])
            if link_cost[i, j] + added < best:
                best = link_cost[i, j] + added
                decision[i] = j + 1
        if decision[i] > 0:
            load[decision[i] - 1] += weight[i]
    return decision
