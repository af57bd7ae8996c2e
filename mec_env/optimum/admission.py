"""Server-side admission: which of its askers, the devices that ask for it, each server keeps.

No server's choice touches another's, so the best decision reachable by sending
devices back is found server by server; ``mec_env.optimum.subset`` solves one.
"""

import warnings

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from mec_env.optimum.flips import CURSOR, DEVICE, ITEM, KEEP, LAST, SAVING, START, WEIGHT, work_for
from mec_env.optimum.problem import problem_of
from mec_env.optimum.subset import NODE_CAP, subset_in
from mec_env.physics.outcome import check_decision
from mec_env.physics.slot import Slot


@njit(cache=True, nogil=True, error_model="numpy")
def admit_askers(saving, weight, congestion, decision, node_cap=NODE_CAP):
    """Send back, in ``decision`` itself, the devices that are not worth keeping.

    Parameters
    ----------
    saving : (N,) float64
        What each asker saves on its server before the CPU is shared, local minus link cost.
        Entries of devices that ask for nothing don't count.
    weight : (N,) float64
        Square roots of the cycles, positive.
    congestion : (M,) float64
        φ_T / F_max [weighted s per cycle].
    decision : (N,) int64
        0 for local, j for server j (1..M): who asks where. Not checked.
    node_cap : int
        Most sets to look at per server.

    Returns
    -------
    int
        How many servers ended at the node cap. Their subset is valid, its optimality unproved.
    """
    work = work_for(decision.size, congestion.size)
    return admit_in(work, saving, weight, congestion, decision, node_cap)


@njit(cache=True, nogil=True, error_model="numpy")
def _put(index, cursor, decision, i):
    """Put device i where the next of its server's comes."""
    at = index[cursor, decision[i]]
    index[DEVICE, at] = i
    index[cursor, decision[i]] = at + 1


@njit(cache=True, nogil=True, error_model="numpy")
def admit_in(work, saving, weight, congestion, decision, node_cap=NODE_CAP):
    """:func:`admit_askers` that allocates nothing: ``work`` is a :class:`mec_env.optimum.subset.Work`."""
    x, index, flag = work
    servers = congestion.size
    # Nothing here is told by a branch: who asks whom is anyone's guess.
    askers = 0
    for i in range(decision.size):
        decision[i] = decision[i] if saving[i] > 0.0 else 0
        index[ITEM, askers] = i
        askers += decision[i] > 0
    # Devices grouped by what they ask for: those of server j + 1 are from START[j] to START[j + 1].
    # In two halves side by side, for one count waits for the other where all ask the same server.
    for j in range(servers + 1):
        index[CURSOR, j] = index[LAST, j] = 0
    half = askers // 2
    for k in range(half):
        index[CURSOR, decision[index[ITEM, k]]] += 1
        index[LAST, decision[index[ITEM, half + k]]] += 1
    if askers % 2:
        index[LAST, decision[index[ITEM, askers - 1]]] += 1
    at = 0
    for j in range(servers):
        index[START, j] = at
        first, second = index[CURSOR, j + 1], index[LAST, j + 1]
        index[CURSOR, j + 1], index[LAST, j + 1] = at, at + first
        at += first + second
    index[START, servers] = at
    for k in range(half):
        _put(index, CURSOR, decision, index[ITEM, k])
        _put(index, LAST, decision, index[ITEM, half + k])
    if askers % 2:
        _put(index, LAST, decision, index[ITEM, askers - 1])

    capped_servers = 0
    for j in range(servers):
        first, n = index[START, j], index[START, j + 1] - index[START, j]
        if n == 0:
            continue
        for k in range(n):
            i = index[DEVICE, first + k]
            x[SAVING, k], x[WEIGHT, k] = saving[i], weight[i]
        _, capped = subset_in(work, n, congestion[j], node_cap)
        capped_servers += capped
        for k in range(n):
            i = index[DEVICE, first + k]
            decision[i] = decision[i] if flag[KEEP, k] else 0
    return capped_servers


@njit(cache=True, nogil=True, error_model="numpy")
def admit_kernel(problem, decision, node_cap=NODE_CAP):
    """Send back the devices that are not worth keeping, server by server, at least total cost.

    Parameters
    ----------
    problem : Problem
        With positive weights √F_i [√cycles] and congestion φ_T / F_max [weighted s per cycle].
    decision : (N,) int64
        0 for local, j for server j (1..M): who asks where. Not checked.
    node_cap : int
        Most sets to look at per server.

    Returns
    -------
    decision : (N,) int64
        The same with some entries set to 0; never costlier than the one given.
    capped_servers : int
        As :func:`admit_askers` has it.
    """
    link, local, weight, congestion = problem
    saving = np.empty(decision.size)
    for i, choice in enumerate(decision):
        saving[i] = local[i] - link[i, choice - 1] if choice > 0 else 0.0
    admitted = decision.copy()
    capped_servers = admit_askers(saving, weight, congestion, admitted, node_cap)
    return admitted, capped_servers


def admit(slot: Slot, decision: ArrayLike, node_cap: int = NODE_CAP) -> NDArray[np.int64]:
    """Let each server keep the devices worth keeping; the others run locally.

    Admission is exact and local to each server. Of all subsets of the devices that ask for it, a
    server keeps the one that costs least, counting the local costs of the devices that it sends
    home.

    Parameters
    ----------
    slot : mec_env.Slot
    decision : (N,) integers
        0 (local) or 1 .. M: who asks where.
    node_cap : int
        Most sets to look at per server. A server that hits it keeps the best
        set found, and a RuntimeWarning says so.

    Returns
    -------
    (N,) int64 array
        The same with some entries set to 0; never costlier than the one given.

    Raises
    ------
    ValueError
        For a wrong shape or a value that is not allowed.
    """
    decision = check_decision(decision, *slot.gain.shape)
    problem = problem_of(slot)
    admitted, capped = admit_kernel(tuple(problem), decision, node_cap)
    if capped:
        warnings.warn(
            f"admit: {capped} of {problem.congestion.size} servers hit node_cap = {node_cap}; "
            "their choice is valid, but may not be the best",
            RuntimeWarning,
            stacklevel=2,
        )
    return admitted
