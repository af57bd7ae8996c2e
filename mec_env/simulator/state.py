"""The parts that a batch consists of, as the kernels take them."""

from typing import NamedTuple

import numpy as np

from mec_env.draws.streams import Space
from mec_env.laws import coupling
from mec_env.laws.channels import law_of
from mec_env.laws.coupling import moving
from mec_env.laws.fading import fading_of
from mec_env.laws.rewards import REWARDS, typical_cost
from mec_env.laws.tasks import spans


class Carry(NamedTuple):
    """All that passes from one slot to the next, a row each.

    Attributes
    ----------
    key : (E, 2) uint32
        Of the row's seed.
    episode : (E,) int64
        Episodes since that seed, from 0.
    slot : (E,) int64
        Slot of the episode that is observed now, from 0.
    numbers : (E, K) float64
        What the coupling carries, see :mod:`mec_env.laws.coupling`; none of it, K = 0, where
        slots don't depend on each other.
    """

    key: np.ndarray
    episode: np.ndarray
    slot: np.ndarray
    numbers: np.ndarray


class Worlds(NamedTuple):
    """The rows' worlds, stacked; ``row`` (E,) says which one is a row's own.

    ``price``, ``span`` and ``step`` (worlds, M), ``typical`` (worlds, 4) and ``weight`` (worlds, M)
    are those of a :class:`mec_env.simulator.pricing.Pricing`, not numbers where nobody asked for prices.
    """

    row: np.ndarray
    path_gain: np.ndarray
    local_speed: np.ndarray
    local_power: np.ndarray
    server_speed: np.ndarray
    price: np.ndarray
    span: np.ndarray
    step: np.ndarray
    typical: np.ndarray
    weight: np.ndarray


class Draws(NamedTuple):
    """How slots are drawn and judged; spans are 0.0 for tasks that slots don't draw.

    ``typical`` is the unit of the reward ``cost``.
    """

    space: int
    fading: int
    line_of_sight: float
    data_low: float
    data_span: float
    cycles_low: float
    cycles_span: float
    reward: int
    typical: float


class Board(NamedTuple):
    """The slots observed now. Tasks have one row, or one per row of the batch (``row``)."""

    gain: np.ndarray
    row: np.ndarray
    data_bits: np.ndarray
    cycles: np.ndarray
    root_cycles: np.ndarray


class Results(NamedTuple):
    """Per row: time [s], energy [J], shares offloaded and asked, bytes told, objective, reward.

    Of tasks coupled in time also services moved and tasks dropped in the slot, and after it the mean
    share of the batteries that is left and the tasks that wait at servers.
    """

    time: np.ndarray
    energy: np.ndarray
    offloaded: np.ndarray
    asked: np.ndarray
    exchanged: np.ndarray
    objective: np.ndarray
    reward: np.ndarray
    migrations: np.ndarray
    dropped: np.ndarray
    battery: np.ndarray
    waiting: np.ndarray

    @property
    def admitted(self):
        """Share of devices that a server keeps, (E,): those that offload."""
        return self.offloaded


def new_carry(scenario, rows):
    """The Carry of rows that no episode has begun in."""
    return Carry(
        np.zeros((rows, 2), dtype=np.uint32),
        np.full(rows, -1, dtype=np.int64),
        np.zeros(rows, dtype=np.int64),
        np.zeros((rows, coupling.law_of(scenario).size(scenario))),
    )


def new_worlds(scenario, rows):
    """Worlds of so many rows, to be filled: one for all, or one each where links are a row's own."""
    n, m = scenario.iotds, scenario.mecs
    stacked = rows if scenario.layout_per_episode or moving.is_on(scenario) else 1
    return Worlds(
        np.arange(rows) % stacked,
        np.empty((stacked, m, n), dtype=np.float32),
        np.empty((stacked, n)),
        np.empty((stacked, n)),
        np.empty((stacked, m)),
        *(np.full((stacked, m), np.nan) for _ in range(3)),
        np.full((stacked, 4), np.nan),
        np.full((stacked, m), np.nan),
    )


def new_board(scenario, rows, drawn):
    """A Board to be filled; ``drawn`` says whether slots draw tasks."""
    n, m = scenario.iotds, scenario.mecs
    own_tasks = rows if drawn or scenario.layout_per_episode else 1
    return Board(
        np.empty((rows, m, n), dtype=np.float32),
        np.arange(rows) % own_tasks,
        np.empty((own_tasks, n)),
        np.empty((own_tasks, n)),
        np.empty((own_tasks, n)),
    )


def draws_of(scenario, space=Space.TRAINING):
    """The Draws of a scenario's slots in a key space."""
    return Draws(
        int(space),
        fading_of(scenario).code,
        law_of(scenario).line_of_sight,
        *spans(scenario),
        REWARDS[scenario.reward],
        typical_cost(scenario),
    )
