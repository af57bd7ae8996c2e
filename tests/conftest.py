"""Compiled kernels of their own for each state of the source.

numba's cache notices a change of the file that a kernel stands in, but not of
the files whose functions it calls: after an edit of ``laws/actions.py`` the cached
``step_rows`` of ``simulator/kernel.py`` would still vote the old way, and tests would
pass or fail for code that is no longer there.
"""

import hashlib
import os
import shutil
from pathlib import Path

#: Folders whose kernels call each other's.
KERNELS_IN = ("mec_env", "dirs_solver", "mec_bench", "benchmarks", "tests")


def state_of_the_source(root):
    """Sixteen hexadecimal digits that change with any source file that may hold a kernel."""
    digest = hashlib.sha256()
    for folder in KERNELS_IN:
        for source in sorted((root / folder).rglob("*.py")):
            # With the name and the size: a function moved to the next file is a change too.
            code = source.read_bytes()
            digest.update(f"{source.relative_to(root).as_posix()} {len(code)}\n".encode())
            digest.update(code)
    return digest.hexdigest()[:16]


if "NUMBA_CACHE_DIR" not in os.environ:
    root = Path(__file__).parents[1]
    caches = root / ".pytest_cache" / "kernels"
    ours = caches / state_of_the_source(root)
    for old in caches.glob("*"):
        if old != ours:
            shutil.rmtree(old, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = str(ours)


#: Files of the quick set: physics, golden values, the certificate against brute force, the views'
#: basics, judging, one learner.
QUICK = {
    "test_house", "test_laws", "test_cost", "test_golden", "test_actions", "test_carry", "test_playing",
    "test_equal_tasks", "test_rules", "test_gym_env", "test_pettingzoo_env", "test_replay", "test_standings",
}  # fmt: skip


def pytest_collection_modifyitems(items):
    """Mark the quick set; a slow test in it stays slow."""
    for item in items:
        if item.path.stem in QUICK and not item.get_closest_marker("slow"):
            item.add_marker("quick")
