"""Rewards against a fixed price on the same slot: what remains is what the action changed.

Most of a slot's reward is the slot's own, whoever decides. A second batch of the same seeds asks
the fixed prices; its reward is a baseline that depends on the slot alone, so no gradient is biased.
"""

import numpy as np

from dirs_solver.plugins.sb3.env import RowsVecEnv
from mec_env.laws.actions import asked_of_a_server


class ComparedRows(RowsVecEnv):
    """A batch whose reward is the one of the prices asked, less the one of fixed prices.

    Parameters
    ----------
    rows, scenario, **fields
        As in :class:`RowsVecEnv`, whose actions are prices here.
    reference : float
        -1 to 1: the action of the fixed prices, the same for every server.
    """

    def __init__(self, rows, scenario, reference, observe="columns", **fields):
        super().__init__(rows, scenario, "prices", observe=observe, **fields)
        # It only has to judge, and columns are the cheaper ones to observe.
        self._fixed = RowsVecEnv(rows, scenario, "prices", **fields)
        asked = asked_of_a_server(scenario)
        self._reference = np.zeros((rows, self._fixed.action_space.shape[0]), dtype=np.float32)
        # Weights stay nominal.
        self._reference[:, ::asked] = reference

    def reset(self):
        """Observations (E, size) of a new episode in every row."""
        self._fixed._seeds = list(self._seeds)
        self._fixed.reset()
        return super().reset()

    def step_wait(self):
        """Judge the actions: observations, rewards, ends, infos."""
        observations, rewards, ends, infos = super().step_wait()
        return observations, rewards - self._fixed.step(self._reference)[1], ends, infos

    def close(self):
        """Close both batches."""
        self._fixed.close()
        super().close()
