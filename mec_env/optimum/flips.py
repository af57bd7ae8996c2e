"""The search over flips that :mod:`mec_env.optimum.subset` ends with, and its work arrays.

Depth-first and *balanced*: while the load is short of its target only an item may enter, otherwise
only one may leave. Every set of flips has such an order, or a cheaper subset of it has.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

#: Rows of a :class:`Work`.
SAVING, WEIGHT, MARGIN, REDUCED, LOAD, RATE, SPENT, DISTANCE = range(8)
DEVICE, START, CURSOR, ITEM, NEXT_IN, NEXT_OUT, KIND, TWIN, ENTERED, LAST, FLIPS, CANDIDATE = range(
    12
)
KEEP, CHOSEN, FLIPPED = range(3)
#: Items are looked at so many at a time.
LANES = 16
#: Orders of so few are sorted by insertion, as numpy's does.
_FEW = 15

# No fastmath: the search compares sums whose terms nearly cancel.
_compile = njit(cache=True, nogil=True, error_model="numpy")


class Work(NamedTuple):
    """Room to work in, so that kernels allocate nothing: most of what a few askers cost.

    Attributes
    ----------
    numbers : (8, K) float64
        ``SAVING`` and ``WEIGHT`` are given, one entry an asker; K is a multiple of ``LANES`` or more.
    indices : (12, K) int64
    flags : (3, K) bool
        ``KEEP`` is what is found.
    """

    numbers: np.ndarray
    indices: np.ndarray
    flags: np.ndarray


@_compile
def work_for(devices, servers):
    """A Work for so many devices, as a bare tuple; the servers' number counts in grouping them."""
    size = max(devices + 1, servers + 2, -(-devices // LANES) * LANES)
    return (
        np.empty((8, size)),
        np.empty((12, size), np.int64),
        np.empty((3, size), np.bool_),
    )


@_compile
def sort_by(work, key, row, start, end):
    """Sort ``indices[row, start : end]`` by ``numbers[key]`` of what they name."""
    x, index = work[0], work[1]
    if end - start > _FEW:
        part = index[row, start:end].copy()
        index[row, start:end] = part[np.argsort(x[key][part])]
        return
    for k in range(start + 1, end):
        moved, at = index[row, k], k
        while at > start and x[key, index[row, at - 1]] > x[key, moved]:
            index[row, at] = index[row, at - 1]
            at -= 1
        index[row, at] = moved


@_compile
def _dominance(work, size, side_end):
    """Number the weights, and link each item to the one of its weight that must flip before it.

    The ``size`` candidates, ``CANDIDATE``, are those that may enter, up to ``side_end``, and then the
    others, each side by rising reduced cost per weight. ``KIND`` is equal exactly where weights are;
    ``TWIN`` the last earlier candidate of the same side and kind, −1 where there is none.
    """
    x, index = work[0], work[1]
    for k in range(size):
        index[ITEM, k] = k
        x[LOAD, k] = x[WEIGHT, index[CANDIDATE, k]]
    sort_by(work, LOAD, ITEM, 0, size)
    kinds = -1
    previous = np.nan
    for at in range(size):
        k = index[ITEM, at]
        if x[LOAD, k] != previous:
            kinds += 1
            previous = x[LOAD, k]
            index[LAST, kinds] = -1
        index[KIND, k] = kinds
    for k in range(size):
        if k == side_end:
            for kind in range(kinds + 1):
                index[LAST, kind] = -1
        index[TWIN, k] = index[LAST, index[KIND, k]]
        index[LAST, index[KIND, k]] = k


@_compile
def _closing_cost(work, distance, first, end, congestion):
    """Least cost from here on if items first..end−1 could move in part: a bound on all that moves them whole."""
    x, candidate = work[0], work[1]
    cost = 0.0
    for at in range(first, end):
        k = candidate[CANDIDATE, at]
        # Beyond this, item k costs more than it closes.
        move = distance - x[RATE, k] / (2.0 * congestion)
        if move <= 0.0:
            break
        if move < x[WEIGHT, k]:
            return cost + x[RATE, k] * move + congestion * (distance - move) ** 2
        cost += x[REDUCED, k]
        distance -= x[WEIGHT, k]
    return cost + congestion * distance * distance


@_compile
def search(work, size, side_end, offset, congestion, excess, noise, node_cap):
    """Best set of flips of the ``size`` candidates by balanced depth-first search.

    Parameters
    ----------
    work : Work
        Candidates as :func:`_dominance` has them, their reduced costs and rates.
    side_end : int
        Where those that may enter end.
    offset : float
        Load of the price's own choice minus y.
    excess : float
        The incumbent's excess over the bound, to be beaten by more than `noise`.

    Returns
    -------
    found : int
        How many flips, ``FLIPS``, the best set has; 0 where none beats the incumbent.
    nodes : int
        Sets looked at.
    capped : bool
        Whether `node_cap` ended the search.
    """
    x, index, flag = work
    _dominance(work, size, side_end)
    for k in range(size):
        flag[FLIPPED, k] = False
        index[ENTERED, k] = 0  # by kind: how many entered, negative when some left
    found = 0
    nodes = 0

    # By depth: the candidate flipped, reduced costs so far, load minus y, and by side the next to try.
    depth = 0
    x[SPENT, 0], x[DISTANCE, 0] = 0.0, offset
    index[NEXT_IN, 0], index[NEXT_OUT, 0] = 0, side_end
    while True:
        inwards = x[DISTANCE, depth] < 0.0
        side, step, end = (NEXT_IN, 1, side_end) if inwards else (NEXT_OUT, -1, size)
        budget = excess - noise - x[SPENT, depth]
        k = index[side, depth]
        while k < end and (
            x[REDUCED, index[CANDIDATE, k]] >= budget
            or index[ENTERED, index[KIND, k]] * step < 0
            or (index[TWIN, k] >= 0 and not flag[FLIPPED, index[TWIN, k]])
        ):
            k += 1
        # The bound only rises with k, so the first failure ends this depth.
        if k == end or (_closing_cost(work, abs(x[DISTANCE, depth]), k, end, congestion) >= budget):
            if depth == 0:
                return found, nodes, False
            last = index[ITEM, depth]
            flag[FLIPPED, last] = False
            index[ENTERED, index[KIND, last]] += 1 if last >= side_end else -1
            depth -= 1
            continue
        index[side, depth] = k + 1
        if nodes >= node_cap:
            return found, nodes, True
        nodes += 1
        flag[FLIPPED, k] = True
        index[ENTERED, index[KIND, k]] += step
        depth += 1
        index[ITEM, depth] = k
        x[SPENT, depth] = x[SPENT, depth - 1] + x[REDUCED, index[CANDIDATE, k]]
        x[DISTANCE, depth] = x[DISTANCE, depth - 1] + step * x[WEIGHT, index[CANDIDATE, k]]
        index[NEXT_IN, depth] = index[NEXT_IN, depth - 1]
        index[NEXT_OUT, depth] = index[NEXT_OUT, depth - 1]
        value = x[SPENT, depth] + congestion * x[DISTANCE, depth] ** 2
        if value < excess - noise:
            excess = value
            found = depth
            for flip in range(depth):
                index[FLIPS, flip] = index[ITEM, flip + 1]
