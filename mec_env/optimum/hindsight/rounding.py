"""Sums of a bound and of a cost, rounded to the safe side."""

import numpy as np
from numba import njit

from mec_env.optimum.dual import UNIT, add_exactly


@njit(cache=True, nogil=True, error_model="numpy")
def shared_cpu_loss(prices, congestion):
    """Return sum of prices**2 / (4 congestion), what prices on a shared CPU's load give away.

    A term has 2 roundings, the compensated sum adds 2.
    """
    slots, servers = prices.shape
    loss, lost = 0.0, 0.0
    for t in range(slots):
        for j in range(servers):
            loss, lost = add_exactly(
                loss, lost, prices[t, j] * prices[t, j] / (4.0 * congestion[j])
            )
    return loss + lost


@njit(cache=True, nogil=True, error_model="numpy")
def round_down(gain, loss, roundings):
    """Return a float not above the true gain - loss, nor below 0, which costs >= 0 allow.

    Both numbers are sums of terms >= 0, so n roundings leave a relative error of at most
    n units / (1 - n units). ``roundings`` is the most that any term has gone through before; up
    to 8 more are the compensated sums', the difference's and this formula's own.
    """
    lowered = (gain - loss) - (roundings + 8.0) * UNIT * (gain + loss)
    return max(np.nextafter(lowered, -np.inf), 0.0)


@njit(cache=True, nogil=True, error_model="numpy")
def congestion_cost(load, congestion):
    """Return sum of congestion * load**2 over slots and servers, compensated."""
    slots, servers = load.shape
    cost, lost = 0.0, 0.0
    for t in range(slots):
        for j in range(servers):
            cost, lost = add_exactly(cost, lost, congestion[j] * load[t, j] * load[t, j])
    return cost + lost
