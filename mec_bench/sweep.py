"""Many cells over many processes: cells that are there are skipped, new ones are kept at once.

Cells go to any ``concurrent.futures`` executor: a pool of processes on this machine, or the
workers of a Dask cluster. The parent alone writes results, so workers need no common disk.
"""

import os
import sys
import tempfile
import threading
import time
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, ProcessPoolExecutor, wait
from contextlib import contextmanager, nullcontext
from multiprocessing import get_context
from pathlib import Path

from mec_bench import limits, run
from mec_bench.crew import SchedulerLost, WorkerDied, cluster  # noqa: F401 (handed on)

#: Times that a cell is given to another worker after its own died.
ATTEMPTS = 3


def sweep(cells, store, workers, command, show=lambda done, total, lines: None):
    """Run cells and keep them.

    Parameters
    ----------
    cells : list of Cell
    store : Store
    workers : callable
        Called with the waiting cells. It returns a context manager that gives two things: an
        executor, and a function that says how many cells it may run at once now. It is called again
        if a worker died and took the executor with it.
    command : str
        For the records.
    show : callable
        Called now and then with the number of cells done (a float: running cells count with their
        share), the total, and a line of text for each running cell.

    Returns
    -------
    failed : list of Cell
        Their records say why.

    Raises
    ------
    ConnectionError
        In one sentence, if no scheduler answers or it went away; what was done is kept.
    ImportError
        In one sentence, if a cluster's worker lacks what the cells need.
    """
    with tempfile.TemporaryDirectory() as board:
        course = _Course(cells, store, command, board)
        while course.waiting:
            try:
                with workers(course.waiting) as (executor, room):
                    course.follow(executor, room, show)
            except SchedulerLost as error:
                raise SchedulerLost(
                    f"{error}: {course.done} of {course.total} cells were done and are kept, "
                    "the same command with a scheduler that is there runs the others"
                ) from None
        show(float(course.done), course.total, [])
    return course.failed


class _Course:
    """How a sweep stands: which cells wait, which run, and how often each lost its worker."""

    def __init__(self, cells, store, command, board):
        self.waiting, self.running, self.failed = list(cells), {}, []
        self.done, self.total = 0, len(cells)
        self._attempts, self._alone = {}, set()
        self._store, self._command, self._board = store, command, board

    def follow(self, executor, room, show):
        """Run what waits, until all is done or the executor is broken."""
        broken = False
        while (self.waiting or self.running) and not broken:
            # Asked every time: a cluster notices so that a worker is gone.
            broken = not self._submit(executor, room())
            if not self.running:
                # Nobody is there to run one.
                time.sleep(0.5)
            ended, _ = wait(self.running, timeout=0.5, return_when=FIRST_COMPLETED)
            broken |= any(_broke(future) for future in ended)
            if broken:
                # A pool of processes fails all its cells when one worker dies.
                ended, _ = wait(self.running)
            for future in ended:
                self._settle(self.running.pop(future), future, broken)
            parts = [_seen(self._board, cell) for cell in self.running.values()]
            share = self.done + sum(part for part, _ in parts)
            show(share, self.total, [text for _, text in parts if text])

    def _submit(self, executor, width):
        """Whether the executor took all that it has room for."""
        while self.waiting:
            beside = self.waiting[0], *self.running.values()
            alone = self._alone and not self._alone.isdisjoint(beside)
            if len(self.running) >= (min(1, width) if alone else width):
                return True
            try:
                future = executor.submit(work, self.waiting[0], self._command, self._board)
            except BrokenExecutor:
                return False
            self.running[future] = self.waiting.pop(0)
        return True

    def _settle(self, cell, future, broken):
        """Keep what came of a cell, or let it wait for another worker."""
        try:
            record, decisions = future.result()
        except Exception as error:
            # Not the learner's error, which its record would hold: the worker died, or lacks something.
            attempts = self._attempts[cell] = self._attempts.get(cell, 0) + 1
            words = _last_words(self._board, cell)
            if attempts < ATTEMPTS and not words:
                self.waiting.insert(0, cell)
                if broken and attempts == ATTEMPTS - 1:
                    # Any cell of the pool may be to blame: its last attempt, alone, says which.
                    self._alone.add(cell)
                return
            why = _killed(cell) if words else _died(error)
            record = run.failure(run.head(cell, self._command), why, words or None)
            decisions = None
        self._store.write(cell.name, record, decisions)
        self.done += 1
        if record["status"] == "failed":
            self.failed.append(cell)


def _broke(future):
    return not future.cancelled() and isinstance(future.exception(), BrokenExecutor)


def work(cell, command, board):
    """In a worker: run a cell, and leave word of how it goes on the board."""
    file, last = Path(board) / f"{cell.name}.txt", 0.0
    words = _words_of(board, cell)

    def tell(share, text):
        nonlocal last
        if time.monotonic() - last < 0.5:
            return
        last = time.monotonic()
        try:
            temporary = file.with_suffix(f".{os.getpid()}")
            temporary.write_text(f"{share} {text}", encoding="utf-8")
            temporary.replace(file)
        except OSError:
            # Another machine, which doesn't see the parent's board.
            pass

    # The board is missing on another machine: a cell stuck in one call holds its worker there.
    with open(words, "w") if words.parent.is_dir() else nullcontext() as last_words:
        return run.run(cell, command, tell, last_words)


def _seen(board, cell):
    try:
        share, _, text = (Path(board) / f"{cell.name}.txt").read_text("utf-8").partition(" ")
    except OSError:
        return 0.0, ""
    return float(share), f"{cell.suite.name} {cell.learner} seed {cell.seed} {text}"


def _words_of(board, cell):
    return Path(board) / f"{cell.name}.last"


def _last_words(board, cell):
    """The traceback that a worker left when it killed itself over a cell, or nothing."""
    try:
        return _words_of(board, cell).read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _killed(cell):
    return f"TimeUp: {limits.too_long(cell.time_limit)}, in one call that can't be interrupted"


def _died(error):
    why = limits.one_sentence(error)
    if isinstance(error, (BrokenExecutor, WorkerDied)) or type(error).__name__ == "KilledWorker":
        return f"its worker died {ATTEMPTS} times, killed or out of memory ({why})"
    # Such as a module of the learner's that the worker can't import.
    return f"no worker could run it, in {ATTEMPTS} attempts ({why})"


def processes(count):
    """Workers on this machine, a process each."""

    @contextmanager
    def start(cells):
        # Fresh processes: a fork would take over threads' locks as they happen to stand.
        pool = ProcessPoolExecutor(count, get_context("spawn"), _begin, (os.getpid(),))
        try:
            # All are there before a cell is: the pool can miss the death of one started later.
            list(pool.map(time.sleep, [0.1] * count))
            yield pool, lambda: count
        finally:
            pool.shutdown(wait=sys.exc_info()[0] is None, cancel_futures=True)

    return start


def _begin(parent):
    """In a new process: one core, and no life without the parent."""
    limits.one_core()

    def watch():
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
