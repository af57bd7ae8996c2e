"""The exact cheapest placement of equal tasks on servers where each further task costs more."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def place(own, steps):
    """Place tasks one after the other, each by the cheapest path of moves that it sets off.

    Parameters
    ----------
    own : (K, M + 1) float64
        Cost of each task by place, 0 its own device; infinite where it can't go, but finite at 0.
    steps : (M, K) float64
        What a server's first, second, ... task costs besides, never less than the one before.

    Returns
    -------
    place : (K,) int64
    count : (M,) int64
        Tasks of each server.
    """
    tasks, places = own.shape
    where, count = np.full(tasks, -1), np.zeros(places - 1, np.int64)
    # The cheapest move from place a to b, and whose it is.
    move, mover = np.full((places, places), np.inf), np.full((places, places), -1)
    far, came = np.empty(places), np.empty(places, np.int64)
    for task in range(tasks):
        for b in range(places):
            far[b], came[b] = own[task, b], -1
        for _ in range(places):
            changed = False
            for a in range(places):
                for b in range(places):
                    if far[a] + move[a, b] < far[b] - 1e-13 * (1.0 + abs(far[b])):
                        far[b], came[b] = far[a] + move[a, b], a
                        changed = True
            if not changed:
                break
        end, least = 0, far[0]
        for b in range(1, places):
            at = far[b] + steps[b - 1, count[b - 1]]
            if at < least:
                end, least = b, at
        if end > 0:
            count[end - 1] += 1
        b = end
        for _ in range(places):
            a = came[b]
            if a < 0:
                break
            moved = mover[a, b]
            where[moved] = b
            _moves(own, where, b, move, mover)
            _moves(own, where, a, move, mover)
            b = a
        where[task] = b
        _moves(own, where, b, move, mover)
    return where, count


@njit(cache=True, nogil=True, error_model="numpy")
def _moves(own, where, a, move, mover):
    """Find the cheapest moves out of place a anew."""
    move[a] = np.inf
    for task in range(len(where)):
        if where[task] == a:
            for b in range(own.shape[1]):
                if b != a and own[task, b] - own[task, a] < move[a, b]:
                    move[a, b], mover[a, b] = own[task, b] - own[task, a], task
