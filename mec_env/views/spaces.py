"""The Spaces that views show: of observations, made from the table of blocks."""

import numpy as np
from gymnasium import spaces

from mec_env.simulator import observation

#: What a step's info says of the decision judged; 0.0 after a reset.
INFO = ("objective", "time", "energy", "offloaded")


def observation_space(scenario, agents=None):
    """Of the single agent, or of one of the ``servers`` or ``devices``: a flat float32 Box."""
    low, high = observation.bounds(scenario, agents)
    return spaces.Box(low, high, dtype=np.float32)
