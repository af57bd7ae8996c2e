"""A task as data: every parameter with its unit, default and check; TOML in and out."""

import dataclasses
import json
import tomllib
from dataclasses import dataclass
from os import PathLike
from typing import Any

from mec_env import checks, limits
from mec_env.laws import channels, layouts, rewards
from mec_env.laws.coupling import COUPLINGS, backlog, battery, coupling_of, moving
from mec_env.limits import Range, lower, upper
from mec_env.whole_file import write_text

MAX_DEVICES = 1_000_000
MAX_SERVERS = 10_000
# Fields of one number; what each may be stands in `mec_env.limits`.
_NUMBERS = (
    "cluster_spread reference_gain path_loss_exponent shadowing bandwidth noise max_power "
    "kappa exponent weight_time weight_energy"
).split()


@dataclass(frozen=True)
class Scenario(moving.Fields, battery.Fields, backlog.Fields):
    """One task-offloading problem; SI units throughout.

    A field that says *number, Range or values* takes one number for all, ``Range(low, high)`` (or
    ``{"low": …, "high": …}``) for a uniform draw each, or a sequence with one number per device or
    server. The limits of all numbers are in ``mec_env.limits.LIMITS`` and docs/model.md. They are
    physically generous, and within them costs and rewards are finite and positive.

    Tasks coupled in time have fields of their own. All are off by default, and one coupling may be
    on at a time: :class:`mec_env.laws.coupling.moving.Fields` (on with ``motion``),
    :class:`mec_env.laws.coupling.battery.Fields` (on with ``battery_capacity``) and
    :class:`mec_env.laws.coupling.backlog.Fields` (on with ``arrivals``).

    Attributes
    ----------
    name : str
        For titles and results.
    mecs, iotds : int
        Servers M (1 to 10,000) and devices N (1 to 1,000,000).
    area : (float, float)
        Width and height of the map [m]; one number means a square.
    device_layout : str
        ``uniform``, ``gaussian``, ``levy``, ``clusters`` or ``given``.
    clusters : int
        Number of clusters of the layout ``clusters`` (1 to 1,000,000).
    cluster_spread : float
        Standard deviation of a cluster as a share of the area's sides.
    device_positions, server_positions : tuple of (x, y), optional
        Positions [m] of the layouts ``given``.
    server_layout : str
        ``kmeans`` (of the devices), ``random`` or ``given``.
    channel : str
        Channel law, see ``mec_env.laws.channels``: ``rayleigh`` (the paper's), ``are``,
        ``droo``, ``lydroo``, ``suzuki`` or ``log-distance``.
    reference_gain : float
        Power gain at 1 m, beta_0 of equation (3), for the laws ``rayleigh`` and
        ``log-distance``.
    path_loss_exponent : float
        Exponent alpha of the distance, for the same laws.
    shadowing : float
        Standard deviation [dB] of a log-normal factor per link, drawn once per world, for the laws
        ``suzuki`` and ``log-distance``. It is correlated along the track of a moving device.
    bandwidth : float
        B of equation (2) [Hz].
    noise : float
        sigma^2 of equation (2), used as a power [W].
    max_power : float
        P_max of equation (7) [W].
    kappa, exponent : float
        Local power is ``kappa * local_speed ** exponent`` [W].
    data_bits, cycles : number, Range or values per device
        D_i [bit] and F_i [CPU cycles] of equation (1).
    tasks : str
        When a Range of ``data_bits`` or ``cycles`` is drawn: every ``slot`` or
        once per ``world``.
    local_speed : number, Range or values per device
        f_i0 of equation (8) [cycles/s]; a Range is drawn once per world.
    server_speed : number, Range or values per server
        F_j^max of equation (6) [cycles/s]; a Range is drawn once per world. The
        fastest is at most 1e12 times the slowest.
    weight_time, weight_energy : float
        phi_T (positive) [1/s] and phi_E (0 or more) [1/J] of equation (10).
    reward : str
        See ``mec_env.laws.rewards``: ``reciprocal`` (1 / objective, the paper's), ``saving``
        (1 - objective / objective of running everything locally), ``log``, ``relative`` or
        ``cost``. By default ``cost`` where something passes from slot to slot, ``reciprocal`` where
        nothing does.
    slots : int
        Length of an episode.
    slot_seconds : float
        Length of a slot [s]; it matters only where something passes from slot to slot.
    world_seed : int
        Seed that names the world: positions, unequal speeds, tasks drawn once.
    layout_per_episode : bool
        Whether every reset draws a new world instead.

    Raises
    ------
    ValueError
        Naming the field, its value and what is allowed.
    """

    name: str = "paper-large"
    mecs: int = 8
    iotds: int = 180
    area: float | tuple[float, float] = (50.0, 50.0)
    device_layout: str = "uniform"
    clusters: int = 6
    cluster_spread: float = 1 / 15
    device_positions: tuple | None = None
    server_layout: str = "kmeans"
    server_positions: tuple | None = None
    channel: str = "rayleigh"
    reference_gain: float = 1e-3
    path_loss_exponent: float = 2.0
    shadowing: float = 0.0
    bandwidth: float = 1e6
    noise: float = 1e-12
    max_power: float = 1.5
    kappa: float = 1e-27
    exponent: float = 3.0
    data_bits: float | Range | tuple = 8e5
    cycles: float | Range | tuple = 1e9
    tasks: str = "slot"
    local_speed: float | Range | tuple = 1e9
    server_speed: float | Range | tuple = 1e10
    weight_time: float = 1.0
    weight_energy: float = 1.0
    reward: str | None = None
    slots: int = 100
    slot_seconds: float = 1.0
    world_seed: int = 0
    layout_per_episode: bool = False

    def __post_init__(self):
        def put(field, value):
            object.__setattr__(self, field, value)

        if not isinstance(self.name, str) or not self.name:
            raise ValueError(f"name = {self.name!r}: must be a text that is not empty")
        put("mecs", checks.integer("mecs", self.mecs, 1, MAX_SERVERS))
        put("iotds", checks.integer("iotds", self.iotds, 1, MAX_DEVICES))
        put("slots", checks.integer("slots", self.slots, 1, 2**31 - 1))
        put("world_seed", checks.integer("world_seed", self.world_seed, 0, 2**64 - 1))
        put("clusters", checks.integer("clusters", self.clusters, 1, MAX_DEVICES))
        put("area", _area(self.area))
        if not isinstance(self.layout_per_episode, bool):
            raise ValueError(
                f"layout_per_episode = {self.layout_per_episode!r}: must be True or False"
            )
        checks.known("device_layout", self.device_layout, layouts.DEVICES)
        checks.known("server_layout", self.server_layout, layouts.SERVERS)
        checks.known("channel", self.channel, channels.LAWS)
        checks.known("tasks", self.tasks, ("slot", "world"))
        # At weight_time = 0 the best power would be 0, which no device attains.
        for field in _NUMBERS:
            put(field, limits.number(field, getattr(self, field)))
        for who in ("device", "server"):
            put(f"{who}_positions", self._positions(who))
        for field, count in (
            ("data_bits", self.iotds),
            ("cycles", self.iotds),
            ("local_speed", self.iotds),
            ("server_speed", self.mecs),
        ):
            put(field, limits.spread(field, getattr(self, field), count))
        limits.check_servers(lower(self.server_speed), upper(self.server_speed))
        put("slot_seconds", limits.number("slot_seconds", self.slot_seconds))
        for law in COUPLINGS.values():
            law.check(self, put)
        if self.reward is None:
            put("reward", self._default_reward())
        checks.known("reward", self.reward, rewards.REWARDS)
        limits.check_local_power(
            self.kappa,
            self.exponent,
            upper(self.local_speed),
            self.max_power,
            f"max_power = {self.max_power:g} W, equation (7)",
        )

    def _default_reward(self):
        return "reciprocal" if coupling_of(self) == "none" else "cost"

    def _positions(self, who):
        layout, count = getattr(self, f"{who}_layout"), self.iotds if who == "device" else self.mecs
        field, value = f"{who}_positions", getattr(self, f"{who}_positions")
        if layout != "given":
            if value is not None:
                raise ValueError(f"{field}: given, so {who}_layout must be 'given', not {layout!r}")
            return None
        if not checks.is_list(value) or len(value) != count:
            got = f"{len(value)} positions" if checks.is_list(value) else repr(value)
            raise ValueError(f"{field}: {got}; {who}_layout 'given' needs {count} pairs (x, y)")
        out = []
        for k, pair in enumerate(value):
            if not checks.is_list(pair) or len(pair) != 2:
                raise ValueError(f"{field}[{k}] = {pair!r}: must be a pair (x, y) in metres")
            x, y = (checks.number(f"{field}[{k}]", v, " [m]", positive=False) for v in pair)
            if x > self.area[0] or y > self.area[1]:
                raise ValueError(
                    f"{field}[{k}] = ({x:g}, {y:g}): must lie in the area of "
                    f"{self.area[0]:g} m x {self.area[1]:g} m"
                )
            out.append((x, y))
        return tuple(out)

    def replace(self, **fields: Any) -> "Scenario":
        """A copy with some fields changed.

        Raises
        ------
        ValueError
            For an unknown field, with the nearest right name, or a bad value.
        """
        for field in fields:
            checks.known("scenario field", field, _FIELDS)
        if self.reward == self._default_reward():
            # Nobody chose it: it goes with the coupling that the copy has.
            fields.setdefault("reward", None)
        return dataclasses.replace(self, **fields)

    def to_toml(self) -> str:
        """The scenario as TOML text; a coupling's fields only where they are not the defaults."""
        lines = []
        for field in _FIELDS:
            value = getattr(self, field)
            # Who has no batteries does not want to read of them.
            coupled = field not in Scenario.__annotations__
            if value is not None and not (coupled and value == getattr(Scenario, field)):
                lines.append(f"{field} = {_toml(value)}")
        return "\n".join(lines) + "\n"

    @classmethod
    def from_toml(cls, text: str) -> "Scenario":
        """A scenario from TOML text; fields left out have their defaults."""
        try:
            fields = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"scenario: not valid TOML ({error})") from None
        for field in fields:
            checks.known("scenario field", field, _FIELDS)
        return cls(**fields)

    def save(self, path: "PathLike[str] | str") -> None:
        """Write the scenario to a TOML file, whole or not at all."""
        write_text(path, self.to_toml())

    @classmethod
    def load(cls, path: "PathLike[str] | str") -> "Scenario":
        """Read a scenario from a TOML file."""
        with open(path, encoding="utf-8") as file:
            return cls.from_toml(file.read())


# A dataclass lists inherited fields first; people look for the name and the sizes there.
_FIELDS = tuple(
    sorted(
        (field.name for field in dataclasses.fields(Scenario)),
        key=lambda f: f not in Scenario.__annotations__,
    )
)


def _area(value):
    sides = value if checks.is_list(value) else (value, value)
    if len(sides) != 2:
        raise ValueError(f"area = {value!r}: must be a side or a pair (width, height) in metres")
    return tuple(limits.number("area", side) for side in sides)


def _toml(value):
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL, which TOML wants escaped too.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Range):
        return f"{{low = {value.low!r}, high = {value.high!r}}}"
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    return repr(value)
