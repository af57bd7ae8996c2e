"""The protocol of a learner, and the search for a learner by name."""

import inspect
import json
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from os import PathLike
from typing import Any, NamedTuple, Protocol, runtime_checkable

from dirs_solver.dirs import manifest as dirs
from dirs_solver.plugins import MANIFESTS
from dirs_solver.plugins.foreign import from_function, from_saved_model, untrained
from dirs_solver.priced import manifest as priced
from dirs_solver.references import manifest as references
from mec_env import checks
from mec_env.judging.rules import RULES
from mec_env.scenario.scenario import Scenario

#: Entry point group by which another project adds its learners.
GROUP = "mec_env.learners"


class BuiltIn(NamedTuple):
    """Where a learner of ours is, ``module:Class``, and the extra that it needs."""

    place: str
    extra: str


#: Built-in learners by name; the rules of ``mec_env`` are learners too, that learn nothing.
LEARNERS = {
    name: BuiltIn(place, manifest.EXTRA)
    for manifest in (dirs, priced, references, *MANIFESTS)
    for name, place in manifest.LEARNERS.items()
}


@runtime_checkable
class Learner(Protocol):
    """An algorithm that makes a policy for a scenario.

    A learner made without arguments has its default settings.

    Attributes
    ----------
    name : str
    information : str
        ``local``: agent j of the policy acts on its own column of gains and the
        slot's tasks (``act(agent, observation)``); ``global``: it sees the whole
        slot or observation.
    anytime : bool, optional
        Whether it learns for as long as it may. Given a time limit, it gets no number of slots.
    """

    name: str
    information: str

    def learn(
        self,
        scenario: Scenario,
        seed: int,
        slots: int | None = None,
        progress: Callable[[object], bool | None] | None = None,
    ) -> object:
        """Learn, and return the policy.

        Parameters
        ----------
        scenario : mec_env.Scenario
        seed : int
            Fixes all random draws: the same seed gives the same policy.
        slots : int, optional
            Slots to learn on; by default the algorithm's own number.
        progress : callable, optional
            Called now and then with an object that has ``stage``, ``done``, ``total``, and may have
            ``objective`` and ``gap``. If it returns True, the time is up, and the learner returns
            what it has learned so far.

        Returns
        -------
        object
            A policy that ``mec_env.evaluate`` takes. It may say how many weights it
            has: ``parameter_count``.
        """

    def save(self, path: "PathLike[str] | str") -> None:
        """Write what was learned to a file."""

    @classmethod
    def load(cls, path: "PathLike[str] | str") -> "Learner":
        """The learner of a file, its ``policy`` ready to act."""


def learner_names() -> list[str]:
    """Names of the built-in learners and of those that installed projects registered."""
    return [*LEARNERS, *(point.name for point in entry_points(group=GROUP))]


def find_learner(name: str, trust: bool = False) -> type:
    """The class of a learner.

    Parameters
    ----------
    name : str
        A built-in name, a rule's, one that an installed project registered in the entry point group
        ``mec_env.learners``, ``module:Class``, ``module:function`` (an act or decide function), or
        the ``.zip`` file of a model that Stable-Baselines3 saved; see
        :mod:`dirs_solver.plugins.foreign`. After the name, ``?setting=value``, and
        ``&setting=value`` for each further one, change settings of the learner:
        ``dirs?admission=true``. Values are read as JSON; a value that is not JSON is a string.
    trust : bool
        Whether a ``.zip`` file may be loaded; loading it runs the code that is in it.

    Raises
    ------
    ValueError
        In one sentence: an unknown name or setting, with the nearest right one, a module or
        class that isn't there, or a saved model without ``trust``.
    ImportError
        If a built-in learner's extra is not installed (the message has the command that installs
        it), or if a class that an installed project registered isn't there.
    """
    if "?" in name and not name.endswith(".zip"):
        return _changed(name, trust)
    if name in LEARNERS:
        try:
            return _resolve(LEARNERS[name].place)
        except ModuleNotFoundError as error:
            raise ImportError(
                f"learner {name!r} needs {error.name}: "
                f'pip install "mec-offloading[{LEARNERS[name].extra}]"'
            ) from None
    if name in RULES:
        return untrained(name, "global", RULES[name])
    if name.endswith(".zip"):
        return from_saved_model(name, trust)
    if ":" in name:
        found = _resolve(name)
        return found if inspect.isclass(found) else from_function(found, name)
    found = {point.name: point for point in entry_points(group=GROUP)}
    point = found[checks.known("learner", name, {**LEARNERS, **RULES, **found})]
    try:
        return point.load()
    except (ImportError, AttributeError) as error:
        raise ImportError(
            f"learner {name!r}: {point.value}, which an installed project registered, "
            f"can't be loaded ({error})"
        ) from None


def _changed(name: str, trust: bool) -> type:
    """The class of a learner some of whose settings are changed: made without arguments, it has them."""
    base, _, query = name.partition("?")
    kind = find_learner(base, trust)
    default = getattr(kind(), "settings", None)
    if not default:
        raise ValueError(f"learner = {name!r}: {base} has no settings to change")
    changed = {}
    for part in query.split("&"):
        key, equals, text = part.partition("=")
        if not (key and equals) or key in changed:
            raise ValueError(
                f"learner = {name!r}: must have setting=value once for each behind the ?"
            )
        try:
            changed[key] = json.loads(text)
        except ValueError:
            changed[key] = text
    settings = default.replace(**changed) if hasattr(default, "replace") else changed
    kind(settings)  # What it does not take, it says now.

    class Changed(kind):  # type: ignore[misc, valid-type]
        def __init__(self, own: Any = None, *further: Any, **options: Any) -> None:
            super().__init__(own or settings, *further, **options)

    Changed.name, Changed.__doc__ = name, kind.__doc__
    Changed.__name__ = Changed.__qualname__ = kind.__name__
    return Changed


def _resolve(place: str) -> Any:
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
