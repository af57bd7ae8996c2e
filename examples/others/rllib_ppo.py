"""RLlib's PPO, new API stack, on servers that ask prices or on devices that decide for themselves.

python examples/others/rllib_ppo.py [iterations] [servers or devices]
"""

import sys

from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv
from ray.tune.registry import register_env

import mec_env

VIEWS = {
    "servers": dict(agents="servers", actions="prices", observe="features", reward="relative"),
    "devices": dict(agents="devices", reward="log"),
}


def make(config):
    return ParallelPettingZooEnv(mec_env.parallel_env("square-km", mecs=2, iotds=12, **config))


if __name__ == "__main__":
    iterations, view = (*sys.argv[1:], *("10", "servers")[len(sys.argv) - 1 :])
    register_env("servers-or-devices", make)
    config = (
        PPOConfig()
        .environment("servers-or-devices", env_config=VIEWS[view])
        .env_runners(num_env_runners=0, num_envs_per_env_runner=4)
        .multi_agent(policies={view}, policy_mapping_fn=lambda agent, *_, **__: view)
        .rl_module(model_config=DefaultModelConfig(fcnet_hiddens=[64], vf_share_layers=False))
        .training(train_batch_size_per_learner=400, minibatch_size=400, gamma=0.0, lr=1e-3)
        .debugging(seed=0)
    )
    algorithm = config.build_algo()
    for _ in range(int(iterations)):
        print(f"return {algorithm.train()['env_runners']['episode_return_mean']:.2f}")
    algorithm.stop()
