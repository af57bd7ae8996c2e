"""One policy for all agents of an environment: SuperSuit's batch, with the seed that it lacks."""

import supersuit
from supersuit.vector.sb3_vector_wrapper import SB3VecEnvWrapper


class SharedByAgents(SB3VecEnvWrapper):
    """Copies of a parallel environment for Stable-Baselines3, an agent a row.

    SuperSuit's own batch knows no seed, and copies of an environment that was seeded before play
    the same episodes. Here copy k has the seed ``seed + k``, from the next reset on.

    Parameters
    ----------
    parallel : pettingzoo.ParallelEnv
        Whose agents have equal spaces, such as ``mec_env.parallel_env(agents="devices")``.
    copies : int
    """

    def __init__(self, parallel, copies):
        batch = supersuit.pettingzoo_env_to_vec_env_v1(parallel)
        super().__init__(supersuit.concat_vec_envs_v1(batch, copies, num_cpus=1))
        self._copies, self._seed = copies, None

    def seed(self, seed=None):
        """Take a seed for the next reset; returns each copy's."""
        self._seed = seed
        return [None if seed is None else seed + k for k in range(self._copies)]

    def reset(self, seed=None, options=None):
        """Observations of a new episode in every copy, agent by agent."""
        seed, self._seed = self._seed if seed is None else seed, None
        observations, self.reset_infos = self.venv.reset(seed=seed)
        return observations
