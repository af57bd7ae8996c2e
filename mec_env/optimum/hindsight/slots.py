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
    prices : (T, M) float64
    """
    slots, devices, servers = link.shape
    everywhere = np.broadcast_to(congestion, (slots, servers))
    parts = tuple(map(read_only, (link, local, weight, everywhere)))
    out = decision, _, _, _, prices = (
        np.empty((slots, devices), np.int64),
        np.empty(slots),
        np.empty(slots),
        np.empty(slots),
        np.empty((slots, servers)),
    )
    certify_rows(0, slots, parts, False, False, out)
    return decision, prices


def read_only(array):
    """A view in C order that can't be written: to numba any other is a type of its own, compiled anew."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view
