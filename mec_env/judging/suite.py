"""Frozen evaluation suites: the slots that every method is judged on.

A suite is a scenario, worlds, episodes and a version. Its draws live in a key space of their own
(``mec_env.draws.streams.Space.EVALUATION``), so no training seed can meet them. Training on the
suite's worlds (the positions) is allowed and intended. A suite never changes: other slots are
another version, under another name.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mec_env import checks
from mec_env.draws.streams import Space
from mec_env.judging.shipped_bounds import load_bounds
from mec_env.laws.coupling import coupling_of
from mec_env.physics.slot import Slot
from mec_env.scenario.named import SCENARIOS
from mec_env.scenario.scenario import Scenario
from mec_env.simulator.episode import Episode, record
from mec_env.simulator.simulator import Simulator

if TYPE_CHECKING:
    from mec_env.judging.playing import Played


@dataclass(frozen=True)
class Suite:
    """Slots to be judged on.

    Attributes
    ----------
    name : str
        With its version, such as ``paper-large-v1``.
    scenario : Scenario
        Its ``slots`` are the length of an episode.
    world_seeds : tuple of int
        Worlds, each with all the episodes.
    episode_seeds : tuple of int
        Episodes of a world, in the evaluation key space.
    frozen : str
        Name of the frozen suite that this suite is, or is a part of; empty for a suite of your own.
    unit : str
        What is scored: each ``slot``, or each ``episode`` by the sums over its slots. Where
        something passes from slot to slot, ``episode`` is the only choice and the default.
    """

    name: str
    scenario: Scenario
    world_seeds: tuple[int, ...]
    episode_seeds: tuple[int, ...]
    frozen: str = ""
    unit: str = ""

    def __post_init__(self):
        coupled = coupling_of(self.scenario) != "none"
        if self.unit == "":
            object.__setattr__(self, "unit", "episode" if coupled else "slot")
        checks.known("unit", self.unit, ("slot", "episode"))
        if coupled and self.unit == "slot":
            raise ValueError(
                f"unit = 'slot': slots of {self.scenario.name!r} depend on each other, must be 'episode'"
            )

    @property
    def size(self) -> int:
        """Number of slots."""
        return len(self.world_seeds) * len(self.episode_seeds) * self.scenario.slots

    @property
    def slots_per_unit(self) -> int:
        """Number of slots in one score: 1, or the slots of an episode."""
        return 1 if self.unit == "slot" else self.scenario.slots

    def per_unit(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums over each unit of score of values (slots,)."""
        if self.unit == "slot":
            return values
        return values.reshape(-1, self.slots_per_unit).sum(axis=1)

    def only(
        self, worlds: int | None = None, episodes: int | None = None, slots: int | None = None
    ) -> "Suite":
        """The same suite cut to first worlds, their first episodes, or the first slots of each."""
        cut = replace(
            self,
            world_seeds=self.world_seeds[:worlds],
            episode_seeds=self.episode_seeds[:episodes],
            scenario=self.scenario.replace(
                slots=min(slots or self.scenario.slots, self.scenario.slots)
            ),
        )
        return cut if cut == self else replace(cut, name=self._part_name())

    def world(self, index: int) -> "Suite":
        """The same suite with its world number ``index`` (0, 1, …) alone."""
        return replace(self, name=self._part_name(), world_seeds=(self.world_seeds[index],))

    def _part_name(self) -> str:
        return f"{self.name.removesuffix(' (part)')} (part)"

    def worlds(self) -> Iterator[tuple[int, Scenario]]:
        """(world seed, scenario of that world), one by one."""
        for seed in self.world_seeds:
            yield seed, self.scenario.replace(world_seed=seed)

    def slots(self) -> Iterator[Slot]:
        """Every :class:`mec_env.Slot` of the suite, in order: world, episode, slot."""
        still = np.zeros((self.size, self.scenario.iotds), dtype=np.int64)
        for slot, _, _ in self.play(still):
            assert slot is not None
            yield slot

    def play(self, policy: object, seed: int = 0, slots: bool = True) -> "Iterator[Played]":
        """Step the evaluation environment with decisions, slot after slot.

        Parameters
        ----------
        policy : object, or (slots, N) integer array
            As :func:`mec_env.evaluate` takes it, or decisions that were made before.
        seed : int
            For policies that draw random numbers, through their ``reset``.
        slots : bool
            Whether to yield the Slot that was decided; making one takes a while.

        Yields
        ------
        slot : mec_env.Slot or None
        decision : (N,) int64
        outcome : mec_env.judging.playing.Judged
            Objective, time, energy, share offloaded, and the seconds that it took to decide.
        """
        # Views stand above the suites' names, which the command line asks for alone.
        from mec_env.judging.playing import play

        return play(self, policy, seed, slots)

    def reference(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Bounds (S,) and best objectives known (S,), or None if the suite is not frozen.

        Also None for episodes that were cut short: the bound of a whole episode says nothing about
        a part.
        """
        if not self.frozen:
            return None
        whole = SUITES[self.frozen]
        by_episode = self.unit == "episode"
        if by_episode and self.scenario.slots != whole.scenario.slots:
            return None
        known, slots = load_bounds(self.frozen), 1 if by_episode else whole.scenario.slots
        shape = len(whole.world_seeds), len(whole.episode_seeds), slots
        part = np.ix_(
            [whole.world_seeds.index(seed) for seed in self.world_seeds],
            [whole.episode_seeds.index(seed) for seed in self.episode_seeds],
            range(1 if by_episode else self.scenario.slots),
        )
        return tuple(a.reshape(shape)[part].ravel() for a in (known.lower_bound, known.objective))

    def episodes(self) -> Iterator[Episode]:
        """Every :class:`mec_env.Episode` of the suite, in order: world, episode."""
        for _, scenario in self.worlds():
            for seed in self.episode_seeds:
                yield record(scenario, seed, evaluation=True)

    def _drawn(self):
        """Every slot as it is drawn, whatever was decided before it."""
        for _, scenario in self.worlds():
            simulator = Simulator(scenario, space=Space.EVALUATION)
            observed = np.empty((1, simulator.observation_size), dtype=np.float32)
            for seed in self.episode_seeds:
                simulator.seed(0, seed)
                simulator.reset(np.zeros(1, dtype=np.int64), observed)
                for _ in range(scenario.slots):
                    yield simulator.slot()
                    carry = simulator.carry
                    simulator.resume(carry._replace(slot=carry.slot + 1), observed)

    def content_hash(self) -> str:
        """SHA-256 over everything that is drawn for the slots."""
        digest = hashlib.sha256()
        if coupling_of(self.scenario) != "none":
            for episode in self.episodes():
                digest.update(episode.content())
            return digest.hexdigest()
        for slot in self._drawn():
            # Gains are float32 numbers; as such they are the same on every machine.
            digest.update(slot.gain.astype(np.float32).tobytes())
            for array in (slot.data_bits, slot.cycles, slot.local_speed, slot.server_speed):
                digest.update(array.tobytes())
        return digest.hexdigest()


def _suite(suite, scenario, worlds, episodes, slots, **fields):
    return Suite(
        f"{suite}-v1",
        SCENARIOS[scenario].replace(slots=slots, **fields),
        tuple(range(worlds)),
        tuple(range(episodes)),
        frozen=f"{suite}-v1",
    )


SUITES = MappingProxyType(
    {
        suite.name: suite
        for suite in (
            _suite("paper-medium", "paper-medium", 5, 2, 100),
            _suite("paper-large", "paper-large", 5, 2, 100),
            _suite("paper-xlarge", "paper-xlarge", 5, 2, 50),
            _suite("square-km", "square-km", 5, 2, 100),
            # Coupled in time: an episode is a score, its bound that of hindsight.
            _suite("follow-me", "follow-me", 5, 4, 100),
            _suite("harvest", "harvest", 5, 4, 96),
            _suite("rush-hour", "rush-hour", 5, 4, 100),
            # As large and as dense as a city centre: two kilometres, many sites, crowds.
            _suite(
                "city-like", "square-km", 5, 1, 20,
                name="city-like", mecs=125, iotds=800, area=2000.0, clusters=20,
            ),
            _suite("ladder-30x2", "square-km", 5, 1, 40, name="ladder-30x2", mecs=2, iotds=30),
            _suite("ladder-1000x32", "square-km", 2, 1, 10, name="ladder-1000x32", mecs=32, iotds=1000),
            _suite("ladder-10000x100", "square-km", 1, 1, 4, name="ladder-10000x100", mecs=100, iotds=10000),
        )
    }
)  # fmt: skip


def resolve_suite(suite: Suite | str) -> Suite:
    """The Suite of a name, or the Suite itself.

    Raises
    ------
    ValueError
        For an unknown name, with the nearest right one.
    """
    if isinstance(suite, Suite):
        return suite
    return SUITES[checks.known("suite", suite, SUITES)]
