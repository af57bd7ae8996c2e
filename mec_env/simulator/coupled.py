"""A scenario's coupling as the simulator has it: what files say, and what a slot tells of it."""

import numpy as np

from mec_env.laws.coupling import backlog, battery, battery_kernel, law_of, moving, moving_kernel
from mec_env.laws.coupling.kernel import Coupled


def law_for(scenario, space, worlds):
    """The coupling as kernels take it; what worlds fix of it is filled in with each."""
    law = law_of(scenario)
    n, m = scenario.iotds, scenario.mecs
    size = {
        moving.CODE: 3 * n + 2 * m + n * m,
        battery.CODE: 2 * n,
        backlog.CODE: m + n,
    }.get(law.CODE, 0)
    series = _series(scenario)
    return Coupled(law.CODE, int(space), law.numbers(scenario), np.empty((worlds, size)), series)


def _series(scenario):
    """What a file has of each slot, (slots, S) float64; empty without one."""
    return np.empty((0, 0))


def facts_of(simulator, row):
    """What a slot tells of a row's coupling besides its costs: names and arrays."""
    law, carry, s = simulator._law, simulator._carry, simulator.scenario
    n, m, numbers, own = s.iotds, s.mecs, carry.numbers[row], law.own[simulator._worlds.row[row]]
    if law.code == moving.CODE:
        velocity = [moving_kernel.velocity(law.numbers, carry.numbers, row, i, n) for i in range(n)]
        return dict(
            holder=numbers[moving.HOLDER * n :][:n].astype(np.int64) + 1,
            position=numbers[: 2 * n].reshape(2, n).T,
            velocity=np.array(velocity),
            slow_gain=simulator._worlds.path_gain[simulator._worlds.row[row]].T.astype(float),
            migration_seconds=own[:n],
        )
    if law.code == battery.CODE:
        return _battery_facts(simulator, row, numbers, own)
    recent = numbers[m + n + backlog.RECENT * s.clusters :][: s.clusters]
    return dict(
        waiting=numbers[:m],
        present=numbers[m : m + n] == 1.0,
        served=own[:m].astype(np.int64),
        turn_seconds=s.slot_seconds / own[:m],
        arrivals=recent,
        cluster=own[m:].astype(np.int64),
    )


def _battery_facts(simulator, row, numbers, own):
    s, board, world = simulator.scenario, simulator._board, simulator.world(row)
    n, c, tasks = s.iotds, s.clusters, board.row[row]
    at = battery.BLOCKS * n
    seconds = board.cycles[tasks] / world.local_speed
    link_use, home_use = np.empty((n, s.mecs), np.int64), np.empty((n, 2), np.int64)
    battery_kernel.options(
        simulator.physics, simulator._law.numbers, board.gain[row], board.data_bits[tasks], seconds,
        world.local_power, link_use, home_use,
    )  # fmt: skip
    slot = int(simulator.slot_index[row])
    return dict(
        level=numbers[:n].astype(np.int64),
        harvested=numbers[n : 2 * n].astype(np.int64),
        link_use=link_use,
        home_use=home_use,
        sky=numbers[at + c : at + 2 * c],
        hour=battery_kernel.hour(simulator._law.numbers, simulator._carry.numbers, row, n, slot),
        panel=own[:n],
        cluster=own[n : 2 * n].astype(np.int64),
    )


def distance_of(simulator, row):
    """Distances (N, M) [m] of the slot that a row observes."""
    world, s = simulator.world(row), simulator.scenario
    if not moving.is_on(s):
        return world.distance
    n, numbers = s.iotds, simulator._carry.numbers[row]
    place = numbers[: 2 * n].reshape(2, n).T
    return np.hypot(*(place[:, None] - world.server_xy[None]).transpose(2, 0, 1))
