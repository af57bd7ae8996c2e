"""What a Stable-Baselines3 learner has learned: its actor's layers, and nothing that runs code."""

import numpy as np

from dirs_solver.shared.activations import ACTIVATIONS
from dirs_solver.shared.fits import same_size


def _scores(last, scenario):
    return 0.5 * (np.tanh(last) + 1.0)


def _decisions(last, scenario):
    choices = scenario.iotds, scenario.mecs + 1
    return last.reshape(*last.shape[:-1], *choices).argmax(axis=-1)


#: What the last layer says, by the action mode that it was trained for.
ACTIONS = {"scores": _scores, "decisions": _decisions}


class SB3Policy:
    """An actor's layers with the standardisation of its observations, both frozen.

    Parameters
    ----------
    layers : list of (weight (out, in), bias (out,)), float32
    mean, deviation : (observed,) float32
        Of the training's observations; what is standardised is clipped to +- ``limit``.
    limit : float
    actions : str
        ``decisions``: the last layer gives log-probabilities, M + 1 for each device.
        ``scores``: its hyperbolic tangent is taken to [0, 1], server by server.
    activation : str
        ``tanh`` or ``relu``, between the layers.
    scenario : mec_env.Scenario
        What it was trained on.
    """

    information = "global"

    def __init__(self, layers, mean, deviation, limit, actions, activation, scenario):
        self.layers, self.mean, self.deviation = layers, mean, deviation
        self.limit, self.actions, self.activation = limit, actions, activation
        self.scenario = scenario

    @property
    def parameter_count(self):
        """Number of the actor's weights and biases."""
        return sum(weight.size + bias.size for weight, bias in self.layers)

    def prepare(self, scenario):
        """Check that a scenario is of the size that the actor was trained on.

        Raises
        ------
        ValueError
        """
        same_size("the policy", self.scenario, scenario)

    def act(self, observation):
        """The most likely decision (N,) of 0 .. M, or scores (M * N,) in [0, 1].

        With rows of observations (E, size), one for each row.
        """
        x = (np.asarray(observation) - self.mean) / self.deviation
        x = np.clip(x, -self.limit, self.limit).astype(np.float32)
        between = ACTIVATIONS[self.activation]
        for weight, bias in self.layers[:-1]:
            x = between(x @ weight.T + bias)
        weight, bias = self.layers[-1]
        x = x @ weight.T + bias
        return ACTIONS[self.actions](x, self.scenario)

    def arrays(self):
        """Everything learned, by name."""
        named = {"mean": self.mean, "deviation": self.deviation}
        for k, (weight, bias) in enumerate(self.layers):
            named[f"weight {k}"], named[f"bias {k}"] = weight, bias
        return named

    @classmethod
    def of_arrays(cls, arrays, limit, actions, activation, scenario):
        """The policy of :meth:`arrays`."""
        count = sum(name.startswith("weight ") for name in arrays)
        layers = [(arrays[f"weight {k}"], arrays[f"bias {k}"]) for k in range(count)]
        mean, deviation = arrays["mean"], arrays["deviation"]
        return cls(layers, mean, deviation, limit, actions, activation, scenario)
