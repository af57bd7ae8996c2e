"""What a world fixes: positions, path gains, unequal speeds, tasks drawn once."""

from dataclasses import dataclass

import numpy as np

from mec_env.draws import streams
from mec_env.laws import channels, layouts
from mec_env.laws.coupling import backlog, battery
from mec_env.laws.kmeans import kmeans
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
    shadowing : (N, M) float64
        Gain of each link by shadowing, in ``path_gain`` too [dB].
    service_bits : (N,) float64
        State that a migration moves [bit].
    panel : (N,) float64
        Each device's harvest over the mean.
    cluster : (N,) int64
        Whose sky and whose waves of load a device shares.
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
    shadowing: np.ndarray
    service_bits: np.ndarray
    panel: np.ndarray
    cluster: np.ndarray


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
    shadowing = np.zeros((n, m))
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
        shadowing=shadowing,
        service_bits=spread(scenario.service_bits, n, stream(streams.SERVICES)),
        panel=spread(scenario.panel, n, stream(streams.PANELS)),
        cluster=_clusters(scenario, devices, stream),
    )


def _clusters(scenario, devices, stream):
    """The cluster (N,) of each device: the layout's own, or by k-means where it has none."""
    if not (battery.is_on(scenario) or backlog.is_on(scenario)):
        return np.zeros(scenario.iotds, dtype=np.int64)
    if scenario.device_layout == "clusters":
        return layouts.cluster_of_devices(scenario, stream(streams.DEVICE_POSITIONS))
    count = min(scenario.clusters, scenario.iotds)
    centres = kmeans(devices, count, stream(streams.CLUSTERS))
    apart = devices[:, None] - centres[None]
    return np.argmin((apart**2).sum(axis=2), axis=1)
