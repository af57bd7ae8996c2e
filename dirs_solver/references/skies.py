"""A sky as a chain of a few states, so that planning can count with how it may turn."""

import numpy as np
from scipy.special import ndtr

_STATES = np.linspace(-1.7, 1.7, 5)


class Skies:
    """The states of a cluster's sky, and how probable each is one slot later.

    A sky of bursts has the two states that it has, and a file of irradiance one. A sky of weather
    is a number whose distribution is cut into intervals around five states (Tauchen, "Finite
    state Markov-chain approximations to univariate and vector autoregressions", Economics Letters
    20, 1986).

    Parameters
    ----------
    scenario : Scenario
        One whose devices have batteries.

    Attributes
    ----------
    states : (K,) float64
    turns : (K, K) float64
        Probability of state q one slot after state k, in row k.
    """

    def __init__(self, scenario):
        self._scenario = scenario
        if scenario.harvest == "sun":
            self.states = _STATES
        else:
            self.states = np.arange(2.0 if scenario.harvest == "on-off" else 1.0)
        self.turns = self.ahead(self.states)

    def ahead(self, skies):
        """Probability (C, K) of each state one slot after skies (C,)."""
        s = self._scenario
        if s.harvest == "on-off":
            on = np.where(skies == 1.0, 1.0 - 1.0 / s.harvest_on, 1.0 / s.harvest_off)
            return np.stack([1.0 - on, on], axis=1)
        if s.harvest == "file":
            return np.ones((len(skies), 1))
        edges = 0.5 * (self.states[1:] + self.states[:-1])
        away = edges - s.sky_memory * skies[:, None]
        below = ndtr(away / np.sqrt(1.0 - s.sky_memory**2))
        return np.diff(below, axis=1, prepend=0.0, append=1.0)
