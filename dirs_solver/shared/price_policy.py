"""What a learner of prices has learned: an actor's layers, and nothing that runs code."""

import numpy as np

from dirs_solver.shared.activations import ACTIVATIONS
from dirs_solver.shared.fits import same_size
from mec_env.simulator.features import SIZE

#: How the last layer's numbers get into [-1, 1]; a normal distribution's mean is clipped.
SQUASHED = {"tanh": np.tanh, "clip": lambda x: np.clip(x, -1.0, 1.0)}


class PricesPolicy:
    """An actor's layers with the standardisation of its observations, both frozen.

    Parameters
    ----------
    layers : list of (weight (out, in), bias (out,)), float32
    mean, deviation : (observed,) float32
        Of the training's observations; what is standardised is clipped to +- ``limit``.
    limit : float
    squashed : str
        ``tanh`` or ``clip``, after the last layer.
    activation : str
        ``tanh`` or ``relu``, between the layers.
    nominal : str
        ``pooled`` or ``calibrated``: the prices that actions are relative to.
    scenario : mec_env.Scenario
        What it was trained on.
    """

    actions, admission, span = "prices", True, None

    def __init__(self, layers, mean, deviation, limit, squashed, activation, nominal, scenario):
        self.layers, self.mean, self.deviation = layers, mean, deviation
        self.limit, self.squashed, self.activation = limit, squashed, activation
        self.nominal, self.scenario = nominal, scenario

    @property
    def parameter_count(self):
        """Number of the actor's weights and biases."""
        return sum(weight.size + bias.size for weight, bias in self.layers)

    def arrays(self):
        """Everything learned, by name."""
        named = {"mean": self.mean, "deviation": self.deviation}
        for k, (weight, bias) in enumerate(self.layers):
            named[f"weight {k}"], named[f"bias {k}"] = weight, bias
        return named

    @classmethod
    def of_arrays(cls, arrays, *arguments):
        """The policy of :meth:`arrays`; the other arguments as the class takes them."""
        count = sum(name.startswith("weight ") for name in arrays)
        layers = [(arrays[f"weight {k}"], arrays[f"bias {k}"]) for k in range(count)]
        return cls(layers, arrays["mean"], arrays["deviation"], *arguments)

    def _through(self, x):
        x = np.clip((x - self.mean) / self.deviation, -self.limit, self.limit).astype(np.float32)
        between = ACTIVATIONS[self.activation]
        for weight, bias in self.layers[:-1]:
            x = between(x @ weight.T + bias)
        weight, bias = self.layers[-1]
        return SQUASHED[self.squashed](x @ weight.T + bias)


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
        return self._through(np.asarray(observation))

    act_for_all = act


class SharedPrices(PricesPolicy):
    """One actor for every server, that sees the server's own features: local information.

    It acts at any number of servers and devices.
    """

    information, observe, agents = "local", "features", "servers"

    def act(self, agent, observation):
        """The action (1,) float32 in [-1, 1] of a server that observes (16,) features."""
        return self._through(np.asarray(observation))

    def act_for_all(self, observation):
        """Actions (..., M) of all servers for their features side by side (..., M * 16)."""
        observation = np.asarray(observation)
        rows = observation.reshape(*observation.shape[:-1], -1, SIZE)
        return self._through(rows)[..., 0]


#: By what is observed.
POLICIES = {"features": SharedPrices, "columns": WholePrices}
