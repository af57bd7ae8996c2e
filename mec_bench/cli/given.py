"""What command lines give: a scenario by name or file, learners by name."""

from pathlib import Path

import mec_env
from mec_env import checks


def scenario_of(text):
    """The Scenario of a name, or of a TOML file.

    Raises
    ------
    ValueError, OSError
        For a name that no scenario has, with the nearest, or a file that can't be read.
    """
    if text in mec_env.SCENARIOS:
        return mec_env.SCENARIOS[text]
    if text.endswith(".toml") or Path(text).is_file():
        return mec_env.Scenario.load(text)
    return mec_env.SCENARIOS[checks.known("scenario", text, mec_env.SCENARIOS)]


def known_learners(names, trust=False):
    """The names, each of a learner that can be had now.

    Raises
    ------
    ValueError, ImportError, OSError
        Naming the first that can't, and why.
    """
    from dirs_solver.learner import find_learner

    if doubles := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"learners: {doubles[0]} stands there twice")
    for name in names:
        find_learner(name, trust)()
    return names
