"""The network that all servers share: a server's features in, the deviation of its price out."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

#: Standardised features are clipped here.
LIMIT = 5.0


class Network:
    """Layers with SiLU between them, single precision; calling it takes no torch.

    Parameters
    ----------
    mean, deviation : (SIZE,) float32
        Of the training's features.
    weights, biases : sequence of arrays
        (out, in) and (out,), layer by layer; the last has one output.
    """

    def __init__(self, mean, deviation, weights, biases):
        self.mean, self.deviation = mean, deviation
        self.weights, self.biases = tuple(weights), tuple(biases)
        # One array for all layers: each costs time on the way into compiled code.
        parts = [part.ravel() for pair in zip(self.weights, self.biases) for part in pair]
        self._numbers = np.concatenate([mean, deviation, *parts]).astype(np.float32)
        self._sizes = np.array([mean.size, *(b.size for b in self.biases)])

    def __call__(self, seen: NDArray[np.float32]) -> NDArray[np.float32]:
        """Deviations of the log prices from their mean, (...,), for features (..., SIZE)."""
        rows = np.ascontiguousarray(seen, dtype=np.float32).reshape(-1, seen.shape[-1])
        out = np.empty(len(rows), dtype=np.float32)
        _forward(self._numbers, self._sizes, rows, out)
        return out.reshape(seen.shape[:-1])

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
            [arrays[f"weight {k}"] for k in layers], [arrays[f"bias {k}"] for k in layers],
        )  # fmt: skip


# Sums may be reassociated, which makes vector code of them; NaN and inf keep their meaning.
@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def _forward(numbers, sizes, rows, out):
    """Fill ``out`` (S,) for rows (S, SIZE)."""
    widest = sizes.max()
    x, y = np.empty(widest, np.float32), np.empty(widest, np.float32)
    first = sizes[0]
    for r in range(rows.shape[0]):
        for k in range(first):
            standard = (rows[r, k] - numbers[k]) / numbers[first + k]
            x[k] = min(max(standard, np.float32(-LIMIT)), np.float32(LIMIT))
        at = 2 * first
        for layer in range(1, sizes.size):
            inputs, outputs = sizes[layer - 1], sizes[layer]
            bias = at + inputs * outputs
            for j in range(outputs):
                total = np.float32(0.0)
                for k in range(inputs):
                    total += numbers[at + j * inputs + k] * x[k]
                total += numbers[bias + j]
                if layer < sizes.size - 1:
                    total /= np.float32(1.0) + np.float32(math.exp(-total))
                y[j] = total
            x, y = y, x
            at = bias + outputs
        out[r] = x[0]
