"""Compile without a cache where numba can keep none: a warning instead of an error at import.

numba keeps the kernels of ``njit(cache=True)`` beside their source or in the user's cache
folder, and raises where neither can be written, as in a container with a read-only file
system and no home.
"""

import os
import sys
import warnings
from pathlib import Path


def allow_uncached(package):
    """Let numba compile without a cache if a package's kernels can be kept nowhere.

    Costs a few system calls, and loads numba only where there is no place.

    Parameters
    ----------
    package : path
        Folder of the package.
    """
    places = [Path(package) / "__pycache__", _users_cache()]
    if given := os.environ.get("NUMBA_CACHE_DIR"):
        places.append(Path(given))
    if not any(map(can_be_written, places)):
        _catch_missing_places()


def can_be_written(folder):
    """Whether files can be made in a folder, or the folder itself where there is none yet."""
    folder = Path(folder).absolute()
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _users_cache():
    """Where numba keeps what belongs to a user."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or os.path.expanduser("~"))
    if sys.platform == "darwin":
        return Path(os.path.expanduser("~/Library/Caches/numba"))
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "numba")


def _catch_missing_places():
    from numba.core.dispatcher import Dispatcher

    if hasattr(Dispatcher.enable_caching, "warned"):
        return
    enable = Dispatcher.enable_caching

    def enable_caching(self):
        try:
            enable(self)
        except RuntimeError as error:
            if "no locator available" not in str(error):
                raise
            # One warning, not one for each kernel.
            if not enable_caching.warned:
                enable_caching.warned = True
                warnings.warn(
                    "numba can keep no compiled code, neither beside the package nor in the "
                    "home folder, and compiles it anew in every process; set NUMBA_CACHE_DIR "
                    "to a folder that can be written",
                    RuntimeWarning,
                    stacklevel=2,
                )

    enable_caching.warned = False
    Dispatcher.enable_caching = enable_caching
