"""Every slot certified by itself: where the prices of an episode start, and a decision to beat."""

import numpy as np

from mec_env.optimum.certificate import certify_rows


def certify_slots(link, local, weight, congestion):
    """Certify T slots that share nothing.

    Parameters
    ----------
    link : (T, N, M) float64
        inf where an option is not allowed.
    local, weight : (T, N) float64
    congestion : (M,) float64

    Returns
    -------
    decision : (T, N) int64
    lower_bound : (T,) float64
    prices : (T, M) float64
    """
    slots, devices, servers = link.shape
    everywhere = np.broadcast_to(congestion, (slots, servers))
    parts = tuple(map(read_only, (link, local, weight, np.ascontiguousarray(everywhere))))
    out = decision, _, lower_bound, _, prices = (
        np.empty((slots, devices), np.int64),
        np.empty(slots),
        np.empty(slots),
        np.empty(slots),
        np.empty((slots, servers)),
    )
    certify_rows(0, slots, parts, False, False, out)
    return decision, lower_bound, prices


def unit_price(prices, weight, congestion):
    """Return a price > 0 to measure heats by: the mean of ``prices`` (T, M) that are not 0.

    Where all are 0, it is what a single device's load adds to a server's cost.
    """
    asked = prices[prices > 0.0]
    return asked.mean() if asked.size else 2.0 * congestion.mean() * weight.mean()


def read_only(array):
    """A view that can't be written: to numba writable ones are another type, compiled anew."""
    view = array.view()
    view.flags.writeable = False
    return view
