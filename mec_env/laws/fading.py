"""Small-scale fading by name: the factor of mean one by which every slot changes a path gain.

To add a kind, write a function that fills a row's gains, a branch in :func:`fade`, its distribution
and a line in ``FADINGS``. A channel law then names it. A fading that needs more than one random
word per link draws further words under a use of its own.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit

from mec_env.draws import streams
from mec_env.draws.streams import EXPONENTIAL_RANGE, cosine32, exponential32, philox
from mec_env.laws.channels import law_of, path_gain

NONE, RAYLEIGH, RICIAN = 0, 1, 2

# A drawn gain is a float32 number; links and observations take normal ones.
SMALLEST_NORMAL = float(np.finfo(np.float32).tiny)
LARGEST = float(np.finfo(np.float32).max)


class Fading(NamedTuple):
    """A kind of fading.

    Attributes
    ----------
    code : int
        Number by which the kernel knows it.
    extremes : callable
        extremes(line_of_sight) -> smallest and largest factor that can be drawn.
    below : callable
        below(line_of_sight, factors) -> probability that a factor is below these, an array.
    """

    code: int
    extremes: Callable
    below: Callable


def _rician_extremes(line_of_sight):
    top = math.sqrt(line_of_sight) + math.sqrt((1.0 - line_of_sight) * EXPONENTIAL_RANGE[1])
    return EXPONENTIAL_RANGE[0], top**2


def _rician_below(line_of_sight, factors):
    # Slow to import, and only features ask for it.
    from scipy.stats import ncx2

    rest = 1.0 - line_of_sight
    return ncx2.cdf(2.0 * factors / rest, 2, 2.0 * line_of_sight / rest)


#: Every kind of fading by name.
FADINGS = {
    "none": Fading(NONE, lambda _: (1.0, 1.0), lambda _, factors: 1.0 * (factors > 1.0)),
    "rayleigh": Fading(
        RAYLEIGH, lambda _: EXPONENTIAL_RANGE, lambda _, factors: -np.expm1(-factors)
    ),
    "rician": Fading(RICIAN, _rician_extremes, _rician_below),
}


def fading_of(scenario):
    """The Fading of a scenario's channel law."""
    return FADINGS[law_of(scenario).fading]


def gain_range(scenario):
    """Smallest and largest gain that a link of this scenario can have.

    Shadowing counts up to six standard deviations, where draws are cut off.

    Raises
    ------
    ValueError
        If they are no normal float32 numbers, which drawn gains are.
    """
    law = law_of(scenario)
    shadow = 6.0 * scenario.shadowing if law.shadowed else 0.0
    least, most = fading_of(scenario).extremes(law.line_of_sight)
    with np.errstate(all="ignore"):
        low = float(path_gain(scenario, math.hypot(*scenario.area), -shadow)) * least
        high = float(path_gain(scenario, 1.0, shadow)) * most
    if not (SMALLEST_NORMAL <= low and high <= LARGEST):
        raise ValueError(
            f"path_loss_exponent = {scenario.path_loss_exponent:g}, reference_gain = "
            f"{scenario.reference_gain:g}, shadowing = {scenario.shadowing:g} dB, area = "
            f"{scenario.area[0]:g} m x {scenario.area[1]:g} m: gains from {low:.3g} to {high:.3g} "
            f"come of them, {SMALLEST_NORMAL:.3g} to {LARGEST:.3g} are allowed"
        )
    return low, high


@njit(cache=True, nogil=True, error_model="numpy")
def fade(draws, counter, path, gain, words):
    """Fill a row's gains: path gain times fading, in one float32 pass.

    Parameters
    ----------
    draws : mec_env.simulator.state.Draws
        ``fading`` is the code, ``line_of_sight`` the share of Rician fading.
    counter : (key0, key1, slot, episode)
        Whose numbers these are.
    path, gain : (M * N,) float32
        ``gain`` is filled.
    words : uint32, at least M * N and a multiple of 4
        Room for random words.
    """
    if draws.fading == NONE:
        for k in range(gain.size):
            gain[k] = path[k]
    elif draws.fading == RAYLEIGH:
        _rayleigh(draws, counter, path, gain, words)
    else:
        _rician(draws, counter, path, gain, words)


@njit(cache=True, nogil=True, error_model="numpy")
def _rayleigh(draws, counter, path, gain, words):
    key0, key1, slot, episode = counter
    philox(key0, key1, slot, episode, streams.FADING | (draws.space << 8), words)
    for k in range(gain.size):
        gain[k] = path[k] * exponential32(words[k])


@njit(cache=True, nogil=True, error_model="numpy")
def _rician(draws, counter, path, gain, words):
    """A ray of constant power and a scattered one of exponential power at angle 2 pi t."""
    key0, key1, slot, episode = counter
    share = np.float32(draws.line_of_sight)
    rest = np.float32(1.0) - share
    philox(key0, key1, slot, episode, streams.FADING | (draws.space << 8), words)
    for k in range(gain.size):
        gain[k] = rest * exponential32(words[k])
    philox(key0, key1, slot, episode, streams.LINE_OF_SIGHT_PHASE | (draws.space << 8), words)
    for k in range(gain.size):
        scattered = gain[k]
        beat = np.float32(2.0) * np.sqrt(share * scattered) * cosine32(words[k])
        power = max(share + scattered + beat, np.float32(streams.EXPONENTIAL_RANGE[0] * 1.01))
        gain[k] = path[k] * power
