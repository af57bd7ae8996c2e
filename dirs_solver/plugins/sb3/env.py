"""``MECVectorEnv`` as Stable-Baselines3 wants a vectorised environment: all rows in one step."""

import numpy as np
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.vec_env.base_vec_env import VecEnv

from mec_env.views.vector_env import MECVectorEnv


class RowsVecEnv(VecEnv):
    """A batch of ``MEC-v0`` for Stable-Baselines3; row k is a single environment.

    Observations are (E, size) float32, rewards (E,) float32 and ends (E,) bool. The step
    that ends an episode returns the next one's first observation; its row's info then has
    ``terminal_observation`` and ``TimeLimit.truncated``, which is always True, since an
    episode only ever ends by its number of slots. Every row's info has ``objective``,
    ``time`` [s], ``energy`` [J] and ``offloaded`` (share) of the decision just judged, and with
    prices or admission the shares ``asked`` and ``admitted``.

    Parameters
    ----------
    rows : int
        E, 1 or more.
    scenario, actions, **fields
        As in :class:`mec_env.MECEnv`.

    Attributes
    ----------
    scenario : mec_env.Scenario
    slots_a_step : int
        Slots that a step of all rows decides, E.
    """

    def __init__(self, rows, scenario=None, actions="decisions", **fields):
        self.envs = MECVectorEnv(
            rows, scenario, actions, autoreset_mode=AutoresetMode.SAME_STEP, threads=1, **fields
        )
        self.scenario, self.slots_a_step = self.envs.scenario, rows
        self._keys = self.envs.options.info(self.scenario)
        self._actions = None
        # The base class asks for this attribute of every environment.
        self.render_mode = None
        super().__init__(rows, self.envs.single_observation_space, self.envs.single_action_space)

    def seed(self, seed=None):
        """Draw a seed for every row from one; it counts from the next reset.

        Rows of neighbouring seeds, 0 and 1 say, are not each other's.

        Returns
        -------
        list of E int
        """
        drawn = np.random.SeedSequence(seed).generate_state(self.num_envs, np.uint64)
        self._seeds = [int(row) for row in drawn]
        return list(self._seeds)

    def reset(self):
        """Observations (E, size) of a new episode in every row."""
        # Without seeds of its own a row goes on to the next episode of its last seed.
        given = any(seed is not None for seed in self._seeds)
        observations, _ = self.envs.reset(seed=list(self._seeds) if given else None)
        self.reset_infos = [dict.fromkeys(self._keys, 0.0) for _ in range(self.num_envs)]
        self._reset_seeds()
        self._reset_options()
        return observations

    def step_async(self, actions):
        """Keep the actions until :meth:`step_wait`."""
        self._actions = actions

    def step_wait(self):
        """Judge them: observations, rewards, ends, infos."""
        observations, rewards, _, ends, infos = self.envs.step(self._actions)
        objectives = {key: infos[key] for key in self._keys}
        if ends.any():
            # The ended rows' own: the batch's infos are already the next episode's.
            final = infos["final_info"]
            objectives = {key: np.where(ends, final[key], infos[key]) for key in self._keys}
        columns = [values.tolist() for values in objectives.values()]
        rows = [dict(zip(self._keys, values)) for values in zip(*columns)]
        for row in np.flatnonzero(ends):
            rows[row]["terminal_observation"] = infos["final_obs"][row]
            rows[row]["TimeLimit.truncated"] = True
        return observations, rewards.astype(np.float32), ends, rows

    def close(self):
        """Close the batch."""
        self.envs.close()

    def get_attr(self, attr_name, indices=None):
        """An attribute of the batch, once for each row asked for."""
        return [getattr(self.envs, attr_name)] * len(self._rows(indices))

    def set_attr(self, attr_name, value, indices=None):
        """Not to be had: rows have no attributes of their own."""
        raise AttributeError(f"set_attr({attr_name!r}): the rows of a batch share their attributes")

    def env_method(self, method_name, *arguments, indices=None, **keywords):
        """Call a method of the batch that takes the row first, such as ``slot``, row by row."""
        method = getattr(self.envs, method_name)
        return [method(row, *arguments, **keywords) for row in self._rows(indices)]

    def env_is_wrapped(self, wrapper_class, indices=None):
        """Whether rows are wrapped: none is."""
        return [False] * len(self._rows(indices))

    def get_images(self):
        """A batch is not drawn."""
        return [None] * self.num_envs

    def _rows(self, indices):
        return list(self._get_indices(indices))
