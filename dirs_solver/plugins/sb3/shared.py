"""Networks that all servers share: each server's row of features gives its own number.

An observation (B, M * size) is M rows of features. An action (B, M * asked) is one number a row,
the price, or with a coupling two, the price and a weight. A value is the mean of one number a row.
So nothing depends on the number of servers, and if servers change places, only their actions do.
"""

import numpy as np
import torch
from stable_baselines3.common.distributions import DiagGaussianDistribution
from stable_baselines3.common.policies import ActorCriticPolicy, ContinuousCritic
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.torch_layers import create_mlp
from stable_baselines3.sac.policies import SACPolicy
from stable_baselines3.td3.policies import TD3Policy

from mec_env.simulator.features import SIZE


def rows_in(observation_space, action_space):
    """Features of a row and numbers asked of it, for flat spaces of all rows."""
    seen, asked = observation_space.shape[0], action_space.shape[0]
    if seen == SIZE * asked:
        return SIZE, 1
    return 2 * seen // asked, 2


class SharedMeanStd(RunningMeanStd):
    """Running moments of each feature over all servers, given for every entry (M * size,)."""

    def __init__(self, size, servers, epsilon=1e-4):
        super().__init__(epsilon, (servers * size,))
        self.size = size

    def update(self, arr):
        """Add observations (B, M * size)."""
        size, servers = self.size, arr.shape[1] // self.size
        of_all = RunningMeanStd(shape=(size,))
        of_all.mean, of_all.var, of_all.count = self.mean[:size], self.var[:size], self.count
        of_all.update(arr.reshape(-1, size))
        self.mean, self.var = np.tile(of_all.mean, servers), np.tile(of_all.var, servers)
        self.count = of_all.count


class SharedGaussian(DiagGaussianDistribution):
    """Independent normal actions, a row's own means and one deviation for all."""

    def __init__(self, action_dim, asked):
        super().__init__(action_dim)
        self._asked = asked

    def proba_distribution_net(self, latent_dim, log_std_init=0.0):
        """The layer from (B, M, latent) to means (B, M * asked), and the log of the deviation (1,)."""
        deviation = torch.nn.Parameter(torch.full((1,), log_std_init))
        return for_each_row(latent_dim, self._asked), deviation


class SharedActorCritic(ActorCriticPolicy):
    """``MlpPolicy`` of A2C and PPO, shared by the servers."""

    def _build_mlp_extractor(self):
        size, _ = rows_in(self.observation_space, self.action_space)
        self.mlp_extractor = _Extractor(size, self.net_arch, self.activation_fn)

    def _build(self, lr_schedule):
        _, asked = rows_in(self.observation_space, self.action_space)
        self.action_dist = SharedGaussian(self.action_space.shape[0], asked)
        super()._build(lr_schedule)


class SharedTD3(TD3Policy):
    """``MlpPolicy`` of DDPG and TD3, shared by the servers."""

    def make_actor(self, features_extractor=None):
        """An actor (B, M * size) -> (B, M * asked)."""
        actor = super().make_actor(features_extractor)
        size, asked = rows_in(self.observation_space, self.action_space)
        body = rows_of(size, actor.net_arch, actor.activation_fn)
        last = for_each_row(actor.net_arch[-1], asked)
        actor.mu = torch.nn.Sequential(*body, last, torch.nn.Tanh())
        return actor.to(self.device)

    def make_critic(self, features_extractor=None):
        """Critics that are means of one number a row."""
        arguments = self._update_features_extractor(self.critic_kwargs, features_extractor)
        return SharedCritic(**arguments).to(self.device)


class SharedSAC(SACPolicy):
    """``MlpPolicy`` of SAC, shared by the servers."""

    def make_actor(self, features_extractor=None):
        """An actor (B, M * size) -> means and deviations (B, M * asked)."""
        actor = super().make_actor(features_extractor)
        size, asked = rows_in(self.observation_space, self.action_space)
        actor.latent_pi = rows_of(size, actor.net_arch, actor.activation_fn)
        actor.mu, actor.log_std = (for_each_row(actor.net_arch[-1], asked) for _ in range(2))
        return actor.to(self.device)

    make_critic = SharedTD3.make_critic


class SharedCritic(ContinuousCritic):
    """Critics Q(features, actions), each the mean of one number a row."""

    def __init__(self, *arguments, net_arch, activation_fn, **keywords):
        super().__init__(*arguments, net_arch=net_arch, activation_fn=activation_fn, **keywords)
        for k in range(self.n_critics):
            size, asked = rows_in(self.observation_space, self.action_space)
            self.q_networks[k] = _RowCritic(size, asked, net_arch, activation_fn)
            self.add_module(f"qf{k}", self.q_networks[k])


class _RowCritic(torch.nn.Module):
    """Q (B, 1) of features and actions side by side (B, M * size + M * asked)."""

    def __init__(self, size, asked, hidden, activation):
        super().__init__()
        self._size, self._asked = size, asked
        self.body = torch.nn.Sequential(*create_mlp(size + asked, 1, hidden, activation))

    def forward(self, both):
        servers = both.shape[1] // (self._size + self._asked)
        rows = both[:, : servers * self._size].reshape(-1, servers, self._size)
        actions = both[:, servers * self._size :].reshape(-1, servers, self._asked)
        return self.body(torch.cat([rows, actions], dim=2)).mean(dim=1)


class _Extractor(torch.nn.Module):
    """What lies before the last layers: (B, M, latent) for actions, (B, latent) for the value."""

    def __init__(self, size, hidden, activation):
        super().__init__()
        self.policy_net = rows_of(size, hidden["pi"], activation)
        self.value_net = rows_of(size, hidden["vf"], activation)
        self.latent_dim_pi, self.latent_dim_vf = hidden["pi"][-1], hidden["vf"][-1]

    def forward(self, features):
        return self.forward_actor(features), self.forward_critic(features)

    def forward_actor(self, features):
        return self.policy_net(features)

    def forward_critic(self, features):
        return self.value_net(features).mean(dim=1)


def rows_of(size, hidden, activation):
    """Layers from (B, M * size) to (B, M, hidden)."""
    return torch.nn.Sequential(
        torch.nn.Unflatten(1, (-1, size)), *create_mlp(size, -1, hidden, activation)
    )


def for_each_row(latent, count):
    """A layer from (B, M, latent) to (B, M * count), row by row."""
    return torch.nn.Sequential(torch.nn.Linear(latent, count), torch.nn.Flatten(1))
