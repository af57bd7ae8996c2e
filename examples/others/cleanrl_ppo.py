"""PPO in one file, read from top to bottom, in the manner of CleanRL: prices on a batch of worlds.

python examples/others/cleanrl_ppo.py [training slots]

What differs from CleanRL's own file: the batch is ``make_vec``'s, one simulator and no processes;
the discount is 0, since slots do not depend on each other; the network is shared by the servers.
"""

import sys
from dataclasses import dataclass

import gymnasium
import numpy as np
import torch
from torch import nn

import mec_env


@dataclass
class Args:
    """Everything that there is to choose."""

    total_timesteps: int = 200_000
    scenario: str = "square-km"
    seed: int = 1
    num_envs: int = 64
    num_steps: int = 8
    update_epochs: int = 4
    minibatch_size: int = 128
    learning_rate: float = 1e-3
    clip_coef: float = 0.2
    vf_coef: float = 0.5
    start: float = -0.3  # below the nominal price, which admission mends


args = Args(*map(int, sys.argv[1:2]))
torch.manual_seed(args.seed)
told = dict(actions="prices", observe="features", nominal="calibrated", reward="relative")
envs = gymnasium.make_vec(
    "MEC-v0",
    num_envs=args.num_envs,
    vectorization_mode="vector_entry_point",
    scenario=args.scenario,
    autoreset_mode="SameStep",  # the next-step mode has a slot between episodes that nobody decides
    **told,
)
servers = envs.single_action_space.shape[0]


class Agent(nn.Module):
    """Each server's row of features gives its own price; a value is the mean of one number a row."""

    def __init__(self):
        super().__init__()
        size = envs.single_observation_space.shape[0] // servers
        self.mean = nn.Sequential(nn.Linear(size, 64), nn.Tanh(), nn.Linear(64, 1))
        self.value = nn.Sequential(nn.Linear(size, 64), nn.Tanh(), nn.Linear(64, 1))
        self.log_std = nn.Parameter(torch.tensor(-1.5))
        nn.init.uniform_(self.mean[-1].weight, -3e-3, 3e-3)
        nn.init.constant_(self.mean[-1].bias, args.start)

    def forward(self, seen):
        rows = seen.reshape(*seen.shape[:-1], servers, -1).clamp(-10.0, 10.0)
        normal = torch.distributions.Normal(self.mean(rows).squeeze(-1), self.log_std.exp())
        return normal, self.value(rows).mean(dim=-2).squeeze(-1)


class Policy:
    """The trained network for ``mec_env.evaluate``: the mean of its actions."""

    actions, observe, nominal = told["actions"], told["observe"], told["nominal"]

    def act(self, observation):
        with torch.no_grad():
            return agent(torch.as_tensor(observation))[0].mean.clamp(-1.0, 1.0).numpy()


agent = Agent()
optimizer = torch.optim.Adam(agent.parameters(), lr=args.learning_rate)
seen, _ = envs.reset(seed=args.seed)
for update in range(max(1, args.total_timesteps // (args.num_envs * args.num_steps))):
    kept = []
    for _ in range(args.num_steps):
        with torch.no_grad():
            normal, _ = agent(torch.as_tensor(seen))
            action = normal.sample()
        after, reward, _, _, _ = envs.step(action.clamp(-1.0, 1.0).numpy())
        kept.append((seen.copy(), action, normal.log_prob(action).sum(-1), reward))
        seen = after
    obs, actions, logprobs, rewards = (
        torch.as_tensor(np.concatenate(part)).float() for part in zip(*kept)
    )
    for _ in range(args.update_epochs):
        for mb in torch.randperm(len(obs)).split(args.minibatch_size):
            normal, value = agent(obs[mb])
            advantage = rewards[mb] - value.detach()
            advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
            ratio = (normal.log_prob(actions[mb]).sum(-1) - logprobs[mb]).exp()
            clipped = ratio.clamp(1.0 - args.clip_coef, 1.0 + args.clip_coef)
            pg_loss = -torch.min(ratio * advantage, clipped * advantage).mean()
            loss = pg_loss + args.vf_coef * (rewards[mb] - value).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    if update % 20 == 0:
        print(f"slot {(update + 1) * args.num_envs * args.num_steps}: reward {rewards.mean():.3f}")

suite = mec_env.SUITES["square-km-v1"].only(worlds=1, slots=25)
print(f"objective {mec_env.evaluate(Policy(), suite).interval()[0]:.2f}")
