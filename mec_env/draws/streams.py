"""Random numbers by counter: who may draw what, so that no two draws ever share a number.

Every number is a pure function of a key (the seed) and a counter (which
episode, which slot, which use, which position), by Philox4x32-10 (Salmon et
al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). Nothing is stored
between draws, so a row of a batch and a single environment with the same seed
see the same numbers, in whatever order and on however many threads they are
made, and a world drawn today is the same world after an upgrade of numpy.

The counter's four words are (block, slot, episode, use + 256 * space): streams
of different seeds, episodes, slots, uses or spaces can't run into each other.
"""

from enum import IntEnum

import numpy as np
from numba import njit, uint32, uint64

from mec_env.draws._bits import bits_of_float, float_of_bits

MAX_SEED = 2**64 - 1


class Space(IntEnum):
    """Key spaces. Training and evaluation draws have none in common, whatever the seeds."""

    TRAINING = 0
    EVALUATION = 1


# What a number is used for: the low byte of the counter's last word.
FADING = 0
LINE_OF_SIGHT_PHASE = 1
TASKS = 2
LEGS = 3
SHADOWING_STEP = 4
SKY = 5
SKY_START = 6
COINS = 7
RATE = 8
RATE_START = 9
ARRIVALS = 10
LEG_START = 11
DEVICE_POSITIONS = 16
SERVER_POSITIONS = 17
DEVICE_SPEEDS = 18
SERVER_SPEEDS = 19
WORLD_TASKS = 20
SHADOWING = 21
SERVICES = 22
PANELS = 23
CLUSTERS = 24

_M0 = uint64(0xD2511F53)
_M1 = uint64(0xCD9E8D57)
_W0 = uint32(0x9E3779B9)
_W1 = uint32(0xBB67AE85)
_LOW = uint64(0xFFFFFFFF)
_32 = uint64(32)

LN2_HIGH = np.float32(0.693359375)
LN2_LOW = np.float32(-2.12194440e-4)
SQRT_HALF = np.float32(0.70710678)

# Smallest and largest value of an exponential number, -log(1 - 2**-24) and -log(2**-24).
EXPONENTIAL_RANGE = (5.9e-8, 16.7)


def seed_key(seed):
    """Key words (2,) uint32 of a seed.

    Parameters
    ----------
    seed : int
        0 to 2**64 - 1.

    Raises
    ------
    ValueError
        If the seed is no integer or out of range.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise ValueError(f"seed = {seed!r}: must be an integer from 0 to 2**64 - 1")
    seed = int(seed)
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"seed = {seed}: must be from 0 to 2**64 - 1")
    return np.array([seed & 0xFFFFFFFF, seed >> 32], dtype=np.uint32)


@njit(cache=True, nogil=True, error_model="numpy")
def _round(x0, x1, x2, x3, k0, k1):
    p0, p1 = _M0 * x0, _M1 * x2
    return (p1 >> _32) ^ x1 ^ uint64(k0), p1 & _LOW, (p0 >> _32) ^ x3 ^ uint64(k1), p0 & _LOW


@njit(cache=True, nogil=True, error_model="numpy")
def philox(key0, key1, slot, episode, use, out):
    """Fill ``out`` (uint32, its length a multiple of 4) with random words.

    Word q of block b is written to ``out[q * blocks + b]``: four contiguous
    runs, which the compiler turns into vector code.
    """
    blocks = out.size // 4
    for b in range(blocks):
        x0 = uint64(b)
        x1 = uint64(slot)
        x2 = uint64(episode)
        x3 = uint64(use)
        k0 = uint32(key0)
        k1 = uint32(key1)
        for _ in range(10):
            x0, x1, x2, x3 = _round(x0, x1, x2, x3, k0, k1)
            k0 = uint32(k0 + _W0)
            k1 = uint32(k1 + _W1)
        out[b] = uint32(x0)
        out[blocks + b] = uint32(x1)
        out[2 * blocks + b] = uint32(x2)
        out[3 * blocks + b] = uint32(x3)


@njit(cache=True, nogil=True, error_model="numpy")
def philox_block(key0, key1, slot, episode, use, block):
    """The four words of one block, for who needs few of what :func:`philox` fills."""
    x0, x1, x2, x3 = uint64(block), uint64(slot), uint64(episode), uint64(use)
    k0, k1 = uint32(key0), uint32(key1)
    for _ in range(10):
        x0, x1, x2, x3 = _round(x0, x1, x2, x3, k0, k1)
        k0, k1 = uint32(k0 + _W0), uint32(k1 + _W1)
    return uint32(x0), uint32(x1), uint32(x2), uint32(x3)


@njit(cache=True, nogil=True, error_model="numpy")
def log32(x):
    """Natural logarithm of a positive, normal float32, within 1e-7 relative.

    Written out (polynomial of Cephes' logf, S. Moshier) instead of taken from
    the C library: it vectorises, and its last bit is the same on every machine.
    """
    bits = bits_of_float(x)
    exponent = np.int32((bits >> np.int32(23)) - np.int32(126))
    m = float_of_bits((bits & np.int32(0x007FFFFF)) | np.int32(0x3F000000))
    small = m < SQRT_HALF
    e = np.float32(exponent - np.int32(small))
    f = (m + m if small else m) - np.float32(1.0)
    z = f * f
    zz = z * z
    # In pairs instead of Horner's chain: half the latency.
    y01 = np.float32(3.3333331174e-1) + np.float32(-2.4999993993e-1) * f
    y23 = np.float32(2.0000714765e-1) + np.float32(-1.6668057665e-1) * f
    y45 = np.float32(1.4249322787e-1) + np.float32(-1.2420140846e-1) * f
    y67 = np.float32(1.1676998740e-1) + np.float32(-1.1514610310e-1) * f
    y = (y01 + y23 * z) + ((y45 + y67 * z) + np.float32(7.0376836292e-2) * zz) * zz
    y = y * f * z + e * LN2_LOW - np.float32(0.5) * z
    return f + y + e * LN2_HIGH


@njit(cache=True, nogil=True, error_model="numpy")
def exponential32(word):
    """Exp(1) number in float32 from a random word: -log of an odd multiple of 2**-24."""
    odd = np.int32((word >> uint32(8)) | uint32(1))
    return -log32(np.float32(odd) * np.float32(2.0**-24))


@njit(cache=True, nogil=True, error_model="numpy")
def exp32(x):
    """Exponential function of a float32 between -87 and 88, within 2e-7 relative.

    As :func:`log32` it vectorises and has the same last bit on every machine (polynomial of
    Cephes' expf, S. Moshier).
    """
    x = min(max(x, np.float32(-87.0)), np.float32(88.0))
    half = np.float32(0.5) if x >= np.float32(0.0) else np.float32(-0.5)
    k = np.int32(x * np.float32(1.44269504) + half)
    e = np.float32(k)
    r = x - e * LN2_HIGH - e * LN2_LOW
    y = np.float32(1.9875691500e-4)
    y = y * r + np.float32(1.3981999507e-3)
    y = y * r + np.float32(8.3334519073e-3)
    y = y * r + np.float32(4.1665795894e-2)
    y = y * r + np.float32(1.6666665459e-1)
    y = y * r + np.float32(5.0000001201e-1)
    y = y * r * r + r + np.float32(1.0)
    return y * float_of_bits(np.int32((k + np.int32(127)) << np.int32(23)))


@njit(cache=True, nogil=True, error_model="numpy")
def uniform32(word):
    """Uniform number in (0, 1), float64, from a random word."""
    return (float(word) + 0.5) * 2.0**-32


@njit(cache=True, nogil=True, error_model="numpy")
def normal_from(words, out):
    """Fill ``out`` (float32) with standard normal numbers by Box and Muller's transform.

    Parameters
    ----------
    words : (W,) uint32
        Random words, W even.
    out : (at least W,) float32
        Its first W entries are filled; none is beyond 5.8.
    """
    half = words.size // 2
    for k in range(half):
        radius = np.sqrt(np.float32(2.0) * exponential32(words[k]))
        out[k] = radius * cosine32(words[half + k])
        out[half + k] = radius * sine32(words[half + k])


# cos(2 pi t) on a quarter turn, by powers of t^2.
_COSINE = tuple(
    np.float32(c) for c in (1.0, -19.7392088, 64.9393940, -85.4568172, 60.2446414, -26.4262568)
)


@njit(cache=True, nogil=True)
def _quarter(t):
    z = t * t
    c = np.float32(_COSINE[5])
    c = c * z + _COSINE[4]
    c = c * z + _COSINE[3]
    c = c * z + _COSINE[2]
    c = c * z + _COSINE[1]
    return c * z + _COSINE[0]


@njit(cache=True, nogil=True)
def cosine32(word):
    """Cosine of a uniform angle: quarter and sign by the top bits, the rest by its series."""
    t = np.float32(np.int32((word >> uint32(10)) & uint32(0xFFFFF))) * np.float32(0.25 * 2.0**-20)
    c = _quarter(t)
    return c if word >> uint32(31) else -c


@njit(cache=True, nogil=True)
def sine32(word):
    """Sine of the angle whose cosine :func:`cosine32` gives."""
    t = np.float32(np.int32((word >> uint32(10)) & uint32(0xFFFFF))) * np.float32(0.25 * 2.0**-20)
    s = _quarter(np.float32(0.25) - t)
    return s if (word >> uint32(30)) & uint32(1) else -s


@njit(cache=True, nogil=True)
def _uniform53(words, out):
    half = words.size // 2
    for i in range(out.size):
        high = uint64(words[i] >> uint32(5))
        low = uint64(words[half + i] >> uint32(6))
        out[i] = (float(high * uint64(67108864) + low) + 0.5) * 2.0**-53


class Stream:
    """Numbers of one world, for whoever lays it out.

    Parameters
    ----------
    key : (2,) uint32 array
        From :func:`seed_key`.
    use : int
        One of this module's uses.
    space, episode : int
        Zero for worlds named by ``world_seed``; a world that is redrawn every
        episode has its episode's space and number.
    """

    def __init__(self, key, use, space=0, episode=0):
        self._key, self._use, self._episode = key, int(use) + 256 * int(space), int(episode)
        self._calls = 0

    def uniform(self, *shape):
        """Uniform numbers in (0, 1), float64, 53 random bits each."""
        count = int(np.prod(shape))
        words = np.empty(2 * (count + count % 2), dtype=np.uint32)
        # The slot's place in the counter numbers the calls: a world has no slots.
        philox(self._key[0], self._key[1], self._calls, self._episode, self._use, words)
        self._calls += 1
        out = np.empty(count)
        _uniform53(words, out)
        return out.reshape(shape)

    def normal(self, *shape):
        """Standard normal numbers, float64, by Box and Muller's transform."""
        radius = np.sqrt(-2.0 * np.log(self.uniform(*shape)))
        return radius * np.cos(2.0 * np.pi * self.uniform(*shape))

    def integers(self, bound, *shape):
        """Integers in 0 .. bound - 1."""
        return np.minimum((self.uniform(*shape) * bound).astype(np.int64), bound - 1)
