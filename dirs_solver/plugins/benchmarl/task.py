"""Our scenario as a BenchMARL task: servers that score devices, a group of agents named ``mec``.

Any of BenchMARL's algorithms with continuous actions trains on it:
``Experiment(MECTask("paper-large", {"scenario": "paper-large"}), ...)``.
"""

from benchmarl.environments import TaskClass
from torchrl.data import Composite
from torchrl.envs import PettingZooWrapper

import mec_env


class MECTask(TaskClass):
    """The parallel environment of servers; ``config`` are the arguments of ``parallel_env``."""

    def get_env_fun(self, num_envs, continuous_actions, seed, device):
        return lambda: PettingZooWrapper(
            mec_env.parallel_env(**self.config), return_state=True, seed=seed, device=device
        )

    def supports_continuous_actions(self):
        return True

    def supports_discrete_actions(self):
        return False

    def has_render(self, env):
        return False

    def max_steps(self, env):
        return mec_env.parallel_env(**self.config).scenario.slots

    def group_map(self, env):
        return env.group_map

    def observation_spec(self, env):
        seen = env.full_observation_spec_unbatched["mec", "observation"]
        return Composite(mec=Composite(observation=seen.clone(), shape=seen.shape[:1]))

    def state_spec(self, env):
        return Composite(state=env.full_observation_spec_unbatched["state"].clone())

    def action_spec(self, env):
        return env.full_action_spec_unbatched

    def info_spec(self, env):
        return None

    def action_mask_spec(self, env):
        return None

    @staticmethod
    def env_name():
        return "mec"
