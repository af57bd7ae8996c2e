"""Threads claim a few rows at a time, so that a thread that wakes late finds less to do."""

from numba import njit

from mec_env.draws._bits import fetch_add


@njit(cache=True, nogil=True)
def next_rows(turn, rows):
    """The next rows (low, high) of a thread's turn, empty when there are none left.

    Rows are dealt in even parts. A thread works on its own part first, whose
    numbers its core still has in its cache from the last step, and then helps out.

    Parameters
    ----------
    turn : (claims, own, chunk)
        What all threads have claimed (threads + 1,) int64, which thread this is, and how many
        rows it takes at a time; see :func:`mec_env.threads.share`.
    rows : int
        Of all threads together.
    """
    claims, own, chunk = turn
    parts = claims.size - 1
    for k in range(parts):
        part = (own + k) % parts
        end = rows * (part + 1) // parts
        low = rows * part // parts + chunk * fetch_add(claims, part, 1)
        if low < end:
            return low, min(low + chunk, end)
    return 0, 0


@njit(cache=True, nogil=True)
def done(turn, rows):
    """Count rows that are done."""
    claims = turn[0]
    fetch_add(claims, claims.size - 1, rows)


@njit(cache=True, nogil=True)
def wait_for_all(turn, rows):
    """Let thread 0 go on only when every row is done: the others are within a chunk of it."""
    claims, own, _ = turn
    if own == 0:
        while fetch_add(claims, claims.size - 1, 0) < rows:
            pass
