"""What a server may look at: sixteen numbers, whatever the number of devices and servers.

They are made of the server's own column of gains, the slot's tasks and the static map (path gains,
speeds), which is local information. ``FEATURES`` lists them. Trial prices lie around the server's
nominal price λ0_j, :mod:`mec_env.simulator.pricing`: λ0_j exp(k step_j), k = -2 .. 2. If the others
ask their nominal prices, the load that server j expects at a trial price λ is

    Σ_i w_i [c_ij + λ w_i < local_i] Π_{o ≠ j} P(server o is no cheaper to i),

with w_i the square root of the cycles and c_ij the link's cost. The fading of other columns is not
known, so the probability follows from the fading law: o is no cheaper while its gain is below the
gain at which it would cost as much. Where devices move, path gains are those of their present
places, and the others' shadowing is not known either, see :mod:`mec_env.simulator.rivals`.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from mec_env.draws.streams import log32
from mec_env.laws.channels import law_of
from mec_env.laws.coupling import backlog, battery, battery_kernel, coupling_of, moving
from mec_env.laws.coupling import kernel as coupling
from mec_env.laws.coupling.kernel import BATTERY, MOVING
from mec_env.laws.fading import fading_of, gain_range
from mec_env.physics.cost import link_cost, local_cost
from mec_env.physics.link import bit_costs, piece_of
from mec_env.simulator.rivals import follow, shadowed

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
#: Features of one server where nothing passes from slot to slot.
SIZE = sum(feature.entries for feature in FEATURES)

_LEFT = Feature("left", 1, LIMIT, "share", "slots left of the episode's, this one among them")
#: What a server's row has besides, by coupling. Loads are shown as those above.
COUPLED_FEATURES = {
    "none": (),
    "moving": (
        Feature("held", 1, LIMIT, "share", "devices whose service it holds, M times their share"),
        Feature("held load", 1, LIMIT, "log of a share", "willing load of those at the nominal price"),
        Feature(
            "new load", 1, LIMIT, "log of a share",
            "the same of all others, the migration counted at the nominal weight",
        ),
        Feature("held gain", 1, LIMIT, "log", "mean log of held services' slow gain over the mean of all"),
        _LEFT,
    ),
    "battery": (
        Feature("level", 1, LIMIT, "share", "mean level of all devices"),
        Feature("harvested", 1, LIMIT, "share", "mean harvest of the last slot over the top level"),
        Feature("sky", 1, LIMIT, "deviations", "mean sky of the last slot"),
        Feature("day", 2, LIMIT, "-", "sine and cosine of the time of day"),
        _LEFT,
    ),
    "backlog": (
        Feature("queue", 1, LIMIT, "log", "log(1 + slots that its waiting tasks take)"),
        Feature("tasks", 1, LIMIT, "share", "devices with a task"),
        Feature("arrivals", 1, LIMIT, "share", "who had a task lately, mean of the clusters"),
        Feature(
            "offered", 1, LIMIT, "log of a share",
            "tasks that would come for no price and no queue, over those it ends in a slot, plus 0.05",
        ),
        _LEFT,
    ),
}  # fmt: skip


def row_size(scenario):
    """Features of one server of a scenario: ``SIZE``, and what its coupling has besides."""
    return SIZE + sum(f.entries for f in COUPLED_FEATURES[coupling_of(scenario)])


def feature_size(scenario, agents=None):
    """Length of what is observed: M rows of :func:`row_size`, or a server's own."""
    return row_size(scenario) * (1 if agents == "servers" else scenario.mecs)


def feature_bounds(scenario, agents=None):
    """Lowest and highest features, float32 vectors of that :func:`feature_size`."""
    row = (*FEATURES, *COUPLED_FEATURES[coupling_of(scenario)])
    high = np.repeat([f.limit for f in row], [f.entries for f in row]).astype(np.float32)
    high = np.tile(high, feature_size(scenario, agents) // row_size(scenario))
    return -high, high


def of_server(observation, scenario, server, found=None):
    """The features that server 0 .. M - 1 sees, its row of the whole."""
    size = row_size(scenario)
    return observation[server * size : (server + 1) * size].copy()


def feature_table():
    """The features as rows of text: name, shape, range, unit, meaning."""
    return [_words(feature) for feature in FEATURES]


def coupled_feature_table():
    """What a coupling adds to a row, as rows of text: coupling, and then as :func:`feature_table`."""
    return [(name, *_words(feature)) for name, more in COUPLED_FEATURES.items() for feature in more]


def _words(f):
    return f.name, f"{f.entries}", f"±{f.limit:g}", f.unit, f.meaning


class Features(NamedTuple):
    """The tables that features are made with; None in their place where nobody asked for features.

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
    row, slots : int
        Length of a server's row, and of an episode.
    """

    below: np.ndarray
    log_gain: np.ndarray
    cost_low: float
    cost_step: float
    likely: float
    log_path: np.ndarray
    cheapest: np.ndarray
    order: np.ndarray
    row: int
    slots: int


def features_of(scenario, physics, worlds, wanted):
    """The Features of a scenario, or None where nobody wants them.

    Its worlds are to be filled by :func:`mec_env.simulator.rivals.place`.
    """
    if not wanted:
        return None
    links = worlds, scenario.iotds, scenario.mecs
    of_worlds = tuple(np.empty(links, dtype=kind) for kind in (np.float32, np.float32, np.int32))
    logs = _LOW + _FINE * np.arange(_ENTRIES)
    below = fading_of(scenario).below(law_of(scenario).line_of_sight, np.exp(logs))
    low, high = gain_range(scenario)
    gains = np.geomspace(high, low, 4 * _COSTS)
    costs = np.log(bit_costs(physics.links, gains.astype(np.float32)))
    grid = np.linspace(costs[0], costs[-1], _COSTS)
    log_gain = np.interp(grid, costs, np.log(gains))
    if moving.is_on(scenario) and law_of(scenario).shadowed:
        # Where devices will be, a world can't know their shadowing.
        below = shadowed(below, logs, scenario.shadowing)
    likely = logs[min(np.searchsorted(below, 1.0 - _RARE), _ENTRIES - 1)]
    return Features(
        below, log_gain, grid[0], grid[1] - grid[0], likely, *of_worlds, row_size(scenario),
        scenario.slots,
    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def observe_features(features, physics, worlds, board, carry, law, e, room, out):
    """Write every server's features of row e into ``out`` (M * SIZE,), server by server."""
    world, row = worlds.row[e], board.row[e]
    m, n = board.gain[e].shape
    local = room.saving
    load, worth, everything, size = 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        if law is None:
            speed, power = worlds.local_speed[world, i], worlds.local_power[world, i]
            local[i] = local_cost(physics, board.cycles[row, i], speed, power)
        else:
            seconds, joules = coupling.at_home(law, physics, worlds, board, carry, e, i)
            local[i] = physics.weight_time * seconds + physics.weight_energy * joules
            if local[i] == 0.0:
                continue  # nobody's task
        load += board.root_cycles[row, i]
        worth += local[i] / board.root_cycles[row, i]
        everything += local[i]
        size += board.data_bits[row, i]
    typical, steps = worlds.typical[world], len(TRIALS)
    trial, found = np.empty((m, steps)), np.zeros((m, 2, steps))
    for j in range(m):
        for k in range(steps):
            trial[j, k] = worlds.price[world, j] * math.exp(TRIALS[k] * worlds.step[world, j])
    if law is not None and law.code == MOVING:
        follow(features, physics, law, carry, e, world)
    _loads(features, physics, worlds, board, e, room, trial, found)
    for j in range(m):
        congestion = physics.weight_time / worlds.server_speed[world, j]
        if law is not None:
            congestion = physics.weight_time * coupling.on_server(law, worlds, e, j)
        at = j * features.row
        for kind in range(2):
            for k in range(steps):
                share = 2.0 * congestion * found[j, kind, k] / trial[j, k]
                out[at] = _clip(math.log(share + FLOOR), LOAD_LIMIT)
                at += 1
        price = worlds.price[world, j]
        out[at] = _clip(math.log(price * typical[0] / typical[2]), LIMIT)
        out[at + 1] = _clip(math.log(congestion * typical[0] ** 2 / typical[2]), LIMIT)
        out[at + 2] = _log(load / typical[0])
        out[at + 3] = _log(worth / n / typical[1])
        out[at + 4] = _log(everything / typical[2])
        out[at + 5] = _log(size / typical[3])
        if law is not None:
            _coupled(features, physics, worlds, board, carry, law, e, j, room, out[at + 6 :])


@njit(cache=True, nogil=True, error_model="numpy")
def _log(ratio):
    # Where nobody has a task a ratio is 0.
    return _clip(math.log(max(ratio, 1e-9)), LIMIT)


@njit(cache=True, nogil=True, error_model="numpy")
def _coupled(features, physics, worlds, board, carry, law, e, j, room, out):
    """What a server's row has besides of a coupling; ``room.saving`` holds the local costs."""
    left = (features.slots - carry.slot[e]) / features.slots
    if law.code == MOVING:
        _moving(physics, worlds, board, carry, law, e, j, room, left, out)
    elif law.code == BATTERY:
        _battery(board, carry, law, e, left, out)
    else:
        _backlog(physics, worlds, board, carry, law, e, j, room, left, out)


@njit(cache=True, nogil=True, error_model="numpy")
def _moving(physics, worlds, board, carry, law, e, j, room, left, out):
    numbers, row, world = carry.numbers, board.row[e], worlds.row[e]
    m, n = board.gain[e].shape
    price, weight = worlds.price[world, j], worlds.weight[world, j]
    held, held_load, new_load, held_gain, gain = 0, 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        slow = math.log(worlds.path_gain[world, j, i])
        gain += slow
        own = numbers[e, moving.HOLDER * n + i] == j
        held += own
        held_gain += slow * own
        asked = link_cost(physics, board.gain[e, j, i], board.data_bits[row, i])
        seconds, joules = coupling.on_link(law, physics, worlds, board, carry, e, i, j)
        asked += weight * (physics.weight_time * seconds + physics.weight_energy * joules)
        if asked + price * board.root_cycles[row, i] < room.saving[i]:
            if own:
                held_load += board.root_cycles[row, i]
            else:
                new_load += board.root_cycles[row, i]
    paid = 2.0 * physics.weight_time * coupling.on_server(law, worlds, e, j) / price
    out[0] = _clip(held * m / n, LIMIT)
    out[1] = _clip(math.log(paid * held_load + FLOOR), LIMIT)
    out[2] = _clip(math.log(paid * new_load + FLOOR), LIMIT)
    out[3] = _clip(held_gain / held - gain / n if held else 0.0, LIMIT)
    out[4] = np.float32(max(left, 0.0))


@njit(cache=True, nogil=True, error_model="numpy")
def _battery(board, carry, law, e, left, out):
    numbers, n = carry.numbers, board.cycles.shape[1]
    level, harvested, sky = 0.0, 0.0, 0.0
    for i in range(n):
        level += numbers[e, battery.LEVEL * n + i]
        harvested += numbers[e, battery.HARVESTED * n + i]
    skies = int(law.numbers[battery.CLUSTERS])
    for c in range(skies):
        sky += numbers[e, battery.BLOCKS * n + skies + c]
    top = n * law.numbers[battery.LEVELS]
    angle = 2.0 * math.pi * battery_kernel.hour(law.numbers, numbers, e, n, carry.slot[e])
    out[0], out[1] = np.float32(level / top), np.float32(harvested / top)
    out[2] = _clip(sky / skies, LIMIT)
    out[3], out[4] = np.float32(math.sin(angle)), np.float32(math.cos(angle))
    out[5] = np.float32(max(left, 0.0))


@njit(cache=True, nogil=True, error_model="numpy")
def _backlog(physics, worlds, board, carry, law, e, j, room, left, out):
    numbers, row, world = carry.numbers, board.row[e], worlds.row[e]
    m, n = board.gain[e].shape
    served, clusters = law.own[world, j], int(law.numbers[backlog.CLUSTERS])
    there, offered, recent = 0.0, 0.0, 0.0
    for i in range(n):
        if numbers[e, m + i] == 1.0:
            there += 1.0
            cost = link_cost(physics, board.gain[e, j, i], board.data_bits[row, i])
            offered += cost < room.saving[i]
    for c in range(clusters):
        recent += numbers[e, m + n + backlog.RECENT * clusters + c]
    out[0] = _clip(math.log1p(numbers[e, j] / served), LIMIT)
    out[1] = np.float32(there / n)
    out[2] = np.float32(recent / clusters)
    out[3] = _clip(math.log(offered / served + FLOOR), LIMIT)
    out[4] = np.float32(max(left, 0.0))


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
