"""Prioritised experience replay: equation (15), with demonstrations that keep their places."""

import numpy as np

from dirs_solver.shared.randomness import REPLAY, uniforms


class Replay:
    """Slots and the decisions to learn from them.

    Demonstrations fill the first places and stay (ours: the paper keeps them in the buffer and does
    not say for how long); the agents' own data fill the rest and then overwrite the oldest of it. A
    transition that was never trained on has the highest priority of all (ours), so that it is
    trained on soon.

    Parameters
    ----------
    capacity : int
    width : int
        Length of an observation.
    devices : int
        N.
    epsilon_agents, epsilon_demonstrations : float
        epsilon of equation (15) for the agents' data and for demonstrations.
    exponent : float
        tau of equation (15).

    Attributes
    ----------
    observation : (capacity, width) float32
        Whole observations, see :mod:`mec_env.simulator.observation`.
    decision : (capacity, N) int32
        Refined or demonstrated decisions a*, 0 .. M.
    loss : (capacity,) float64
        A transition's loss, averaged over all agents, when it was last trained on;
        NaN before.
    variation : (capacity,) float64
        |delta loss| from one training on it to the next; NaN before the second.
    demonstrations : int
        Places taken by demonstrations.
    added : int
        Transitions of the agents so far.
    """

    def __init__(self, capacity, width, devices, epsilon_agents, epsilon_demonstrations, exponent):
        self.observation = np.zeros((capacity, width), dtype=np.float32)
        self.decision = np.zeros((capacity, devices), dtype=np.int32)
        self.loss = np.full(capacity, np.nan)
        self.variation = np.full(capacity, np.nan)
        self.demonstrations = 0
        self.added = 0
        self._epsilons = epsilon_agents, epsilon_demonstrations
        self._exponent = exponent

    def __len__(self):
        room = len(self.loss) - self.demonstrations
        return self.demonstrations + min(self.added, room)

    def add_demonstrations(self, observations, decisions):
        """Put demonstrations (K, width), (K, N) in the first places of an empty buffer."""
        count = len(observations)
        if len(self):
            raise ValueError("demonstrations: they come first, but the buffer is not empty")
        if count > len(self.loss):
            raise ValueError(f"demonstrations: {count}, the buffer has {len(self.loss)} places")
        self.observation[:count] = observations
        self.decision[:count] = decisions
        self.demonstrations = count

    def add(self, observation, decision):
        """Append what the agents did, refined; over the oldest such transition if all is full."""
        room = len(self.loss) - self.demonstrations
        if room == 0:
            return
        place = self.demonstrations + self.added % room
        self.observation[place] = observation
        self.decision[place] = decision
        self.loss[place] = self.variation[place] = np.nan
        self.added += 1

    def probabilities(self):
        """P_i of equation (15), (len,) float64."""
        size = len(self)
        epsilon = np.full(size, self._epsilons[0])
        epsilon[: self.demonstrations] = self._epsilons[1]
        weight = self.variation[:size] + epsilon
        untried = np.isnan(weight)
        # Nothing tried yet: all alike, but for their epsilons.
        highest = weight[~untried].max() if not untried.all() else None
        weight[untried] = epsilon[untried] if highest is None else highest
        weight **= self._exponent
        return weight / weight.sum()

    def sample(self, count, seed, update):
        """Draw places (count,) with replacement, by priority; a function of seed and update."""
        ladder = np.cumsum(self.probabilities())
        drawn = uniforms(seed, REPLAY, update, count) * ladder[-1]
        return np.minimum(np.searchsorted(ladder, drawn, side="right"), len(ladder) - 1)

    def is_demonstration(self, places):
        """Which places hold demonstrations, bool."""
        return places < self.demonstrations

    def record(self, places, losses):
        """Note the losses (K,), averaged over all agents, of transitions just trained on."""
        self.variation[places] = np.abs(losses - self.loss[places])
        self.loss[places] = losses

    def arrays(self):
        """All that a checkpoint must keep, by name."""
        size = len(self)
        return {
            "observation": self.observation[:size],
            "decision": self.decision[:size],
            "loss": self.loss[:size],
            "variation": self.variation[:size],
            "counts": np.array([self.demonstrations, self.added], dtype=np.int64),
        }

    def restore(self, arrays):
        """Become what :meth:`arrays` described."""
        self.demonstrations, self.added = (int(k) for k in arrays["counts"])
        for name in ("observation", "decision", "loss", "variation"):
            getattr(self, name)[: len(self)] = arrays[name]
