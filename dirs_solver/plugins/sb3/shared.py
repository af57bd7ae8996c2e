"""Networks that all servers share: each server's row of features gives its own number.

An observation (B, M * SIZE) is M rows of features, an action (B, M) one number a row. A value is
the mean of one number a row. So nothing hangs on the number of servers, and servers that
change places change nothing else.
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


class SharedMeanStd(RunningMeanStd):
    """Running moments of each feature over all servers, given for every entry (M * SIZE,)."""

    def update(self, arr):
        """Add observations (B, M * SIZE)."""
        servers = arr.shape[1] // SIZE
        of_all = RunningMeanStd(shape=(SIZE,))
        of_all.mean, of_all.var, of_all.count = self.mean[:SIZE], self.var[:SIZE], self.count
        of_all.update(arr.reshape(-1, SIZE))
        self.mean, self.var = np.tile(of_all.mean, servers), np.tile(of_all.var, servers)
        self.count = of_all.count


class SharedGaussian(DiagGaussianDistribution):
    """Independent normal actions, one mean a row and one deviation for all."""

    def proba_distribution_net(self, latent_dim, log_std_init=0.0):
        """The layer from (B, M, latent) to means (B, M), and the log of the deviation (1,)."""
        deviation = torch.nn.Parameter(torch.full((1,), log_std_init))
        return one_a_row(latent_dim), deviation


class SharedActorCritic(ActorCriticPolicy):
    """``MlpPolicy`` of A2C and PPO, shared by the servers."""

    def _build_mlp_extractor(self):
        self.mlp_extractor = _Extractor(self.net_arch, self.activation_fn)

    def _build(self, lr_schedule):
        self.action_dist = SharedGaussian(self.action_space.shape[0])
        super()._build(lr_schedule)


class SharedTD3(TD3Policy):
    """``MlpPolicy`` of DDPG and TD3, shared by the servers."""

    def make_actor(self, features_extractor=None):
        """An actor (B, M * SIZE) -> (B, M)."""
        actor = super().make_actor(features_extractor)
        body = rows_of(SIZE, actor.net_arch, actor.activation_fn)
        actor.mu = torch.nn.Sequential(*body, one_a_row(actor.net_arch[-1]), torch.nn.Tanh())
        return actor.to(self.device)

    def make_critic(self, features_extractor=None):
        """Critics that are means of one number a row."""
        arguments = self._update_features_extractor(self.critic_kwargs, features_extractor)
        return SharedCritic(**arguments).to(self.device)


class SharedSAC(SACPolicy):
    """``MlpPolicy`` of SAC, shared by the servers."""

    def make_actor(self, features_extractor=None):
        """An actor (B, M * SIZE) -> means and deviations (B, M)."""
        actor = super().make_actor(features_extractor)
        actor.latent_pi = rows_of(SIZE, actor.net_arch, actor.activation_fn)
        actor.mu, actor.log_std = (one_a_row(actor.net_arch[-1]) for _ in range(2))
        return actor.to(self.device)

    make_critic = SharedTD3.make_critic


class SharedCritic(ContinuousCritic):
    """Critics Q(features, actions), each the mean of one number a row."""

    def __init__(self, *arguments, net_arch, activation_fn, **keywords):
        super().__init__(*arguments, net_arch=net_arch, activation_fn=activation_fn, **keywords)
        for k in range(self.n_critics):
            self.q_networks[k] = _RowCritic(net_arch, activation_fn)
            self.add_module(f"qf{k}", self.q_networks[k])


class _RowCritic(torch.nn.Module):
    """Q (B, 1) of features and actions side by side (B, M * SIZE + M)."""

    def __init__(self, hidden, activation):
        super().__init__()
        self.body = torch.nn.Sequential(*create_mlp(SIZE + 1, 1, hidden, activation))

    def forward(self, both):
        servers = both.shape[1] // (SIZE + 1)
        rows = both[:, : servers * SIZE].reshape(-1, servers, SIZE)
        actions = both[:, servers * SIZE :].unsqueeze(2)
        return self.body(torch.cat([rows, actions], dim=2)).mean(dim=1)


class _Extractor(torch.nn.Module):
    """What lies before the last layers: (B, M, latent) for actions, (B, latent) for the value."""

    def __init__(self, hidden, activation):
        super().__init__()
        self.policy_net = rows_of(SIZE, hidden["pi"], activation)
        self.value_net = rows_of(SIZE, hidden["vf"], activation)
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


def one_a_row(latent):
    """A layer from (B, M, latent) to (B, M)."""
    return torch.nn.Sequential(torch.nn.Linear(latent, 1), torch.nn.Flatten(1))
