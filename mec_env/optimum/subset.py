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

from mec_env.optimum.filling import continuous_price, likely_price, load_above, load_of_all, roughly
from mec_env.optimum.flips import (
    CANDIDATE,
    CHOSEN,
    DEVICE,
    FLIPS,
    ITEM,
    KEEP,
    LANES,
    LOAD,
    MARGIN,
    RATE,
    REDUCED,
    SAVING,
    WEIGHT,
    search,
    sort_by,
    work_for,
)

#: Default limit on the sets looked at per server. Slots as they are drawn need fewer than 1,000.
NODE_CAP = 1_000_000

# Differences below this share of the server's cost are rounding noise, not improvements.
_NOISE = 4 * np.finfo(np.float64).eps
# A sum in whatever order is sure by this share of it, for as many items as there may be.
_SURE = 1e-9

# No fastmath: what is compared nearly cancels.
_compile = njit(cache=True, nogil=True, error_model="numpy")


@roughly
def _keep_above(work, size, price):
    """Keep the items worth more than a price; what the others lack, and what those save."""
    x, _, flag = work
    lack, scale = 0.0, 0.0
    for k in range(size):
        kept = x[RATE, k] > price
        flag[KEEP, k] = kept
        scale += x[SAVING, k] if kept else 0.0
        lack += 0.0 if kept else (price - x[RATE, k]) * x[WEIGHT, k]
    return lack, scale


@roughly
def _all_weigh(x, n, weight):
    """Whether all items have this weight."""
    others = 0
    for k in range(n):
        others += x[WEIGHT, k] != weight
    return others == 0


@_compile
def _settled(work, n, size, congestion, price, splits):
    """Whether who is worth more than the price is all there is to say; they are then kept.

    No rounding must tell who that is: of what is compared here, all is further apart.
    """
    x = work[0]
    target, weight = price / (2.0 * congestion), x[WEIGHT, 0]
    if splits and not _all_weigh(x, n, weight):
        return False
    load, above = load_above(x, size, price * (1.0 + _SURE))
    at = load_above(x, size, price * (1.0 - _SURE))[1] - above
    if not splits:
        # They fill the server up to the price: nothing is better, unless the others lack too little.
        if at > 0:
            return False
        lack, scale = _keep_above(work, size, price)
        return above == n or lack > 4.0 * _NOISE * (scale + congestion * target * target)
    if at != 1:
        return False
    # Of one weight, whoever is worth the price itself comes along or not. No other is as good.
    short, beyond = target - load, load + weight - target
    better = congestion * (short * short - beyond * beyond)
    sign = -1.0 if better > 0.0 else 1.0
    _, scale = _keep_above(work, size, price * (1.0 + sign * _SURE))
    doubt = _SURE * (scale + congestion * target * target)
    return (
        min(short, beyond) > _SURE * target and abs(better) > doubt and price * weight > 1e4 * doubt
    )


@_compile
def _choose(work, n, price):
    """The price's own choice: its load, the weights worth exactly the price, all, what it saves and leaves."""
    x, _, flag = work
    load = tied = total = scale = left = 0.0
    for k in range(n):
        # Exactly 0 at the price, as s − λ w need not be.
        margin = (x[SAVING, k] / x[WEIGHT, k] - price) * x[WEIGHT, k]
        chosen = margin > 0.0
        x[MARGIN, k], flag[CHOSEN, k] = margin, chosen
        total += x[WEIGHT, k]
        tied += x[WEIGHT, k] if margin == 0.0 else 0.0
        load += x[WEIGHT, k] if chosen else 0.0
        scale += x[SAVING, k] if chosen else 0.0
        left -= 0.0 if chosen else margin
    return load, tied, total, scale, left


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
    slope = 2.0 * congestion
    size = -(-n // LANES) * LANES
    for k in range(n):
        x[RATE, k] = x[SAVING, k] / x[WEIGHT, k]
    for k in range(n, size):
        x[SAVING, k] = x[WEIGHT, k] = x[RATE, k] = 0.0
    total, most = load_of_all(x, size)
    if load_above(x, size, slope * total * (1.0 + _SURE))[1] == n:
        # All fit, at a price that is below what any is worth.
        for k in range(n):
            flag[KEEP, k] = True
        return 0, False
    price, splits = likely_price(x, n, size, slope, total, most)
    more, less = price * (1.0 + _SURE), price * (1.0 - _SURE)
    if price > 0.0 and _settled(work, n, size, congestion, price, splits):
        return 0, False
    load, tied, total_load, scale, raw_excess = _choose(work, n, price)
    if not (splits and slope * load < less and slope * (load + tied) > more):
        for k in range(n):
            x[RATE, k], x[LOAD, k] = x[SAVING, k] / x[WEIGHT, k], x[WEIGHT, k]
        price = continuous_price(work, n, congestion)
        load, tied, total_load, scale, raw_excess = _choose(work, n, price)
    # Items worth exactly the price fill up to y, so that ties start the search in balance.
    target = price / (2.0 * congestion)
    if tied > 0.0:
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
        x[REDUCED, k] = abs(x[MARGIN, k])
        x[LOAD, k] = x[REDUCED, k] + congestion * shifted * shifted
    better = 0
    for k in range(n):
        index[ITEM, better] = k
        better += x[LOAD, k] < excess - noise
    for at in range(better):
        k = index[ITEM, at]
        if x[LOAD, k] < excess - noise:
            excess = x[LOAD, k]
            flip = k
    for k in range(n):
        flag[KEEP, k] = flag[CHOSEN, k] | (all_kept & (flip < 0))
    if flip >= 0:
        flag[KEEP, flip] = not flag[CHOSEN, flip]

    # Fix every item whose flip alone costs what the incumbent does; search over the others.
    # Of one weight, items enter or leave in a row, at convex cost: one flip at most, already tried.
    free = 0
    for k in range(n):
        index[ITEM, free] = k
        free += x[REDUCED, k] < excess - noise
    lightest, heaviest = np.inf, 0.0
    for at in range(free):
        weight = x[WEIGHT, index[ITEM, at]]
        lightest, heaviest = min(lightest, weight), max(heaviest, weight)
    if free == 0 or lightest == heaviest:
        return 0, False
    entering, size = 0, 0
    for leaves in (False, True):
        for at in range(free):
            k = index[ITEM, at]
            if flag[CHOSEN, k] == leaves:
                x[RATE, k] = x[REDUCED, k] / x[WEIGHT, k]
                index[CANDIDATE, size] = k
                size += 1
        if not leaves:
            entering = size
    sort_by(work, RATE, CANDIDATE, 0, entering)
    sort_by(work, RATE, CANDIDATE, entering, size)
    found, nodes, capped = search(work, size, entering, offset, congestion, excess, noise, node_cap)
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
