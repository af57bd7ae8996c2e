"""What a learner is, and how one is found by name."""

from importlib import import_module
from importlib.metadata import entry_points
from typing import Protocol, runtime_checkable

from mec_env import checks

#: Entry point group by which another project adds its learners.
GROUP = "mec_env.learners"

#: Built-in learners: name -> ``module:Class``.
LEARNERS = {"dirs": "dirs_solver.dirs:DIRS"}


@runtime_checkable
class Learner(Protocol):
    """An algorithm that makes a policy for a scenario.

    Made without arguments it has its default settings.

    Attributes
    ----------
    name : str
    information : str
        ``local``: agent j of the policy acts on its own column of gains and the
        slot's tasks (``act(agent, observation)``); ``global``: it sees the whole
        slot or observation.
    """

    name: str
    information: str

    def learn(self, scenario, seed, slots=None, progress=None):
        """Learn, and return the policy.

        Parameters
        ----------
        scenario : mec_env.Scenario
        seed : int
            Fixes all that is drawn; same seed, same policy.
        slots : int, optional
            Slots to learn on; by default what the algorithm takes for right.
        progress : callable, optional
            Called now and then with an object that has ``stage``, ``done``, ``total``,
            and may have ``objective`` and ``gap``.

        Returns
        -------
        object
            A policy that ``mec_env.evaluate`` takes.
        """

    def save(self, path):
        """Write what was learned to a file."""

    @classmethod
    def load(cls, path):
        """The learner of a file, its ``policy`` ready to act."""


def learner_names():
    """Names of the built-in learners and of those that installed projects registered."""
    return [*LEARNERS, *(point.name for point in entry_points(group=GROUP))]


def find_learner(name):
    """The class of a learner.

    Parameters
    ----------
    name : str
        A built-in name, one that an installed project registered in the entry point
        group ``mec_env.learners``, or ``module:Class``.

    Raises
    ------
    ValueError
        In one sentence: an unknown name, with the nearest right one, or a module or
        class that isn't there.
    ImportError
        If a built-in learner's extra is not installed, with the command that installs it.
    """
    if name in LEARNERS:
        try:
            return _resolve(LEARNERS[name])
        except ModuleNotFoundError as error:
            raise ImportError(
                f'learner {name!r} needs {error.name}: pip install "mec-offloading[{name}]"'
            ) from None
    if ":" in name:
        return _resolve(name)
    found = {point.name: point for point in entry_points(group=GROUP)}
    return found[checks.known("learner", name, {**LEARNERS, **found})].load()


def _resolve(place):
    module, _, attribute = place.partition(":")
    try:
        home = import_module(module)
    except ModuleNotFoundError as error:
        # Only the module itself: one that lacks a package of its own says so best.
        if error.name and not f"{module}.".startswith(f"{error.name}."):
            raise
        raise ValueError(f"learner = {place!r}: there is no module {module!r}") from None
    if not hasattr(home, attribute):
        raise ValueError(f"learner = {place!r}: module {module!r} has no {attribute!r}")
    return getattr(home, attribute)
