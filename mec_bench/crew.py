"""The workers of a Dask cluster: which are fit, and who runs what.

A cell goes to a worker that was asked what it has (:mod:`mec_bench.census`), and each worker
has one cell at a time, however many threads it has: a cell's time of one core is that of its
process. Workers that join later are asked when they come; a cell whose worker is gone is
handed back.
"""

import contextlib
import logging
import sys
import time
from concurrent.futures import Future, InvalidStateError
from contextlib import ExitStack, contextmanager

from mec_bench import census
from mec_bench.limits import one_sentence

#: What a Dask worker does otherwise and a training is slowed by, some per cent each: its profiler
#: takes the interpreter every 10 ms, and its memory goes back to the system after every larger
#: array. A worker of one thread needs no second arena.
_FOR_TRAINING = {
    "distributed.worker.profile.enabled": False,
    "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1, "MALLOC_ARENA_MAX": 1},
}
#: Wall time in which a scheduler must answer, and after which a cluster of unfit workers alone is
#: given up: one that was killed is started again by its nanny [s].
ANSWER, PATIENCE = 10.0, 30.0


class SchedulerLost(ConnectionError):
    """The scheduler went away in the middle of a sweep."""


class WorkerDied(Exception):
    """A worker went away in the middle of a cell."""


def cluster(address=None, count=None):
    """Workers of a Dask cluster: of a scheduler's address, or ``count`` processes made here.

    Returns
    -------
    callable
        What :func:`mec_bench.sweep.sweep` takes as workers. Its context raises
        ConnectionError if no scheduler answers, and ImportError if a worker lacks what the
        cells need, each in one sentence.

    Raises
    ------
    ImportError
        Saying what to install, without Dask.
    """
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError:
        raise ImportError(
            'running on a cluster needs Dask: pip install "mec-offloading[cluster]"'
        ) from None

    @contextmanager
    def start(cells):
        with ExitStack() as stack:
            where = address
            if address is None:
                stack.enter_context(dask.config.set(_FOR_TRAINING))
                local = dict(n_workers=count, threads_per_worker=1, dashboard_address=None)
                # A worker of ours that is slow to end is killed, which is no news at the end.
                nanny = logging.getLogger("distributed.nanny")
                stack.callback(nanny.setLevel, nanny.level)
                where = stack.enter_context(LocalCluster(processes=True, **local))
                stack.callback(nanny.setLevel, logging.ERROR)
            # What is wrong is said in one sentence, and not in Dask's log besides.
            stack.enter_context(_quiet("distributed.client"))
            stack.enter_context(dask.config.set({"distributed.comm.timeouts.connect": ANSWER}))
            try:
                client = stack.enter_context(Client(where, timeout=ANSWER))
            except (OSError, ValueError, TypeError) as error:
                raise ConnectionError(
                    f"no scheduler answers at {where}: start one with `dask scheduler`, "
                    f"or give its address ({one_sentence(error)})"
                ) from None
            learners = sorted({(cell.learner, cell.trust) for cell in cells})
            crew = Crew(client, learners, where)
            yield crew, crew.room

    return start


@contextmanager
def _quiet(name):
    logger = logging.getLogger(name)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


class Crew:
    """An executor that gives each fit worker one cell at a time.

    Parameters
    ----------
    client : distributed.Client
    learners : list of (str, bool)
        That the workers must be able to make.
    where : object
        The scheduler, as it is called in messages.

    Raises
    ------
    ImportError
        If a worker that is there is not fit.
    """

    def __init__(self, client, learners, where):
        self._client, self._learners, self._where = client, learners, where
        self._fit, self._unfit, self._busy = set(), {}, {}
        self._cut, self._fit_seen = False, time.monotonic()
        if not self._look():
            _say(f"no worker has joined {where} yet: waiting for one")
        if self._unfit:
            raise ImportError(census.sentence(self._unfit))

    def room(self):
        """How many cells may run at once now.

        Raises
        ------
        SchedulerLost
        ImportError
            If only unfit workers have been there for a while.
        """
        known = len(self._unfit)
        self._look()
        if len(self._unfit) > known:
            _say(f"{census.sentence(self._unfit)}; it gets no cells")
        if self._fit or not self._unfit:
            self._fit_seen = time.monotonic()
        elif time.monotonic() - self._fit_seen > PATIENCE:
            raise ImportError(census.sentence(self._unfit))
        return len(self._fit)

    def submit(self, function, *arguments):
        """Give a call to a worker that has none; a Future of it."""
        worker = next(w for w in sorted(self._fit) if w not in self._busy)
        promise, task = Future(), self._client.submit(function, *arguments, workers=[worker], pure=False)  # fmt: skip
        self._busy[worker] = promise, task
        task.add_done_callback(lambda task: self._fulfil(promise, task))
        return promise

    def _fulfil(self, promise, task):
        if task.status == "cancelled":
            # Not by us, who keep the promise first: the scheduler is gone, or was emptied.
            self._cut |= not promise.done()
            return
        with contextlib.suppress(InvalidStateError):
            error = task.exception()
            if error is None:
                promise.set_result(task.result())
            else:
                promise.set_exception(error)

    def _look(self):
        """Ask who is there, and newcomers what they have; the number of workers."""
        threads = self._asked(self._client.nthreads)
        self._fit &= set(threads)
        self._unfit = {w: why for w, why in self._unfit.items() if w in threads}
        for worker, (promise, task) in list(self._busy.items()):
            if worker not in threads:
                with contextlib.suppress(InvalidStateError):
                    promise.set_exception(WorkerDied(f"worker {worker} is gone"))
                    task.cancel()
            if promise.done():
                del self._busy[worker]
        new = [w for w in threads if w not in self._fit and w not in self._unfit]
        if new:
            found = census.look(self._ask, new, self._learners)
            self._unfit |= {w: why for w, why in found.items() if why}
            fit = [w for w, why in found.items() if not why]
            if unlike := census.differing(self._ask, fit):
                _say(census.sentence(unlike))
            if wide := {w: _idle(threads[w]) for w in fit if threads[w] > 1}:
                _say(census.sentence(wide))
            self._fit |= set(fit)
        return len(threads)

    def _ask(self, function, *arguments, workers):
        """{worker: what it answered, or its error}."""
        if not workers:
            return {}
        how = dict(workers=workers, on_error="return")
        answers = self._asked(self._client.run, function, *arguments, **how)
        # One that goes away while it is asked answers with an error of its line.
        return {w: a for w, a in answers.items() if not isinstance(a, OSError)}

    def _asked(self, call, *arguments, **how):
        try:
            if not self._cut and self._client.status == "running":
                return call(*arguments, **how)
        except (OSError, RuntimeError, ValueError) as error:
            # Whatever a closing client says.
            if self._client.status == "running" and not isinstance(error, OSError):
                raise
        raise SchedulerLost(f"the scheduler at {self._where} is gone")


def _idle(threads):
    return (
        f"has {threads} threads and runs one cell at a time: start it with --nthreads 1, "
        "one worker a core"
    )


def _say(text):
    # On a line of its own, below the bar of the progress.
    print(f"\ncluster: {text}", file=sys.stderr, flush=True)
