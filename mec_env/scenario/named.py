"""The named scenarios: the paper's, and tasks where learning counts."""

import dataclasses
import os
from collections.abc import Mapping
from os import PathLike
from types import MappingProxyType
from typing import Any

from mec_env import checks
from mec_env.scenario.scenario import Range, Scenario

_LARGE = Scenario()


def _large(name, **fields):
    return _LARGE.replace(name=f"paper-large-{name}", **fields)


# Devices and tasks of the square scenarios; ours, not the paper's.
_SQUARE: dict[str, Any] = dict(
    device_layout="clusters",
    server_layout="random",
    cycles=Range(0.2e9, 3e9),
    data_bits=Range(0.1 * 8e5, 3 * 8e5),
    local_speed=Range(0.5e9, 1.1e9),
    server_speed=Range(0.3e10, 2e10),
)

# Tasks coupled in time, on the square kilometre; the scale of speeds and sizes is chosen so that
# who looks at one slot alone pays 10 to 45 % more than hindsight (docs/coupled-tasks.md).
_FOLLOW_ME = Scenario(
    **{**_SQUARE, "local_speed": Range(0.3e9, 0.6e9), "server_speed": Range(1.2e10, 8e10)},
    name="follow-me",
    area=1000.0,
    path_loss_exponent=3.5,
    channel="suzuki",
    shadowing=6.0,
    motion="waypoint",
    # Walking, in slots of 10 s.
    motion_speed=Range(0.1, 2.0),
    slot_seconds=10.0,
)
_HARVEST = Scenario(
    **{**_SQUARE, "server_speed": Range(0.9e10, 6e10)},
    name="harvest",
    area=1000.0,
    path_loss_exponent=3.5,
    weight_energy=0.1,
    battery_capacity=8.0,
    harvest_mean=0.9,
    # Five times the mean time of a local run.
    drop_seconds=10.5,
    slot_seconds=3600.0,
    slots=96,
)
_RUSH_HOUR = Scenario(
    **{
        **_SQUARE,
        "cycles": 1e9,
        "data_bits": Range(0.024e6, 0.7e6),
        "local_speed": Range(0.3e9, 0.6e9),
        # 4 to 10 whole tasks a slot. In slots ten times as long a task that waits for one is worth
        # too little against a local run: never to wait would be optimal to 0.1 %.
        "server_speed": Range(0.8e11, 2.199e11),
    },
    name="rush-hour",
    area=1000.0,
    path_loss_exponent=3.5,
    arrivals="wave",
    slot_seconds=0.05,
)

SCENARIOS = MappingProxyType(
    {
        scenario.name: scenario
        for scenario in (
            # Section V-B: two servers at given places.
            Scenario(
                name="paper-medium",
                mecs=2,
                iotds=30,
                server_layout="given",
                server_positions=((10.0, 10.0), (40.0, 40.0)),
                server_speed=15e9,
            ),
            # Section V-C, and V-D.
            _LARGE,
            _LARGE.replace(name="paper-xlarge", mecs=10, iotds=200),
            # Table III (its first column is paper-large).
            _large("gaussian", device_layout="gaussian"),
            _large("levy", device_layout="levy"),
            # Table IV.
            _large("50kB", data_bits=4e5),
            _large("1000kB", data_bits=8e6),
            _large("0.5Gcycles", cycles=0.5e9),
            _large("2Gcycles", cycles=2e9),
            # Fig. 6 (its middle is paper-large).
            _large("time-sensitive", weight_time=1.5, weight_energy=0.5),
            _large("energy-sensitive", weight_time=0.5, weight_energy=1.5),
            # Unequal tasks, devices and servers: on a square kilometre the links decide,
            # on 50 m they hardly matter.
            Scenario(name="square-km", area=1000.0, path_loss_exponent=3.5, **_SQUARE),
            Scenario(name="square-50m", **_SQUARE),
            _FOLLOW_ME,
            # Faster devices, less data and half the state to move.
            _FOLLOW_ME.replace(
                name="follow-me-light",
                local_speed=Range(0.5e9, 1.1e9),
                data_bits=Range(0.024e6, 0.72e6),
                service_bits=3.2e9,
            ),
            _HARVEST,
            _HARVEST.replace(name="harvest-bursts", harvest="on-off"),
            _RUSH_HOUR,
            _RUSH_HOUR.replace(name="rush-hour-bursts", arrivals="bursts"),
        )
    }
)


#: Other libraries' words for ``slots``.
_SLOTS = ("max_cycles", "max_episode_steps")
#: What a function that hands its ``**fields`` to :func:`resolve` takes.
KEYWORDS = (*(field.name for field in dataclasses.fields(Scenario)), *_SLOTS)


#: What names a scenario: a name, a TOML file, a Scenario, its fields, or None for ``paper-large``.
ScenarioLike = Scenario | Mapping | PathLike | str | None


def resolve(scenario: ScenarioLike = None, **fields: Any) -> Scenario:
    """The Scenario that a caller means.

    Parameters
    ----------
    scenario : str, path, Scenario, mapping or None
        A name of ``SCENARIOS``, a TOML file, a Scenario or its fields as a
        mapping; None is ``paper-large``.
    **fields
        Scenario fields that replace its own. ``max_cycles`` and
        ``max_episode_steps`` are other libraries' words for ``slots``.

    Raises
    ------
    ValueError
        For an unknown name or field (with the nearest right one) or a bad value.
    """
    if scenario is None:
        scenario = _LARGE
    elif isinstance(scenario, (str, os.PathLike)):
        text = os.fspath(scenario)
        if text.endswith(".toml"):
            scenario = Scenario.load(text)
        else:
            scenario = SCENARIOS[checks.known("scenario", text, SCENARIOS)]
    elif isinstance(scenario, Mapping):
        # What a Scenario becomes in the JSON of a Gymnasium spec.
        scenario = Scenario().replace(**scenario)
    elif not isinstance(scenario, Scenario):
        raise ValueError(
            f"scenario = {scenario!r}: must be a name, a TOML file, a Scenario or None"
        )
    for word in _SLOTS:
        if fields.get(word) is not None:
            fields.setdefault("slots", fields[word])
        fields.pop(word, None)
    return scenario.replace(**fields) if fields else scenario
