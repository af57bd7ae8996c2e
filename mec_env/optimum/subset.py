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

import numpy as np
from numba import njit

#: Default limit on the sets looked at per server. Slots as they are drawn need fewer than 1,000.
NODE_CAP = 1_000_000

# Differences below this share of the server's cost are rounding noise, not improvements.
_NOISE = 4 * np.finfo(np.float64).eps

# No fastmath: the search compares sums whose terms nearly cancel.
_compile = njit(cache=True, nogil=True, error_model="numpy")


@_compile
def _continuous_price(ratio, load, congestion):
    """Price λ at which the continuous optimum keeps what is worth more: the root of λ = 2q Σ_{s/w > λ} w.

    A three-way quickselect on the ratios s/w, linear in the number of items on average. When one
    item is kept in part, λ is its ratio. ``ratio`` and ``load``, the weights, are reordered.
    """
    slope = 2.0 * congestion
    above = 0.0  # weight of the items known to be kept in full
    low, high = 0, ratio.size
    while low < high:
        pivot = ratio[(low + high) // 2]
        greater, equal = low, low  # [low, greater) > pivot, [greater, equal) == pivot
        weight_greater = weight_equal = 0.0
        for k in range(low, high):
            r, w = ratio[k], load[k]
            if r < pivot:
                continue
            ratio[k], load[k] = ratio[equal], load[equal]
            if r > pivot:
                ratio[equal], load[equal] = ratio[greater], load[greater]
                ratio[greater], load[greater] = r, w
                greater += 1
                weight_greater += w
            else:
                ratio[equal], load[equal] = r, w
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
def _dominance(weight, side_end):
    """Number the weights, and link each item to the one of its weight that must flip before it.

    Parameters
    ----------
    weight : (K,) float64
        Weights of the candidates, those that may enter first, each side by rising reduced cost per weight.
    side_end : int
        Where those that may enter end.

    Returns
    -------
    kind : (K,) int64
        Equal exactly where the weights are.
    twin : (K,) int64
        The last earlier candidate of the same side and kind, −1 where there is none.
    """
    kind = np.empty(weight.size, np.int64)
    twin = np.full(weight.size, -1)
    kinds = -1
    previous = np.nan
    for k in np.argsort(weight):
        if weight[k] != previous:
            kinds += 1
            previous = weight[k]
        kind[k] = kinds
    last = np.full(kinds + 1, -1)
    for k in range(weight.size):
        if k == side_end:
            last[:] = -1
        twin[k] = last[kind[k]]
        last[kind[k]] = k
    return kind, twin


@_compile
def _closing_cost(distance, reduced, weight, rate, first, end, congestion):
    """Least cost from here on if items first..end−1 could move in part: a bound on all that moves them whole."""
    cost = 0.0
    for k in range(first, end):
        move = distance - rate[k] / (
            2.0 * congestion
        )  # beyond this, item k costs more than it closes
        if move <= 0.0:
            break
        if move < weight[k]:
            return cost + rate[k] * move + congestion * (distance - move) ** 2
        cost += reduced[k]
        distance -= weight[k]
    return cost + congestion * distance * distance


@_compile
def _search(reduced, weight, side_end, offset, congestion, excess, noise, node_cap):
    """Best set of flips by balanced depth-first search.

    Parameters
    ----------
    reduced, weight : (K,) float64
        Reduced cost and weight of the candidates, those that may enter first, each side by
        rising reduced cost per weight.
    side_end : int
        Where those that may enter end.
    offset : float
        Load of the price's own choice minus y.
    excess : float
        The incumbent's excess over the bound, to be beaten by more than `noise`.

    Returns
    -------
    flips : (≤ K,) int64
        Candidates to flip; meaningful where `improved`.
    improved : bool
    nodes : int
        Sets looked at.
    capped : bool
        Whether `node_cap` ended the search.
    """
    size = reduced.size
    kind, twin = _dominance(weight, side_end)

    rate = reduced / weight
    flipped = np.zeros(size, np.bool_)
    entered = np.zeros(size, np.int64)  # by kind: how many entered, negative when some left
    item = np.empty(size + 1, np.int64)  # by depth: the candidate flipped there
    spent = np.empty(size + 1)  # by depth: reduced costs so far
    distance = np.empty(size + 1)  # by depth: load minus y
    following = np.empty((size + 1, 2), np.int64)  # by depth and side: the next candidate to try
    flips = np.empty(size, np.int64)
    found = 0
    nodes = 0

    depth = 0
    spent[0], distance[0] = 0.0, offset
    following[0, 0], following[0, 1] = 0, side_end
    while True:
        side, step, end = (0, 1, side_end) if distance[depth] < 0.0 else (1, -1, size)
        budget = excess - noise - spent[depth]
        k = following[depth, side]
        while k < end and (
            reduced[k] >= budget
            or entered[kind[k]] * step < 0
            or (twin[k] >= 0 and not flipped[twin[k]])
        ):
            k += 1
        # The bound only rises with k, so the first failure ends this depth.
        if k == end or (
            _closing_cost(abs(distance[depth]), reduced, weight, rate, k, end, congestion) >= budget
        ):
            if depth == 0:
                return flips[:found], found > 0, nodes, False
            flipped[item[depth]] = False
            entered[kind[item[depth]]] += 1 if item[depth] >= side_end else -1
            depth -= 1
            continue
        following[depth, side] = k + 1
        if nodes >= node_cap:
            return flips[:found], found > 0, nodes, True
        nodes += 1
        flipped[k] = True
        entered[kind[k]] += step
        depth += 1
        item[depth] = k
        spent[depth] = spent[depth - 1] + reduced[k]
        distance[depth] = distance[depth - 1] + step * weight[k]
        following[depth] = following[depth - 1]
        value = spent[depth] + congestion * distance[depth] ** 2
        if value < excess - noise:
            excess = value
            found = depth
            flips[:found] = item[1 : depth + 1]


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
    asker = np.empty(saving.size, np.int64)
    n = 0
    for k in range(saving.size):
        if saving[k] > 0.0:
            asker[n] = k
            n += 1
    if n == 0:
        return keep, 0, False
    asker = asker[:n]
    # One array for all numbers: allocating is most of what a few askers cost.
    room = np.empty((5, n))
    s, w, margin, ratio, copy = room[0], room[1], room[2], room[3], room[4]
    for k in range(n):
        s[k], w[k] = saving[asker[k]], weight[asker[k]]
        ratio[k], copy[k] = s[k] / w[k], w[k]
    price = _continuous_price(ratio, copy, congestion)
    for k in range(n):
        margin[k] = (s[k] / w[k] - price) * w[k]  # exactly 0 at the price, as s − λ w need not be
    load = total_load = scale = raw_excess = 0.0
    for k in range(n):
        total_load += w[k]
        if margin[k] > 0.0:
            load += w[k]
            scale += s[k]
        else:
            raw_excess -= margin[k]
    # Items worth exactly the price fill up to y, so that ties start the search in balance.
    target = price / (2.0 * congestion)
    chosen = np.empty(n, np.bool_)
    for k in range(n):
        chosen[k] = margin[k] > 0.0
    for k in range(n):
        if margin[k] == 0.0 and load + w[k] <= target:
            chosen[k] = True
            load += w[k]
            scale += s[k]
    offset = load - target
    noise = _NOISE * (scale + congestion * target * target)

    # The incumbent: keep everyone, unless the price's choice or one flip of it is better.
    keep[asker] = True
    excess = raw_excess + congestion * (total_load - target) ** 2
    flip = -1
    if congestion * offset * offset < excess - noise:
        excess = congestion * offset * offset
        keep[asker] = chosen
    for k in range(n):
        shifted = offset - w[k] if chosen[k] else offset + w[k]
        value = abs(margin[k]) + congestion * shifted * shifted
        if value < excess - noise:
            excess = value
            flip = k
    if flip >= 0:
        keep[asker] = chosen
        keep[asker[flip]] = not chosen[flip]

    # Fix every item whose flip alone costs what the incumbent does; search over the others.
    # Of one weight, items enter or leave in a row, at convex cost: one flip at most, already tried.
    free = 0
    lightest, heaviest = np.inf, 0.0
    for k in range(n):
        if abs(margin[k]) < excess - noise:
            free += 1
            lightest, heaviest = min(lightest, w[k]), max(heaviest, w[k])
    if free == 0 or lightest == heaviest:
        return keep, 0, False
    reduced = np.abs(margin)
    entering = np.flatnonzero((reduced < excess - noise) & ~chosen)
    leaving = np.flatnonzero((reduced < excess - noise) & chosen)
    rate = reduced / w
    candidate = np.concatenate(
        (entering[np.argsort(rate[entering])], leaving[np.argsort(rate[leaving])])
    )
    flips, improved, nodes, capped = _search(
        reduced[candidate], w[candidate], entering.size, offset, congestion, excess, noise, node_cap
    )
    if improved:
        keep[asker] = chosen
        for k in candidate[flips]:
            keep[asker[k]] = not chosen[k]
    return keep, nodes, capped
