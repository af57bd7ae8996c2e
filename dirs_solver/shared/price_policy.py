"""The policy of a learner of prices: an actor's layers, and nothing that runs code."""

import numpy as np

from dirs_solver.shared.actor import Actor
from dirs_solver.shared.fits import same_size

#: How the last layer's numbers get into [-1, 1]; a normal distribution's mean is clipped.
SQUASHED = {"tanh": np.tanh, "clip": lambda x: np.clip(x, -1.0, 1.0)}


class PricesPolicy(Actor):
    """An actor's layers with the standardisation of its observations, both frozen.

    Parameters
    ----------
    layers, mean, deviation, limit, activation
        As :class:`Actor` takes them.
    squashed : str
        ``tanh`` or ``clip``, after the last layer.
    nominal : str
        ``pooled`` or ``calibrated``: the prices that actions are relative to.
    scenario : mec_env.Scenario
        What it was trained on.
    """

    actions, admission, span = "prices", True, None

    def __init__(self, layers, mean, deviation, limit, squashed, activation, nominal, scenario):
        super().__init__(layers, mean, deviation, limit, activation)
        self.squashed, self.nominal, self.scenario = squashed, nominal, scenario

    def _through(self, observation):
        return SQUASHED[self.squashed](self.through(observation))


class WholePrices(PricesPolicy):
    """An actor that sees the whole observation and asks all servers' prices."""

    information, observe = "global", "columns"

    def prepare(self, scenario):
        """Check that a scenario is of the size that the actor was trained on.

        Raises
        ------
        ValueError
        """
        same_size("the policy", self.scenario, scenario)

    def act(self, observation):
        """Actions (M,) float32 in [-1, 1]; with rows of observations (E, size), one for each row."""
        return self._through(observation)

    act_for_all = act


class SharedPrices(PricesPolicy):
    """One actor for every server, that sees the server's own features: local information.

    It acts at any number of servers and devices.
    """

    information, observe, agents = "local", "features", "servers"

    def act(self, agent, observation):
        """The action float32 in [-1, 1] of a server that observes its features.

        (1,) for 16 of them; (2,) for the row of a coupled scenario.
        """
        return self._through(observation)

    def act_for_all(self, observation):
        """Actions (..., M or 2 M) of all servers for their rows of features side by side."""
        observation = np.asarray(observation)
        rows = observation.reshape(*observation.shape[:-1], -1, self.mean.size)
        asked = self._through(rows)
        return asked.reshape(*observation.shape[:-1], -1)


#: By what is observed.
POLICIES = {"features": SharedPrices, "columns": WholePrices}
