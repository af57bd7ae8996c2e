"""From scores to a decision: the paper's maximum vote (section IV-C, item 5)."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def vote(scores, gain, decision):
    """Fill ``decision`` (N,) by the highest score of each device.

    A device goes to the server with its highest score if that is at least 0.5,
    and runs locally otherwise. Scores outside [0, 1] are clipped; among equal
    highest scores the larger gain wins, then the lower server. Both rules are
    ours: trained networks saturate, and the first index would load server 1.

    Parameters
    ----------
    scores : (M * N,) float
        Server by server.
    gain : (M, N) float32
        Channel gains.
    decision : (N,) int64
        Filled with 0 .. M.

    Returns
    -------
    bool
        False if a score is not a number (the decision is then worthless).
    """
    m, n = gain.shape
    for i in range(n):
        best = 0.5
        where = -1
        for j in range(m):
            s = scores[j * n + i]
            if np.isnan(s):
                return False
            s = min(s, 1.0)
            if s > best or (s == best and (where < 0 or gain[j, i] > gain[where, i])):
                best = s
                where = j
        decision[i] = where + 1
    return True
