"""A batch of worlds, slot after slot: the only place that draws randomness.

One code path: the single environment is the batch of one, and rows don't know
of each other, so row k of a batch and a single environment with the same seed
give the same numbers to the last bit, on any number of threads.
"""

import numpy as np

from mec_env.draws import streams
from mec_env.laws import channels
from mec_env.laws.actions import vote
from mec_env.physics import cost
from mec_env.physics.slot import Slot, physics_of
from mec_env.scenario.scenario import Range
from mec_env.simulator import observation
from mec_env.simulator.kernel import (
    Board,
    Draws,
    Episode,
    Results,
    Worlds,
    draw_rows,
    first_bad,
    plain,
    step_rows,
)
from mec_env.simulator.world import draw_world
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
    """

    def __init__(self, scenario, rows=1, space=streams.Space.TRAINING, threads=None):
        n, m = scenario.iotds, scenario.mecs
        self.scenario, self.rows = scenario, rows
        self.physics = physics_of(scenario)
        self.features = observation.features(scenario)
        self.observation_size = observation.size(scenario)
        self._threads = threads_for(rows, n * m, threads)
        self._space = space
        self._draws = _draws(scenario, space)
        self._drawn = self._draws.data_span > 0.0 or self._draws.cycles_span > 0.0
        stacked = rows if scenario.layout_per_episode else 1
        self._worlds = Worlds(
            np.arange(rows) % stacked,
            np.empty((stacked, m, n), dtype=np.float32),
            np.empty((stacked, n)),
            np.empty((stacked, n)),
            np.empty((stacked, m)),
        )
        own_tasks = rows if self._drawn or scenario.layout_per_episode else 1
        self._board = Board(
            np.empty((rows, m, n), dtype=np.float32),
            np.arange(rows) % own_tasks,
            np.empty((own_tasks, n)),
            np.empty((own_tasks, n)),
            np.empty((own_tasks, n)),
        )
        self._episode = Episode(
            np.zeros((rows, 2), dtype=np.uint32),
            np.full(rows, -1, dtype=np.int64),
            np.zeros(rows, dtype=np.int64),
        )
        self._world_list = [None] * stacked
        if not scenario.layout_per_episode:
            self._place(0, draw_world(scenario, streams.seed_key(scenario.world_seed)))
        self._slots = [None] * rows

    @property
    def slot_index(self):
        """Slot of its episode that each row observes, (E,) int64, from 0."""
        return self._episode.slot

    def world(self, row=0):
        """The World of a row."""
        return self._world_list[self._worlds.row[row]]

    def seed(self, row, seed):
        """Give a row a seed; its next reset starts episode 0 of it."""
        self._episode.key[row] = streams.seed_key(seed)
        self._episode.episode[row] = -1

    def reset(self, rows, observed):
        """Begin the next episode of some rows.

        Parameters
        ----------
        rows : (R,) int64 array
        observed : (E, size) float32 array
            Filled at these rows.
        """
        self._episode.episode[rows] += 1
        self._episode.slot[rows] = 0
        if self.scenario.layout_per_episode:
            for e in rows:
                number = int(self._episode.episode[e])
                world = draw_world(self.scenario, self._episode.key[e], self._space, number)
                self._place(e, world)
        state = self._state()
        share(
            len(rows),
            self._threads,
            lambda *share: draw_rows(*share, rows, state, *self._words(), observed),
        )
        self._forget()

    def step(self, actions, active, observed):
        """Judge one decision per active row and go on to the next slot.

        Parameters
        ----------
        actions : (E, N) integers, or (E, M * N) floats
            Decisions 0 .. M, or scores to be voted on.
        active : (E,) bool
            Rows that take part.
        observed : (E, size) float32 array
            Filled at these rows.

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
        n, m = self.scenario.iotds, self.scenario.mecs
        self._check(actions, active)
        scored = actions.dtype.kind == "f"
        saving = self.scenario.reward == "saving"
        results = Results(*np.zeros((len(Results._fields), self.rows)))

        state = self._state()

        def work(*share):
            room = tuple(cost.scratch(n, m)), np.empty(n, dtype=np.int64), *self._words()
            step_rows(
                *share, actions, scored, saving, active, state, *room, tuple(results), observed
            )

        self._forget()
        share(self.rows, self._threads, work)
        return results

    def slot(self, row=0):
        """The Slot that a row observes now; made when first asked for."""
        if self._slots[row] is None:
            s, board, world = self.scenario, self._board, self.world(row)
            tasks = board.row[row]
            self._slots[row] = Slot(
                board.gain[row].T, world.distance, board.data_bits[tasks], board.cycles[tasks],
                world.local_speed, world.server_speed, s.bandwidth, s.noise, s.max_power,
                s.kappa, s.exponent, s.weight_time, s.weight_energy,
            )  # fmt: skip
        return self._slots[row]

    def vote(self, scores, row=0):
        """The decision (N,) that a row's scores (M * N,) vote for, in the slot observed now.

        Raises
        ------
        ValueError
            For a wrong shape or a score that is not a number.
        """
        n, m = self.scenario.iotds, self.scenario.mecs
        if scores.shape != (m * n,):
            raise ValueError(f"scores: shape {scores.shape}, must be ({m * n},)")
        decision = np.empty(n, dtype=np.int64)
        if not vote(scores.astype(np.float32), self._board.gain[row], decision):
            raise ValueError(f"scores[{int(np.argmax(np.isnan(scores)))}] = nan: must be a number")
        return decision

    def _check(self, actions, active):
        m = self.scenario.mecs
        # The vote clips scores beyond [0, 1], so only what is no number is refused.
        low, high = (-np.inf, np.inf) if actions.dtype.kind == "f" else (0, m)
        e, k = first_bad(actions, active, low, high)
        if e < 0:
            return
        where = f"action[{k}]" if self.rows == 1 else f"actions[{e}, {k}]"
        allowed = "a number" if actions.dtype.kind == "f" else f"from 0 (local) to {m}"
        raise ValueError(f"{where} = {actions[e, k]}: must be {allowed}")

    def _state(self):
        return plain(
            self.physics, self.features, self._worlds, self._episode, self._draws, self._board
        )

    def _forget(self):
        self._slots = [None] * self.rows

    def _words(self):
        n, m = self.scenario.iotds, self.scenario.mecs
        return (
            np.empty(-(-n * m // 4) * 4, dtype=np.uint32),
            np.empty(-(-2 * n // 4) * 4 if self._drawn else 0, dtype=np.uint32),
        )

    def _place(self, index, world):
        self._world_list[index] = world
        for array, value in zip(
            self._worlds[1:],
            (world.path_gain, world.local_speed, world.local_power, world.server_speed),
        ):
            array[index] = value
        rows = slice(None) if len(self._world_list) == 1 else index
        self._board.data_bits[rows] = world.data_bits
        self._board.cycles[rows] = world.cycles
        self._board.root_cycles[rows] = np.sqrt(world.cycles)


def _draws(scenario, space):
    def draw(value):
        # Anything but a Range of a slot stays as the world has it.
        redrawn = isinstance(value, Range) and scenario.tasks == "slot"
        return (value.low, value.high - value.low) if redrawn else (0.0, 0.0)

    return Draws(
        int(space),
        channels.FADING[scenario.channel],
        channels.line_of_sight_share(scenario),
        *draw(scenario.data_bits),
        *draw(scenario.cycles),
    )
