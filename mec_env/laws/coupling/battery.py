"""Devices that live on harvested energy, stored in whole levels of a small battery.

The energy of an option is rounded up to whole levels. A harvest is whole levels too: its fraction
is rounded up or down at random, with the right mean. An option that the store can't pay falls back:
a link to running locally, full speed to half speed (twice the time, a quarter of the energy), half
speed to a drop. A drop costs ``drop_seconds`` and uses no energy. The order in a slot is: observe,
decide, pay, harvest, cut the store at its top level.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mec_env import checks, limits
from mec_env.limits import Range

CODE = 2
#: Ways to harvest, with the code by which the kernel knows them.
HARVESTS = {"sun": 0, "on-off": 1, "file": 2}
#: Blocks of N numbers in what a row carries: level, and what the last slot harvested [levels]. Then
#: of each cluster its sky and the one that the last slot had, and the phase of the day [slots].
LEVEL, HARVESTED = range(2)
BLOCKS = 2
#: Places in :func:`numbers`.
KIND, UNIT, LEVELS, MEAN, DAY, SKY_MEMORY, CONTRAST, ON, OFF, DROP, CLUSTERS = range(11)
_PANEL = Range(0.6, 1.4)
_NUMBERS = "harvest_mean sky_memory sky_contrast drop_seconds harvest_on harvest_off".split()


@dataclass(frozen=True, kw_only=True)
class Fields:
    """Fields of a Scenario whose devices have batteries.

    Attributes
    ----------
    battery_capacity : float
        Capacity of each device's store [J]; 0 means mains power.
    battery_levels : int
        Levels L of the store, 1 to 1,000. They are part of the task: uses are rounded up, so fewer
        levels make energy scarcer.
    harvest : str
        How energy comes: ``sun``, the course of a day times the weather; ``on-off``, in bursts; or
        ``file``, as a file of irradiance says.
    harvest_mean : float
        Mean harvest [J per slot].
    day_slots : int
        Slots in a day, for ``sun``.
    sky_memory : float
        Correlation of a sky from slot to slot, 0 to below 1. Each cluster has its own sky, the
        number behind its weather.
    sky_contrast : float
        Weather is 2 / (1 + exp(-sky_contrast z)), where z is the sky, of unit variance.
    harvest_on, harvest_off : float
        Mean length of bursts and of pauses of ``on-off`` [slots], 1 or more.
    harvest_file : str, optional
        CSV file of irradiance for ``file``, see :mod:`mec_env.scenario.series`; it is scaled so
        that its mean is ``harvest_mean``.
    panel : number, Range or values per device
        A device's harvest divided by the mean harvest; a Range is drawn once per world.
    drop_seconds : float
        What a dropped task costs [s].
    """

    battery_capacity: float = 0.0
    battery_levels: int = 40
    harvest: str = "sun"
    harvest_mean: float = 0.9
    day_slots: int = 24
    sky_memory: float = 0.9
    sky_contrast: float = 1.5
    harvest_on: float = 6.0
    harvest_off: float = 6.0
    harvest_file: str | None = None
    panel: Any = _PANEL
    drop_seconds: float = 10.0


def is_on(scenario):
    """Whether a scenario's devices have batteries."""
    return scenario.battery_capacity > 0.0


def check(scenario, put):
    """Refuse what can't be; see :mod:`mec_env.laws.coupling`."""
    put("battery_capacity", limits.number("battery_capacity", scenario.battery_capacity))
    put("battery_levels", checks.integer("battery_levels", scenario.battery_levels, 1, 1000))
    put("day_slots", checks.integer("day_slots", scenario.day_slots, 2, 1_000_000))
    checks.known("harvest", scenario.harvest, HARVESTS)
    for field in _NUMBERS:
        put(field, limits.number(field, getattr(scenario, field)))
    put("panel", limits.spread("panel", scenario.panel, scenario.iotds))
    named = scenario.harvest_file
    if (named is not None) != (scenario.harvest == "file"):
        wanted = "a file name" if scenario.harvest == "file" else "None"
        raise ValueError(
            f"harvest_file = {named!r}: must be {wanted} with harvest {scenario.harvest!r}"
        )
    if named is not None and not isinstance(named, str):
        raise ValueError(f"harvest_file = {named!r}: must be the name of a CSV file")


def size(scenario):
    """How many numbers a row carries from slot to slot."""
    return BLOCKS * scenario.iotds + 2 * scenario.clusters + 1


def numbers(scenario):
    """The law's parameters, as the places above say."""
    return np.array(
        [
            HARVESTS[scenario.harvest], scenario.battery_capacity / scenario.battery_levels,
            scenario.battery_levels, scenario.harvest_mean, scenario.day_slots, scenario.sky_memory,
            scenario.sky_contrast, scenario.harvest_on, scenario.harvest_off, scenario.drop_seconds,
            scenario.clusters,
        ],
        dtype=np.float64,
    )  # fmt: skip


def of_world(scenario, world):
    """The devices' panels (N) and clusters (N)."""
    return np.concatenate([world.panel, world.cluster])
