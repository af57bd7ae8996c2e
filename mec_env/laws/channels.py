"""Channel laws by name: how a link's gain depends on distance, and which fading it has.

A law is a path gain, a function of distance that a world fixes once, times a fading factor
(:mod:`mec_env.laws.fading`) of mean one that every slot draws anew. Distances below 1 m count as
one metre. To add a law, add a line to ``LAWS``, the only place to touch. The line names the law's
fading; a new kind of fading is a kernel in ``fading.py``.

| name | path gain | fading | source |
| --- | --- | --- | --- |
| ``rayleigh`` | beta_0 d^-alpha | Rayleigh | equation (3) of the paper with its "small-scale fading factor"; beta_0 1e-3, alpha 2 and the law of the factor are our choices, the paper gives none |
| ``are`` | d^-2 | none | code of the first author's sibling work, ARE (Jiang et al., 2020) |
| ``droo`` | 3 (c / 4 pi f d)^2.8, f 915 MHz | Rayleigh | code of DROO (Huang, Bi, Zhang, IEEE TMC 2020) |
| ``lydroo`` | 3 (c / 4 pi f d)^3, f 915 MHz | Rician, 0.3 of the power in line of sight | code of LyDROO (Bi et al., IEEE TWC 2021) |
| ``suzuki`` | beta_0 d^-alpha, log-normal shadowing | Rayleigh | Suzuki (IEEE Trans. Commun. 25, 1977); along the track of a moving device shadowing is correlated (Gudmundson, Electronics Letters 27, 1991) |
| ``log-distance`` | beta_0 d^-alpha, log-normal shadowing per link and world | none | textbook (Rappaport, "Wireless Communications", 2002, section 4.9) |
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

_LIGHT_SPEED = 3e8
_CARRIER = 915e6
_ANTENNA_GAIN = 3.0


class ChannelLaw(NamedTuple):
    """One way in which links depend on distance and fade.

    Attributes
    ----------
    path_gain : callable
        path_gain(scenario, distance [m], at least 1) -> power gain, arrays of one shape.
    fading : str
        A name of ``mec_env.laws.fading.FADINGS``.
    shadowed : bool
        Whether the scenario's ``shadowing`` counts.
    line_of_sight : float
        Share of the mean power that travels in line of sight, for Rician fading.
    """

    path_gain: Callable
    fading: str = "none"
    shadowed: bool = False
    line_of_sight: float = 0.0


def _power_law(scenario, d):
    return scenario.reference_gain * d**-scenario.path_loss_exponent


def _inverse_square(scenario, d):
    return d**-2.0


def _free_space(exponent):
    """Free space at one metre, and from there a power of the distance."""

    def path_gain(scenario, d):
        wave = _LIGHT_SPEED / (4.0 * math.pi * _CARRIER * d)
        return _ANTENNA_GAIN * wave**exponent

    return path_gain


#: Every channel law by name.
LAWS = {
    "rayleigh": ChannelLaw(_power_law, "rayleigh"),
    "are": ChannelLaw(_inverse_square),
    "droo": ChannelLaw(_free_space(2.8), "rayleigh"),
    "lydroo": ChannelLaw(_free_space(3.0), "rician", line_of_sight=0.3),
    "suzuki": ChannelLaw(_power_law, "rayleigh", shadowed=True),
    "log-distance": ChannelLaw(_power_law, shadowed=True),
}


def law_of(scenario):
    """The ChannelLaw of a scenario."""
    return LAWS[scenario.channel]


def path_gain(scenario, distance, shadowing_db=0.0):
    """Path gain of links.

    Parameters
    ----------
    scenario : Scenario
    distance : array of float
        Any shape [m].
    shadowing_db : array of float
        Gain added by shadowing [dB]; 0 where the law has none.

    Returns
    -------
    array of float, same shape
    """
    gain = law_of(scenario).path_gain(scenario, np.maximum(distance, 1.0))
    return gain * np.power(10.0, shadowing_db / 10.0)


def reference_gain(scenario):
    """Gain of a reference link: no fading, half the side of a square of the map's area long.

    Observations give gains in decades relative to it.
    """
    return float(path_gain(scenario, 0.5 * math.sqrt(scenario.area[0] * scenario.area[1])))
