"""What a server may look at: sixteen numbers, whatever the number of devices and servers.

They are made of the server's own column of gains, the slot's tasks and the static map (path
gains, speeds), which is local information. ``FEATURES`` lists them. Trial prices lie around the
server's nominal price λ0_j, :mod:`mec_env.simulator.pricing`: λ0_j exp(k step_j), k = -2 .. 2. The
load that a server would get at a trial price, the others asking their nominal one, is

    Σ_i w_i [c_ij + λ w_i < local_i] Π_{o ≠ j} P(server o is no cheaper to i),

w_i the root of the cycles, c_ij the link's cost. The other columns' fading is not known, so the
probability is the fading law's: o is no cheaper while its gain is below the one at which it
would cost as much.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from mec_env.draws.streams import log32
from mec_env.laws.channels import law_of
from mec_env.laws.fading import fading_of, gain_range
from mec_env.physics.cost import link_cost, local_cost
from mec_env.physics.link import bit_costs, least_cost

#: Trial prices are this many steps from the nominal one.
TRIALS = (-2, -1, 0, 1, 2)
#: Loads are shown as log(load / what the price pays for + FLOOR).
FLOOR = 0.05
#: Features of loads, and all others, are clipped at plus and minus this.
LOAD_LIMIT, LIMIT = 3.0, 10.0
# The tail of the fading is tabulated from factors of e^-16 to e^6, and a gain by log cost.
_LOW, _FINE = -16.0, 1.0 / 64.0
_ENTRIES = 1409
_COSTS = 2048


class Feature(NamedTuple):
    """A group of a server's features: its name, entries, range, unit and meaning."""

    name: str
    entries: int
    limit: float
    unit: str
    meaning: str


#: Every feature, in the order of a server's row.
FEATURES = (
    Feature(
        "expected load", 5, LOAD_LIMIT, "log of a share",
        "load expected at each trial price over what the price pays for, λ / 2q, plus 0.05",
    ),
    Feature(
        "willing load", 5, LOAD_LIMIT, "log of a share",
        "the same with all who would rather come than stay, whatever the others ask",
    ),
    Feature("price", 1, LIMIT, "log", "λ0_j Σ w / Σ local, of the world's typical tasks"),
    Feature("congestion", 1, LIMIT, "log", "q_j (Σ w)² / Σ local, of the world's typical tasks"),
    Feature("weights", 1, LIMIT, "log", "Σ w of the slot over that of typical tasks"),
    Feature("worth", 1, LIMIT, "log", "mean of local / w of the slot over that of typical tasks"),
    Feature("local cost", 1, LIMIT, "log", "Σ local of the slot over that of typical tasks"),
    Feature("data", 1, LIMIT, "log", "Σ D of the slot over that of typical tasks"),
)  # fmt: skip
#: Features of one server.
SIZE = sum(feature.entries for feature in FEATURES)


def feature_size(scenario, agents=None):
    """Length of what is observed: M rows of ``SIZE``, or a server's own."""
    return SIZE if agents == "servers" else scenario.mecs * SIZE


def feature_bounds(scenario, agents=None):
    """Lowest and highest features, float32 vectors of that :func:`feature_size`."""
    high = np.repeat([f.limit for f in FEATURES], [f.entries for f in FEATURES])
    high = np.tile(high.astype(np.float32), feature_size(scenario, agents) // SIZE)
    return -high, high


def of_server(observation, scenario, server, found=None):
    """The features that server 0 .. M - 1 sees, its row of the whole."""
    return observation[server * SIZE : (server + 1) * SIZE].copy()


def feature_table():
    """The features as rows of text: name, shape, range, unit, meaning."""
    return [(f.name, f"{f.entries}", f"±{f.limit:g}", f.unit, f.meaning) for f in FEATURES]


class Features(NamedTuple):
    """The tables that features are made with; all empty where nobody asked for features.

    Attributes
    ----------
    below : (entries,) float64
        P(fading < exp(_LOW + k _FINE)).
    log_gain : (costs,) float64
        Log of the gain at which a bit costs ``exp(cost_low + k cost_step)``, in units of
        ``weight_time / bandwidth``.
    cost_low, cost_step : float
    log_path : (worlds, M, N) float32
        Log of the path gains.
    """

    below: np.ndarray
    log_gain: np.ndarray
    cost_low: float
    cost_step: float
    log_path: np.ndarray


def features_of(scenario, physics, worlds, wanted):
    """The Features of a scenario, ``log_path`` to be filled."""
    if not wanted:
        nothing = np.empty(0)
        return Features(nothing, nothing, 0.0, 1.0, np.empty((0, 0, 0), dtype=np.float32))
    factors = np.exp(_LOW + _FINE * np.arange(_ENTRIES))
    below = fading_of(scenario).below(law_of(scenario).line_of_sight, factors)
    low, high = gain_range(scenario)
    gains = np.geomspace(high, low, 4 * _COSTS)
    costs = np.log(bit_costs(physics.links, gains.astype(np.float32)))
    grid = np.linspace(costs[0], costs[-1], _COSTS)
    log_gain = np.interp(grid, costs, np.log(gains))
    path = np.empty((worlds, scenario.mecs, scenario.iotds), dtype=np.float32)
    return Features(below, log_gain, grid[0], grid[1] - grid[0], path)


@njit(cache=True, nogil=True, error_model="numpy")
def observe_features(features, physics, worlds, board, e, room, out):
    """Write every server's features of row e into ``out`` (M * SIZE,), server by server."""
    world, row, gain = worlds.row[e], board.row[e], board.gain[e]
    m, n = gain.shape
    weight, data, local = board.root_cycles[row], board.data_bits[row], room.saving
    load, worth, everything, size = 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        speed, power = worlds.local_speed[world, i], worlds.local_power[world, i]
        local[i] = local_cost(physics, board.cycles[row, i], speed, power)
        load += weight[i]
        worth += local[i] / weight[i]
        everything += local[i]
        size += data[i]
    typical, steps = worlds.typical[world], len(TRIALS)
    found = np.empty((2, steps))
    for j in range(m):
        _loads(features, physics, worlds, board, e, j, local, found)
        price = worlds.price[world, j]
        congestion = physics.weight_time / worlds.server_speed[world, j]
        at = j * SIZE
        for k in range(steps):
            trial = price * math.exp(TRIALS[k] * worlds.step[world, j])
            for kind in range(2):
                share = math.log(2.0 * congestion * found[kind, k] / trial + FLOOR)
                out[at + kind * steps + k] = _clip(share, LOAD_LIMIT)
        at += 2 * steps
        out[at] = _clip(math.log(price * typical[0] / typical[2]), LIMIT)
        out[at + 1] = _clip(math.log(congestion * typical[0] ** 2 / typical[2]), LIMIT)
        out[at + 2] = _clip(math.log(load / typical[0]), LIMIT)
        out[at + 3] = _clip(math.log(worth / n / typical[1]), LIMIT)
        out[at + 4] = _clip(math.log(everything / typical[2]), LIMIT)
        out[at + 5] = _clip(math.log(size / typical[3]), LIMIT)


@njit(cache=True, nogil=True, error_model="numpy")
def _clip(value, limit):
    return np.float32(min(max(value, -limit), limit))


@njit(cache=True, nogil=True, error_model="numpy")
def _loads(features, physics, worlds, board, e, j, local, found):
    """Fill ``found`` (2, TRIALS) with the loads that server j expects, and that are willing."""
    world, row, gain = worlds.row[e], board.row[e], board.gain[e]
    m, n = gain.shape
    price, unit = worlds.price[world], physics.weight_time / physics.bandwidth
    lowest = price[j] * math.exp(TRIALS[0] * worlds.step[world, j])
    step = math.exp(worlds.step[world, j])
    found[:] = 0.0
    for i in range(n):
        weight, data = board.root_cycles[row, i], board.data_bits[row, i]
        trial = lowest
        if data * unit * least_cost(physics.links, gain[j, i]) + trial * weight >= local[i]:
            continue
        cost = link_cost(physics, gain[j, i], data)
        for k in range(found.shape[1]):
            asked = cost + trial * weight
            if asked >= local[i]:
                break
            found[1, k] += weight
            chance = 1.0
            for o in range(m):
                if o != j and chance > 1e-3:
                    left = (asked - price[o] * weight) / (data * unit)
                    chance *= _no_cheaper(features, left, features.log_path[world, o, i])
            found[0, k] += weight * chance
            trial *= step


@njit(cache=True, nogil=True, error_model="numpy")
def _no_cheaper(features, cost, log_path):
    """P(a link costs ``cost`` or more a bit), in units of weight_time / bandwidth."""
    if not cost > 0.0:
        return 1.0
    at = (log32(np.float32(cost)) - features.cost_low) / features.cost_step
    if at < 0.0:
        return 1.0  # no gain is good enough
    ratio = (_between(features.log_gain, at) - log_path - _LOW) / _FINE
    return _between(features.below, max(ratio, 0.0))


@njit(cache=True, nogil=True, error_model="numpy")
def _between(table, at):
    """The table's value at a fractional place of 0 or more; its last one beyond the end."""
    k = min(int(min(at, 1e9)), table.size - 2)
    part = min(at - k, 1.0)
    return table[k] + part * (table[k + 1] - table[k])
