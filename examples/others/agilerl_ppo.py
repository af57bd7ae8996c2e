"""AgileRL's PPO on a batch of worlds: one agent that asks all servers' prices.

python examples/others/agilerl_ppo.py [training slots]
"""

import sys

import gymnasium
import numpy as np
from agilerl.algorithms import PPO
from agilerl.rollouts.on_policy import collect_rollouts

slots = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
envs = gymnasium.make_vec(
    "mec_env:MEC-v0",
    num_envs=16,
    vectorization_mode="vector_entry_point",
    autoreset_mode="SameStep",  # AgileRL knows of no slot between episodes
    scenario="square-km",
    actions="prices",
    observe="features",
    reward="relative",
)
seen, asked = envs.single_observation_space, envs.single_action_space
agent = PPO(seen, asked, num_envs=16, learn_step=512, batch_size=128, lr=1e-3, gamma=0.0, ent_coef=0.0)  # fmt: skip
envs.reset(seed=0)
last = ()
for _ in range(max(1, slots // 512)):
    keys = ("last_obs", "last_done", "last_scores", "last_info")
    returns, *last = collect_rollouts(agent, envs, **dict(zip(keys, last)))
    agent.learn()
    if returns:
        print(f"return {np.mean(returns):.2f}")
