"""An episode written down: all its draws, which no decision changes, to solve and to replay."""

import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mec_env import checks
from mec_env.draws import streams
from mec_env.laws.coupling import battery, coupling_of
from mec_env.one_line import one_line
from mec_env.scenario.named import resolve
from mec_env.scenario.scenario import Scenario
from mec_env.simulator.simulator import Simulator
from mec_env.whole_file import whole_file

_FORMAT = 1
#: What slots tell of a coupling that no decision changes, by its name; besides, the harvest of each
#: slot of batteries and what stands at the start.
_DRAWN = {"none": (), "moving": ("position", "migration_seconds"), "battery": (), "backlog": ("present",)}  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Episode:
    """One episode's draws, T slots of N devices and M servers; read-only arrays.

    Made by :func:`mec_env.record`, by ``env.unwrapped.episode`` and by ``Suite.episodes()``.

    Attributes
    ----------
    scenario : Scenario
    seed : int
        Seed that its environment was reset with.
    number : int
        Episodes since that reset, from 0.
    evaluation : bool
        Whether it belongs to the key space of the suites.
    gain : (T, N, M) float32
        Channel gains.
    data_bits, cycles : (T, N) float64
        Tasks [bit], [cycles].
    local_speed, local_power : (N,) float64
        [cycles/s], [W].
    server_speed : (M,) float64
        [cycles/s].
    drawn : mapping of str to array
        Further draws of a coupling. Moving users: ``position`` (T, N, 2) [m], ``migration_seconds``
        (N,) and ``holder`` (N,), the server, from 1, that has a device's service at first.
        Batteries: ``harvest`` (T, N) [levels] and ``level`` (N,), the first level. Queues:
        ``present`` (T, N), whether a device has a task, and ``served`` (M,), tasks that a server
        ends in a slot.
    """

    scenario: Scenario
    seed: int
    number: int
    evaluation: bool
    gain: np.ndarray
    data_bits: np.ndarray
    cycles: np.ndarray
    local_speed: np.ndarray
    local_power: np.ndarray
    server_speed: np.ndarray
    drawn: Mapping[str, np.ndarray]

    __repr__ = one_line

    def __post_init__(self):
        for name in _ARRAYS:
            getattr(self, name).setflags(write=False)
        for array in self.drawn.values():
            array.setflags(write=False)
        object.__setattr__(self, "drawn", MappingProxyType(dict(self.drawn)))

    @property
    def slots(self) -> int:
        """Number of its slots, T."""
        return len(self.gain)

    def replay(self, decisions: ArrayLike) -> NDArray[np.float64]:
        """Objective of each slot, (T,), when these decisions are played by the environment's own step.

        Parameters
        ----------
        decisions : (T, N) integers
            0 (local) or 1 .. M.

        Raises
        ------
        ValueError
            For a wrong shape or value, or if the environment draws other slots than these, for
            example after a file that the scenario names has changed.
        """
        s = self.scenario
        chosen = np.asarray(decisions)
        if chosen.shape != (self.slots, s.iotds):
            raise ValueError(f"decisions: shape {chosen.shape}, must be ({self.slots}, {s.iotds})")
        if chosen.dtype.kind not in "iu":
            raise ValueError(
                f"decisions: dtype {chosen.dtype}, must be integers from 0 to {s.mecs}"
            )
        outside = (chosen < 0) | (chosen > s.mecs)
        if outside.any():
            t, i = np.argwhere(outside)[0]
            raise ValueError(
                f"decisions: {chosen[t, i]} for device {i} in slot {t}, must be from 0 (local) to {s.mecs}"
            )
        simulator, observed = begun(s, self.seed, self.number, self.evaluation)
        objective, active = np.empty(self.slots), np.ones(1, dtype=bool)
        n, coupling = s.iotds, coupling_of(s)

        def claim(t, same):
            if not same:
                raise ValueError(
                    f"episode: its slot {t} is not the one that its scenario and seed {self.seed} draw here"
                )

        for t in range(self.slots):
            claim(t, np.array_equal(simulator.gains(), self.gain[t].T))
            if coupling == "backlog":
                present = simulator.carry.numbers[0, s.mecs :][:n] == 1.0
                claim(t, np.array_equal(present, self.drawn["present"][t]))
            row = np.ascontiguousarray(chosen[t : t + 1], dtype=np.int64)
            objective[t] = simulator.step(row, active, observed).objective[0]
            if coupling == "battery":
                gained = simulator.carry.numbers[0, battery.HARVESTED * n :][:n]
                claim(t, np.array_equal(gained, self.drawn["harvest"][t]))
        return objective

    def content(self) -> bytes:
        """All that was drawn, as bytes that are the same on every machine, to be hashed."""
        arrays = [getattr(self, name) for name in _ARRAYS if name != "local_power"]
        arrays += [self.drawn[name] for name in sorted(self.drawn)]
        return b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)

    def save(self, path: "PathLike[str] | str") -> None:
        """Write the episode to an ``.npz`` file, whole or not at all."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        arrays.update({f"drawn_{name}": array for name, array in self.drawn.items()})
        # A key takes all of a uint64, which an int64 does not hold.
        about = np.array([_FORMAT, self.seed, self.number, int(self.evaluation)], dtype=np.uint64)
        text = np.frombuffer(self.scenario.to_toml().encode("utf-8"), dtype=np.uint8)
        with whole_file(path) as file:
            np.savez_compressed(file, about=about, scenario=text, **arrays)

    @classmethod
    def load(cls, path: "PathLike[str] | str", scenario: Scenario | None = None) -> "Episode":
        """Read an episode; nothing in the file is run.

        Parameters
        ----------
        path : path
        scenario : Scenario, optional
            Scenario that the episode must be of.

        Raises
        ------
        ValueError
            For a file that is no whole episode, or one of another scenario.
        """
        try:
            with (
                open(path, "rb") as file,
                zipfile.ZipFile(io.BytesIO(file.read())) as archive,
            ):
                arrays = {
                    name.removesuffix(".npy"): np.lib.format.read_array(
                        io.BytesIO(archive.read(name)), allow_pickle=False
                    )
                    for name in archive.namelist()
                }
            text = arrays.pop("scenario").tobytes().decode("utf-8")
            kind, seed, number, evaluation = (int(x) for x in arrays.pop("about"))
        except _UNREADABLE as error:
            if isinstance(error, FileNotFoundError):
                raise
            raise ValueError(f"{path}: not a whole episode ({error})") from None
        if kind != _FORMAT:
            raise ValueError(f"{path}: an episode of layout {kind}, must be {_FORMAT}")
        own = Scenario.from_toml(text)
        if scenario is not None and own != scenario:
            raise ValueError(
                f"{path}: an episode of another scenario, {own.name!r}; must be of {scenario.name!r}"
                " as given"
            )
        n, m, t = own.iotds, own.mecs, own.slots
        shapes = dict(
            gain=(t, n, m), data_bits=(t, n), cycles=(t, n), local_speed=(n,), local_power=(n,),
            server_speed=(m,),
        )  # fmt: skip
        kept = {
            "none": {},
            "moving": dict(position=(t, n, 2), migration_seconds=(n,), holder=(n,)),
            "battery": dict(harvest=(t, n), level=(n,)),
            "backlog": dict(present=(t, n), served=(m,)),
        }[coupling_of(own)]
        shapes.update({f"drawn_{name}": shape for name, shape in kept.items()})
        for name, shape in shapes.items():
            got = arrays[name].shape if name in arrays else "none"
            if got != shape:
                raise ValueError(f"{path}: {name} has shape {got}, must be {shape}; cut short?")
            if arrays[name].dtype.kind not in "biuf" or not (
                np.isfinite(arrays[name]).all() and (arrays[name] >= 0).all()
            ):
                raise ValueError(f"{path}: {name} must hold finite numbers of 0 or more")
        drawn = {name: arrays[f"drawn_{name}"] for name in kept}
        return cls(
            scenario=own, seed=seed, number=number, evaluation=bool(evaluation), drawn=drawn,
            **{name: arrays[name] for name in _ARRAYS},
        )  # fmt: skip


# What reading a file that is no episode, or a damaged one, ends in.
_UNREADABLE = (
    ValueError, KeyError, EOFError, OSError, NotImplementedError, RuntimeError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
_ARRAYS = ("gain", "data_bits", "cycles", "local_speed", "local_power", "server_speed")


def record(
    scenario: Any = None, seed: int = 0, number: int = 0, evaluation: bool = False, **fields: Any
) -> Episode:
    """Write down the episode that ``reset(seed=seed)`` begins.

    Parameters
    ----------
    scenario : str, path, Scenario or None
        As ``gymnasium.make("MEC-v0", scenario=…)`` takes it.
    seed : int
        0 to 2**64 - 1.
    number : int
        Number of further resets without a seed before the episode begins, 0 to 2**32 - 1.
    evaluation : bool
        Whether to draw in the key space of the suites, which no training draw uses.
    **fields
        Scenario fields to replace.

    Returns
    -------
    Episode
    """
    s = resolve(scenario, **fields)
    checks.integer("number", number, 0, 2**32 - 1)
    simulator, observed = begun(s, seed, number, evaluation)
    t, n, m = s.slots, s.iotds, s.mecs
    gain, data_bits, cycles = np.empty((t, n, m), np.float32), np.empty((t, n)), np.empty((t, n))
    coupling = coupling_of(s)
    told: dict[str, list[Any]] = {name: [] for name in _DRAWN[coupling]}
    harvest = []
    home, active = np.zeros((1, n), dtype=np.int64), np.ones(1, dtype=bool)
    first = simulator.slot()
    for k in range(t):
        slot = simulator.slot()
        gain[k], data_bits[k], cycles[k] = slot.gain, slot.data_bits, slot.cycles
        for name in told:
            told[name].append(slot.coupled.facts[name])
        simulator.step(home, active, observed)
        if coupling == "battery":
            at = battery.HARVESTED * n
            harvest.append(simulator.carry.numbers[0, at : at + n].astype(np.int64))
    drawn = {name: np.array(values) for name, values in told.items()}
    if coupling == "moving":
        drawn["migration_seconds"] = drawn["migration_seconds"][0]
        drawn["holder"] = first.coupled.facts["holder"].copy()
    elif coupling == "battery":
        drawn = {"harvest": np.array(harvest), "level": first.coupled.facts["level"].copy()}
    elif coupling == "backlog":
        drawn["served"] = first.coupled.facts["served"].copy()
    return Episode(
        s, int(seed), int(number), bool(evaluation), gain, data_bits, cycles,
        first.local_speed.copy(), first.local_power.copy(), first.server_speed.copy(), drawn,
    )  # fmt: skip


def begun(scenario, seed, number, evaluation):
    """A simulator where an episode begins, and room for what is observed."""
    space = streams.Space.EVALUATION if evaluation else streams.Space.TRAINING
    simulator = Simulator(scenario, space=space)
    observed = np.empty((1, simulator.observation_size), dtype=np.float32)
    row = np.zeros(1, dtype=np.int64)
    simulator.seed(0, seed)
    simulator.begin_at(0, number)
    simulator.reset(row, observed)
    return simulator, observed


def running(simulator: Simulator, row: int = 0) -> Episode:
    """The Episode that a simulator's row is in."""
    carry = simulator.carry
    low, high = (int(word) for word in carry.key[row])
    evaluation = simulator.space == streams.Space.EVALUATION
    return record(simulator.scenario, low | high << 32, int(carry.episode[row]), evaluation)
