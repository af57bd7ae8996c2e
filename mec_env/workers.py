"""Threads that share the rows of a batch.

Compiled kernels release the interpreter's lock, so plain threads run them side
by side. numba's own parallel loops would do too, but their thread pools break
programs that fork afterwards, as subprocess environments and data loaders do.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

_LEAST_WORK = 40_000  # links a thread; below, handing work over costs more than it saves.
_pools = {}


def available():
    """Number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads_for(rows, links, threads=None):
    """How many threads a batch gets: as asked for, or as many as pay."""
    if threads is None:
        threads = min(available(), max(1, rows * links // _LEAST_WORK))
    return min(threads, rows)


def share(count, threads, work):
    """Call ``work(low, high)`` on ``threads`` even parts of ``range(count)``; the list of results."""
    if threads <= 1 or count <= 1:
        return [work(0, count)]
    edges = [count * t // threads for t in range(threads + 1)]
    # A pool does not survive a fork, hence the process in its key.
    key = (os.getpid(), threads)
    if key not in _pools:
        _pools[key] = ThreadPoolExecutor(threads - 1, thread_name_prefix="mec_env")
    others = [_pools[key].submit(work, a, b) for a, b in pairwise(edges[1:])]
    return [work(edges[0], edges[1])] + [f.result() for f in others]
