"""A policy with a memory: an LSTM's cell before the actor's layers, and nothing that runs code."""

import copy

import numpy as np

from dirs_solver.shared.fits import same_size
from dirs_solver.shared.price_policy import SQUASHED, PricesPolicy
from mec_env.simulator.features import row_size


class RecurrentPrices(PricesPolicy):
    """An LSTM that reads whole observations in order, and asks all servers' prices.

    It remembers from one ``act`` to the next; ``reset`` begins an episode.

    Parameters
    ----------
    layers, mean, deviation, limit, activation, nominal, scenario
        As :class:`PricesPolicy` takes them; the mean and deviation are one server's where the
        observation is features.
    cell : tuple of (4 H, observed), (4 H, H) and (4 H,) float32
        Weights of the input and of the state, and biases, for the gates input, forget, cell
        and output, one after the other.
    observe : str
        ``features`` or ``columns``.
    """

    information = "global"

    def __init__(
        self, layers, mean, deviation, limit, activation, nominal, scenario, observe, cell
    ):  # fmt: skip
        super().__init__(layers, mean, deviation, limit, "clip", activation, nominal, scenario)
        self.observe, self.cell = observe, cell
        self.reset()

    @property
    def parameter_count(self):
        """Number of the actor's weights and biases, those of its memory among them."""
        return super().parameter_count + sum(array.size for array in self.cell)

    def arrays(self):
        """Everything learned, by name."""
        names = ("memory input", "memory state", "memory bias")
        return {**super().arrays(), **dict(zip(names, self.cell))}

    @classmethod
    def of_arrays(cls, arrays, *arguments):
        """The policy of :meth:`arrays`; the other arguments as the class takes them."""
        cell = tuple(arrays[f"memory {name}"] for name in ("input", "state", "bias"))
        return super().of_arrays(arrays, *arguments, cell)

    def anew(self):
        """The same policy with a memory of its own, empty."""
        other = copy.copy(self)
        other.reset()
        return other

    def reset(self, seed=None):
        """Forget: an episode begins. Nothing is drawn, so the seed makes no difference."""
        self._state = None

    def prepare(self, scenario):
        """Check that a scenario is of the size that the actor was trained on.

        Raises
        ------
        ValueError
        """
        if self.observe == "columns":
            same_size("the policy", self.scenario, scenario)
        sizes = [(world.mecs, row_size(world)) for world in (self.scenario, scenario)]
        if sizes[0] != sizes[1]:
            raise ValueError(
                f"the policy: trained for {sizes[0][0]} servers of {sizes[0][1]} features, "
                f"not for {sizes[1][0]} of {sizes[1][1]}"
            )

    def act(self, observation):
        """Actions (M,) float32 in [-1, 1] of the next slot; with rows (E, size), one for each row."""
        observation = np.asarray(observation)
        seen = observation.reshape(*observation.shape[:-1], -1, self.mean.size)
        seen = (seen - self.mean) / self.deviation
        seen = np.clip(seen, -self.limit, self.limit).astype(np.float32)
        x = self._remember(seen.reshape(observation.shape))
        return SQUASHED[self.squashed](self._layers(x))

    def _remember(self, x):
        of_input, of_state, bias = self.cell
        if self._state is None:
            zeros = np.zeros((*x.shape[:-1], of_state.shape[1]), dtype=np.float32)
            self._state = zeros, zeros
        said, kept = self._state
        gates = np.split(x @ of_input.T + said @ of_state.T + bias, 4, axis=-1)
        admit, keep, new, say = gates
        kept = _sigmoid(keep) * kept + _sigmoid(admit) * np.tanh(new)
        said = _sigmoid(say) * np.tanh(kept)
        self._state = said, kept
        return said


def _sigmoid(x):
    # By the hyperbolic tangent, which doesn't overflow.
    return 0.5 * (np.tanh(0.5 * x) + 1.0)
