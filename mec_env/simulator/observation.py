"""What is observed of a slot, as flat float32 vectors in units that suit a network.

The whole observation is the blocks of ``BLOCKS``, one after the other, without those that a
scenario doesn't have. Of each block a server sees its own entries, or those of all devices. A
device sees its own entries, or those of all servers. To add a block, add a line in ``BLOCKS`` and a
branch in :func:`observe`.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit

from mec_env.draws.streams import log32
from mec_env.laws.channels import reference_gain
from mec_env.laws.coupling import (
    backlog,
    battery,
    battery_kernel,
    coupling_of,
    moving,
    moving_kernel,
)
from mec_env.laws.fading import gain_range
from mec_env.scenario.scenario import upper

LOG10_E = np.float32(0.4342944819)
(
    GAIN, DATA, CYCLES, LOCAL_SPEED, SERVER_SPEED, SLOW_GAIN, HOLDER, CARRIED, VELOCITY, DAY,
    QUEUE, LEFT,
) = range(12)  # fmt: skip
# How many entries a block has of a kind, and of whom an agent sees its own; everybody sees what is
# shared.
LINK, DEVICE, SERVER, SHARED = "link", "device", "server", "shared"


class Block(NamedTuple):
    """One block of the observation.

    Attributes
    ----------
    name : str
    code : int
        By which the kernel knows it.
    per : str
        ``link`` (M * N entries, server by server), ``device`` (N), ``server`` (M) or ``shared``.
    scale : callable
        scale(scenario) -> what its numbers are divided by; 0.0 where the block is absent.
    bounds : callable
        bounds(scenario) -> lowest and highest entry.
    range, unit, meaning, present : str
        For the documentation.
    offset : callable
        offset(scenario) -> where its numbers begin in what a row carries, for those that are.
    entries : callable
        entries(scenario) -> how many there are of a ``shared`` block.
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
    offset: Callable = lambda scenario: 0
    entries: Callable = lambda scenario: 1


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


def _if(law, scale=lambda scenario: 1.0):
    return lambda scenario: scale(scenario) if law.is_on(scenario) else 0.0


def _carried(name, per, law, scale, ends, span, unit, meaning, present, offset, entries=None):
    return Block(
        name, CARRIED, per, _if(law, scale), lambda s: ends, span, unit, meaning, present, offset,
        entries or (lambda s: 1),
    )  # fmt: skip


#: Velocities are clipped at this many times the scenario's speed.
FASTEST = 10.0


def pace(scenario):
    """Speed that velocities are observed in shares of [m/s]."""
    # A trace has no speed of its own: that of a bus.
    return 10.0 if scenario.motion == "trace" else max(upper(scenario.motion_speed), 1e-9)


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
    Block(
        "slow gain", SLOW_GAIN, LINK, _if(moving), _gain_bounds, "finite, per scenario", "decades",
        "the gain without fading, on which forecasts rest", "if devices move",
    ),
    Block(
        "holder", HOLDER, LINK, _if(moving), lambda s: (0.0, 1.0), "0 or 1", "-",
        "whether the server holds the device's service", "if devices move",
    ),
    _carried(
        "x", DEVICE, moving, lambda s: s.area[0], (0.0, 1.0), "[0, 1]", "share of the map's width",
        "place of the device", "if devices move", lambda s: moving.X * s.iotds,
    ),
    _carried(
        "y", DEVICE, moving, lambda s: s.area[1], (0.0, 1.0), "[0, 1]", "share of the map's height",
        "place of the device", "if devices move", lambda s: moving.Y * s.iotds,
    ),
    Block(
        "velocity", VELOCITY, DEVICE, _if(moving, pace), lambda s: (-FASTEST, FASTEST),
        "[-10, 10]", "shares of the scenario's speed", "eastwards", "if devices move",
    ),
    Block(
        "northwards", VELOCITY, DEVICE, _if(moving, pace), lambda s: (-FASTEST, FASTEST),
        "[-10, 10]", "shares of the scenario's speed", "the velocity's other part", "if devices move",
        lambda s: 1,
    ),
    _carried(
        "level", DEVICE, battery, lambda s: s.battery_levels, (0.0, 1.0), "[0, 1]",
        "share of the top level", "energy in store", "if devices have batteries",
        lambda s: battery.LEVEL * s.iotds,
    ),
    _carried(
        "harvested", DEVICE, battery, lambda s: s.battery_levels, (0.0, 1.0), "[0, 1]",
        "share of the top level", "harvest of the last slot", "if devices have batteries",
        lambda s: battery.HARVESTED * s.iotds,
    ),
    _carried(
        "sky", SHARED, battery, lambda s: 1.0, (-1e3, 1e3), "finite", "deviations",
        "sky of each cluster in the last slot, 0 at first", "if devices have batteries",
        lambda s: battery.BLOCKS * s.iotds + s.clusters, lambda s: s.clusters,
    ),
    Block(
        "day", DAY, SHARED, _if(battery), lambda s: (-1.0, 1.0), "[-1, 1]", "-",
        "sine and cosine of the time of day", "if devices have batteries", entries=lambda s: 2,
    ),
    Block(
        "queue", QUEUE, SERVER, _if(backlog), lambda s: (0.0, float(s.iotds * s.slots)),
        "0 or more", "slots", "time that the tasks that wait at the server take", "if tasks wait",
    ),
    _carried(
        "task", DEVICE, backlog, lambda s: 1.0, (0.0, 1.0), "0 or 1", "-",
        "whether the device has a task", "if tasks wait", lambda s: s.mecs,
    ),
    _carried(
        "arrivals", SHARED, backlog, lambda s: 1.0, (0.0, 1.0), "[0, 1]", "share of devices",
        "who had a task lately in each cluster, the last slot with weight 0.2", "if tasks wait",
        lambda s: s.mecs + s.iotds + backlog.RECENT * s.clusters, lambda s: s.clusters,
    ),
    Block(
        "left", LEFT, SHARED,
        lambda s: 0.0 if coupling_of(s) == "none" else float(s.slots), lambda s: (0.0, 1.0),
        "[0, 1]", "share of the episode", "slots left, this one among them", "with any coupling",
    ),
)  # fmt: skip


def table():
    """The blocks as rows of text: name, shape, range, unit, meaning, when they are there."""
    shapes = {
        LINK: "N per server",
        DEVICE: "N",
        SERVER: "M; a server sees its own",
        SHARED: "seen by all",
    }
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
    if block.per == SHARED:
        return block.entries(scenario)
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
        everybodys = block.per in (SERVER, SHARED)
        own.append(observation[start:end] if everybodys else observation[start + device : end : n])
    return np.concatenate(own)


class Blocks(NamedTuple):
    """The blocks as the kernel takes them.

    Attributes
    ----------
    reference_log_gain : float
        Natural logarithm of the reference gain.
    carried : int
        The first of the blocks of what a row carries.
    table : (B, 5) float64
        Of each block its code, where it starts and ends, what its numbers are divided by, and where
        they begin in what a row carries.
    """

    reference_log_gain: float
    carried: int
    table: np.ndarray


def blocks_of(scenario):
    """The Blocks of a scenario."""
    found = parts(scenario)
    return Blocks(
        math.log(reference_gain(scenario)),
        sum(part.block.code < SLOW_GAIN for part in found),
        np.array(
            [
                (p.block.code, p.start, p.end, p.block.scale(scenario), p.block.offset(scenario))
                for p in found
            ],
            float,
        ),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def observe(blocks, worlds, board, carry, law, e, room, out):
    """Write the observation of row e into ``out``."""
    world, tasks = worlds.row[e], board.row[e]
    for b in range(blocks.carried):
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
    if law is not None:
        _show_carried(blocks, worlds, board, carry, law, e, room.normals, out)


@njit(cache=True, nogil=True, error_model="numpy")
def _show_carried(blocks, worlds, board, carry, law, e, logs, out):
    """The blocks of what a row carries, all in one call: each counts its arrays in and out."""
    numbers, table = carry.numbers, blocks.table
    n, world, slot = board.cycles.shape[1], worlds.row[e], carry.slot[e]
    own, reference = law.own, np.float32(blocks.reference_log_gain)
    for b in range(blocks.carried, table.shape[0]):
        code, scale, first = int(table[b, 0]), table[b, 3], int(table[b, 4])
        start, end = int(table[b, 1]), int(table[b, 2])
        if code == CARRIED:
            share = 1.0 / scale
            carried, shown = numbers[e, first : first + end - start], out[start:end]
            for k in range(end - start):
                shown[k] = np.float32(carried[k] * share)
        elif code == SLOW_GAIN:
            for k in range(end - start):
                out[start + k] = (logs[k] - reference) * LOG10_E
        elif code == HOLDER:
            out[start:end] = np.float32(0.0)
            for i in range(n):
                out[start + int(numbers[e, moving.HOLDER * n + i]) * n + i] = np.float32(1.0)
        elif code == VELOCITY:
            # The northwards block follows the eastwards one, and what both need is worked out once.
            if first == 0:
                shown = out[start : start + 2 * n]
                moving_kernel.velocities(law.numbers, numbers, e, 1.0 / scale, FASTEST, shown)
        elif code == DAY:
            angle = 2.0 * math.pi * battery_kernel.hour(law.numbers, numbers, e, n, slot)
            out[start], out[start + 1] = np.float32(math.sin(angle)), np.float32(math.cos(angle))
        elif code == QUEUE:
            for j in range(end - start):
                out[start + j] = np.float32(numbers[e, j] / own[world, j])
        elif code == LEFT:
            # After an episode's last slot nothing is left.
            out[start] = np.float32(max(scale - slot, 0.0) / scale)


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
