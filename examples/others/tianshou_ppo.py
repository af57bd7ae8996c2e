"""Tianshou's PPO on decisions: a bridge lets it choose where every device runs.

python examples/others/tianshou_ppo.py [training slots]
"""

import sys
from functools import partial

import gymnasium
import torch
from tianshou.algorithm import PPO
from tianshou.algorithm.optim import AdamOptimizerFactory
from tianshou.data import Collector, VectorReplayBuffer
from tianshou.env import DummyVectorEnv
from tianshou.trainer import OnPolicyTrainerParams
from torch import nn

from dirs_solver.plugins.tianshou.bridge import Actor, Critic, decisions_policy

slots = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
torch.manual_seed(0)
make = partial(gymnasium.make, "mec_env:MEC-v0", scenario="paper-medium", reward="saving")
env, envs = make(), DummyVectorEnv([make] * 8)
envs.seed(0)
seen, choices = env.observation_space.shape[0], int(env.action_space.nvec.sum())
actor = Actor(nn.Sequential(nn.Linear(seen, 64), nn.Tanh(), nn.Linear(64, choices)))
value = Critic(nn.Sequential(nn.Linear(seen, 64), nn.Tanh(), nn.Linear(64, 1)))
policy = decisions_policy(actor, env.action_space, env.observation_space)
adam = AdamOptimizerFactory(lr=1e-3)
algorithm = PPO(policy=policy, critic=value, optim=adam, gamma=0.0)
params = OnPolicyTrainerParams(
    training_collector=Collector(algorithm, envs, VectorReplayBuffer(1000, 8)), max_epochs=1,
    epoch_num_steps=slots, collection_step_num_env_steps=1000, batch_size=250, show_progress=False,
)  # fmt: skip
found = algorithm.run_training(params)
decision = policy.compute_action(env.reset(seed=1_000_000)[0])
objective = env.step(decision)[-1]["objective"]
print(f"{found.train_step} slots; the next one: objective {objective:.1f}")
