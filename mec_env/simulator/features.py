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
from mec_env.physics.link import bit_costs, piece_of

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
# Probabilities that don't count.
_RARE = 1e-3


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

    Costs are a bit's, in units of ``weight_time / bandwidth``.

    Attributes
    ----------
    below : (entries,) float64
        P(fading < exp(_LOW + k _FINE)).
    log_gain : (costs,) float64
        Log of the gain at which a bit costs ``exp(cost_low + k cost_step)``.
    cost_low, cost_step : float
    likely : float
        Log of the fading that is exceeded with probability ``_RARE``.
    log_path : (worlds, N, M) float32
        Log of the path gains.
    cheapest : (worlds, N, M) float32
        What a link costs at that fading: less is too rare to count.
    order : (worlds, N, M) int32
        Servers by that cost, the lowest first.
    """

    below: np.ndarray
    log_gain: np.ndarray
    cost_low: float
    cost_step: float
    likely: float
    log_path: np.ndarray
    cheapest: np.ndarray
    order: np.ndarray


def features_of(scenario, physics, worlds, wanted):
    """The Features of a scenario, its worlds to be filled by :func:`place`."""
    links = (worlds, scenario.iotds, scenario.mecs) if wanted else (0, 0, 0)
    of_worlds = tuple(np.empty(links, dtype=kind) for kind in (np.float32, np.float32, np.int32))
    if not wanted:
        return Features(np.empty(0), np.empty(0), 0.0, 1.0, 0.0, *of_worlds)
    logs = _LOW + _FINE * np.arange(_ENTRIES)
    below = fading_of(scenario).below(law_of(scenario).line_of_sight, np.exp(logs))
    low, high = gain_range(scenario)
    gains = np.geomspace(high, low, 4 * _COSTS)
    costs = np.log(bit_costs(physics.links, gains.astype(np.float32)))
    grid = np.linspace(costs[0], costs[-1], _COSTS)
    log_gain = np.interp(grid, costs, np.log(gains))
    likely = logs[np.searchsorted(below, 1.0 - _RARE)]
    return Features(below, log_gain, grid[0], grid[1] - grid[0], likely, *of_worlds)


def place(features, index, path_gain):
    """Fill a world's tables, for path gains (M, N)."""
    log_path = np.log(path_gain.T)
    grid = features.cost_low + features.cost_step * np.arange(_COSTS)
    # Gains fall as costs rise.
    best = np.interp(log_path + features.likely, features.log_gain[::-1], grid[::-1])
    features.log_path[index] = log_path
    features.cheapest[index] = np.exp(best)
    features.order[index] = np.argsort(best, axis=1, kind="stable")


@njit(cache=True, nogil=True, error_model="numpy")
def observe_features(features, physics, worlds, board, e, room, out):
    """Write every server's features of row e into ``out`` (M * SIZE,), server by server."""
    world, row = worlds.row[e], board.row[e]
    m, n = board.gain[e].shape
    local = room.saving
    load, worth, everything, size = 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        speed, power = worlds.local_speed[world, i], worlds.local_power[world, i]
        local[i] = local_cost(physics, board.cycles[row, i], speed, power)
        load += board.root_cycles[row, i]
        worth += local[i] / board.root_cycles[row, i]
        everything += local[i]
        size += board.data_bits[row, i]
    typical, steps = worlds.typical[world], len(TRIALS)
    trial, found = np.empty((m, steps)), np.zeros((m, 2, steps))
    for j in range(m):
        for k in range(steps):
            trial[j, k] = worlds.price[world, j] * math.exp(TRIALS[k] * worlds.step[world, j])
    _loads(features, physics, worlds, board, e, room, trial, found)
    for j in range(m):
        congestion = physics.weight_time / worlds.server_speed[world, j]
        at = j * SIZE
        for kind in range(2):
            for k in range(steps):
                share = 2.0 * congestion * found[j, kind, k] / trial[j, k]
                out[at] = _clip(math.log(share + FLOOR), LOAD_LIMIT)
                at += 1
        price = worlds.price[world, j]
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
def _loads(features, physics, worlds, board, e, room, trial, found):
    """Add to ``found`` (M, 2, TRIALS) the loads that each server expects, and that are willing."""
    world, row, gain = worlds.row[e], board.row[e], board.gain[e]
    m, n = gain.shape
    unit = physics.weight_time / physics.bandwidth
    asks, finer = room.floor, 1.0 / features.cost_step
    below, log_gain, log_path = features.below, features.log_gain, features.log_path[world]
    cheapest, order = features.cheapest[world], features.order[world]
    # Arrays by their own names: a tuple of them is counted in and out wherever one is used.
    weights, data, locals_ = board.root_cycles[row], board.data_bits[row], room.saving
    price, least = worlds.price[world], physics.links.least
    for i in range(n):
        weight, local, bits = weights[i], locals_[i], data[i] * unit
        least_asked = np.inf
        for o in range(m):
            asks[o] = price[o] * weight / bits
            least_asked = min(least_asked, asks[o])
        for j in range(m):
            if bits * least[piece_of(gain[j, i])] + trial[j, 0] * weight >= local:
                continue
            cost = link_cost(physics, gain[j, i], data[i])
            for k in range(trial.shape[1]):
                asked = cost + trial[j, k] * weight
                if asked >= local:
                    break
                found[j, 1, k] += weight
                asked /= bits
                # P(no server but j is cheaper), to some 1e-3.
                chance = 1.0
                for rank in range(m):
                    o = order[i, rank]
                    if asked - least_asked <= cheapest[i, o] or chance < _RARE:
                        break  # nor is any that follows
                    left = asked - asks[o]
                    if o != j and left > cheapest[i, o]:
                        at = (log32(np.float32(left)) - features.cost_low) * finer
                        ratio = _between(log_gain, max(at, 0.0)) - log_path[i, o] - _LOW
                        chance *= _between(below, max(ratio / _FINE, 0.0))
                found[j, 0, k] += weight * chance


@njit(cache=True, nogil=True, error_model="numpy")
def _between(table, at):
    """The table's value at a fractional place of 0 or more; its last one beyond the end."""
    k = min(int(min(at, 1e9)), table.size - 2)
    part = min(at - k, 1.0)
    return table[k] + part * (table[k + 1] - table[k])
