"""The Spaces that views show: of observations, made from the tables of blocks and features."""

import numpy as np
from gymnasium import spaces

from mec_env.simulator import observation
from mec_env.simulator.features import feature_bounds

#: What a step's info says of the decision judged; 0.0 after a reset.
INFO = ("objective", "time", "energy", "offloaded")
#: The same with shares of devices that asked for a server and that one kept.
PRICED_INFO = (*INFO, "asked", "admitted")
#: What can be observed.
OBSERVE = ("columns", "features")


def observation_space(scenario, agents=None, observe="columns"):
    """Of the single agent, or of one of the ``servers`` or ``devices``: a flat float32 Box."""
    bounds = feature_bounds if observe == "features" else observation.bounds
    return spaces.Box(*bounds(scenario, agents), dtype=np.float32)
