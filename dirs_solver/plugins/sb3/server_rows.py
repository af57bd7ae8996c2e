"""Servers as rows of one vectorised environment, whatever the sizes of their networks.

A row sees its server's features and asks its server's price, so batches of different sizes stand
side by side. Every server of a slot gets its reward times the number of servers, because each of
many servers changes less of the reward.
"""

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.vec_env.base_vec_env import VecEnv

from mec_env.laws.actions import asked_of_a_server
from mec_env.simulator.features import feature_bounds, row_size


class ServerRows(VecEnv):
    """Batches of several scenarios, each server a row: batch by batch, row by row, server by server.

    Observations are (R, size) float32, a server's features each; actions (R, 1), or with a coupling
    (R, 2). A row's info is its slot's.

    Parameters
    ----------
    batches : list of RowsVecEnv
        That observe features and act by prices, all of one coupling.

    Attributes
    ----------
    scenario : mec_env.Scenario
        The first batch's.
    slots_a_step : int
        Slots that a step of all rows decides.
    """

    def __init__(self, batches):
        self.batches, self.scenario = batches, batches[0].scenario
        self.slots_a_step = sum(batch.num_envs for batch in batches)
        self._servers = [batch.scenario.mecs for batch in batches]
        counts = [batch.num_envs * m for batch, m in zip(batches, self._servers)]
        self._ends = np.cumsum(counts)[:-1]
        self._actions = None
        # The base class asks for this attribute of every environment.
        self.render_mode = None
        low, high = feature_bounds(self.scenario, "servers")
        asked = (asked_of_a_server(self.scenario),)
        super().__init__(sum(counts), spaces.Box(low, high), spaces.Box(-1.0, 1.0, asked))

    def seed(self, seed=None):
        """Draw a seed for every batch's rows from one; it counts from the next reset.

        Returns
        -------
        list of R None
        """
        drawn = np.random.SeedSequence(seed).generate_state(len(self.batches), np.uint64)
        for batch, own in zip(self.batches, drawn):
            batch.seed(int(own))
        return [None] * self.num_envs

    def reset(self):
        """Observations (R, size) of a new episode in every row."""
        observed = [self._rows(batch.reset()) for batch in self.batches]
        self._reset_seeds()
        self._reset_options()
        return np.concatenate(observed)

    def step_async(self, actions):
        """Keep the actions until :meth:`step_wait`."""
        self._actions = actions

    def step_wait(self):
        """Judge them: observations, rewards, ends, infos."""
        observed, rewards, ends, infos = [], [], [], []
        for batch, servers, own in zip(
            self.batches, self._servers, np.split(self._actions, self._ends)
        ):
            seen, earned, ended, of_slots = batch.step(own.reshape(batch.num_envs, -1))
            observed.append(self._rows(seen))
            rewards.append(np.repeat(servers * earned, servers))
            ends.append(np.repeat(ended, servers))
            for info in of_slots:
                infos += self._of_servers(info, servers)
        return np.concatenate(observed), np.concatenate(rewards), np.concatenate(ends), infos

    def _of_servers(self, info, servers):
        """A slot's info, once for each server; of a slot that ended an episode with its own row."""
        if "terminal_observation" not in info:
            return [info] * servers
        return [
            dict(info, terminal_observation=own) for own in self._rows(info["terminal_observation"])
        ]

    def _rows(self, observed):
        return observed.reshape(-1, row_size(self.scenario))

    def close(self):
        """Close the batches."""
        for batch in self.batches:
            batch.close()

    def get_attr(self, attr_name, indices=None):
        """An attribute of the first batch, once for each row asked for."""
        return [getattr(self.batches[0].envs, attr_name)] * len(self._chosen(indices))

    def set_attr(self, attr_name, value, indices=None):
        """Not to be had: rows have no attributes of their own."""
        raise AttributeError(f"set_attr({attr_name!r}): servers of a batch share its attributes")

    def env_method(self, method_name, *arguments, indices=None, **keywords):
        """Not to be had: a server is no environment."""
        raise AttributeError(f"env_method({method_name!r}): a server is no environment")

    def env_is_wrapped(self, wrapper_class, indices=None):
        """Whether rows are wrapped: none is."""
        return [False] * len(self._chosen(indices))

    def get_images(self):
        """Servers are not drawn."""
        return [None] * self.num_envs

    def _chosen(self, indices):
        return list(self._get_indices(indices))
