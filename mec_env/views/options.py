"""How a view acts and observes: keywords that all views take, checked in one place."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces

from mec_env import checks
from mec_env.laws.actions import MODES, Mode
from mec_env.laws.coupling import INFO as COUPLED_INFO
from mec_env.laws.coupling import coupling_of
from mec_env.scenario.scenario import Scenario
from mec_env.simulator.simulator import Simulator
from mec_env.views.spaces import INFO, OBSERVE, PRICED_INFO, observation_space

#: Reserve of the first of so many broadcasts; each later one has half.
RESERVE = 0.05


class Options(NamedTuple):
    """How a view acts and observes.

    Attributes
    ----------
    actions : str
        A name of ``mec_env.laws.actions.MODES``.
    observe : str
        ``columns`` or ``features``.
    admission : bool
        Whether each server keeps the askers worth keeping.
    nominal : str
        ``pooled`` or ``calibrated``: how the prices that actions are relative to are found.
    span : float or None
        How far an action of 1 goes from them; None for the default of ``nominal``.
    retries : int
        How often devices that a server refused ask their next one, at the same prices.
    broadcasts : tuple of float
        Reserves of the broadcasts of loads after which devices ask again.
    """

    actions: str = "decisions"
    observe: str = "columns"
    admission: bool = False
    nominal: str = "pooled"
    span: float | None = None
    retries: int = 0
    broadcasts: tuple[float, ...] = ()

    @classmethod
    def checked(
        cls,
        actions: str,
        observe: str,
        admission: bool | None,
        nominal: str,
        span: float | None,
        retries: int,
        broadcasts: int | Sequence[float],
    ) -> "Options":
        """The Options of keywords.

        Raises
        ------
        ValueError
            Naming the keyword, its value and what is allowed.
        """
        mode = MODES[checks.known("actions", actions, MODES)]
        checks.known("observe", observe, OBSERVE)
        if nominal != cls._field_defaults["nominal"]:
            checks.known("nominal", nominal, _nominal())
        if admission is None:
            admission = mode.admission
        if not isinstance(admission, (bool, np.bool_)):
            raise ValueError(f"admission = {admission!r}: must be True, False or None")
        if span is not None:
            span = checks.number("span", span)
            if span > 20.0:
                raise ValueError(f"span = {span:g}: must be above 0 and at most 20")
        reserves = _reserves(broadcasts)
        if reserves and not admission:
            raise ValueError(f"broadcasts = {broadcasts!r}: need admission, which is off")
        checks.integer("retries", retries, 0, 10_000)
        if retries and not (admission and actions == "prices"):
            raise ValueError(
                f"retries = {retries}: need prices and admission, so that some are refused"
            )
        return cls(actions, observe, bool(admission), nominal, span, retries, reserves)

    @property
    def mode(self) -> Mode:
        """The Mode of ``actions``."""
        return MODES[self.actions]

    def info(self, scenario: Scenario) -> tuple[str, ...]:
        """Keys of a step's info."""
        keys = PRICED_INFO if self.admission or self.actions == "prices" else INFO
        if self.broadcasts:
            keys = (*PRICED_INFO, "exchanged")
        return keys if coupling_of(scenario) == "none" else (*keys, *COUPLED_INFO)

    @property
    def judging(self) -> tuple[str, bool, int, tuple[float, ...]]:
        """What the simulator needs to decide: mode, admission, retries, reserves."""
        return self.actions, self.admission, self.retries, self.broadcasts

    def simulator(self, scenario: Scenario, **arguments: Any) -> Simulator:
        """A Simulator that observes, and has the prices that are, asked for."""
        priced = self.actions == "prices" or self.observe == "features"
        find = partial(_priced, self.nominal, self.span) if priced else None
        return Simulator(scenario, observe=self.observe, price_of=find, **arguments)

    def observation_space(self, scenario: Scenario, agents: str | None = None) -> spaces.Box:
        """Of the single agent, or of one of the ``servers`` or ``devices``."""
        return observation_space(scenario, agents, self.observe)


def _reserves(broadcasts):
    if checks.is_list(broadcasts):
        return tuple(checks.number("broadcasts", r, positive=False) for r in broadcasts)
    count = checks.integer("broadcasts", broadcasts, 0, 16)
    # The later, the fewer move at once.
    return tuple(RESERVE * 0.5**k for k in range(count))


def _nominal():
    # Certificates come with it, which a first step without prices need not wait for.
    from mec_env.simulator.pricing import NOMINAL

    return NOMINAL


def _priced(nominal, span, scenario, world):
    from mec_env.simulator.weighing import with_weights

    return with_weights(_nominal()[nominal])(scenario, world, span)
