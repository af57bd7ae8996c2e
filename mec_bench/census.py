"""What the workers of a cluster have, asked before they are given a cell.

A worker takes cells if it has this package in this version and with this code, this Python,
and all that the cells' learners need. The questions that a worker without the package must
answer are functions of Python's own library, so nothing of ours travels to it.
"""

import hashlib
import pkgutil
import platform
from functools import lru_cache
from importlib import import_module
from pathlib import Path

from mec_env.version import __version__

#: Packages whose files make a cell's numbers, and the endings of these files.
_PACKAGES = ("mec_env", "dirs_solver", "mec_bench")
_CODE = (".py", ".toml", ".npz", ".safetensors")


def look(ask, workers, learners):
    """Ask workers whether they can run cells: {worker: what it lacks and what to do, or None}.

    Parameters
    ----------
    ask : callable
        ``ask(function, *arguments, workers=…)`` gives {worker: what it answered, or its
        error}; a worker that is gone is missing, and so it is in what comes of this.
    workers : list of str
    learners : list of (str, bool)
        What :func:`dirs_solver.learner.find_learner` is given for the cells.
    """
    found = {}
    for call, arguments, complaint in (
        (platform.python_version, (), _of_python),
        (pkgutil.resolve_name, ("mec_env:__version__",), _of_version),
        (code, (), _of_code),
        (lacking, (learners,), _of_learners),
    ):
        answers = ask(call, *arguments, workers=workers)
        complaints = {worker: complaint(answer) for worker, answer in answers.items()}
        found |= {worker: why for worker, why in complaints.items() if why}
        workers = [worker for worker, why in complaints.items() if not why]
    return found | dict.fromkeys(workers)


def _of_python(theirs):
    ours = ".".join(platform.python_version_tuple()[:2])
    if str(theirs).startswith(f"{ours}."):
        return None
    # Dask sends calls as they are compiled, and another Python reads them wrongly.
    return f"runs Python {theirs} and this is {ours}: start it with Python {ours}"


def _of_version(theirs):
    if isinstance(theirs, Exception):
        return f"lacks mec-offloading: install version {__version__} there"
    if theirs != __version__:
        return f"has mec-offloading {theirs} and this is {__version__}: install {__version__} there"
    return None


def _of_code(theirs):
    # An error is one too: a package of this version from before this file was.
    if theirs == code():
        return None
    return (
        f"has other code under the same version {__version__} of mec-offloading: "
        "install there the wheel that is installed here"
    )


def _of_learners(needs):
    if isinstance(needs, Exception):
        return f"could not be asked ({type(needs).__name__}: {needs})"
    return f"can't make a learner, {needs}" if needs else None


def differing(ask, workers):
    """Of each worker whose numpy is another: {worker: which}; the last bits of results may differ."""
    import numpy

    asked = ask(pkgutil.resolve_name, "numpy:__version__", workers=workers)
    return {
        worker: f"has numpy {version} and this is {numpy.__version__}: the last bits may differ"
        for worker, version in asked.items()
        if version != numpy.__version__
    }


def sentence(complaints):
    """One sentence on some workers: those with the first one's complaint, and how many others."""
    first = next(iter(complaints.values()))
    same = [worker for worker, why in complaints.items() if why == first]
    others = len(complaints) - len(same)
    names = f"worker {same[0]}" + (f" (and {len(same) - 1} more alike)" if same[1:] else "")
    return f"{names} {first}" + (f"; {others} more lack something else" if others else "")


@lru_cache(maxsize=1)
def code():
    """Sixteen hexadecimal digits that change with any file that makes a cell's numbers."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        root = Path(import_module(package).__file__).parent
        for file in sorted(f for f in root.rglob("*") if f.suffix in _CODE):
            content = file.read_bytes()
            digest.update(
                f"{package}/{file.relative_to(root).as_posix()} {len(content)}\n".encode()
            )
            digest.update(content)
    return digest.hexdigest()[:16]


def lacking(learners):
    """In a worker: what the first learner that it can't make says, or None."""
    from dirs_solver.learner import find_learner

    for name, trust in learners:
        try:
            find_learner(name, trust)()
        except Exception as error:
            return (str(error).splitlines() or [type(error).__name__])[0]
    return None
