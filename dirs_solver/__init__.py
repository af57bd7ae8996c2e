"""Solvers for the task offloading problems of :mod:`mec_env`.

``import dirs_solver`` imports nothing heavy: torch is loaded when a learner that
needs it is first used.
"""

# Public name -> module that holds it.
_HOMES = {
    "DIRS": "dirs",
    "DIRSPolicy": "policy",
    "Settings": "settings",
    "Levy": "settings",
    "Learner": "learner",
    "LEARNERS": "learner",
    "find_learner": "learner",
    "Progress": "progress",
    "progress_bar": "progress",
}

__all__ = [*_HOMES]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'dirs_solver' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"dirs_solver.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)
