"""The best subset of a server's askers, exactly.

A server with congestion coefficient q = φ_T / F_max that keeps the set K of its askers pays

    q (Σ_K w_i)² − Σ_K s_i ,    w_i = √F_i ,    s_i = local_i − link_i

against running every asker locally. No server's choice touches another's, so the best decision
reachable by sending devices back is found server by server.

How one server is solved. At any price λ ≥ 0, with y = λ / 2q, the cost of keeping K is a constant plus

    Σ_{i flipped} |s_i − λ w_i|  +  q (Σ_K w_i − y)² ,

where the *flipped* items are those on which K differs from the price's own choice (keep i when
s_i > λ w_i). The identity holds at every λ, so rounding in the price can't cost exactness; the
price of the continuous optimum makes both terms small. From there:

1. the incumbent is the best of the raw decision, the price's choice, and every single flip of it;
2. an item whose reduced cost |s_i − λ w_i| is not below the incumbent's excess is fixed;
3. the few items left are searched depth-first, cheapest reduced cost per weight first and
   *balanced*: while the load is short of y only an item may enter, otherwise only one may leave.
   Every set of flips has such an order, or a cheaper subset of it has, so nothing is lost and the
   load never strays far from y. A branch ends where even items moved in part could not beat the
   incumbent; that bound keeps the search short when weights spread over many decades.

Ties, which equal tasks bring everywhere, are cut by dominance: among items of one weight the one
with the smaller reduced cost flips first, and none enters while another leaves. What stays hard is
the subset-sum problem (savings proportional to distinct weights); there the node cap ends it.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

#: Default limit on the sets looked at per server. Slots as they are drawn need fewer than 1,000.
NODE_CAP = 1_000_000

# Differences below this share of the server's cost are rounding noise, not improvements.
_NOISE = 4 * np.finfo(np.float64).eps

#: Rows of a :class:`Work`.
SAVING, WEIGHT, MARGIN, REDUCED, LOAD, RATE, SPENT, DISTANCE = range(8)
DEVICE, START, CURSOR, ITEM, NEXT_IN, NEXT_OUT, KIND, TWIN, ENTERED, LAST, FLIPS, CANDIDATE = range(
    12
)
KEEP, CHOSEN, FLIPPED = range(3)
#: Orders of so few are sorted by insertion, as numpy's does.
_FEW = 15

# No fastmath: the search compares sums whose terms nearly cancel.
_compile = njit(cache=True, nogil=True, error_model="numpy")


class Work(NamedTuple):
    """Room to work in, so that kernels allocate nothing: most of what a few askers cost.

    Attributes
    ----------
    numbers : (8, K) float64
        ``SAVING`` and ``WEIGHT`` are given, one entry an asker.
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
    size = max(devices + 1, servers + 2)
    return (
        np.empty((8, size)),
        np.empty((12, size), np.int64),
        np.empty((3, size), np.bool_),
    )


@_compile
def _continuous_price(work, size, congestion):
    """Price λ at which the continuous optimum keeps what is worth more: the root of λ = 2q Σ_{s/w > λ} w.

    A three-way quickselect on the ratios s/w, linear in the number of items on average. When one
    item is kept in part, λ is its ratio. ``RATE`` and ``LOAD``, ratios and weights, are reordered.
    """
    x = work[0]
    slope = 2.0 * congestion
    above = 0.0  # weight of the items known to be kept in full
    low, high = 0, size
    while low < high:
        pivot = x[RATE, (low + high) // 2]
        greater, equal = low, low  # [low, greater) > pivot, [greater, equal) == pivot
        weight_greater = weight_equal = 0.0
        for k in range(low, high):
            r, w = x[RATE, k], x[LOAD, k]
            if r < pivot:
                continue
            x[RATE, k], x[LOAD, k] = x[RATE, equal], x[LOAD, equal]
            if r > pivot:
                x[RATE, equal], x[LOAD, equal] = x[RATE, greater], x[LOAD, greater]
                x[RATE, greater], x[LOAD, greater] = r, w
                greater += 1
                weight_greater += w
            else:
                x[RATE, equal], x[LOAD, equal] = r, w
                weight_equal += w
            equal += 1
        if slope * (above + weight_greater) >= pivot:
            high = greater
        elif slope * (above + weight_greater + weight_equal) >= pivot:
            return pivot
        else:
            above += weight_greater + weight_equal
            low = equal
    return slope * above


@_compile
def _order(work, key, row, start, end):
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
    _order(work, LOAD, ITEM, 0, size)
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
def _search(work, size, side_end, offset, congestion, excess, noise, node_cap):
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


@_compile
def subset_in(work, n, congestion, node_cap):
    """:func:`best_subset` of the n > 0 askers in ``work``, which all save something.

    ``SAVING`` and ``WEIGHT`` stay as they are; ``KEEP`` is filled.

    Returns
    -------
    nodes : int
    capped : bool
    """
    x, index, flag = work
    for k in range(n):
        x[RATE, k], x[LOAD, k] = x[SAVING, k] / x[WEIGHT, k], x[WEIGHT, k]
    price = _continuous_price(work, n, congestion)
    load = total_load = scale = raw_excess = 0.0
    for k in range(n):
        # Exactly 0 at the price, as s − λ w need not be.
        margin = (x[SAVING, k] / x[WEIGHT, k] - price) * x[WEIGHT, k]
        x[MARGIN, k], flag[CHOSEN, k] = margin, margin > 0.0
        total_load += x[WEIGHT, k]
        if margin > 0.0:
            load += x[WEIGHT, k]
            scale += x[SAVING, k]
        else:
            raw_excess -= margin
    # Items worth exactly the price fill up to y, so that ties start the search in balance.
    target = price / (2.0 * congestion)
    for k in range(n):
        if x[MARGIN, k] == 0.0 and load + x[WEIGHT, k] <= target:
            flag[CHOSEN, k] = True
            load += x[WEIGHT, k]
            scale += x[SAVING, k]
    offset = load - target
    noise = _NOISE * (scale + congestion * target * target)

    # The incumbent: keep everyone, unless the price's choice or one flip of it is better.
    all_kept = True
    excess = raw_excess + congestion * (total_load - target) ** 2
    flip = -1
    if congestion * offset * offset < excess - noise:
        excess = congestion * offset * offset
        all_kept = False
    for k in range(n):
        shifted = offset - x[WEIGHT, k] if flag[CHOSEN, k] else offset + x[WEIGHT, k]
        value = abs(x[MARGIN, k]) + congestion * shifted * shifted
        if value < excess - noise:
            excess = value
            flip = k
    for k in range(n):
        flag[KEEP, k] = flag[CHOSEN, k] or (all_kept and flip < 0)
    if flip >= 0:
        flag[KEEP, flip] = not flag[CHOSEN, flip]

    # Fix every item whose flip alone costs what the incumbent does; search over the others.
    # Of one weight, items enter or leave in a row, at convex cost: one flip at most, already tried.
    free = 0
    lightest, heaviest = np.inf, 0.0
    for k in range(n):
        if abs(x[MARGIN, k]) < excess - noise:
            free += 1
            lightest, heaviest = min(lightest, x[WEIGHT, k]), max(heaviest, x[WEIGHT, k])
    if free == 0 or lightest == heaviest:
        return 0, False
    entering, size = 0, 0
    for leaves in (False, True):
        for k in range(n):
            x[REDUCED, k] = abs(x[MARGIN, k])
            if x[REDUCED, k] < excess - noise and flag[CHOSEN, k] == leaves:
                x[RATE, k] = x[REDUCED, k] / x[WEIGHT, k]
                index[CANDIDATE, size] = k
                size += 1
        if not leaves:
            entering = size
    _order(work, RATE, CANDIDATE, 0, entering)
    _order(work, RATE, CANDIDATE, entering, size)
    found, nodes, capped = _search(
        work, size, entering, offset, congestion, excess, noise, node_cap
    )
    if found > 0:
        for k in range(n):
            flag[KEEP, k] = flag[CHOSEN, k]
        for at in range(found):
            k = index[CANDIDATE, index[FLIPS, at]]
            flag[KEEP, k] = not flag[CHOSEN, k]
    return nodes, capped


@_compile
def best_subset(saving, weight, congestion, node_cap=NODE_CAP):
    """Subset of one server's askers that minimises q (Σ w)² − Σ s.

    Parameters
    ----------
    saving : (n,) float64
        What each asker saves on the server before sharing its CPU, local cost minus link cost
        [weighted s and J]. An asker that saves nothing (zero, negative or NaN) is never kept.
    weight : (n,) float64
        √F_i [√cycles], positive.
    congestion : float
        q = φ_T / F_max [weighted s per cycle], positive.
    node_cap : int
        Most sets to look at beyond single flips.

    Returns
    -------
    keep : (n,) bool
        The best subset, or the best one found if `capped`. Where all askers are worth keeping up
        to rounding, all are kept.
    nodes : int
        Sets looked at.
    capped : bool
        Whether `node_cap` ended the search, so that optimality isn't proved.
    """
    keep = np.zeros(saving.size, np.bool_)
    work = work_for(saving.size, 0)
    x, index, flag = work
    n = 0
    for k in range(saving.size):
        if saving[k] > 0.0:
            x[SAVING, n], x[WEIGHT, n], index[DEVICE, n] = saving[k], weight[k], k
            n += 1
    if n == 0:
        return keep, 0, False
    nodes, capped = subset_in(work, n, congestion, node_cap)
    for k in range(n):
        keep[index[DEVICE, k]] = flag[KEEP, k]
    return keep, nodes, capped
