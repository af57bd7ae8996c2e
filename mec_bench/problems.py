"""Problems drawn by the simulator, of any size: what the certificate's bench and tests run on."""

import numpy as np

import mec_env
from mec_env.optimum.problem import problem_of


class World:
    """One world of a scenario; ``slot()`` is the Problem of its next slot.

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

    def slot(self):
        """The Problem of the next slot."""
        problem = problem_of(self._env.slot)
        self._env.step(self._still)
        return problem
