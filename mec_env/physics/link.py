"""One radio link: its best transmission power and the rate that goes with it.

For a device that offloads, only power decides what the link costs:
``D (phi_T + phi_E p) / (B log2(1 + p c))`` with ``c = h / sigma^2``, from
equations (2), (9) and (10) of the paper. The minimum has a closed form that the
paper does not use: with ``x = c phi_T / phi_E`` and ``s = 1 + W0((x - 1) / e)``
(Lambert's W), the best power is ``p = (e^s - 1) / c``, capped at ``P_max``, and
the rate at the uncapped optimum is ``B s / ln 2``.

Two forms of it: :func:`closed_form` solves for s; :func:`link` reads degree-7
polynomials in the gain's mantissa, one pair per eighth of an octave, fitted to
the closed form (within 1e-12, and far faster: no logarithm, no exponential, no
branch).
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit

from mec_env.draws._bits import bits_of_float
from mec_env.physics._pairs import two_at

LN2 = math.log(2.0)
_DEGREE = 7
# A piece is told by the float32's exponent and its top three mantissa bits. There is
# one for every normal number: 260 KB, of which a scenario's gains touch a few.
_PIECE_BITS = 20
_FIRST_PIECE = 1 << 3
_PIECES = 254 << 3
SMALLEST_GAIN = 2.0**-126
# What a link costs at least is told for each 64th of an octave.
_FINE_BITS = 17
_FIRST_FINE = 1 << 6
_FINES = 254 << 6


class LinkTable(NamedTuple):
    """Everything a link's best power depends on, and the fitted polynomials.

    Attributes
    ----------
    coefficients : (pieces + 1, 16) float64
        Spectral efficiency [bit/s/Hz] and power [W] in turn, by rising power of
        the variable.
    cap_gain : float
        Gain below which the best power is ``max_power``.
    noise, max_power : float
        Both in W.
    ratio : float
        ``weight_time / weight_energy``; infinite when energy does not count.
    least : (16256,) float32
        A little below the least cost of a bit within each 64th of an octave, in units of
        ``weight_time / bandwidth``: what a link costs at least, without solving for it.
    """

    coefficients: np.ndarray
    cap_gain: float
    noise: float
    max_power: float
    ratio: float
    least: np.ndarray

    def __reduce__(self):
        # A copy is the same table again: three numbers instead of 260 KB, and still read-only,
        # which numba takes for a type of its own and would compile every kernel anew.
        return _table, (self.noise, self.max_power, self.ratio)


@njit(cache=True, nogil=True)
def _snr_of_nats(s):
    """(s - 1) e^s + 1, which is c phi_T / phi_E where s is best, without cancellation."""
    if s >= 1.0:
        return s * math.exp(s) - math.expm1(s)
    # The series sum over k >= 2 of s^k (k - 1) / k! has no differences.
    term, value = 0.5 * s * s, 0.0
    for k in range(2, 24):
        value += term
        term *= s * k / ((k - 1.0) * (k + 1.0))
    return value


@njit(cache=True, nogil=True)
def _spectral_nats(x):
    """The s > 0 with (s - 1) e^s + 1 = x, for x > 0: 1 + W0((x - 1) / e)."""
    # Both starts lie above the root of this convex function: Newton falls monotonically.
    s = min(math.sqrt(2.0 * x), 1.0 + math.log1p(x))
    for _ in range(60):
        step = (_snr_of_nats(s) - x) / (s * math.exp(s))
        s -= step
        if abs(step) <= 1e-15 * s:
            break
    return s


@njit(cache=True, nogil=True)
def _cap_gain(noise, max_power, ratio):
    """Gain at which the uncapped best power equals ``max_power``."""
    if not ratio < math.inf:
        return math.inf
    # With q = P_max c and s = log(1 + q): (s - 1) e^s + 1 = q ratio / P_max; the left
    # side over q grows from 0, so halve an interval of log q.
    low, high = -700.0, 700.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        q = math.exp(middle)
        if _snr_of_nats(math.log1p(q)) < q * (ratio / max_power):
            low = middle
        else:
            high = middle
    return math.exp(0.5 * (low + high)) * noise / max_power


@njit(cache=True, nogil=True)
def _best(gain, capped, noise, max_power, ratio):
    c = gain / noise
    if capped:
        return math.log1p(max_power * c) / LN2, max_power
    s = _spectral_nats(c * ratio)
    return s / LN2, math.expm1(s) / c


@njit(cache=True, nogil=True)
def closed_form(table, gain):
    """Spectral efficiency [bit/s/Hz] and best power [W] of a link, solved for."""
    return _best(gain, gain < table.cap_gain, table.noise, table.max_power, table.ratio)


@njit(cache=True, nogil=True, error_model="numpy")
def link(table, gain):
    """Spectral efficiency [bit/s/Hz] and best power [W] of a link.

    Parameters
    ----------
    table : LinkTable
    gain : float32
        Channel gain, at least ``SMALLEST_GAIN``.
    """
    bits = bits_of_float(gain)
    piece = (bits >> _PIECE_BITS) - _FIRST_PIECE
    # The piece in which the cap is met stands twice, one polynomial for each side of it.
    row = np.uint64(piece + (float(gain) >= table.cap_gain))
    return two_at(table.coefficients, row, float(bits & 0xFFFFF) * 2.0**-19 - 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
def piece_of(gain):
    """The index in ``LinkTable.least`` of a gain, a float32 of at least ``SMALLEST_GAIN``."""
    return np.uint64((bits_of_float(gain) >> _FINE_BITS) - _FIRST_FINE)


@njit(cache=True, nogil=True, error_model="numpy")
def bit_costs(table, gains):
    """A bit's cost at its best power, in units of ``weight_time / bandwidth``, for gains (K,) float32."""
    out = np.empty(gains.size)
    for k in range(gains.size):
        spectral, power = link(table, gains[k])
        out[k] = (1.0 + power / table.ratio) / spectral
    return out


@njit(cache=True, nogil=True)
def _node_values(nodes, cap_gain, noise, max_power, ratio, values):
    for index in range(_PIECES + 1):
        for side in range(2):
            # Entry `index` is piece `index` below the cap or piece `index - 1` above it.
            piece = index - side
            if not 0 <= piece < _PIECES:
                continue
            octave = (piece + _FIRST_PIECE) // 8 - 127
            eighth = (piece + _FIRST_PIECE) % 8
            low = 2.0**octave * (1.0 + eighth / 8.0)
            width = 2.0**octave / 8.0
            if (side == 0 and low >= cap_gain) or (side == 1 and low + width <= cap_gain):
                continue
            for n in range(nodes.size):
                gain = low + width * 0.5 * (nodes[n] + 1.0)
                spectral, power = _best(gain, side == 0, noise, max_power, ratio)
                values[index, n, 0] = spectral
                values[index, n, 1] = power


def link_table(noise, max_power, weight_time, weight_energy):
    """The link table of a task's radio parameters, built once (about 10 ms).

    Parameters
    ----------
    noise, max_power : float
        Noise power and the largest transmission power, both in W, positive.
    weight_time, weight_energy : float
        phi_T (positive) and phi_E (0 or more) of equation (10).

    Returns
    -------
    LinkTable
    """
    ratio = weight_time / weight_energy if weight_energy > 0 else math.inf
    return _table(float(noise), float(max_power), ratio)


# The cost of a bit falls with the gain, so that each piece's upper end has its least.
_UPPER_ENDS = (
    ((np.arange(_FINES) + _FIRST_FINE + 1) << _FINE_BITS).astype(np.int32).view(np.float32)
)
_UPPER_ENDS[-1] = np.finfo(np.float32).max


@lru_cache(maxsize=64)
def _table(noise, max_power, ratio):
    nodes = np.cos(np.pi * (np.arange(_DEGREE + 1) + 0.5) / (_DEGREE + 1))
    to_powers = np.linalg.inv(np.vander(nodes, increasing=True))
    values = np.zeros((_PIECES + 1, nodes.size, 2))
    cap_gain = _cap_gain(noise, max_power, ratio)
    _node_values(nodes, cap_gain, noise, max_power, ratio, values)
    coefficients = (to_powers @ values).reshape(_PIECES + 1, -1)
    coefficients.setflags(write=False)
    table = LinkTable(coefficients, cap_gain, noise, max_power, ratio, np.empty(0, np.float32))
    least = (1.0 - 1e-6) * bit_costs(table, _UPPER_ENDS)
    # What float32 can't hold costs more than the most that it can.
    least = np.minimum(least, np.finfo(np.float32).max).astype(np.float32)
    least.setflags(write=False)
    return table._replace(least=least)
