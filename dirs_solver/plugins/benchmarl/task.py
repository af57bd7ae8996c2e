"""Our scenario as a BenchMARL task: a group of agents that are servers, or devices.

``MECTask("paper-large", {"scenario": "paper-large"})``: servers that score devices, the group
``mec``, for any of BenchMARL's algorithms with continuous actions. With ``"agents": "devices"``
beside the scenario: devices that choose servers, the group ``iotd``, for any with discrete ones.
"""

from benchmarl.environments import TaskClass
from torchrl.data import Composite
from torchrl.envs import PettingZooWrapper

import mec_env


class MECTask(TaskClass):
    """The parallel environment; ``config`` are the arguments of ``parallel_env``."""

    def get_env_fun(self, num_envs, continuous_actions, seed, device):
        return lambda: PettingZooWrapper(
            mec_env.parallel_env(**self.config), return_state=True, seed=seed, device=device
        )

    def supports_continuous_actions(self):
        return not self._of_devices

    def supports_discrete_actions(self):
        return self._of_devices

    @property
    def _of_devices(self):
        return self.config.get("agents", "servers") == "devices"

    def has_render(self, env):
        return False

    def max_steps(self, env):
        return mec_env.parallel_env(**self.config).scenario.slots

    def group_map(self, env):
        return env.group_map

    def observation_spec(self, env):
        (group,) = env.group_map
        seen = env.full_observation_spec_unbatched[group, "observation"]
        return Composite({group: Composite(observation=seen.clone(), shape=seen.shape[:1])})

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
