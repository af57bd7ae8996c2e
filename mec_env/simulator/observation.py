"""What is observed of a slot, as flat float32 vectors in units that suit a network.

The whole observation, in blocks (N devices, M servers):

| block | shape | meaning | unit |
| --- | --- | --- | --- |
| gain | M * N, server by server | log10 of the gain over the scenario's reference gain | decades |
| data | N, where data sizes differ or are redrawn | D_i over the scenario's largest | share, (0, 1] |
| cycles | N, where cycles differ or are redrawn | F_i over the scenario's largest | share, (0, 1] |
| local speed | N, where devices are unequal | f_i0 over the scenario's largest | share, (0, 1] |
| server speed | M, where servers are unequal | F_j^max over the scenario's largest | share, (0, 1] |

A server's observation is its own gains (N), the blocks of N, and its own speed
where servers are unequal. A device's is its own gains (M), its own entry of
each block of N, and the server speeds.
"""

import math
from typing import NamedTuple

import numpy as np

from mec_env.laws import channels
from mec_env.scenario.scenario import upper


class Features(NamedTuple):
    """Which blocks a scenario's observations have, and their scales.

    Attributes
    ----------
    reference_log_gain : float
        Natural logarithm of the reference gain.
    low, high : float
        Bounds of the gain block [decades].
    data, cycles, local_speed, server_speed : float
        The scenario's largest value, by which a block is divided; 0.0 where the
        block is absent.
    """

    reference_log_gain: float
    low: float
    high: float
    data: float
    cycles: float
    local_speed: float
    server_speed: float

    @property
    def per_device(self):
        """Number of blocks with one entry per device."""
        return sum(scale > 0.0 for scale in (self.data, self.cycles, self.local_speed))


def features(scenario):
    """The Features of a scenario."""
    extremes = channels.gain_range(scenario)
    reference = channels.reference_gain(scenario)
    low, high = (math.log10(gain / reference) for gain in extremes)

    def scale(value):
        return 0.0 if isinstance(value, float) else upper(value)

    return Features(
        math.log(reference),
        # A hundredth of a decade covers the rounding of float32 gains and logarithms.
        low - 0.01,
        high + 0.01,
        scale(scenario.data_bits),
        scale(scenario.cycles),
        scale(scenario.local_speed),
        scale(scenario.server_speed),
    )


def size(scenario, agents=None):
    """Length of an observation: of the whole, of one of the ``servers``, or of one of the ``devices``."""
    f, n, m = features(scenario), scenario.iotds, scenario.mecs
    unequal = f.server_speed > 0.0
    if agents == "servers":
        return n + n * f.per_device + unequal
    if agents == "devices":
        return m + f.per_device + m * unequal
    return m * n + n * f.per_device + m * unequal


def bounds(scenario, agents=None):
    """Lowest and highest observation, float32 vectors of that :func:`size`."""
    f = features(scenario)
    gains = {
        None: scenario.mecs * scenario.iotds,
        "servers": scenario.iotds,
        "devices": scenario.mecs,
    }
    low = np.zeros(size(scenario, agents), dtype=np.float32)
    high = np.ones_like(low)
    low[: gains[agents]] = f.low
    high[: gains[agents]] = f.high
    return low, high


def of_server(observation, scenario, server, f=None):
    """The part of a whole observation that server 0 .. M - 1 sees.

    ``f`` are the scenario's :func:`features`, for who asks for many parts.
    """
    n, m = scenario.iotds, scenario.mecs
    f = f or features(scenario)
    end = m * n + n * f.per_device
    own = [observation[server * n : (server + 1) * n], observation[m * n : end]]
    if f.server_speed > 0.0:
        own.append(observation[end + server : end + server + 1])
    return np.concatenate(own)


def of_device(observation, scenario, device, f=None):
    """The part of a whole observation that device 0 .. N - 1 sees; see :func:`of_server`."""
    n, m = scenario.iotds, scenario.mecs
    f = f or features(scenario)
    # Every block of N, the gains of each server first, is N apart from the next.
    end = n * (m + f.per_device)
    return np.concatenate([observation[device:end:n], observation[end:]])
