"""One world whose servers ask prices as a Gymnasium environment, ready for other people's trainers."""

import gymnasium
import numpy as np
from gymnasium.spaces import Box

from dirs_solver.shared.priced_rows import LIMIT


class PricedEnv(gymnasium.Env):
    """All servers as one agent: their features side by side, their prices side by side.

    Observations are (M * size,) float32 within +- 10, standardised; actions (M * asked,) float32,
    clipped to [-1, 1]. A step's info has ``objective``.

    Parameters
    ----------
    rows : PricedRows
        Of one row.
    seed : int, optional
        Of the first reset, where none is given there.
    """

    def __init__(self, rows, seed=None):
        self._rows, self._seed = rows, seed
        seen, asked = rows.servers * rows.size, rows.servers * rows.asked
        self.observation_space = Box(-LIMIT, LIMIT, (seen,), np.float32)
        self.action_space = Box(-1.0, 1.0, (asked,), np.float32)

    def reset(self, *, seed=None, options=None):
        """Begin an episode: the next one of the last seed, if none is given."""
        super().reset(seed=seed)
        seed, self._seed = self._seed if seed is None else seed, None
        return self._rows.reset(seed).reshape(-1), {"objective": 0.0}

    def step(self, action):
        """Judge the prices; an episode ends by truncation."""
        asked = np.reshape(action, (1, self._rows.servers, -1))
        seen, reward, ended, objective = self._rows.step(asked)
        info = {"objective": float(objective[0])}
        return seen.reshape(-1), float(reward[0]), False, ended, info
