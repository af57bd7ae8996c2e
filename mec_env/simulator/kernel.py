"""The kernels of a batch: draw a slot, observe it, judge a decision and go on.

No row touches another's numbers: results don't depend on which thread did what. Kernels take

turn
    ``(claims, own, chunk)``, which rows this thread may do: :mod:`mec_env.simulator.claims`.
job
    What this call is to do.
state
    The batch's parts, held: Physics, (Blocks, Features), Worlds, Carry, Draws, Board, Coupled.
room
    Arrays of this thread alone to work in, held.
out
    What is filled.

A part that a batch doesn't have is None: a coupling, features, or what decides who is admitted.
Compiled code sees this from the type and leaves such branches out, so that a first step loads a
quarter of all code. A branch is left out only if it asks ``is None`` of an argument of its own
function.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from mec_env.laws import rewards
from mec_env.laws.coupling import kernel as coupling
from mec_env.laws.coupling.kernel import BACKLOG
from mec_env.laws.fading import fade
from mec_env.laws.tasks import draw_tasks
from mec_env.optimum.flips import work_for
from mec_env.physics import cost
from mec_env.simulator.claims import done, next_rows, wait_for_all
from mec_env.simulator.decode import decide, price_of, weight_of
from mec_env.simulator.features import observe_features
from mec_env.simulator.observation import observe
from mec_env.simulator.state import Results

#: Of a number that servers and devices tell each other.
BYTES = 8
# One array of all results, for each array costs time on the way into compiled code.
(
    TIME, ENERGY, OFFLOADED, ASKED, EXCHANGED, OBJECTIVE, REWARD, MIGRATIONS, DROPPED, BATTERY, WAITING,
) = range(len(Results._fields))  # fmt: skip
_reward_of = njit(cache=True, nogil=True, error_model="numpy")(rewards.reward_of)


class Room(NamedTuple):
    """Arrays of one thread to work in.

    Attributes
    ----------
    scratch : mec_env.physics.cost.Scratch
    decision : (N,) int64
    words, task_words, more : uint32
        Random words for gains, for tasks and for what is coupled; no task words where slots don't
        draw tasks.
    normals : float32
        Room for as many normal numbers as any of them makes; then for logs of path gains.
    place : (2 N,) float32
    spare : (2, N) float64
    price, floor : (M,) float64
        What servers ask, and room for another number of each.
    saving : (N,) float64
        What those that ask save on their server before its CPU is shared.
    lowest : (2, N) int32
        Of what a device's links cost at prices the two lowest bounds from below, with their servers.
    bound : (3, N) float32
        What they are made with, and one server's.
    subset : tuple
        A :class:`mec_env.optimum.subset.Work`'s.
    """

    scratch: tuple
    decision: np.ndarray
    words: np.ndarray
    task_words: np.ndarray
    more: np.ndarray
    normals: np.ndarray
    place: np.ndarray
    spare: np.ndarray
    price: np.ndarray
    floor: np.ndarray
    saving: np.ndarray
    lowest: np.ndarray
    bound: np.ndarray
    subset: tuple


def room_for(devices, servers, drawn):
    """A Room for a thread; ``drawn`` says whether slots draw tasks."""
    return Room(
        cost.scratch(devices, servers),
        np.empty(devices, dtype=np.int64),
        np.empty(-(-devices * servers // 4) * 4, dtype=np.uint32),
        np.empty(-(-2 * devices // 4) * 4 if drawn else 0, dtype=np.uint32),
        np.empty(4 * devices, dtype=np.uint32),
        np.empty(-(-devices * max(servers, 4) // 4) * 4, dtype=np.float32),
        np.empty(2 * devices, dtype=np.float32),
        np.empty((2, devices)),
        np.empty(servers),
        np.empty(servers),
        np.empty(devices),
        np.empty((2, devices), dtype=np.int32),
        np.empty((3, devices), dtype=np.float32),
        # Called as Python: compiled, it would have to be loaded first.
        work_for.py_func(devices, servers),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def draw_rows(turn, rows, begins, state, room, observed):
    """Draw and observe the slots of ``rows``, as many as can be claimed.

    Parameters
    ----------
    turn, state
        See above.
    rows : (R,) int64
    begins : bool
        Whether these slots begin an episode.
    room : Held
        A Room.
    observed : (E, size) float32
        Filled at these rows.
    """
    physics, shown, worlds, carry, draws, board, law = state.parts
    room = room.parts
    while True:
        low, high = next_rows(turn, rows.size)
        if low == high:
            break
        for e in rows[low:high]:
            if begins:
                _begin(worlds, carry, law, e, room)
            _draw(physics, shown, worlds, carry, draws, board, law, e, room, observed[e])
        done(turn, high - low)
    wait_for_all(turn, rows.size)


@njit(cache=True, nogil=True, error_model="numpy")
def step_rows(turn, job, state, room, out):
    """Judge the decisions of the active rows that can be claimed, go on, draw and observe.

    Parameters
    ----------
    turn, state
        See above.
    job : (actions, active, mode, asking)
        (E, size) actions, (E,) bool, and the mode's code and how to ask as
        :func:`mec_env.simulator.decode.decide` takes them.
    room : Held
        A Room.
    out : (results, observed)
        A Results' numbers, (fields, E), and (E, size) float32.
    """
    actions, active, mode, asking = job
    physics, shown, worlds, carry, draws, board, law = state.parts
    room, (results, observed) = room.parts, out
    while True:
        low, high = next_rows(turn, active.size)
        if low == high:
            break
        for e in range(low, high):
            if active[e]:
                asked, told = decide(
                    asking, actions[e], mode, physics, worlds, board, carry, law, e, room
                )
                _judge(physics, worlds, carry, draws, board, law, e, room, results)
                _count(asking, asked, told, e, room, results)
                _go_on(worlds, carry, law, e, room, results)
                carry.slot[e] += 1
                _draw(physics, shown, worlds, carry, draws, board, law, e, room, observed[e])
        done(turn, high - low)
    wait_for_all(turn, active.size)


@njit(cache=True, nogil=True, error_model="numpy")
def decide_row(job, state, e, room):
    """The decision (N,) that the one action of a job comes to in row e."""
    actions, _, mode, asking = job
    physics, _, worlds, carry, _, board, law = state.parts
    room = room.parts
    decide(asking, actions[0], mode, physics, worlds, board, carry, law, e, room)
    return room.decision.copy()


@njit(cache=True, nogil=True, error_model="numpy")
def prices_of(state, e, action):
    """What an action makes each server ask, (M,), and how much it weighs what a coupling adds, (M,)."""
    _, _, worlds, _, _, _, law = state.parts
    m, apart = worlds.price.shape[1], 1 if law is None else 2
    price, weight = np.empty(m), np.empty(m)
    for j in range(m):
        price[j] = price_of(worlds, worlds.row[e], j, action[apart * j])
        weight[j] = weight_of(worlds, worlds.row[e], j, action[apart * j + apart - 1])
    return price, weight


@njit(cache=True, nogil=True, error_model="numpy")
def snapshot_row(state, e, out):
    """Fill what the coupling makes of row e's slot, see :func:`mec_env.laws.coupling.kernel.snapshot`."""
    physics, _, worlds, carry, _, board, law = state.parts
    coupling.snapshot(law, physics, worlds, board, carry, e, out)


@njit(cache=True, nogil=True, error_model="numpy")
def _counter(carry, e):
    return carry.key[e, 0], carry.key[e, 1], carry.slot[e], carry.episode[e]


@njit(cache=True, nogil=True, error_model="numpy")
def _count(asking, asked, told, e, room, results):
    if asking is None:
        # Who asks is not refused.
        results[ASKED, e] = results[OFFLOADED, e]
    else:
        results[ASKED, e] = asked / room.decision.size
        results[EXCHANGED, e] = told * BYTES


@njit(cache=True, nogil=True, error_model="numpy")
def _begin(worlds, carry, law, e, room):
    if law is not None:
        coupling.begin(law, worlds, carry, e, _counter(carry, e), room)


@njit(cache=True, nogil=True, error_model="numpy")
def _go_on(worlds, carry, law, e, room, results):
    if law is None:
        return
    coupling.advance(law, worlds, carry, e, _counter(carry, e), room)
    left, waiting = coupling.left(law, carry, e, room.decision.size, room.price.size)
    results[BATTERY, e], results[WAITING, e] = left, waiting


@njit(cache=True, nogil=True, error_model="numpy")
def _draw(physics, shown, worlds, carry, draws, board, law, e, room, observed):
    counter = _counter(carry, e)
    if law is not None:
        coupling.unfold(law, worlds, carry, e, counter, room)
    path, gain = worlds.path_gain[worlds.row[e]].ravel(), board.gain[e].ravel()
    fade(draws, counter, path, gain, room.words)
    if room.task_words.size:
        draw_tasks(draws, counter, board, e, room.task_words)
    blocks, features = shown
    _show(features, blocks, physics, worlds, board, carry, law, e, room, observed)


@njit(cache=True, nogil=True, error_model="numpy")
def _show(features, blocks, physics, worlds, board, carry, law, e, room, observed):
    if features is None:
        observe(blocks, worlds, board, carry, law, e, room, observed)
    else:
        observe_features(features, physics, worlds, board, carry, law, e, room, observed)


@njit(cache=True, nogil=True, error_model="numpy")
def _judge(physics, worlds, carry, draws, board, law, e, room, results):
    row, world = board.row[e], worlds.row[e]
    tasks = cost.Tasks(board.data_bits[row], board.cycles[row], board.root_cycles[row])
    speed, power = worlds.local_speed[world], worlds.local_power[world]
    server_speed, scratch = worlds.server_speed[world], room.scratch
    # What all would cost at home, before what they do changes what they could.
    all_local = draws.typical
    if draws.reward != rewards.RECIPROCAL and draws.reward != rewards.COST:
        all_local = _all_local(physics, worlds, carry, board, law, e, tasks, speed, power)
    if law is None:
        time, energy, offloaded = cost.evaluate(
            physics, board.gain[e], tasks, speed, power, server_speed, room.decision, scratch
        )
    else:
        more_time, more_energy, migrations, dropped = coupling.settle(
            law, physics, worlds, board, carry, e, room
        )
        results[MIGRATIONS, e], results[DROPPED, e] = migrations, dropped
        if law.code == BACKLOG:
            time, energy, offloaded = cost.evaluate_devices(
                physics, board.gain[e], tasks, speed, power, room.decision, scratch
            )
        else:
            time, energy, offloaded = cost.evaluate(
                physics, board.gain[e], tasks, speed, power, server_speed, room.decision, scratch
            )
        time += more_time
        energy += more_energy
    objective = physics.weight_time * time + physics.weight_energy * energy
    results[TIME, e] = time
    results[ENERGY, e] = energy
    results[OFFLOADED, e] = offloaded / room.decision.size
    results[OBJECTIVE, e] = objective
    results[REWARD, e] = _reward_of(draws.reward, objective, all_local)


@njit(cache=True, nogil=True, error_model="numpy")
def _all_local(physics, worlds, carry, board, law, e, tasks, speed, power):
    if law is None:
        return cost.all_local(physics, tasks, speed, power)
    total = 0.0
    for i in range(speed.size):
        seconds, joules = coupling.at_home(law, physics, worlds, board, carry, e, i)
        total += physics.weight_time * seconds + physics.weight_energy * joules
    return total
