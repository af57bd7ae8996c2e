"""Many cells over many processes: what is there is skipped, what is done is kept at once.

Cells go to any ``concurrent.futures`` executor: a pool of processes on this machine, or the
workers of a Dask cluster. The parent alone writes results, so workers need no common disk.
"""

import math
import os
import sys
import tempfile
import threading
import time
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, ProcessPoolExecutor, wait
from contextlib import ExitStack, contextmanager, nullcontext
from multiprocessing import get_context
from pathlib import Path

from benchmarks import running

#: What a Dask worker does otherwise and a training is slowed by, some per cent each: its profiler
#: takes the interpreter every 10 ms, and its memory goes back to the system after every larger
#: array. A worker of one thread needs no second arena.
_FOR_TRAINING = {
    "distributed.worker.profile.enabled": False,
    "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1, "MALLOC_ARENA_MAX": 1},
}
#: Times that a cell is given to another worker after its own died.
ATTEMPTS = 3


def sweep(cells, store, workers, command, show=lambda done, total, lines: None):
    """Run cells and keep them.

    Parameters
    ----------
    cells : list of Cell
    store : Store
    workers : callable
        A context manager that gives an executor and how many cells it runs at once;
        asked for again if a worker died and took the executor with it.
    command : str
        For the records.
    show : callable
        Called now and then with the number of cells done (a float: those that run count
        with their share), their total, and a line of text of each that runs.

    Returns
    -------
    failed : list of Cell
        Their records say why.
    """
    waiting, attempts, alone, failed, done = list(cells), {}, set(), [], 0
    with tempfile.TemporaryDirectory() as board:
        while waiting:
            with workers() as (executor, width):
                flying, broken = {}, False
                while (waiting or flying) and not broken:
                    while waiting:
                        company = alone.isdisjoint({waiting[0], *flying.values()})
                        if len(flying) >= (width if company else 1):
                            break
                        cell = waiting.pop(0)
                        try:
                            flying[executor.submit(work, cell, command, board)] = cell
                        except BrokenExecutor:
                            waiting.insert(0, cell)
                            broken = True
                            break
                    ended, _ = wait(flying, timeout=0.5, return_when=FIRST_COMPLETED)
                    broken |= any(_broke(future) for future in ended)
                    if broken:
                        # A pool of processes fails all its cells when one worker dies.
                        ended, _ = wait(flying)
                    for future in ended:
                        cell = flying.pop(future)
                        try:
                            record, decisions = future.result()
                        except Exception as error:
                            # Not the learner's error, which its record would hold: a worker died.
                            attempts[cell] = attempts.get(cell, 0) + 1
                            words = _last_words(board, cell)
                            if words:
                                record = _killed(cell, command, words)
                            elif attempts[cell] < ATTEMPTS:
                                waiting.insert(0, cell)
                                if broken and attempts[cell] == ATTEMPTS - 1:
                                    # Any of the pool's may be to blame: the last attempt says whether.
                                    alone.add(cell)
                                continue
                            else:
                                record = _died(cell, command, error)
                            decisions = None
                        store.write(cell.name, record, decisions)
                        done += 1
                        if record["status"] == "failed":
                            failed.append(cell)
                    parts = [_seen(board, cell) for cell in flying.values()]
                    show(done + sum(p for p, _ in parts), len(cells), [t for _, t in parts if t])
    show(float(done), len(cells), [])
    return failed


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

    # The board is missing on another machine, whose workers interrupt their cells in any case.
    with open(words, "w") if words.parent.is_dir() else nullcontext() as last_words:
        return running.run(cell, command, tell, last_words)


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


def _killed(cell, command, words):
    says = f"TimeUp: {running.up(cell.time_limit)}, in one call that can't be interrupted"
    return running.failure(running.head(cell, command), says, words)


def _died(cell, command, error):
    why = running.one_sentence(error)
    says = f"its worker died {ATTEMPTS} times, killed or out of memory ({why})"
    return running.failure(running.head(cell, command), says)


def processes(count):
    """Workers on this machine, a process each."""

    @contextmanager
    def start():
        # Fresh processes: a fork would take over threads' locks as they happen to stand.
        pool = ProcessPoolExecutor(count, get_context("spawn"), _begin, (os.getpid(),))
        try:
            # All are there before a cell is: the pool can miss the death of one started later.
            list(pool.map(time.sleep, [0.1] * count))
            yield pool, count
        finally:
            pool.shutdown(wait=sys.exc_info()[0] is None, cancel_futures=True)

    return start


def _begin(parent):
    """In a new process: one core, and no life without the parent."""
    running.one_core()

    def watch():
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def cluster(address=None, count=None):
    """Workers of a Dask cluster: of a scheduler's address, or ``count`` processes made here.

    Workers of one thread each (``dask worker --nthreads 1``): a cell's time of one core is
    that of its process.

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
    def start():
        with ExitStack() as stack:
            where = address
            if address is None:
                stack.enter_context(dask.config.set(_FOR_TRAINING))
                local = dict(n_workers=count, threads_per_worker=1, dashboard_address=None)
                where = stack.enter_context(LocalCluster(processes=True, **local))
            client = stack.enter_context(Client(where))
            client.wait_for_workers(1)
            # The scheduler deals cells out itself, also to workers that a queue lets in later.
            yield client.get_executor(pure=False), math.inf

    return start
