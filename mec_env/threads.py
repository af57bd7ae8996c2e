"""Threads that share the rows of a batch.

Compiled kernels release the interpreter's lock, so plain threads run them side
by side. numba's own parallel loops would do too, but their thread pools break
programs that fork afterwards, as subprocess environments and data loaders do;
and a step takes so little time that futures and queues would eat the gain.
"""

import os
import threading

import numpy as np

_LEAST_WORK = 40_000  # links a thread; below, handing work over costs more than it saves.
_crews: "dict[tuple[int, int], _Crew]" = {}


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
    """Have ``threads`` threads, this one among them, do ``count`` rows.

    Parameters
    ----------
    count, threads : int
    work : callable
        ``work(claims, own, chunk)`` for thread ``own``: takes ``chunk`` rows at a
        time while there are any, counting in ``claims`` (threads + 1,) what is
        taken of each thread's part and, last, what is done. Thread 0 returns
        when all rows are done. A thread that wakes late finds less to do.
    """
    if threads > 1:
        # A crew does not survive a fork, hence the process in its key.
        key = (os.getpid(), threads)
        if key not in _crews:
            _crews[key] = _Crew(threads - 1)
        if _crews[key].run(count, work):
            return
    work(np.zeros(2, dtype=np.int64), 0, max(count, 1))


class _Crew:
    """Threads that sleep until there is work."""

    def __init__(self, helpers):
        self._free = threading.Lock()
        self._job = None
        self._wake = [threading.Lock() for _ in range(helpers)]
        for own, wake in enumerate(self._wake, start=1):
            wake.acquire()
            name = f"mec_env-{own}"
            threading.Thread(target=self._help, args=(own, wake), name=name, daemon=True).start()

    def run(self, count, work):
        """Do the work; False if the crew is at another thread's."""
        if not self._free.acquire(blocking=False):
            return False
        try:
            threads = len(self._wake) + 1
            claims = np.zeros(threads + 1, dtype=np.int64)
            chunk = max(1, count // (32 * threads))
            self._job = work, claims, chunk
            for wake in self._wake:
                # One that has not woken since the last job takes this one instead.
                if wake.locked():
                    wake.release()
            work(claims, 0, chunk)
        finally:
            self._job = None
            self._free.release()
        return True

    def _help(self, own, wake):
        while True:
            wake.acquire()
            job = self._job
            if job is not None:
                work, claims, chunk = job
                work(claims, own, chunk)
