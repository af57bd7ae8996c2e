"""A batch of worlds whose servers ask prices, as one TorchRL environment of servers."""

import numpy as np
import torch
from torchrl.data import Bounded

from dirs_solver.plugins.benchmarl.env import Batched
from dirs_solver.plugins.benchmarl.task import MECTask
from mec_env.laws.actions import asked_of_a_server
from mec_env.simulator.features import row_size
from mec_env.views.vector_env import MECVectorEnv

#: Standardised features are clipped here, as is usual.
LIMIT = 10.0


class BatchedPrices(Batched):
    """E worlds whose servers ask prices for their own features; row k has the seed ``seed + k``.

    ==================================  ================  =========================================
    key                                 shape             meaning
    ==================================  ================  =========================================
    ("mec", "observation")              (E, M, 16)        each server's features, standardised,
                                                          float32 within +- ``LIMIT``
    ("mec", "action")                   (E, M, 1)         actions in [-1, 1], float32
    ("mec", "reward")                   (E, M, 1)         the global reward, for each server the same
    ("info", "objective")               (E, 1)            of the slot just judged, 0 after a reset
    "done", "terminated", "truncated"   (E, 1)            all rows end together, by truncation
    ==================================  ================  =========================================

    With a coupling a server's features are more, see :func:`mec_env.simulator.features.row_size`, and
    its actions two: the price and the weight of what the coupling adds.

    Parameters
    ----------
    scenario : mec_env.Scenario
    rows : int
        E.
    seed : int
    nominal : str
        ``pooled`` or ``calibrated``: the prices that actions are relative to.
    reference : float, optional
        -1 to 1: a price. The reward that it brings if all servers ask it in the same slot is taken
        off the reward. Most of a slot's reward is the slot's own; what remains is what the actions
        changed, and no gradient is biased, since the baseline depends on the slot alone.
    mean, deviation : (row_size,) float32, optional
        Of the features; 0 and 1 by default.
    scale : float
        Rewards are divided by it.
    """

    def __init__(
        self, scenario, rows, seed, nominal="calibrated", reference=None, mean=0.0, deviation=1.0,
        scale=1.0, device="cpu",
    ):  # fmt: skip
        super().__init__(device=device, batch_size=[rows])
        options = dict(nominal=nominal, autoreset_mode="Disabled", threads=1)
        self._env = MECVectorEnv(rows, scenario, "prices", observe="features", **options)
        self._mean, self._deviation, self._scale = mean, deviation, scale
        m, asked = scenario.mecs, asked_of_a_server(scenario)
        self._size = row_size(scenario)
        self._fixed = None
        if reference is not None:
            # It only has to judge, and columns are the cheaper ones to observe.
            self._fixed = MECVectorEnv(rows, scenario, "prices", **options)
            self._reference = started(reference, (rows, m), asked)
        self._specify(
            Bounded(-LIMIT, LIMIT, (rows, m, self._size)),
            Bounded(-1.0, 1.0, (rows, m, asked)),
            seed,
        )

    def _begin(self, seed, mask):
        if self._fixed is not None:
            self._fixed.reset(seed=seed, options={"reset_mask": mask})
        return super()._begin(seed, mask)

    def _judged(self, actions):
        observed, reward, terminated, truncated, infos = self._env.step(actions)
        if self._fixed is not None:
            reward = reward - self._fixed.step(self._reference)[1]
        return observed, reward / self._scale, terminated, truncated, infos

    def _entries(self, observed):
        rows = observed.reshape(*self.batch_size, -1, self._size)
        rows = np.clip((rows - self._mean) / self._deviation, -LIMIT, LIMIT)
        return torch.from_numpy(rows.astype(np.float32)), {}


def started(price, shape, asked, dtype=np.float32):
    """Actions (E, M * asked) of one price everywhere, and the nominal weight."""
    actions = np.zeros((*shape, asked), dtype=dtype)
    actions[..., 0] = price
    return actions.reshape(shape[0], -1)


class PricesTask(MECTask):
    """The same task for BenchMARL; ``config`` are the arguments of :class:`BatchedPrices`.

    There is no state: a critic that sees everything is given all servers' features.
    """

    def get_env_fun(self, num_envs, continuous_actions, seed, device):
        return lambda: BatchedPrices(rows=num_envs, seed=seed, device=device, **self.config)

    def max_steps(self, env):
        return self.config["scenario"].slots

    def state_spec(self, env):
        return None


def first_slots(scenario, rows, seed, nominal, reference, start, noise):
    """What is known before any training: moments of the features and of the rewards.

    Parameters
    ----------
    scenario, nominal, reference
        As in :class:`BatchedPrices`.
    rows : int
        Slots that are looked at.
    seed : int
        0 to 2**64 - 1.
    start, noise : float
        Mean and deviation of the actions that the rewards are of.

    Returns
    -------
    mean, deviation : (row_size,) float32
        Of each feature over all servers.
    scale : float
        Deviation of the rewards.
    """
    drawn = np.random.default_rng(seed)
    key = int(drawn.integers(2**63))
    env = BatchedPrices(scenario, rows, key, nominal, reference)
    # Not its standardised ones: a feature may lie outside of the limit.
    features = env._begin(key, np.ones(rows, dtype=bool)).reshape(-1, env._size).astype(np.float64)
    deviation = features.std(axis=0)
    # An input that never changes says nothing: it becomes 0, not a division by 0.
    deviation[deviation < 1e-6] = 1.0
    means = started(start, (rows, scenario.mecs), asked_of_a_server(scenario), np.float64)
    actions = drawn.normal(means, noise).clip(-1.0, 1.0)
    rewards = env._judged(actions.astype(np.float32))[1]
    # With one device there may be no difference.
    scale = max(float(rewards.std()), 1e-6)
    return features.mean(axis=0).astype(np.float32), deviation.astype(np.float32), scale
