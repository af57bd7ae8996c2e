"""Decisions as what a guess leaves to be said: version 3 of the packed layout, for coupled slots.

Writer and reader play the suite together. In each slot both know what every option asks of a
device: its cost, with the server's congestion at loads that are guessed from what was said so far,
and the levels that it takes from a battery. Device after device, one bit says whether it sends,
and one a server, the cheapest first, whether it is that one. How likely a bit is in its context is
counted, alike on both sides, and a range coder spends -log2 of that likelihood.

A context is the ratio of two costs in steps of a tenth, so rounding does not touch it. The
decisions' checksum stands in front: if a slot is another here, that is noticed.
"""

import zlib

import numpy as np
from numba import njit

from mec_env.optimum.problem import problem_of

#: Ratios of two costs at which a context ends and the next begins.
_EDGES = np.cumprod(np.full(23, 1.1)) / 1.1**12
_STEPS = _EDGES.size + 1
#: Levels that one option takes more than another, as contexts tell them apart: 4 less to 8 more.
_LESS, _MORE = 4, 8
_USES = _LESS + 1 + _MORE
#: Servers asked about that have contexts of their own; all later ones share theirs.
_TURNS = 4
#: The device's last server is neither the one asked about nor the next, the one, the other.
_LAST = 3
#: Share that a new slot has in the usual load.
_NEW = 0.2
#: Likelihoods are 16 bits; none is so near 0 or 1 that its bit could cost more than 12.
_ONE, _LEAST = 1 << 16, 1 << 4
#: Bits that a likelihood remembers.
_MEMORY = 255
_WORD = (1 << 32) - 1
_LOW, _HIGH, _CODE, _AT, _READS = range(5)


def foretell(decisions, suite):
    """Decisions (S, N) of a suite, packed.

    Parameters
    ----------
    decisions : (S, N) integers
        0 .. M.
    suite : Suite

    Returns
    -------
    bytes
    """
    decisions = np.ascontiguousarray(decisions, dtype=np.int64)
    guess, told = _Guess(suite), [_checksum(decisions)]
    n, m = suite.scenario.iotds, suite.scenario.mecs
    # A bit moves the range by four bytes at most, whatever its likelihood.
    data, coder = np.zeros(4 * n * (m + 2), np.uint8), _coder(reads=False)
    for played in suite.play(decisions):
        coder[_AT] = 0
        guess.tell(coder, data, played.slot, played.decision.copy())
        told.append(data[: coder[_AT]].tobytes())
    return b"".join(told) + int(coder[_LOW]).to_bytes(4, "big")


def retell(data, suite):
    """Decisions (S, N) int64 of a suite, from what :func:`foretell` made.

    Raises
    ------
    ValueError
        If they are damaged, or the suite's slots are not those that they were packed with.
    """
    if len(data) < 8:
        raise ValueError(f"decisions are damaged ({len(data)} bytes, must be 8 or more)")
    reader = _Reader(data[4:], suite)
    found = np.array([played.decision for played in suite.play(reader)])
    if reader.left or _checksum(found) != data[:4]:
        raise ValueError("decisions are damaged, or other slots were decided (checksum differs)")
    return found


class _Reader:
    """A policy that decides as it is told."""

    def __init__(self, data, suite):
        self._data = np.frombuffer(bytearray(data), np.uint8)
        self._coder = _coder(reads=True)
        self._coder[_CODE] = int.from_bytes(data[:4], "big")
        self._coder[_AT] = 4
        self._guess, self._devices = _Guess(suite), suite.scenario.iotds

    @property
    def left(self):
        """Bytes that were not asked for; negative where more were."""
        return self._data.size - int(self._coder[_AT])

    def decide(self, slot):
        """Decision (N,) of the next slot."""
        decision = np.zeros(self._devices, np.int64)
        self._guess.tell(self._coder, self._data, slot, decision)
        return decision


class _Guess:
    """What was said so far, and how likely the next bits are."""

    def __init__(self, suite):
        n, m = suite.scenario.iotds, suite.scenario.mecs
        self._slots, self._t = suite.scenario.slots, 0
        # Whether a device sends, and whether to the server asked about.
        sizes = _STEPS * _USES, _TURNS * _STEPS * _USES * _LAST
        self._books = tuple(np.tile(np.array([_ONE // 2, 0]), (size, 1)) for size in sizes)
        self._last, self._usual, self._load = np.zeros(n, np.int64), np.zeros(m), np.zeros(m)
        self._free = np.zeros((n, m), np.int64), np.zeros(n, np.int64)

    def tell(self, coder, data, slot, decision):
        """Say a slot's decision (N,), or fill it in as the bits say."""
        if self._t % self._slots == 0:
            self._last[:], self._usual[:] = 0, 0.0
        self._load[:] = 0.0
        heard = self._last, self._usual, self._load
        problem = tuple(problem_of(slot))
        _slot(coder, data, self._books, problem, self._uses(slot), heard, decision)
        new = 1.0 if self._t % self._slots == 0 else _NEW
        self._usual += new * (self._load - self._usual)
        self._t += 1

    def _uses(self, slot):
        """Levels that links (N, M) take and that staying at home (N,) takes."""
        facts = {} if slot.coupled is None else slot.coupled.facts
        if "level" not in facts:
            return self._free
        full, half = facts["home_use"].T
        home = np.where(full <= facts["level"], full, np.where(half <= facts["level"], half, 0))
        return facts["link_use"].astype(np.int64), home.astype(np.int64)


def _coder(reads):
    return np.array([0, _WORD, 0, 0, reads], dtype=np.int64)


def _checksum(decisions):
    data = np.ascontiguousarray(decisions, dtype="<u2").tobytes()
    return zlib.crc32(data).to_bytes(4, "big")


@njit(cache=True, nogil=True)
def _slot(coder, data, books, problem, uses, heard, decision):
    sends, turns = books
    link, local, weight, congestion = problem
    link_use, home_use = uses
    last, usual, load = heard
    n, m = link.shape
    asked = np.empty(m)
    for i in range(n):
        to_come = (n - 1 - i) / n
        for j in range(m):
            around = 2.0 * (load[j] + to_come * usual[j]) + weight[i]
            asked[j] = link[i, j] + congestion[j] * weight[i] * around
        best = asked.argmin()
        context = _step(asked[best], local[i]) * _USES + _use(home_use[i] - link_use[i, best])
        if _bit(coder, data, sends, context, decision[i] > 0):
            j = _server(coder, data, turns, asked, link_use[i], last[i] - 1, decision[i] - 1)
            decision[i] = last[i] = j + 1
            load[j] += weight[i]
        else:
            decision[i] = 0


@njit(cache=True, nogil=True)
def _server(coder, data, turns, asked, use, last, wanted):
    """The server, the cheapest asked about first; the only one left goes unsaid."""
    m = asked.size
    passed = np.zeros(m, np.bool_)
    for turn in range(m - 1):
        best = next_one = -1
        for j in range(m):
            if passed[j]:
                continue
            if best < 0 or asked[j] < asked[best]:
                next_one, best = best, j
            elif next_one < 0 or asked[j] < asked[next_one]:
                next_one = j
        context = min(turn, _TURNS - 1) * _STEPS + _step(asked[next_one], asked[best])
        context = context * _USES + _use(use[best] - use[next_one])
        context = context * _LAST + (1 if best == last else 2 if next_one == last else 0)
        if _bit(coder, data, turns, context, best == wanted):
            return best
        passed[best] = True
    return passed.argmin()


@njit(cache=True, nogil=True)
def _use(more):
    """The context of one option's taking so many levels more than another."""
    return min(max(more, -_LESS), _MORE) + _LESS


@njit(cache=True, nogil=True)
def _step(cost, other):
    """How many of the edges the ratio of two costs is above."""
    found = 0
    for edge in _EDGES:
        found += cost > edge * other
    return found


@njit(cache=True, nogil=True)
def _bit(coder, data, book, context, bit):
    """Say a bit, or read it; then it is likelier in its context."""
    chance, seen = book[context]
    middle = coder[_LOW] + ((coder[_HIGH] - coder[_LOW]) * chance >> 16)
    if coder[_READS]:
        bit = coder[_CODE] <= middle
    if bit:
        coder[_HIGH] = middle
    else:
        coder[_LOW] = middle + 1
    while (coder[_LOW] ^ coder[_HIGH]) >> 24 == 0:
        if coder[_READS]:
            # Past the end of what is damaged.
            byte = data[coder[_AT]] if coder[_AT] < data.size else 0
            coder[_CODE] = (coder[_CODE] << 8 & _WORD) | byte
        else:
            data[coder[_AT]] = coder[_HIGH] >> 24
        coder[_AT] += 1
        coder[_LOW] = coder[_LOW] << 8 & _WORD
        coder[_HIGH] = (coder[_HIGH] << 8 & _WORD) | 255
    wish = _ONE if bit else 0
    chance += (wish - chance) * 2 // (2 * seen + 3)
    book[context, 0] = min(max(chance, _LEAST), _ONE - _LEAST)
    book[context, 1] = min(seen + 1, _MEMORY)
    return bit
