"""What a world fixes: positions, path gains, unequal speeds, tasks drawn once."""

from dataclasses import dataclass

import numpy as np

from mec_env.draws import streams
from mec_env.laws import channels, layouts
from mec_env.scenario.scenario import Range


@dataclass(frozen=True, eq=False)
class World:
    """One drawn world of a scenario.

    Attributes
    ----------
    device_xy, server_xy : (N, 2), (M, 2) float64
        Positions [m].
    distance : (N, M) float64
        [m].
    path_gain : (M, N) float32
        Gain of each link before fading.
    local_speed, local_power : (N,) float64
        [cycles/s], [W].
    server_speed : (M,) float64
        [cycles/s].
    data_bits, cycles : (N,) float64
        Tasks, where the scenario draws them once [bit], [cycles]; otherwise
        those of slots overwrite them.
    """

    device_xy: np.ndarray
    server_xy: np.ndarray
    distance: np.ndarray
    path_gain: np.ndarray
    local_speed: np.ndarray
    local_power: np.ndarray
    server_speed: np.ndarray
    data_bits: np.ndarray
    cycles: np.ndarray


def draw_world(scenario, key, space=0, episode=0):
    """Draw a world.

    Parameters
    ----------
    scenario : Scenario
    key : (2,) uint32 array
        Of the world's seed, or of the row whose episode the world belongs to.
    space, episode : int
        See :class:`mec_env.draws.streams.Stream`.

    Returns
    -------
    World
    """

    def stream(use):
        return streams.Stream(key, use, space, episode)

    def spread(value, count, source):
        if isinstance(value, Range):
            return value.low + (value.high - value.low) * source.uniform(count)
        return np.full(count, value) if isinstance(value, float) else np.array(value)

    n, m = scenario.iotds, scenario.mecs
    devices = layouts.device_positions(scenario, stream(streams.DEVICE_POSITIONS))
    servers = layouts.server_positions(scenario, devices, stream(streams.SERVER_POSITIONS))
    distance = np.hypot(
        devices[:, None, 0] - servers[None, :, 0], devices[:, None, 1] - servers[None, :, 1]
    )
    shadowing = 0.0
    if channels.law_of(scenario).shadowed and scenario.shadowing > 0.0:
        normal = np.clip(stream(streams.SHADOWING).normal(n, m), -6.0, 6.0)
        shadowing = scenario.shadowing * normal
    local_speed = spread(scenario.local_speed, n, stream(streams.DEVICE_SPEEDS))
    tasks = stream(streams.WORLD_TASKS)
    return World(
        device_xy=devices,
        server_xy=servers,
        distance=distance,
        path_gain=np.ascontiguousarray(
            channels.path_gain(scenario, distance, shadowing).T.astype(np.float32)
        ),
        local_speed=local_speed,
        local_power=scenario.kappa * local_speed**scenario.exponent,
        server_speed=spread(scenario.server_speed, m, stream(streams.SERVER_SPEEDS)),
        data_bits=spread(scenario.data_bits, n, tasks),
        cycles=spread(scenario.cycles, n, tasks),
    )
