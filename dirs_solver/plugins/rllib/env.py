"""A world whose servers ask prices, as RLlib's new API stack wants an environment of agents."""

import numpy as np
from gymnasium.spaces import Box, Dict
from ray.rllib.env.multi_agent_env import MultiAgentEnv

from dirs_solver.shared.priced_rows import LIMIT


class PricedServers(MultiAgentEnv):
    """Agents mec_0, mec_1, …: each sees its own standardised features and asks its own price.

    An observation is (size,) float32 within +- 10, an action (asked,) float32 in [-1, 1]; all
    agents get the same reward, and an episode ends by truncation for all at once.

    Parameters
    ----------
    config : dict
        ``rows``: a function that gives a :class:`PricedRows` of one row; ``report``: a function
        that is called with every slot's objective. RLlib copies all else.
    """

    def __init__(self, config):
        super().__init__()
        self._rows, self._report = config["rows"](), config["report"]
        self.possible_agents = [f"mec_{j}" for j in range(self._rows.servers)]
        self.agents = list(self.possible_agents)
        seen, asked = self._rows.size, self._rows.asked
        self.observation_spaces = {
            agent: Box(-LIMIT, LIMIT, (seen,), np.float32) for agent in self.agents
        }
        self.action_spaces = {agent: Box(-1.0, 1.0, (asked,), np.float32) for agent in self.agents}
        self.observation_space = Dict(self.observation_spaces)
        self.action_space = Dict(self.action_spaces)

    def reset(self, *, seed=None, options=None):
        """Begin an episode: the next one of the last seed, if none is given."""
        return self._each(self._rows.reset(seed)[0]), {agent: {} for agent in self.agents}

    def step(self, action_dict):
        """Judge all agents' prices."""
        asked = np.stack([action_dict[agent] for agent in self.agents])[None]
        seen, reward, ended, objective = self._rows.step(asked)
        self._report(float(objective[0]))
        ends = dict.fromkeys((*self.agents, "__all__"), ended)
        return (
            self._each(seen[0]),
            dict.fromkeys(self.agents, float(reward[0])),
            dict.fromkeys(ends, False),
            ends,
            {agent: {} for agent in self.agents},
        )

    def _each(self, features):
        return dict(zip(self.agents, features))
