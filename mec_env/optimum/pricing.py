"""What devices choose at given prices: each the cheapest of its options.

A server's price is per square root of a cycle, the unit of its load. Device i pays link_ij +
price_j * sqrt(F_i) on server j, and local_i at home. At the slot's optimal prices these choices are
the optimum but for rounding (see :mod:`mec_env.optimum.dual`).
"""

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from mec_env.optimum.problem import problem_of
from mec_env.physics.slot import Slot


@njit(cache=True, nogil=True, error_model="numpy")
def choose_at_prices(problem, prices, decision):
    """Fill ``decision`` (N,) with each device's cheapest option; ties go home, then to the lower server."""
    link, local, weight, _ = problem
    for i in range(local.size):
        best, decision[i] = local[i], 0
        for j in range(prices.size):
            asked = link[i, j] + prices[j] * weight[i]
            if asked < best:
                best, decision[i] = asked, j + 1


def at_prices(slot: Slot, prices: ArrayLike) -> NDArray[np.int64]:
    """Each device's cheapest choice when server j asks ``prices[j]`` per square root of a cycle.

    Parameters
    ----------
    slot : mec_env.Slot
    prices : (M,) array_like
        Finite, 0 or more [objective per sqrt(cycle)], such as a certificate's ``prices``.

    Returns
    -------
    (N,) int64 array
        0 (local) or 1 .. M. Among equally cheap choices local comes first, then the lower server.

    Raises
    ------
    ValueError
        For prices of a wrong shape or with a value that is not allowed.
    """
    n, m = slot.gain.shape
    array = np.asarray(prices, dtype=np.float64)
    if array.shape != (m,):
        raise ValueError(f"prices: shape {array.shape}, must be ({m},)")
    bad = ~(np.isfinite(array) & (array >= 0.0))
    if bad.any():
        j = int(np.argmax(bad))
        raise ValueError(f"prices[{j}] = {array[j]:g}: must be a finite number of 0 or more")
    decision = np.empty(n, dtype=np.int64)
    choose_at_prices(tuple(problem_of(slot)), array, decision)
    return decision
