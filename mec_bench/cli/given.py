"""What command lines give: a scenario by name or file, learners by name."""

from pathlib import Path

import mec_env
from mec_bench.limits import one_sentence
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
        try:
            return mec_env.Scenario.load(text)
        except FileNotFoundError:
            raise FileNotFoundError(f"{text}: there is no such file") from None
        except ValueError as error:
            raise ValueError(f"{text}: {error}") from None
    return mec_env.SCENARIOS[checks.known("scenario", text, mec_env.SCENARIOS)]


def known_learners(names, trust=False):
    """The names, each of a learner that can be had now.

    Raises
    ------
    ValueError, ImportError, OSError
        Naming the first that can't, and why.
    """
    from dirs_solver.learner import find_learner

    if not all(names):
        raise ValueError("learners: a name between two commas is empty")
    if doubles := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"learners: {doubles[0]} stands there twice")
    for name in names:
        try:
            made = find_learner(name, trust)()
        except (ValueError, ImportError, OSError):
            raise
        except Exception as error:
            # Somebody's own: what its module or its class does when it is made.
            raise ValueError(f"learner = {name!r}: can't be made, {one_sentence(error)}") from error
        if not callable(getattr(made, "learn", None)):
            raise ValueError(f"learner = {name!r}: has no learn(scenario, seed, slots, progress)")
    return names
