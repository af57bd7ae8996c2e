"""Run a cell: train on each world of its suite, judge there, and never fall over.

What a learner does wrong, an error, a decision that is not allowed, too much time, ends in the
cell's record, with the traceback, and not in the sweep's.
"""

import contextlib
import ctypes
import faulthandler
import os
import signal
import sys
import threading
import time
import traceback
from functools import lru_cache

import numpy as np

import mec_env
from benchmarks.cells import pack
from benchmarks.record import provenance
from mec_env.evaluation import is_local, join

#: Points of a learning curve that are kept at most.
CURVE = 100
#: Wall time beyond its limit after which a cell that can't be interrupted is killed [s].
GRACE = 5.0
#: Slots for a learner that trains as long as it is let.
ENDLESS = 10**9


class TimeUp(Exception):
    """A cell took longer than it may."""


def run(cell, command, tell=None, last_words=None):
    """Run a cell.

    Parameters
    ----------
    cell : Cell
    command : str
        For the record.
    tell : callable, optional
        Called now and then with the share that is done, 0 to 1, and a line of text.
    last_words : file, optional
        Where this process, a worker's, leaves the traceback of a cell that is so long in a
        call into C that it can't be interrupted; then it exits.

    Returns
    -------
    record : dict
    decisions : bytes or None
        None if the cell failed.
    """
    one_core()
    record = head(cell, command)
    try:
        with deadline(cell.time_limit, last_words):
            measured, decisions = _measure(cell, tell or (lambda share, text: None))
    except Exception as error:
        return failure(record, one_sentence(error), traceback.format_exc()), None
    return {**record, "status": "done", "error": None, "traceback": None, **measured}, decisions


def head(cell, command):
    """What every record of a cell says, with where it was run."""
    where = {**provenance("benchmarks.leaderboard"), "command": command}
    return {**cell.head(), "provenance": where}


def failure(record, error, trace=None):
    """The record of a cell that came to nothing."""
    nothing = {"objective": [], "gap": [], "decisions": None}
    return {**record, "status": "failed", "error": error, "traceback": trace, **nothing}


def _measure(cell, tell):
    suite, records, training, counts = cell.suite, [], [], []
    for k, (world, scenario) in enumerate(suite.worlds()):
        learner = cell.kind()
        log = _Log(cell, k, tell)
        slots = slots_for(learner, cell.training_slots, cell.budget)
        policy = learner.learn(scenario, cell.seed, slots, log)
        training.append(log.row(world))
        counts.append(getattr(policy, "parameter_count", None))
        if getattr(learner, "information", "global") == "local" and not is_local(policy):
            raise ValueError(
                "information = 'local': its policy must have act(agent, observation) and no more"
            )
        part = suite.world(k)
        bounds = bounds_of(part)
        judged = log.judging(part.size)
        records.append(mec_env.evaluate(policy, part, judged, bounds, seed=cell.seed))
    whole = join(suite, records)
    # Processor time: on a shared machine wall time says more of the others.
    spent = [0.0 if cell.rule else t["processor_seconds"] for t in training]
    measured = {
        "training": training,
        "training_seconds": float(np.mean(spent)),
        "parameter_count": counts[0],
        "milliseconds": float(1e3 * np.median(whole.seconds)),
        "time": float(whole.time.mean()),
        "energy": float(whole.energy.mean()),
        "offloaded": float(whole.offloaded.mean()),
        "objective": whole.objective.tolist(),
        "gap": whole.gap.tolist(),
    }
    return measured, pack(whole.decision)


def slots_for(learner, slots, budget):
    """What ``learn`` is given as slots: one that learns as long as it is let gets no number but time."""
    if slots is None and budget is not None and getattr(learner, "anytime", False):
        return ENDLESS
    return slots


@lru_cache(maxsize=64)
def bounds_of(suite):
    """Bounds and best objectives of a suite that doesn't ship with them: certified once a process."""
    found = suite.reference()
    if found is None:
        certificates = mec_env.certify_batch(list(suite.slots()))
        found = [np.array([getattr(c, k) for c in certificates]) for k in ("lower_bound", "objective")]  # fmt: skip
    return found


class _Log:
    """What a learner reports while it trains on a world: its curve, its time, and whether it is up."""

    def __init__(self, cell, index, tell):
        self._tell, self._index = tell, index
        self._worlds = len(cell.suite.world_seeds)
        self._budget = None if cell.budget is None else cell.budget / self._worlds
        self._curve, self._every, self._count, self._slots, self._share = [], 1, 0, 0, 0.0
        self._wall, self._processor = time.perf_counter(), time.process_time()

    def __call__(self, report):
        spent = time.process_time() - self._processor
        objective = getattr(report, "objective", float("nan"))
        if objective == objective:
            self._keep(report, spent, objective)
        share = report.done / max(report.total, 1)
        if self._budget is not None:
            share = max(min(share, 1.0), min(spent / self._budget, 1.0))
        words = f"{report.stage} {report.done}/{report.total}"
        if report.total >= ENDLESS:
            words = f"{report.stage} {report.done}"
        if objective == objective:
            words += f", objective {objective:.4g}"
        gap = getattr(report, "gap", float("nan"))
        if gap == gap:
            words += f", gap {100 * gap:.3g} %"
        # A stage begins at 0 again, what is done doesn't. Most of a world's time is training.
        self._share = max(self._share, share)
        done = (self._index + 0.9 * self._share) / self._worlds
        self._tell(done, f"world {self._index}: {words}")
        return self._budget is not None and spent >= self._budget

    def _keep(self, report, spent, objective):
        self._slots = int(report.done)
        if self._count % self._every == 0:
            gap = getattr(report, "gap", float("nan"))
            point = [float(f"{x:.6g}") for x in (spent, objective, gap)]
            self._curve.append([self._slots, *point[:2], point[2] if gap == gap else None])
            if len(self._curve) > CURVE:
                # Every other point goes, and from now on only every other one comes.
                self._curve, self._every = self._curve[::2], 2 * self._every
        self._count += 1

    def row(self, world):
        """The training's record."""
        return {
            "world": world,
            "seconds": time.perf_counter() - self._wall,
            "processor_seconds": time.process_time() - self._processor,
            "slots": self._slots,
            "curve": self._curve,
        }

    def judging(self, size):
        """A callback that counts slots judged."""
        done = 0

        def count(more):
            nonlocal done
            done += more
            if done % 20 == 0:
                share = (self._index + 0.9 + 0.1 * done / size) / self._worlds
                self._tell(share, f"world {self._index}: judging {done}/{size}")

        return count


def one_core():
    """Keep torch to one thread, so that results don't hang on where a cell is run."""
    os.environ["OMP_NUM_THREADS"] = "1"
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def one_sentence(error):
    """An error's kind and the first line of what it says."""
    lines = str(error).splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"


def up(seconds):
    """What is said of a cell that took too long."""
    return f"took more than the {seconds:g} s that it may"


@contextlib.contextmanager
def deadline(seconds, last_words=None):
    """Raise TimeUp in the code within after some wall time; a call into C ends first.

    A signal interrupts waiting too, but only the main thread can have it; in another one,
    such as a Dask worker's, a timer raises the error at the next line of Python. With
    ``last_words``, a file, a process that still has not come back ``GRACE`` later writes
    its traceback there and exits.
    """
    if seconds is None:
        yield
        return
    says = up(seconds)
    if last_words is not None:
        faulthandler.dump_traceback_later(seconds + GRACE, exit=True, file=last_words)
    here = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")
    try:
        with _signalled(seconds, says) if here else _raised(seconds, says):
            yield
    finally:
        if last_words is not None:
            faulthandler.cancel_dump_traceback_later()


@contextlib.contextmanager
def _signalled(seconds, says):
    def stop(*_):
        raise TimeUp(says)

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _raised(seconds, says):
    thread, raise_in = threading.get_ident(), ctypes.pythonapi.PyThreadState_SetAsyncExc
    timer = threading.Timer(seconds, lambda: raise_in(ctypes.c_ulong(thread), ctypes.py_object(TimeUp)))  # fmt: skip
    timer.daemon = True
    timer.start()
    try:
        yield
    except TimeUp:
        raise TimeUp(says) from None
    finally:
        timer.cancel()
