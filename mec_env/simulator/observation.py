"""What is observed of a slot, as flat float32 vectors in units that suit a network.

The whole observation is the blocks of ``BLOCKS``, one after the other, without those that a
scenario doesn't have. A server sees of each block what is its own or all devices'; a device
what is its own or all servers'. To add a block: a line in ``BLOCKS`` and
a branch in :func:`observe`.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit

from mec_env.draws.streams import log32
from mec_env.laws.channels import reference_gain
from mec_env.laws.fading import gain_range
from mec_env.scenario.scenario import upper

LOG10_E = np.float32(0.4342944819)
GAIN, DATA, CYCLES, LOCAL_SPEED, SERVER_SPEED = range(5)
# How many entries a block has of a kind, and of whom an agent sees its own.
LINK, DEVICE, SERVER = "link", "device", "server"


class Block(NamedTuple):
    """One block of the observation.

    Attributes
    ----------
    name : str
    code : int
        By which the kernel knows it.
    per : str
        ``link`` (M * N entries, server by server), ``device`` (N) or ``server`` (M).
    scale : callable
        scale(scenario) -> what its numbers are divided by; 0.0 where the block is absent.
    bounds : callable
        bounds(scenario) -> lowest and highest entry.
    range, unit, meaning, present : str
        For the documentation.
    """

    name: str
    code: int
    per: str
    scale: Callable
    bounds: Callable
    range: str
    unit: str
    meaning: str
    present: str


def _gain_bounds(scenario):
    reference = reference_gain(scenario)
    low, high = (math.log10(gain / reference) for gain in gain_range(scenario))
    # A hundredth of a decade covers the rounding of float32 gains and logarithms.
    return low - 0.01, high + 0.01


def _largest(field):
    def scale(scenario):
        value = getattr(scenario, field)
        # One number for all is known to everybody and is not observed.
        return 0.0 if isinstance(value, float) else upper(value)

    return scale


def _share(name, code, per, field, meaning, present):
    unit = "share of the scenario's largest"
    return Block(
        name, code, per, _largest(field), lambda s: (0.0, 1.0), "(0, 1]", unit, meaning, present
    )


#: Every block, in the order of the observation.
BLOCKS = (
    Block(
        "gain", GAIN, LINK, lambda s: 1.0, _gain_bounds, "finite, per scenario", "decades",
        "log10 of the channel gain over the scenario's reference gain (no fading, half a side away)",
        "always",
    ),
    _share("data", DATA, DEVICE, "data_bits", "size of the task, D_i", "if it differs or is redrawn"),
    _share("cycles", CYCLES, DEVICE, "cycles", "work of the task, F_i", "if it differs or is redrawn"),
    _share(
        "local speed", LOCAL_SPEED, DEVICE, "local_speed", "the device's CPU, f_i0",
        "if devices are unequal",
    ),
    _share(
        "server speed", SERVER_SPEED, SERVER, "server_speed", "the server's CPU, F_j^max",
        "if servers are unequal",
    ),
)  # fmt: skip


def table():
    """The blocks as rows of text: name, shape, range, unit, meaning, when they are there."""
    shapes = {LINK: "N per server", DEVICE: "N", SERVER: "M; a server sees its own"}
    return [(b.name, shapes[b.per], b.range, b.unit, b.meaning, b.present) for b in BLOCKS]


class Part(NamedTuple):
    """A block as a scenario has it: where it stands in the whole observation."""

    block: Block
    start: int
    end: int


@lru_cache(maxsize=64)
def parts(scenario):
    """The blocks that a scenario's observation has, as a tuple of Part; asked for in every slot."""
    found, at = [], 0
    for block in BLOCKS:
        if block.scale(scenario) > 0.0:
            found.append(Part(block, at, at + entries(block, scenario)))
            at = found[-1].end
    return tuple(found)


def entries(block, scenario, agents=None):
    """How many entries of a block the whole observation has, or one of the ``agents``."""
    n = 1 if agents == "devices" and block.per != SERVER else scenario.iotds
    m = 1 if agents == "servers" and block.per != DEVICE else scenario.mecs
    return {LINK: m * n, DEVICE: n, SERVER: m}[block.per]


def size(scenario, agents=None):
    """Length of an observation: of the whole, of one of the ``servers``, or of one of the ``devices``."""
    return sum(entries(part.block, scenario, agents) for part in parts(scenario))


def bounds(scenario, agents=None):
    """Lowest and highest observation, float32 vectors of that :func:`size`."""
    counts = [entries(part.block, scenario, agents) for part in parts(scenario)]
    ends = [part.block.bounds(scenario) for part in parts(scenario)]
    low, high = (np.repeat(np.array(end, dtype=np.float32), counts) for end in zip(*ends))
    return low, high


def of_server(observation, scenario, server, found=None):
    """The part of a whole observation that server 0 .. M - 1 sees.

    ``found`` are the scenario's :func:`parts`, for who asks for many.
    """
    n, own = scenario.iotds, []
    for block, start, end in found or parts(scenario):
        if block.per == LINK:
            start += server * n
            end = start + n
        elif block.per == SERVER:
            start += server
            end = start + 1
        own.append(observation[start:end])
    return np.concatenate(own)


def of_device(observation, scenario, device, found=None):
    """The part of a whole observation that device 0 .. N - 1 sees; see :func:`of_server`."""
    n, own = scenario.iotds, []
    for block, start, end in found or parts(scenario):
        # The links of each server are N apart.
        own.append(observation[start:end] if block.per == SERVER else observation[start + device : end : n])  # fmt: skip
    return np.concatenate(own)


class Blocks(NamedTuple):
    """The blocks as the kernel takes them.

    Attributes
    ----------
    reference_log_gain : float
        Natural logarithm of the reference gain.
    table : (B, 4) float64
        Of each block its code, where it starts and ends, and what its numbers are divided by;
        one array, for each costs time on the way into compiled code.
    """

    reference_log_gain: float
    table: np.ndarray


def blocks_of(scenario):
    """The Blocks of a scenario."""
    found = parts(scenario)
    return Blocks(
        math.log(reference_gain(scenario)),
        np.array([(p.block.code, p.start, p.end, p.block.scale(scenario)) for p in found], float),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def observe(blocks, worlds, board, e, out):
    """Write the observation of row e into ``out``."""
    world, tasks = worlds.row[e], board.row[e]
    for b in range(blocks.table.shape[0]):
        code, scale = int(blocks.table[b, 0]), blocks.table[b, 3]
        start, end = int(blocks.table[b, 1]), int(blocks.table[b, 2])
        if code == GAIN:
            _decades(board.gain[e].ravel(), np.float32(blocks.reference_log_gain), out)
        elif code == DATA:
            _shares(board.data_bits, tasks, scale, out, start, end)
        elif code == CYCLES:
            _shares(board.cycles, tasks, scale, out, start, end)
        elif code == LOCAL_SPEED:
            _shares(worlds.local_speed, world, scale, out, start, end)
        elif code == SERVER_SPEED:
            _shares(worlds.server_speed, world, scale, out, start, end)


@njit(cache=True, nogil=True, error_model="numpy")
def _decades(gain, reference, out):
    # The gains come first.
    for k in range(gain.size):
        out[k] = (log32(gain[k]) - reference) * LOG10_E


@njit(cache=True, nogil=True, error_model="numpy")
def _shares(numbers, row, largest, out, start, end):
    # Rows by number: every slice of an array would be counted in and out again, row after row.
    for i in range(end - start):
        out[start + i] = np.float32(numbers[row, i] / largest)
