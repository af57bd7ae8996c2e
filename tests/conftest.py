"""Compiled kernels of their own for each state of the source.

numba's cache notices a change of the file that a kernel stands in, but not of
the files whose functions it calls: after an edit of ``vote.py`` the cached
``step_rows`` of ``batch.py`` would still vote the old way, and tests would pass
or fail for code that is no longer there.
"""

import hashlib
import os
import shutil
from pathlib import Path

if "NUMBA_CACHE_DIR" not in os.environ:
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for source in sorted((root / "mec_env").rglob("*.py")):
        digest.update(source.read_bytes())
    caches = root / ".pytest_cache" / "kernels"
    ours = caches / digest.hexdigest()[:16]
    for old in caches.glob("*"):
        if old != ours:
            shutil.rmtree(old, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = str(ours)
