"""Users that move and leave their service behind: offloading elsewhere moves it first.

A device's service is the state that its tasks work on. It stands on one server, at reset the
nearest. Offloading to another server moves the service there, which takes ``service_bits`` over
``backhaul`` plus ``restart`` seconds. The slot's task waits for that time while the device's radio
idles. Running locally leaves the service where it is.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mec_env import checks, limits
from mec_env.laws import channels

CODE = 1
#: Ways to move, with the code by which the kernel knows them.
MOTIONS = {"none": 0, "waypoint": 1, "gauss-markov": 2, "trace": 3}
#: Blocks of N numbers in what a row carries: place [m], what the motion goes by (a target [m] or a
#: velocity [m/s]), speed [m/s], and the server that holds the service, from 0. Then M * N shadowing
#: [dB], server by server.
X, Y, AIM_X, AIM_Y, SPEED, HOLDER = range(6)
BLOCKS = 6
#: Places in :func:`numbers`; the path's table begins at ``PATH``.
MOTION, SLOT, SLOWEST, SPREAD, MEMORY, SIGMA, FADES, WIDTH, HEIGHT, STRAY_X, STRAY_Y, IDLE = range(12)  # fmt: skip
PATH = 12
# Log path gain is tabulated by the log of the squared distance; a power law is one straight piece.
_PIECES = 512
_NUMBERS = "motion_memory decorrelation backhaul restart idle_power".split()


@dataclass(frozen=True, kw_only=True)
class Fields:
    """Fields of a Scenario that moves its devices.

    Attributes
    ----------
    motion : str
        ``none``; ``waypoint``, straight to a place near some device's first place, then to the next
        such place; ``gauss-markov``, velocities that are correlated from slot to slot; or
        ``trace``, from a file.
    motion_speed : number or Range
        Speed on a leg of ``waypoint``, or root mean square speed of ``gauss-markov``, which takes
        the middle of a Range [m/s].
    motion_memory : float
        Correlation of ``gauss-markov`` velocities from slot to slot, 0 to below 1.
    trace : str, optional
        CSV file of positions for ``trace``, see :mod:`mec_env.scenario.traces`.
    trace_start : float
        Time of the first slot in the trace [s from its first row].
    decorrelation : float
        Distance along a device's track over which the correlation of shadowing falls to 1/e [m].
    service_bits : number, Range or values per device
        State that a migration moves [bit]; a Range is drawn once per world.
    backhaul : float
        Rate at which a service moves between servers [bit/s].
    restart : float
        Time that a service takes to start after a migration [s].
    idle_power : float
        Power of a device's radio while it waits for migration and restart [W].
    """

    motion: str = "none"
    motion_speed: Any = 1.0
    motion_memory: float = 0.9
    trace: str | None = None
    trace_start: float = 0.0
    decorrelation: float = 50.0
    service_bits: Any = 7.2e9
    backhaul: float = 1e9
    restart: float = 0.7
    idle_power: float = 0.03


def is_on(scenario):
    """Whether a scenario's devices move."""
    return scenario.motion != "none"


def check(scenario, put):
    """Refuse what can't be; see :mod:`mec_env.laws.coupling`."""
    checks.known("motion", scenario.motion, MOTIONS)
    for field in _NUMBERS:
        put(field, limits.number(field, getattr(scenario, field)))
    put("motion_speed", limits.spread("motion_speed", scenario.motion_speed))
    put("service_bits", limits.spread("service_bits", scenario.service_bits, scenario.iotds))
    put("trace_start", checks.number("trace_start", scenario.trace_start, " [s]", positive=False))
    named = scenario.trace
    if (named is not None) != (scenario.motion == "trace"):
        wanted = "a file name" if scenario.motion == "trace" else "None"
        raise ValueError(f"trace = {named!r}: must be {wanted} with motion {scenario.motion!r}")
    if named is not None and not isinstance(named, str):
        raise ValueError(f"trace = {named!r}: must be the name of a CSV file")
    if scenario.layout_per_episode and scenario.motion == "trace":
        raise ValueError("layout_per_episode = True: a trace has one layout, must be False")


def size(scenario):
    """How many numbers a row carries from slot to slot."""
    return (BLOCKS + scenario.mecs) * scenario.iotds


def numbers(scenario):
    """The law's parameters, as the places above say, and the path gain's table."""
    speed = scenario.motion_speed
    slowest, spread = (speed, 0.0) if isinstance(speed, float) else (speed.low, speed.high - speed.low)  # fmt: skip
    width, height = scenario.area
    stray = scenario.cluster_spread
    sigma = scenario.shadowing if channels.law_of(scenario).shadowed else 0.0
    return np.array(
        [
            MOTIONS[scenario.motion], scenario.slot_seconds, slowest, spread, scenario.motion_memory,
            sigma, scenario.decorrelation, width, height, stray * width, stray * height,
            scenario.idle_power, *_path_table(scenario),
        ]
    )  # fmt: skip


def _path_table(scenario):
    """Pieces, step between them and log path gains by log squared distance from 1 m on."""
    last = 2.0 * np.log(max(np.hypot(*scenario.area), 2.0))
    knots = np.linspace(0.0, last, _PIECES + 1)
    gains = np.log(channels.path_gain(scenario, np.exp(0.5 * knots)))
    straight = gains[0] + (gains[-1] - gains[0]) * knots / last
    if np.abs(straight - gains).max() < 1e-9 * np.abs(gains).max():
        return 1.0, last, gains[0], gains[-1]
    return _PIECES, last / _PIECES, *gains


def of_world(scenario, world):
    """Seconds of a migration (N), the devices' homes and the servers' places (x, then y), shadowing."""
    seconds = world.service_bits / scenario.backhaul + scenario.restart
    return np.concatenate(
        [seconds, *world.device_xy.T, *world.server_xy.T, np.ravel(world.shadowing.T)]
    )
