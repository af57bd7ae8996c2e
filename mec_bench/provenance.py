"""What every recorded result says of its run: command, versions, machine and load."""

import os
import platform
import shlex
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from mec_bench.json_text import json_text
from mec_env.whole_file import write_text

_PACKAGES = (
    "mec-offloading",
    "numpy",
    "numba",
    "scipy",
    "gymnasium",
    "pettingzoo",
    "torch",
    "stable-baselines3",
    "benchmarl",
    "torchrl",
    "pymoo",
    "distributed",
)


def provenance(module):
    """Command, versions, git revision, machine and load of this run.

    Parameters
    ----------
    module : str
        Such as ``mec_bench.commands``.

    Returns
    -------
    dict
    """
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {
        "command": shlex.join(["python", "-m", module, *sys.argv[1:]]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "revision": revision(Path(__file__).parent),
        "versions": versions,
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "vector_instructions": _vector_instructions(),
            "load": [round(x, 2) for x in os.getloadavg()] if hasattr(os, "getloadavg") else None,
        },
    }


def write_json(path, record):
    """Write a record to a file, whole or not at all; its folder is made where it is missing."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json_text(record) + "\n")


class Record:
    """Rows that are printed as they come and saved with the run's provenance.

    Parameters
    ----------
    module : str
        Such as ``benchmarks.speed.certificate``.
    path : path
        The JSON file to write.
    """

    def __init__(self, module, path):
        self._provenance, self._path, self._rows = provenance(module), Path(path), []

    def row(self, text, **numbers):
        """Print ``text`` and keep ``numbers``."""
        print(text, flush=True)
        self._rows.append({k: getattr(v, "item", lambda v=v: v)() for k, v in numbers.items()})

    def save(self):
        """Write what was kept."""
        write_json(self._path, {"provenance": self._provenance, "rows": self._rows})
        print(f"recorded in {self._path.name}")


def revision(folder):
    """The commit of a checkout that holds ``folder``, with ``-dirty`` if its code was changed.

    What is written into ``benchmarks/results`` is no change of the code. None without git, and
    where git doesn't keep the folder: a package installed somewhere inside a checkout of
    something else.
    """
    if shutil.which("git") is None or not _git(folder, "ls-files", ".").stdout:
        return None
    said = _git(folder, "describe", "--always")
    if said.returncode:
        return None
    code = (":/", ":(top,exclude)benchmarks/results")
    changed = _git(folder, "diff", "--quiet", "HEAD", "--", *code).returncode
    return said.stdout.strip() + ("-dirty" if changed else "")


def _git(folder, *arguments):
    return subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def _cpuinfo(word):
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(word)), "")


def _processor():
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _vector_instructions():
    flags = _cpuinfo("flags").split()
    return "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "other"
