"""Channel gain laws by name: how a gain depends on distance, and how it fades.

Each law is a path gain, a function of distance that a world fixes once, times a
fading factor of mean one that every slot draws anew. Distances below 1 m count
as 1 m.

| name | path gain | fading | source |
| --- | --- | --- | --- |
| ``rayleigh`` | beta_0 d^-alpha | Rayleigh | equation (3) of the paper with its "small-scale fading factor"; beta_0 1e-3, alpha 2 and the law of the factor are our choices, the paper gives none |
| ``are`` | d^-2 | none | code of the first author's sibling work, ARE (Jiang et al., 2020) |
| ``droo`` | 3 (c / 4 pi f d)^2.8, f 915 MHz | Rayleigh | code of DROO (Huang, Bi, Zhang, IEEE TMC 2020) |
| ``lydroo`` | 3 (c / 4 pi f d)^3, f 915 MHz | Rician, 0.3 of the power in line of sight | code of LyDROO (Bi et al., IEEE TWC 2021) |
| ``log-distance`` | beta_0 d^-alpha, log-normal shadowing per link and world | none | textbook (Rappaport, "Wireless Communications", 2002, section 4.9) |
"""

import math

import numpy as np

from mec_env.draws.streams import EXPONENTIAL_RANGE

NO_FADING, RAYLEIGH, RICIAN = 0, 1, 2

# A drawn gain is a float32 number; links and observations take normal ones.
SMALLEST_NORMAL = float(np.finfo(np.float32).tiny)
LARGEST = float(np.finfo(np.float32).max)

_LIGHT_SPEED = 3e8
_CARRIER = 915e6
_ANTENNA_GAIN = 3.0
_LINE_OF_SIGHT_SHARE = 0.3

FADING = {
    "rayleigh": RAYLEIGH,
    "are": NO_FADING,
    "droo": RAYLEIGH,
    "lydroo": RICIAN,
    "log-distance": NO_FADING,
}


def path_gain(scenario, distance, shadowing_db=0.0):
    """Path gain of links.

    Parameters
    ----------
    scenario : Scenario
    distance : array of float
        Any shape [m].
    shadowing_db : array of float
        Gain added by shadowing [dB]; only ``log-distance`` has any.

    Returns
    -------
    array of float, same shape
    """
    d = np.maximum(distance, 1.0)
    if scenario.channel == "are":
        return d**-2.0
    if scenario.channel in ("droo", "lydroo"):
        wave = _LIGHT_SPEED / (4.0 * math.pi * _CARRIER * d)
        return _ANTENNA_GAIN * wave ** (2.8 if scenario.channel == "droo" else 3.0)
    gain = scenario.reference_gain * d**-scenario.path_loss_exponent
    return gain * np.power(10.0, shadowing_db / 10.0)


def line_of_sight_share(scenario):
    """Share of a faded link's mean power that travels in line of sight, 0 for Rayleigh."""
    return _LINE_OF_SIGHT_SHARE if FADING[scenario.channel] == RICIAN else 0.0


def gain_range(scenario):
    """Smallest and largest gain that a link of this scenario can have.

    Shadowing counts up to six standard deviations, where draws are cut off.

    Raises
    ------
    ValueError
        If they are no normal float32 numbers, which drawn gains are.
    """
    with np.errstate(all="ignore"):
        low, high = _extremes(scenario)
    if not (SMALLEST_NORMAL <= low and high <= LARGEST):
        raise ValueError(
            f"path_loss_exponent = {scenario.path_loss_exponent:g}, reference_gain = "
            f"{scenario.reference_gain:g}, shadowing = {scenario.shadowing:g} dB, area = "
            f"{scenario.area[0]:g} m x {scenario.area[1]:g} m: gains from {low:.3g} to {high:.3g} "
            f"come of them, {SMALLEST_NORMAL:.3g} to {LARGEST:.3g} are allowed"
        )
    return low, high


def _extremes(scenario):
    diagonal = math.hypot(*scenario.area)
    shadow = 6.0 * scenario.shadowing if scenario.channel == "log-distance" else 0.0
    low = float(path_gain(scenario, diagonal, -shadow))
    high = float(path_gain(scenario, 1.0, shadow))
    fading = FADING[scenario.channel]
    if fading == NO_FADING:
        return low, high
    if fading == RAYLEIGH:
        return low * EXPONENTIAL_RANGE[0], high * EXPONENTIAL_RANGE[1]
    share = line_of_sight_share(scenario)
    top = math.sqrt(share) + math.sqrt((1.0 - share) * EXPONENTIAL_RANGE[1])
    return low * EXPONENTIAL_RANGE[0], high * top**2


def reference_gain(scenario):
    """Gain of a link of average kind: no fading, at half the side of the area's square.

    Observations count decades from here.
    """
    return float(path_gain(scenario, 0.5 * math.sqrt(scenario.area[0] * scenario.area[1])))
