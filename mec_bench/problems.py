"""Problems drawn by the simulator, of any size: what the certificate's bench and tests run on."""

import numpy as np

import mec_env
from mec_env.optimum.problem import problem_of


class Problems:
    """The problems of one world of a scenario; ``next()`` is that of its next slot.

    Parameters
    ----------
    name : str
        Of a scenario.
    seed : int
        Of the world and of its fading.
    devices, servers : int
    """

    def __init__(self, name, seed, devices=180, servers=8):
        self._env = mec_env.MECEnv(
            name, iotds=devices, mecs=servers, world_seed=seed, slots=2**31 - 1
        )
        self._env.reset(seed=seed)
        self._still = np.zeros(devices, dtype=np.int64)

    def next(self):
        """The Problem of the next slot."""
        problem = problem_of(self._env.slot)
        self._env.step(self._still)
        return problem
