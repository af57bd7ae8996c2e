"""Whole coupled episodes as steps for Stable-Baselines3: an action is the learned rule's numbers.

The cost of a slot's decision shows over the rest of its episode, so the numbers stay the same for a
whole episode. The reward is the share of the episode's cost that an action saves against a new
actor's action in the same episode, since most of a cost is the episode's own, whatever the numbers.
The baseline depends on no action, so it biases no gradient.
"""

import numpy as np
from gymnasium.spaces import Box
from stable_baselines3.common.vec_env.base_vec_env import VecEnv

from dirs_solver.references.policies import COUPLINGS, Learned, coupled
from mec_env.simulator.simulator import Simulator

#: An action of 1 moves a number so many of its search's deviations.
REACH = 4.0
#: A reward's size at most: numbers far off cost many times the rest, and would be all that counts.
MOST = 0.2


def numbers_of(name, scenario, action):
    """The learned rule's numbers (K,) that an action (K,) in [-1, 1] means.

    Raises
    ------
    ValueError
        For a scenario that couples nothing in time.
    """
    known = COUPLINGS[coupled(name, scenario)][0].numbers
    start, spread = np.array(list(known.values())).T
    return start + REACH * spread * np.asarray(action, dtype=np.float64)


class RuleRows(VecEnv):
    """A batch of training episodes, each played by a rule of its own numbers.

    An observation is a zero, for before an episode there is nothing to see; an action (K,) moves
    the rule's numbers from their first values; a reward is within +- ``MOST``; every step ends.

    Parameters
    ----------
    name : str
        The learner's.
    scenario : Scenario
        With a coupling.
    rows : int
        E, episodes that are played together.
    pool : int
        Training episodes of a seed, of which rows take the next ones in turn.
    start : (K,) array or float
        The action that others are compared with.
    """

    def __init__(self, name, scenario, rows, pool, start=0.0):
        self.scenario, self._name, self._size = scenario, name, max(rows, pool)
        self._simulator = Simulator(scenario, rows, threads=1)
        self._observed = np.empty((rows, self._simulator.observation_size), dtype=np.float32)
        first = numbers_of(name, scenario, start)
        rule = Learned(name, first)
        rule.prepare(scenario)
        self._rules = [rule.twin() for _ in range(rows)]
        self._first, self._zeros = first, np.zeros((rows, 1), dtype=np.float32)
        self.render_mode = self._actions = None
        super().__init__(rows, Box(0.0, 0.0, (1,)), Box(-1.0, 1.0, (first.size,)))
        self.seed(0)

    @property
    def envs(self):
        """What knows the scenario: the batch itself."""
        return self

    @property
    def slots_a_step(self):
        """Slots that a step of all rows takes: a whole episode each."""
        return self.num_envs * self.scenario.slots

    def seed(self, seed=None):
        """Draw the pool of training episodes from a seed."""
        drawn = np.random.SeedSequence(seed).generate_state(self._size, np.uint64)
        self._pool, self._next = [int(one) for one in drawn], 0
        self._compared = [None] * self._size
        return self._pool[: self.num_envs]

    def reset(self):
        """Observations (E, 1)."""
        self.reset_infos = [{} for _ in range(self.num_envs)]
        return self._zeros.copy()

    def step_async(self, actions):
        """Keep the actions until :meth:`step_wait`."""
        self._actions = actions

    def step_wait(self):
        """Play an episode a row: observations, rewards, ends, infos."""
        at = [(self._next + k) % self._size for k in range(self.num_envs)]
        self._next = (at[-1] + 1) % self._size
        if any(self._compared[k] is None for k in at):
            first = [self._first] * self.num_envs
            for k, cost in zip(at, self._played(at, first), strict=True):
                self._compared[k] = cost
        numbers = [numbers_of(self._name, self.scenario, action) for action in self._actions]
        costs = self._played(at, numbers)
        saved = 1.0 - costs / np.array([self._compared[k] for k in at])
        infos = [{"objective": cost, "terminal_observation": self._zeros[0]} for cost in costs]
        rewards = np.clip(saved, -MOST, MOST).astype(np.float32)
        return self._zeros.copy(), rewards, np.ones(self.num_envs, dtype=bool), infos

    def play(self, numbers):
        """Mean objective a slot (E,) of the pool's first episodes, by the same numbers in each."""
        return self._played(range(self.num_envs), [numbers] * self.num_envs)

    def _played(self, at, numbers):
        rows, total = np.arange(self.num_envs), np.zeros(self.num_envs)
        for row, k in enumerate(at):
            self._simulator.seed(row, self._pool[k])
            self._rules[row].reset(0)
            self._rules[row].numbers = tuple(numbers[row])
        self._simulator.reset(rows, self._observed)
        active = np.ones(self.num_envs, dtype=bool)
        for _ in range(self.scenario.slots):
            slots = map(self._simulator.slot, rows)
            chosen = [rule.decide(slot) for rule, slot in zip(self._rules, slots, strict=True)]
            decisions = np.array(chosen, dtype=np.int64)
            total += self._simulator.step(decisions, active, self._observed).objective
        return total / self.scenario.slots

    def close(self):
        """Nothing is held open."""

    def get_attr(self, attr_name, indices=None):
        """An attribute of the batch, once for each row asked for."""
        return [getattr(self, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name, value, indices=None):
        """Not to be had: rows have no attributes of their own."""
        raise AttributeError(f"set_attr({attr_name!r}): the rows of a batch share their attributes")

    def env_method(self, method_name, *arguments, indices=None, **keywords):
        """Not to be had: rows have no methods of their own."""
        raise AttributeError(f"env_method({method_name!r}): the rows of a batch have no methods")

    def env_is_wrapped(self, wrapper_class, indices=None):
        """Whether rows are wrapped: none is."""
        return [False] * len(list(self._get_indices(indices)))
