"""A scenario's coupling as the simulator has it: what files say, and what a slot tells of it."""

import os
from functools import lru_cache

import numpy as np

from mec_env.laws.coupling import (
    backlog,
    battery,
    battery_kernel,
    coupling_of,
    law_of,
    moving,
    moving_kernel,
)
from mec_env.laws.coupling.kernel import Coupled

# Readers of files are imported where they are used: a first step without one does not wait for them.

# Who made a file of places on a map has answered for its speeds [m/s].
_ANY_SPEED = 1e12


def law_for(scenario, space, worlds):
    """The coupling as kernels take it, or None; what worlds fix of it is filled in with each."""
    if coupling_of(scenario) == "none":
        return None
    law = law_of(scenario)
    n, m = scenario.iotds, scenario.mecs
    size = {
        moving.CODE: 3 * n + 2 * m + n * m,
        battery.CODE: 2 * n,
        backlog.CODE: m + n,
    }[law.CODE]
    series = _series(scenario)
    return Coupled(law.CODE, int(space), law.numbers(scenario), np.empty((worlds, size)), series)


def _series(scenario):
    """What a file has of each slot, (slots, S) float64; empty without one."""
    s = scenario
    name = {"moving": s.trace, "battery": s.harvest_file, "backlog": s.arrivals_file}.get(
        coupling_of(s)
    )
    if name is None:
        return np.empty((0, 0))
    # A file that has changed is read again.
    changed = os.stat(name).st_mtime_ns
    if s.trace is not None:
        return _trace(name, changed, s.iotds, s.slots, s.slot_seconds, s.trace_start, s.area)
    read = _harvest if s.harvest_file is not None else _arrivals
    return read(name, changed, s.slots, s.slot_seconds)


@lru_cache(maxsize=8)
def _trace(name, changed, devices, slots, slot_seconds, start, area):
    """Places of a slot's devices: x of all, then y."""
    from mec_env.scenario.trace_files import read_trace
    from mec_env.scenario.traces import LONGEST_GAP

    trace = read_trace(name)
    if trace.projection is not None:
        raise ValueError(
            f"trace = {name!r}: has latitudes and longitudes, must have x and y on the scenario's map;"
            " mec_env.trace_scenario makes such a file"
        )
    gap = max(LONGEST_GAP, 2.0 * slot_seconds)
    places = trace.sample(
        slots, slot_seconds, start, devices, longest_gap=gap, top_speed=_ANY_SPEED
    )
    outside = ((places < 0.0) | (places > np.array(area) * (1.0 + 1e-12))).any(axis=2)
    if outside.any():
        slot, device = np.argwhere(outside)[0]
        x, y = places[slot, device]
        raise ValueError(
            f"trace = {name!r}: has a device at ({x:g}, {y:g}) m in slot {slot}, must stay in the area"
            f" of {area[0]:g} m x {area[1]:g} m"
        )
    return _whole(places.transpose(0, 2, 1).reshape(slots, -1))


@lru_cache(maxsize=8)
def _harvest(name, changed, slots, slot_seconds):
    """Irradiance of each slot over the file's mean; the file's days come again and again."""
    from mec_env.scenario.series import read_irradiance

    series = read_irradiance(name)
    days = max(int(series.times[-1] // slot_seconds), 1)
    mean = series.per_slot(days, slot_seconds).mean()
    if not mean > 0.0:
        raise ValueError(f"harvest_file = {name!r}: is dark throughout, must have some light")
    again = slots > days
    return _whole(series.per_slot(slots, slot_seconds, repeat=again)[:, None] / mean)


@lru_cache(maxsize=8)
def _arrivals(name, changed, slots, slot_seconds):
    """Requests in each slot."""
    from mec_env.scenario.series import read_requests

    return _whole(read_requests(name).counts(slots, slot_seconds)[:, None].astype(np.float64))


def _whole(series):
    return np.ascontiguousarray(series, dtype=np.float64)


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
        levels=s.battery_levels,
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
