"""Where devices and servers stand: one function a layout.

All draws come from the world's own streams, so a world named by its seed keeps
its positions whatever version of numpy or scipy is installed. ``DEVICES`` and ``SERVERS``
are the only places to touch to add a layout.
"""

import numpy as np

from mec_env.draws.mantegna import mantegna_sigma

LEVY_BETA = 1.5
# The paper names a Gaussian and a Levy distribution of positions and gives no
# parameters: these shares of the area's sides are ours.
GAUSSIAN_SIGMA = 1 / 6
LEVY_STEP = 1 / 20


def _given_devices(scenario, stream):
    return np.array(scenario.device_positions)


def _uniform(scenario, stream):
    return _area(scenario) * stream.uniform(scenario.iotds, 2)


def _gaussian(scenario, stream):
    area = _area(scenario)
    middle = 0.5 + GAUSSIAN_SIGMA * stream.normal(scenario.iotds, 2)
    return np.clip(area * middle, 0.0, area)


def _levy(scenario, stream):
    """A walk from the centre in random directions, folded back at the border."""
    n = scenario.iotds
    length = np.abs(mantegna_steps(stream, LEVY_BETA, n)) * LEVY_STEP
    angle = 2.0 * np.pi * stream.uniform(n)
    walk = 0.5 + np.cumsum(
        length[:, None] * np.stack((np.cos(angle), np.sin(angle)), axis=1), axis=0
    )
    return _area(scenario) * (1.0 - np.abs(np.mod(walk, 2.0) - 1.0))


def _clusters(scenario, stream):
    area = _area(scenario)
    centres = area * stream.uniform(scenario.clusters, 2)
    own = stream.integers(scenario.clusters, scenario.iotds)
    scatter = scenario.cluster_spread * area * stream.normal(scenario.iotds, 2)
    return np.clip(centres[own] + scatter, 0.0, area)


def cluster_of_devices(scenario, stream):
    """The cluster (N,) of each device of the layout ``clusters``, drawn as the layout draws it."""
    stream.uniform(scenario.clusters, 2)
    return stream.integers(scenario.clusters, scenario.iotds)


#: Layouts of devices by name: layout(scenario, stream) -> (N, 2) positions [m].
DEVICES = {
    "uniform": _uniform,
    "gaussian": _gaussian,
    "levy": _levy,
    "clusters": _clusters,
    "given": _given_devices,
}


def _kmeans(scenario, devices, stream):
    # Compiled code, which a Scenario must not load.
    from mec_env.laws.kmeans import kmeans

    return kmeans(devices, scenario.mecs, stream)


def _random(scenario, devices, stream):
    return _area(scenario) * stream.uniform(scenario.mecs, 2)


def _given_servers(scenario, devices, stream):
    return np.array(scenario.server_positions)


#: Layouts of servers by name: layout(scenario, devices (N, 2), stream) -> (M, 2) positions [m].
SERVERS = {"kmeans": _kmeans, "random": _random, "given": _given_servers}


def device_positions(scenario, stream):
    """Positions of the devices.

    Parameters
    ----------
    scenario : Scenario
    stream : mec_env.draws.streams.Stream

    Returns
    -------
    (N, 2) float64 array
        x and y [m], within the area.
    """
    return DEVICES[scenario.device_layout](scenario, stream)


def server_positions(scenario, devices, stream):
    """Positions of the servers.

    Parameters
    ----------
    scenario : Scenario
    devices : (N, 2) array
        Positions of the devices [m], which k-means gathers.
    stream : mec_env.draws.streams.Stream

    Returns
    -------
    (M, 2) float64 array
        x and y [m], within the area.
    """
    return SERVERS[scenario.server_layout](scenario, devices, stream)


def mantegna_steps(stream, beta, count):
    """Steps with Levy-stable tails of index ``beta``, by Mantegna's method.

    u / |v|^(1 / beta) with u ~ N(0, sigma_u^2) and v ~ N(0, 1) (Mantegna,
    Phys. Rev. E 49, 1994).
    """
    return mantegna_sigma(beta) * stream.normal(count) / np.abs(stream.normal(count)) ** (1 / beta)


def _area(scenario):
    return np.array(scenario.area)
