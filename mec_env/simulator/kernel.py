"""The kernels of a batch: draw a slot, observe it, judge a decision and go on.

Threads claim rows some at a time, and no row touches another's numbers: results
don't depend on which thread did what.
"""

from typing import NamedTuple

import numpy as np
from numba import njit, uint32

from mec_env.draws import streams
from mec_env.draws._bits import fetch_add
from mec_env.draws.streams import exponential32, log32, philox
from mec_env.laws import channels
from mec_env.laws.actions import vote
from mec_env.physics import cost
from mec_env.physics.cost import Physics
from mec_env.physics.link import LinkTable
from mec_env.simulator.observation import Features

LOG10_E = np.float32(0.4342944819)
# cos(2 pi t) on a quarter turn, by powers of t^2.
_COSINE = tuple(
    np.float32(c) for c in (1.0, -19.7392088, 64.9393940, -85.4568172, 60.2446414, -26.4262568)
)


class Episode(NamedTuple):
    """All that passes from one slot to the next, a row each.

    Attributes
    ----------
    key : (E, 2) uint32
        Of the row's seed.
    episode : (E,) int64
        Episodes since that seed, from 0.
    slot : (E,) int64
        Slot of the episode that is observed now, from 0.
    """

    key: np.ndarray
    episode: np.ndarray
    slot: np.ndarray


class Worlds(NamedTuple):
    """The rows' worlds, stacked; ``row`` (E,) says which one is a row's own."""

    row: np.ndarray
    path_gain: np.ndarray
    local_speed: np.ndarray
    local_power: np.ndarray
    server_speed: np.ndarray


class Draws(NamedTuple):
    """How slots are drawn; spans are 0.0 for tasks that slots don't draw."""

    space: int
    fading: int
    line_of_sight: float
    data_low: float
    data_span: float
    cycles_low: float
    cycles_span: float


class Board(NamedTuple):
    """The slots observed now. Tasks have one row, or one per row of the batch (``row``)."""

    gain: np.ndarray
    row: np.ndarray
    data_bits: np.ndarray
    cycles: np.ndarray
    root_cycles: np.ndarray


class Results(NamedTuple):
    """Per row: time [s], energy [J], share offloaded, objective and reward."""

    time: np.ndarray
    energy: np.ndarray
    offloaded: np.ndarray
    objective: np.ndarray
    reward: np.ndarray


@njit(cache=True, nogil=True, error_model="numpy")
def _fade(worlds, episode, draws, board, e, words):
    """Draw the gains of row e: path gain times fading, in one float32 pass."""
    path = worlds.path_gain[worlds.row[e]].ravel()
    gain = board.gain[e].ravel()
    if draws.fading == channels.NO_FADING:
        for k in range(gain.size):
            gain[k] = path[k]
        return
    key0, key1 = episode.key[e, 0], episode.key[e, 1]
    space = draws.space << 8
    philox(key0, key1, episode.slot[e], episode.episode[e], streams.FADING | space, words)
    if draws.fading == channels.RAYLEIGH:
        for k in range(gain.size):
            gain[k] = path[k] * exponential32(words[k])
        return
    # Rician: a ray of constant power and a scattered one of exponential power at angle 2 pi t.
    share = np.float32(draws.line_of_sight)
    rest = np.float32(1.0) - share
    for k in range(gain.size):
        gain[k] = rest * exponential32(words[k])
    use = streams.LINE_OF_SIGHT_PHASE | space
    philox(key0, key1, episode.slot[e], episode.episode[e], use, words)
    for k in range(gain.size):
        scattered = gain[k]
        beat = np.float32(2.0) * np.sqrt(share * scattered) * _cosine(words[k])
        power = max(share + scattered + beat, np.float32(streams.EXPONENTIAL_RANGE[0] * 1.01))
        gain[k] = path[k] * power


@njit(cache=True, nogil=True)
def _cosine(word):
    """Cosine of a uniform angle: quarter and sign by the top bits, the rest by its series."""
    t = np.float32(np.int32((word >> uint32(10)) & uint32(0xFFFFF))) * np.float32(0.25 * 2.0**-20)
    z = t * t
    c = np.float32(_COSINE[5])
    c = c * z + _COSINE[4]
    c = c * z + _COSINE[3]
    c = c * z + _COSINE[2]
    c = c * z + _COSINE[1]
    c = c * z + _COSINE[0]
    return c if word >> uint32(31) else -c


@njit(cache=True, nogil=True, error_model="numpy")
def _draw_tasks(episode, draws, board, e, words):
    """Draw the tasks of row e."""
    n = board.cycles.shape[1]
    use = streams.TASKS | (draws.space << 8)
    philox(episode.key[e, 0], episode.key[e, 1], episode.slot[e], episode.episode[e], use, words)
    if draws.data_span > 0.0:
        scale = draws.data_span * 2.0**-32
        for i in range(n):
            board.data_bits[e, i] = draws.data_low + scale * (float(words[i]) + 0.5)
    if draws.cycles_span > 0.0:
        scale = draws.cycles_span * 2.0**-32
        for i in range(n):
            cycles = draws.cycles_low + scale * (float(words[n + i]) + 0.5)
            board.cycles[e, i] = cycles
            board.root_cycles[e, i] = np.sqrt(cycles)


@njit(cache=True, nogil=True, error_model="numpy")
def _observe(features, worlds, board, e, out):
    """Write the observation of row e into ``out``."""
    m, n = board.gain.shape[1:]
    gain = board.gain[e].ravel()
    reference = np.float32(features.reference_log_gain)
    for k in range(gain.size):
        out[k] = (log32(gain[k]) - reference) * LOG10_E
    at = m * n
    row = board.row[e]
    world = worlds.row[e]
    if features.data > 0.0:
        for i in range(n):
            out[at + i] = np.float32(board.data_bits[row, i] / features.data)
        at += n
    if features.cycles > 0.0:
        for i in range(n):
            out[at + i] = np.float32(board.cycles[row, i] / features.cycles)
        at += n
    if features.local_speed > 0.0:
        for i in range(n):
            out[at + i] = np.float32(worlds.local_speed[world, i] / features.local_speed)
        at += n
    if features.server_speed > 0.0:
        for j in range(m):
            out[at + j] = np.float32(worlds.server_speed[world, j] / features.server_speed)


@njit(cache=True, nogil=True, error_model="numpy")
def _draw(features, worlds, episode, draws, board, e, words, task_words, out):
    _fade(worlds, episode, draws, board, e, words)
    if task_words.size:
        _draw_tasks(episode, draws, board, e, task_words)
    _observe(features, worlds, board, e, out)


@njit(cache=True, nogil=True)
def _next_rows(claims, own, chunk, rows):
    """The next rows (low, high) for thread ``own``, empty when there are none left.

    Rows are dealt in even parts. A thread works on its own part first, whose
    numbers its core still has in its cache from the last step, and then helps out.
    """
    parts = claims.size - 1
    for k in range(parts):
        part = (own + k) % parts
        end = rows * (part + 1) // parts
        low = rows * part // parts + chunk * fetch_add(claims, part, 1)
        if low < end:
            return low, min(low + chunk, end)
    return 0, 0


@njit(cache=True, nogil=True)
def _wait_for_all(claims, own, rows):
    """Let thread 0 go on only when every row is done: the others are within a chunk of it."""
    if own == 0:
        while fetch_add(claims, claims.size - 1, 0) < rows:
            pass


def plain(physics, features, worlds, episode, draws, board):
    """A batch's parts as bare tuples, which reach a kernel six times faster than named ones."""
    links, *rest = physics
    return tuple(links), tuple(rest), *map(tuple, (features, worlds, episode, draws, board))


@njit(cache=True, nogil=True)
def _named(state):
    """The parts that :func:`plain` took apart; free in compiled code."""
    links, physics, features, worlds, episode, draws, board = state
    return (
        Physics(LinkTable(*links), *physics),
        Features(*features),
        Worlds(*worlds),
        Episode(*episode),
        Draws(*draws),
        Board(*board),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def draw_rows(claims, own, chunk, rows, state, words, task_words, observed):
    """Draw and observe the slots of ``rows``, as many as can be claimed."""
    _, features, worlds, episode, draws, board = _named(state)
    while True:
        low, high = _next_rows(claims, own, chunk, rows.size)
        if low == high:
            break
        for e in rows[low:high]:
            _draw(features, worlds, episode, draws, board, e, words, task_words, observed[e])
        fetch_add(claims, claims.size - 1, high - low)
    _wait_for_all(claims, own, rows.size)


@njit(cache=True, nogil=True, error_model="numpy")
def _step(
    e, actions, scored, saving, physics, features, worlds, episode, draws, board,
    scratch, decision, words, task_words, results, observed,
):  # fmt: skip
    if scored:
        vote(actions[e], board.gain[e], decision)
    else:
        for i in range(decision.size):
            decision[i] = np.int64(actions[e, i])
    row = board.row[e]
    world = worlds.row[e]
    tasks = cost.Tasks(board.data_bits[row], board.cycles[row], board.root_cycles[row])
    speed = worlds.local_speed[world]
    power = worlds.local_power[world]
    server_speed = worlds.server_speed[world]
    time, energy, offloaded = cost.evaluate(
        physics, board.gain[e], tasks, speed, power, server_speed, decision, scratch
    )
    results.time[e] = time
    results.energy[e] = energy
    results.offloaded[e] = offloaded / decision.size
    objective = physics.weight_time * time + physics.weight_energy * energy
    results.objective[e] = objective
    if saving:
        results.reward[e] = 1.0 - objective / cost.all_local(physics, tasks, speed, power)
    else:
        results.reward[e] = 1.0 / objective
    episode.slot[e] += 1
    _draw(features, worlds, episode, draws, board, e, words, task_words, observed[e])


@njit(cache=True, nogil=True, error_model="numpy")
def step_rows(
    claims, own, chunk, actions, scored, saving, active, state,
    scratch, decision, words, task_words, results, observed,
):  # fmt: skip
    """Judge the decisions of the active rows that can be claimed, go on, draw and observe."""
    physics, features, worlds, episode, draws, board = _named(state)
    scratch, results = cost.Scratch(*scratch), Results(*results)
    while True:
        low, high = _next_rows(claims, own, chunk, active.size)
        if low == high:
            break
        for e in range(low, high):
            if active[e]:
                _step(
                    e, actions, scored, saving, physics, features, worlds, episode, draws, board,
                    scratch, decision, words, task_words, results, observed,
                )  # fmt: skip
        fetch_add(claims, claims.size - 1, high - low)
    _wait_for_all(claims, own, active.size)


@njit(cache=True, nogil=True)
def first_bad(actions, active, low, high):
    """Row and position of the first action outside low .. high, or (-1, -1)."""
    for e in range(actions.shape[0]):
        if active[e]:
            # Counting without a way out of the loop is vector code, a search is not.
            good = 0
            for k in range(actions.shape[1]):
                # What is not a number fails both comparisons.
                good += (actions[e, k] >= low) & (actions[e, k] <= high)
            if good < actions.shape[1]:
                for k in range(actions.shape[1]):
                    if not (actions[e, k] >= low and actions[e, k] <= high):
                        return e, k
    return -1, -1
