"""Worlds whose servers ask prices, made ready for other people's algorithms; numpy alone.

Features are standardised. The reward of a fixed price on the same slot is taken off each reward,
since most of a slot's reward is the slot's own, whoever decides. The baseline depends on the slot
alone, so no gradient is biased.
"""

import numpy as np

from mec_env.laws.actions import asked_of_a_server
from mec_env.simulator.features import row_size
from mec_env.views.vector_env import MECVectorEnv

#: Standardised features are clipped here, as is usual.
LIMIT = 10.0


class PricedRows:
    """E worlds that end together; row k is a single environment of the seed ``seed + k``.

    Parameters
    ----------
    scenario : mec_env.Scenario
        Its ``reward`` is what is learned from.
    rows : int
        E.
    nominal : str
        ``pooled`` or ``calibrated``: the prices that actions are relative to.
    reference : float, optional
        -1 to 1: the price whose reward is taken off; none by default.
    mean, deviation : (size,) float32, optional
        Of a server's features; 0 and 1 by default.
    scale : float
        Rewards are divided by it.

    Attributes
    ----------
    servers, size, asked : int
        M; features that a server sees; numbers that it is asked for, 1, or 2 with a coupling.
    """

    def __init__(
        self, scenario, rows, nominal="calibrated", reference=None, mean=0.0, deviation=1.0,
        scale=1.0,
    ):  # fmt: skip
        self.scenario, self.rows = scenario, rows
        self.servers, self.asked = scenario.mecs, asked_of_a_server(scenario)
        self.size = row_size(scenario)
        options = dict(nominal=nominal, autoreset_mode="Disabled", threads=1)
        self._own = MECVectorEnv(rows, scenario, "prices", observe="features", **options)
        self._mean, self._deviation, self._scale = mean, deviation, scale
        self._fixed = None
        if reference is not None:
            # It only has to judge, and columns are the cheaper ones to observe.
            self._fixed = MECVectorEnv(rows, scenario, "prices", **options)
            self._reference = self.started(reference)

    def started(self, price):
        """Actions (E, M, asked) float32 of one price everywhere, and of the nominal weight."""
        actions = np.zeros((self.rows, self.servers, self.asked), dtype=np.float32)
        actions[..., 0] = price
        return actions

    def reset(self, seed=None):
        """Begin an episode: features (E, M, size) float32, standardised.

        Without a seed it is the next episode of the last one.
        """
        return self.standardised(self.raw(seed))

    def raw(self, seed=None):
        """The same, not standardised."""
        if self._fixed is not None:
            self._fixed.reset(seed=seed)
        return self._own.reset(seed=seed)[0].reshape(self.rows, self.servers, self.size)

    def standardised(self, features):
        """Features (..., size) as networks are given them."""
        seen = (features - self._mean) / self._deviation
        return np.clip(seen, -LIMIT, LIMIT).astype(np.float32)

    def step(self, actions):
        """Judge actions (E, M, asked), clipped to [-1, 1].

        Returns
        -------
        features : (E, M, size) float32
        reward : (E,) float64
        ended : bool
            All rows end by truncation; ``reset`` is due.
        objective : (E,) float64
        """
        asked = np.clip(actions, -1.0, 1.0).astype(np.float32).reshape(self.rows, -1)
        observed, reward, _, ended, infos = self._own.step(asked)
        if self._fixed is not None:
            reward = reward - self._fixed.step(self._reference.reshape(self.rows, -1))[1]
        features = observed.reshape(self.rows, self.servers, self.size)
        done = bool(ended.all())
        return self.standardised(features), reward / self._scale, done, infos["objective"]


def moments(scenario, rows, seed, nominal, reference, start, noise):
    """What is known before any training: moments of the features and of the rewards.

    Parameters
    ----------
    scenario, rows, nominal, reference
        As :class:`PricedRows` takes them; ``rows`` slots are looked at.
    seed : int
    start, noise : float
        Mean and deviation of the actions that the rewards are of.

    Returns
    -------
    mean, deviation : (size,) float32
    scale : float
        Deviation of the rewards.
    """
    env = PricedRows(scenario, rows, nominal, reference)
    features = env.raw(seed).reshape(-1, env.size).astype(np.float64)
    deviation = features.std(axis=0)
    # An input that never changes says nothing: it becomes 0, not a division by 0.
    deviation[deviation < 1e-6] = 1.0
    rewards = env.step(np.random.default_rng(seed).normal(env.started(start), noise))[1]
    # With one device there may be no difference.
    scale = max(float(rewards.std()), 1e-6)
    return features.mean(axis=0).astype(np.float32), deviation.astype(np.float32), scale
