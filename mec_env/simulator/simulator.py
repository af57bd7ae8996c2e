"""A batch of worlds, slot after slot: the only place that draws randomness.

There is one code path: the single environment is a batch of one row. Rows don't know of each other.
So row k of a batch and a single environment with the same seed give the same numbers to the last
bit, on any number of threads.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mec_env.draws import streams
from mec_env.laws.actions import MODES, PRICES, first_bad
from mec_env.laws.coupling import law_of
from mec_env.physics.coupled import Coupled
from mec_env.physics.slot import Slot, physics_of
from mec_env.scenario.scenario import Scenario
from mec_env.simulator.coupled import distance_of, facts_of, law_for
from mec_env.simulator.features import feature_size, features_of
from mec_env.simulator.held import Held
from mec_env.simulator.kernel import (
    decide_row,
    draw_rows,
    prices_of,
    room_for,
    snapshot_row,
    step_rows,
)
from mec_env.simulator.observation import blocks_of, size
from mec_env.simulator.rivals import place
from mec_env.simulator.state import Carry, Results, draws_of, new_board, new_carry, new_worlds
from mec_env.simulator.world import World, draw_world
from mec_env.threads import share, threads_for


class Simulator:
    """E worlds of one scenario, stepped together.

    Parameters
    ----------
    scenario : Scenario
    rows : int
        E, 1 or more.
    space : mec_env.draws.streams.Space
        Whether slots are for training or for evaluation.
    threads : int, optional
        Threads that share a step's rows; by default all that this process may
        use, where the batch is large enough to pay.
    observe : str
        ``columns`` (:mod:`mec_env.simulator.observation`) or ``features``
        (:mod:`mec_env.simulator.features`), which need prices.
    price_of : callable, optional
        price_of(scenario, world) -> the :class:`mec_env.simulator.pricing.Pricing` that actions of
        the mode ``prices`` and features are relative to.
    world : World, optional
        World to use in place of the scenario's own, for all rows and episodes.
    """

    def __init__(
        self,
        scenario: Scenario,
        rows: int = 1,
        space: streams.Space = streams.Space.TRAINING,
        threads: int | None = None,
        observe: str = "columns",
        price_of: Callable[[Scenario, World], Any] | None = None,
        world: World | None = None,
    ) -> None:
        self.scenario, self.rows = scenario, rows
        self.physics = physics_of(scenario)
        features = observe == "features"
        self.observation_size = feature_size(scenario) if features else size(scenario)
        self._blocks = blocks_of(scenario)
        self._price_of = price_of
        self._threads = threads_for(rows, scenario.iotds * scenario.mecs, threads)
        self.space = space
        self._draws = draws_of(scenario, space)
        self._drawn = self._draws.data_span > 0.0 or self._draws.cycles_span > 0.0
        self._worlds = new_worlds(scenario, rows)
        self._board = new_board(scenario, rows, self._drawn)
        self._carry = new_carry(scenario, rows)
        self._law = law_for(scenario, space, len(self._worlds.path_gain))
        self._world_list = [None] * len(self._worlds.path_gain)
        self._features = features_of(scenario, self.physics, len(self._world_list), features)
        self._moves = scenario.layout_per_episode and world is None
        if not self._moves:
            world = world or draw_world(scenario, streams.seed_key(scenario.world_seed))
            for index in range(len(self._world_list)):
                self._place(index, world)
        self._slots: list[Any] = [None] * rows  # each made when asked for
        self._held = None
        self._rooms: dict[int, Any] = {}  # by thread

    @property
    def slot_index(self) -> NDArray[np.int64]:
        """Slot of its episode that each row observes, (E,) int64, from 0."""
        return self._carry.slot

    @property
    def carry(self) -> Carry:
        """All that passes from the slots observed now to the next ones, a copy."""
        return Carry(*(array.copy() for array in self._carry))

    def world(self, row: int = 0) -> World:
        """The World of a row."""
        return self._world_list[self._worlds.row[row]]

    def seed(self, row: int, seed: int) -> None:
        """Give a row a seed; its next reset starts episode 0 of it."""
        self._carry.key[row] = streams.seed_key(seed)
        self._carry.episode[row] = -1

    def begin_at(self, row: int, number: int) -> None:
        """Let a row's next reset start episode ``number`` of its seed."""
        self._carry.episode[row] = number - 1

    def reset(self, rows: NDArray[np.int64], observed: NDArray[np.float32]) -> None:
        """Begin the next episode of some rows.

        Parameters
        ----------
        rows : (R,) int64 array
        observed : (E, size) float32 array
            Filled at these rows.
        """
        self._carry.episode[rows] += 1
        self._carry.slot[rows] = 0
        self._draw(rows, True, observed)

    def resume(self, carry: Carry, observed: NDArray[np.float32]) -> None:
        """Go back to where a batch of this scenario stood.

        Parameters
        ----------
        carry : Carry
            As :attr:`carry` gave it.
        observed : (E, size) float32 array
            Filled with what was observed there.
        """
        for own, other in zip(self._carry, carry):
            own[:] = other
        self._draw(np.arange(self.rows), False, observed)

    def step(
        self,
        actions: NDArray[Any],
        active: NDArray[np.bool_],
        observed: NDArray[np.float32],
        mode: str = "decisions",
        admission: bool = False,
        retries: int = 0,
        reserves: Sequence[float] = (),
    ) -> Results:
        """Judge one decision per active row and go on to the next slot.

        Parameters
        ----------
        actions : (E, size) array
            Of the mode's dtype.
        active : (E,) bool
            Rows that take part.
        observed : (E, size) float32 array
            Filled at these rows.
        mode : str
            A name of ``mec_env.laws.actions.MODES``.
        admission : bool
            Whether each server then keeps the askers worth keeping, as :func:`mec_env.admit` has it.
        retries : int
            How often devices that were refused then ask their next server at the same prices.
        reserves : sequence of float
            The reserve of each broadcast after that, see :mod:`mec_env.optimum.asking`.

        Returns
        -------
        Results
            What the decisions came to, (E,) arrays of this call alone; 0.0 in rows
            that are not active.

        Raises
        ------
        ValueError
            For an action that is not allowed; no row has moved on then.
        """
        mode = MODES[mode]
        self._check(actions, active, mode)
        results = np.zeros((len(Results._fields), self.rows))
        job = actions, active, mode.code, _asking(mode, admission, retries, reserves)
        state = self._state()
        out = results, observed
        self._forget()
        share(
            self.rows, self._threads,
            lambda *turn: step_rows(turn, job, state, self._room(turn[1]), out),
        )  # fmt: skip
        return Results(*results)

    def gains(self, row: int = 0) -> NDArray[np.float32]:
        """The gains (M, N) that a row observes now, a copy."""
        return self._board.gain[row].copy()

    def slot(self, row: int = 0) -> Slot:
        """The Slot that a row observes now; made when first asked for."""
        if self._slots[row] is None:
            s, board, world = self.scenario, self._board, self.world(row)
            tasks = board.row[row]
            self._slots[row] = Slot(
                board.gain[row].T, distance_of(self, row), board.data_bits[tasks], board.cycles[tasks],
                world.local_speed, world.server_speed, s.bandwidth, s.noise, s.max_power,
                s.kappa, s.exponent, s.weight_time, s.weight_energy, self._coupled(row),
            )  # fmt: skip
        return self._slots[row]

    def decision(
        self,
        action: NDArray[Any],
        mode: str,
        row: int = 0,
        admission: bool = False,
        retries: int = 0,
        reserves: Sequence[float] = (),
    ) -> NDArray[np.int64]:
        """The decision (N,) int64 that a row's action comes to in the slot observed now.

        Parameters
        ----------
        action : (size,) array
            Of the mode's dtype.
        mode : str
            A name of ``mec_env.laws.actions.MODES``.
        admission, retries, reserves
            As in :meth:`step`.

        Raises
        ------
        ValueError
            For a value that is not allowed.
        """
        mode = MODES[mode]
        self._check(action[None], np.ones(1, dtype=bool), mode, row)
        asking = _asking(mode, admission, retries, reserves)
        job = action[None], np.ones(1, dtype=bool), mode.code, asking
        return decide_row(job, self._state(), row, self._room(0))

    def prices(
        self, action: NDArray[np.float32], row: int = 0
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Prices that servers ask by an action of the mode ``prices``, (M,) per root of a cycle.

        A second array (M,) has the servers' weights of what a coupling adds, see
        :func:`mec_env.laws.coupling.kernel.weighed`; it is not a number without a coupling.

        Raises
        ------
        ValueError
            For a value that is not a number.
        """
        self._check(action[None], np.ones(1, dtype=bool), MODES["prices"], row)
        return prices_of(self._state(), row, action)

    def _check(self, actions, active, mode, first=0):
        e, k = first_bad(actions, active, *mode.range(self.scenario))
        if e >= 0:
            where = f"action[{k}]" if self.rows == 1 else f"actions[{first + e}, {k}]"
            raise ValueError(f"{where} = {actions[e, k]}: must be {mode.must_be(self.scenario)}")

    def _draw(self, rows, begins, observed):
        if self._moves:
            for e in rows:
                number = int(self._carry.episode[e])
                world = draw_world(self.scenario, self._carry.key[e], self.space, number)
                self._place(e, world)
        state = self._state()
        share(
            len(rows), self._threads,
            lambda *turn: draw_rows(turn, rows, begins, state, self._room(turn[1]), observed),
        )  # fmt: skip
        self._forget()

    def __getstate__(self):
        # What kernels hold are these arrays, which a copy has its own of.
        return {**self.__dict__, "_held": None, "_rooms": {}}

    def _state(self):
        if self._held is None:
            shown = self._blocks, self._features
            self._held = Held((
                self.physics, shown, self._worlds, self._carry, self._draws, self._board, self._law,
            ))  # fmt: skip
        return self._held

    def _room(self, thread):
        if thread not in self._rooms:
            sizes = self.scenario.iotds, self.scenario.mecs
            self._rooms[thread] = Held(room_for(*sizes, self._drawn))
        return self._rooms[thread]

    def _coupled(self, row):
        """What a row's coupling makes of its slot, or None."""
        if self._law is None:
            return None
        n, m = self.scenario.iotds, self.scenario.mecs
        out = np.empty((n, m)), np.empty((n, m)), np.empty(n), np.empty(n), np.empty(m)
        snapshot_row(self._state(), row, out)
        return Coupled(*out, facts=facts_of(self, row))

    def _forget(self):
        self._slots = [None] * self.rows

    def _place(self, index, world):
        self._world_list[index] = world
        for array, value in zip(
            self._worlds[1:],
            (world.path_gain, world.local_speed, world.local_power, world.server_speed),
        ):
            array[index] = value
        if self._features is not None:
            place(self._features, index, world.path_gain)
        if self._price_of is not None:
            pricing = self._price_of(self.scenario, world)
            for array, value in zip(self._worlds[5:], pricing):
                array[index] = value
        if self._law is not None:
            self._law.own[index] = law_of(self.scenario).of_world(self.scenario, world)
        # Worlds and tasks are each all rows' own or one for all: moving devices with tasks that no slot
        # draws have as many worlds as rows and one set of tasks.
        one = 1 in (len(self._world_list), len(self._board.data_bits))
        rows = slice(None) if one else index
        self._board.data_bits[rows] = world.data_bits
        self._board.cycles[rows] = world.cycles
        self._board.root_cycles[rows] = np.sqrt(world.cycles)


_NO_RESERVES = np.empty(0)


def _asking(mode, admission, retries, reserves):
    """How devices ask and servers answer; None where an action says it all."""
    if mode.code != PRICES and not admission:
        return None
    reserves = np.array(reserves, dtype=np.float64) if reserves else _NO_RESERVES
    return admission, retries, reserves
