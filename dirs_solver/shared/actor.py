"""An actor's layers in numpy, with the standardisation of what it observes; nothing that runs code."""

import numpy as np

from dirs_solver.shared.activations import ACTIVATIONS


class Actor:
    """Frozen layers that a learned policy acts with.

    Parameters
    ----------
    layers : list of (weight (out, in), bias (out,)), float32
    mean, deviation : (observed,) float32
        Of the training's observations; what is standardised is clipped to +- ``limit``.
    limit : float
    activation : str
        ``tanh`` or ``relu``, between the layers.
    """

    def __init__(self, layers, mean, deviation, limit, activation):
        self.layers, self.mean, self.deviation = layers, mean, deviation
        self.limit, self.activation = limit, activation

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

    def through(self, observation):
        """What the last layer gives (..., out) for observations (..., observed)."""
        x = (np.asarray(observation) - self.mean) / self.deviation
        return self._layers(np.clip(x, -self.limit, self.limit).astype(np.float32))

    def _layers(self, x):
        """What the last layer gives for what the first one is given."""
        between = ACTIVATIONS[self.activation]
        for weight, bias in self.layers[:-1]:
            x = between(x @ weight.T + bias)
        weight, bias = self.layers[-1]
        return x @ weight.T + bias
