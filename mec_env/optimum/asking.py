"""Asking again: devices that a server refused, or that heard the servers' loads, ask once more.

At the same prices: a refused device asks its next cheapest option, until a server keeps it or it is
better off at home. No number is exchanged, for a refusal is answer enough.

After a broadcast of the loads L_j: on another server a device would add the cost c_ij + q_j w_i
(w_i + 2 L_j). By leaving its seat, its place on a server, it saves c_ij + q_j w_i (2 L_j - w_i). It
asks for the cheapest option, and tells the server what it pays now. All devices ask at once and
know of each other only by the loads, so too many would leave a server that is a little too full.
Therefore a device leaves a seat only for a gain above ``reserve``, a share of what congestion costs
the device on either server.

In both cases a server keeps exactly the best subset of its holders, the devices with a seat on it,
and of the devices that ask. A holder that isn't kept runs locally; an asker that isn't kept stays
where it was.
"""

import numpy as np
from numba import njit

from mec_env.optimum.subset import best_subset


@njit(cache=True, nogil=True, error_model="numpy")
def ask_again(problem, decision, reserve):
    """One broadcast and what follows, in ``decision`` (N,) itself.

    Parameters
    ----------
    problem : Problem
        With positive weights.
    decision : (N,) int64
        0 for local, j for server j (1..M): who has a seat where.
    reserve : float
        0 or more.

    Returns
    -------
    int
        Numbers exchanged: a load of each server, and what each asker with a seat pays now.
    """
    link, local, weight, congestion = problem
    n, m = link.shape
    load = np.zeros(m)
    for i in range(n):
        if decision[i] > 0:
            load[decision[i] - 1] += weight[i]
    asked, pays = np.zeros(n, np.int64), local.copy()
    told = m
    for i in range(n):
        w, seat = weight[i], decision[i] - 1
        dearer = 1.0
        if seat >= 0:
            relief = congestion[seat] * w * (2.0 * load[seat] - w)
            pays[i] = min(local[i], link[i, seat] + (1.0 - reserve) * relief)
            dearer += reserve
        best = pays[i]
        for j in range(m):
            cost = link[i, j] + dearer * congestion[j] * w * (w + 2.0 * load[j])
            if j != seat and cost < best:
                best, asked[i] = cost, j + 1
        told += seat >= 0 and asked[i] > 0
    _keep(problem, decision, asked, pays)
    return told


@njit(cache=True, nogil=True, error_model="numpy")
def ask_next(problem, prices, decision, refused):
    """Let refused devices ask their next option at the same prices, in ``decision`` (N,) itself.

    Parameters
    ----------
    problem : Problem
        With positive weights.
    prices : (M,) float64
        What servers ask per unit of weight.
    decision : (N,) int64
        0 for local, j for server j (1..M): who has a seat where.
    refused : (N, M) bool
        Which device was refused by which server; new refusals are added.

    Returns
    -------
    bool
        Whether anybody asked.
    """
    link, local, weight, _ = problem
    n, m = link.shape
    asked, anybody = np.zeros(n, np.int64), False
    for i in range(n):
        if decision[i] > 0:
            continue
        best = local[i]
        for j in range(m):
            cost = link[i, j] + prices[j] * weight[i]
            if cost < best and not refused[i, j]:
                best, asked[i], anybody = cost, j + 1, True
    if anybody:
        before = decision.copy()
        _keep(problem, decision, asked, local)
        for i in range(n):
            wanted = max(asked[i], before[i])
            if decision[i] != wanted:
                refused[i, wanted - 1] = True
    return anybody


@njit(cache=True, nogil=True, error_model="numpy")
def _keep(problem, decision, asked, pays):
    """Let each server keep the best of its holders and of those that ask; ``pays`` else."""
    link, local, weight, congestion = problem
    n, m = link.shape
    before = decision.copy()
    group = np.empty(n, np.int64)
    for j in range(m):
        count = 0
        for i in range(n):
            if before[i] == j + 1 or asked[i] == j + 1:
                group[count] = i
                count += 1
        if count == 0:
            continue
        who = group[:count]
        saving = np.empty(count)
        for k in range(count):
            # A holder that isn't kept runs locally, one that asks goes on as before.
            saving[k] = (local if before[who[k]] == j + 1 else pays)[who[k]] - link[who[k], j]
        keep = best_subset(saving, weight[who], congestion[j])[0]
        for k in range(count):
            i = who[k]
            if before[i] != j + 1:
                if keep[k]:
                    decision[i] = j + 1
            elif not keep[k] and decision[i] == j + 1:
                decision[i] = 0
