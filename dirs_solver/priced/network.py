"""The network that all servers share: a server's features in, the deviation of its price out."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Standardised features are clipped here.
LIMIT = 5.0


class Network(NamedTuple):
    """Layers (weights (out, in), biases (out,)), SiLU between them, float32.

    Attributes
    ----------
    mean, deviation : (SIZE,) float32
        Of the training's features.
    weights, biases : tuple of arrays
    """

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    weights: tuple
    biases: tuple

    def __call__(self, seen: NDArray[np.float32]) -> NDArray[np.float32]:
        """Deviations of the log prices from their mean, (...,), for features (..., SIZE)."""
        x = np.clip((seen - self.mean) / self.deviation, -LIMIT, LIMIT)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1]):
            x = x @ weight.T + bias
            x = x / (1.0 + np.exp(-x))
        return (x @ self.weights[-1].T + self.biases[-1])[..., 0]

    @property
    def parameter_count(self) -> int:
        """Number of weights and biases."""
        return sum(a.size for a in (*self.weights, *self.biases))

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """Everything by name."""
        named = {"mean": self.mean, "deviation": self.deviation}
        for k, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            named[f"weight {k}"], named[f"bias {k}"] = weight, bias
        return named

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[np.float32]]) -> "Network":
        """The network of :meth:`arrays`."""
        layers = range(sum(name.startswith("weight ") for name in arrays))
        return cls(
            arrays["mean"], arrays["deviation"],
            tuple(arrays[f"weight {k}"] for k in layers), tuple(arrays[f"bias {k}"] for k in layers),
        )  # fmt: skip
