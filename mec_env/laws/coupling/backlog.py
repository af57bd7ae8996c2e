"""Tasks that come and go, and servers that carry whole tasks over to later slots.

Tasks are equal. Server j ends C_j = floor(server_speed * slot_seconds / cycles) of them a slot,
first come first served. Each task takes a turn of tau / C_j seconds, with tau = slot_seconds. If n
tasks join a queue of u tasks, they wait and run for (tau / C_j) (n u + n (n + 1) / 2) seconds
together. All of it is charged in the slot in which they join. Then u becomes max(0, u + n - C_j).
"""

from dataclasses import dataclass

import numpy as np

from mec_env import checks, limits
from mec_env.limits import lower, upper

CODE = 3
#: Ways in which tasks arrive, with the code by which the kernel knows them.
ARRIVALS = {"none": 0, "wave": 1, "bursts": 2, "file": 3}
#: What a row carries: tasks waiting at each server (M), whether a device has a task (N), and of each
#: cluster its state, its phase and the share of its devices that lately had a task.
STATE, PHASE, RECENT = range(3)
#: Places in :func:`numbers`.
KIND, SLOT, LOW, HIGH, PERIOD, WAVE_MEMORY, NOISE, ON, OFF, CLUSTERS, TURN_CYCLES = range(11)
#: Weight of the present slot in what lately arrived.
FRESH = 0.2
_NUMBERS = "arrival_low arrival_high wave_memory wave_noise burst_on burst_off".split()
# Beyond it a server's queue is no queue of whole tasks any more, and its program takes minutes.
MOST_A_SLOT = 100_000


@dataclass(frozen=True, kw_only=True)
class Fields:
    """Fields of a Scenario whose tasks come and go and may wait at servers.

    Attributes
    ----------
    arrivals : str
        How tasks come. ``none``: each device has a task in each slot, which ends within the slot.
        ``wave``: a rush hour wanders over the clusters. ``bursts``: clusters switch on and off.
        ``file``: as a file of request times says.
    arrival_low, arrival_high : float
        Least and largest probability that a device has a task in a slot, 0 to 1. With ``bursts``:
        the probability in a cluster that is off, and in one that is on.
    wave_slots : int
        Slots from one rush hour of a cluster to the next.
    wave_memory, wave_noise : float
        Correlation from slot to slot, 0 to below 1, and standard deviation; both of the log of a
        cluster's rate of tasks.
    burst_on, burst_off : float
        Mean length of a cluster's bursts and of its pauses [slots], 1 or more.
    arrivals_file : str, optional
        CSV file of request times for ``file``, see :mod:`mec_env.scenario.series`. The probability
        that a device has a task is the number of requests in the slot over the number of devices,
        at most 1.
    """

    arrivals: str = "none"
    arrival_low: float = 0.05
    arrival_high: float = 0.8
    wave_slots: int = 50
    wave_memory: float = 0.95
    wave_noise: float = 0.4
    burst_on: float = 10.0
    burst_off: float = 20.0
    arrivals_file: str | None = None


def is_on(scenario):
    """Whether a scenario's servers carry tasks over."""
    return scenario.arrivals != "none"


def check(scenario, put):
    """Refuse what can't be; see :mod:`mec_env.laws.coupling`."""
    checks.known("arrivals", scenario.arrivals, ARRIVALS)
    for field in _NUMBERS:
        put(field, limits.number(field, getattr(scenario, field)))
    put("wave_slots", checks.integer("wave_slots", scenario.wave_slots, 2, 1_000_000))
    if is_on(scenario) and scenario.arrival_low > scenario.arrival_high:
        raise ValueError(
            f"arrival_low = {scenario.arrival_low:g}: must be at most arrival_high = "
            f"{scenario.arrival_high:g}"
        )
    named = scenario.arrivals_file
    if (named is not None) != (scenario.arrivals == "file"):
        wanted = "a file name" if scenario.arrivals == "file" else "None"
        raise ValueError(
            f"arrivals_file = {named!r}: must be {wanted} with arrivals {scenario.arrivals!r}"
        )
    if named is not None and not isinstance(named, str):
        raise ValueError(f"arrivals_file = {named!r}: must be the name of a CSV file")
    if not is_on(scenario):
        return
    if not isinstance(scenario.cycles, float):
        raise ValueError(
            f"cycles = {scenario.cycles!r}: must be one number where tasks wait at servers, for a "
            "queue is of equal tasks"
        )
    for speed in (lower(scenario.server_speed), upper(scenario.server_speed)):
        ended = speed * scenario.slot_seconds / scenario.cycles
        if not 1.0 <= ended < MOST_A_SLOT + 1:
            raise ValueError(
                f"server_speed = {speed:g}: ends {ended:.3g} tasks of {scenario.cycles:g} cycles in a"
                f" slot of {scenario.slot_seconds:g} s, must be from 1 to {MOST_A_SLOT}"
            )


def size(scenario):
    """How many numbers a row carries from slot to slot."""
    return scenario.mecs + scenario.iotds + 3 * scenario.clusters


def numbers(scenario):
    """The law's parameters, as the places above say."""
    return np.array(
        [
            ARRIVALS[scenario.arrivals], scenario.slot_seconds, scenario.arrival_low,
            scenario.arrival_high, scenario.wave_slots, scenario.wave_memory, scenario.wave_noise,
            scenario.burst_on, scenario.burst_off, scenario.clusters, scenario.cycles,
        ],
        dtype=np.float64,
    )  # fmt: skip


def of_world(scenario, world):
    """Tasks that each server ends in a slot (M), and the devices' clusters (N)."""
    return np.concatenate([served(scenario, world), world.cluster])


def served(scenario, world):
    """Whole tasks that each server ends in a slot, (M,)."""
    return np.floor(world.server_speed * scenario.slot_seconds / scenario.cycles)
