"""Solvers for the task offloading problems of :mod:`mec_env`.

``import dirs_solver`` imports nothing heavy: torch is loaded when a learner that
needs it is first used.
"""

from typing import TYPE_CHECKING

from mec_env.lazily import lazily

if TYPE_CHECKING:
    from dirs_solver.dirs.learner import DIRS
    from dirs_solver.dirs.policy import DIRSPolicy
    from dirs_solver.dirs.settings import Levy, Settings
    from dirs_solver.learner import LEARNERS, Learner, find_learner
    from dirs_solver.shared.progress import Progress, progress_bar

# Public name -> module that holds it.
_HOMES = {
    "DIRS": "dirs.learner",
    "DIRSPolicy": "dirs.policy",
    "Settings": "dirs.settings",
    "Levy": "dirs.settings",
    "Learner": "learner",
    "LEARNERS": "learner",
    "find_learner": "learner",
    "Progress": "shared.progress",
    "progress_bar": "shared.progress",
}

__getattr__, __dir__, __all__ = lazily(
    __name__, {name: f"{__name__}.{home}" for name, home in _HOMES.items()}
)
