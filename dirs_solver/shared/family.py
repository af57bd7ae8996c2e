"""Scenarios around one: other worlds and other sizes, and never the world itself.

A learner that trains on a scenario's family has not seen the scenario's own world, so it is judged
there on an unseen world. The numbers of servers and devices are the scenario's numbers, each times
a factor. A number stays the same where the scenario gives a place, speed or task for each server or
device.
"""

import numpy as np

#: Seeds of a family's worlds are from here on, and below ``FIRST_WORLD + SEEDS``: no suite has one.
FIRST_WORLD, SEEDS = 20_000_000, 10**9
_PER_DEVICE = "data_bits", "cycles", "local_speed", "service_bits", "panel"


def family_of(scenario, count, factors, seed):
    """So many scenarios around one, with a world and a size each.

    Parameters
    ----------
    scenario : mec_env.Scenario
    count : int
    factors : (float, float)
        Least and largest of the factors, whose logs are spread evenly.
    seed : int or sequence of int
        Another seed gives other worlds, but for one in some ten million.

    Returns
    -------
    list of mec_env.Scenario
    """
    rng = np.random.default_rng(seed)
    # One of each stratum, in an order of its own: few sizes cover the whole range.
    strata = np.stack([rng.permutation(count) for _ in range(2)]) + rng.random((2, count))
    of_servers, of_devices = factors[0] * (factors[1] / factors[0]) ** (strata / count)
    worlds = FIRST_WORLD + rng.integers(SEEDS - 1, size=count)
    # The scenario's own is passed over.
    worlds += worlds >= scenario.world_seed
    return [
        _resized(scenario, *factors).replace(world_seed=int(world), layout_per_episode=False)
        for *factors, world in zip(of_servers, of_devices, worlds)
    ]


def _resized(scenario, of_servers, of_devices):
    devices, servers = scenario.iotds, scenario.mecs
    per_device = [getattr(scenario, field) for field in _PER_DEVICE]
    if scenario.device_layout != "given" and not any(isinstance(v, tuple) for v in per_device):
        devices = max(1, round(devices * of_devices))
    if scenario.server_layout != "given" and not isinstance(scenario.server_speed, tuple):
        servers = max(1, round(servers * of_servers))
    if scenario.server_layout == "kmeans":
        servers = min(servers, devices)
    return scenario.replace(iotds=devices, mecs=servers)
