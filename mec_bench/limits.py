"""Limits of a cell: wall time, one core, and what is said when it is over."""

import contextlib
import ctypes
import faulthandler
import os
import signal
import sys
import threading

#: Wall time beyond its limit after which a cell that can't be interrupted is killed [s].
GRACE = 5.0


class TimeUp(Exception):
    """A cell took longer than it may."""


def one_core():
    """Keep torch to one thread, so that results don't hang on where a cell is run."""
    os.environ["OMP_NUM_THREADS"] = "1"
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def one_sentence(error):
    """An error's kind and the first line of what it says."""
    lines = str(error).splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"


def too_long(seconds):
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
    says = too_long(seconds)
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
