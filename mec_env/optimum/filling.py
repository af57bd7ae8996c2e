"""The price that fills a server: the price of the continuous optimum.

At this price λ the load kept is λ / 2q: items worth more are kept in full, and at most one item in
part. The price is the root of λ = 2q Σ_{s/w > λ} w, see :mod:`mec_env.optimum.subset`. The ratios
s/w and the weights w are in a :class:`mec_env.optimum.flips.Work`.
"""

import numpy as np
from numba import njit

from mec_env.optimum.flips import LOAD, RATE, WEIGHT

# Prices tried before the quickselect is left to find it: a few are enough.
_TRIALS = 30

_compile = njit(cache=True, nogil=True, error_model="numpy")
# But for sums that only say where to look, in whatever order: vector code.
roughly = njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "nnan", "nsz"})


@_compile
def continuous_price(work, size, congestion):
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


@roughly
def load_of_all(x, size):
    """Load of all items, and the greatest ratio: positive numbers compare as their bits do."""
    bits = x.view(np.int64)
    load, most = 0.0, np.int64(0)
    for k in range(size):
        load += x[WEIGHT, k]
        most = max(most, bits[RATE, k])
    bits[LOAD, 0] = most
    return load, x[LOAD, 0]


@roughly
def load_above(x, size, price):
    """Load and number of the items worth more than a price."""
    load, count = 0.0, 0
    for k in range(size):
        more = x[RATE, k] > price
        load += x[WEIGHT, k] if more else 0.0
        count += more
    return load, count


@roughly
def _between(x, size, low, high):
    """Ratio and weight of the one item worth more than ``low`` and no more than ``high``."""
    ratio, weight = 0.0, 0.0
    for k in range(size):
        here = (x[RATE, k] > low) & (x[RATE, k] <= high)
        ratio += x[RATE, k] if here else 0.0
        weight += x[WEIGHT, k] if here else 0.0
    return ratio, weight


@_compile
def likely_price(x, n, size, slope, total, most):
    """What :func:`continuous_price` most likely finds, in a few passes of vector code.

    By interpolation until one ratio is left that may be it; sums are of any order.

    Returns
    -------
    price : float
        Negative where none was found, as among equal ratios.
    splits : bool
        Whether the price is a ratio, whose item is kept in part.
    """
    low, under, left = 0.0, n, slope * total
    high = min(left, most)
    load, over = load_above(x, size, high)
    if over == n:
        return high, False
    right, side = slope * load - high, 0
    for _ in range(_TRIALS):
        if under - over <= 1:
            break
        price = low + (high - low) * (left / (left - right))
        if not low < price < high:
            return -1.0, False
        tried, count = load_above(x, size, price)
        # An end that stays twice counts half: else it would stay for ever.
        if slope * tried > price:
            low, under, left = price, count, slope * tried - price
            right *= 0.5 if side > 0 else 1.0
            side = 1
        else:
            high, over, right, load = price, count, slope * tried - price, tried
            left *= 0.5 if side < 0 else 1.0
            side = -1
    if under - over > 1:
        return -1.0, False
    ratio, weight = _between(x, size, low, high)
    if under == over or slope * load >= ratio:
        return slope * load, False
    if slope * (load + weight) >= ratio:
        return ratio, True
    return slope * (load + weight), False
