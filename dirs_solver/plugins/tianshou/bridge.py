"""A bridge for MultiDiscrete: one choice for each device, where the library knows of one alone."""

import torch
from gymnasium.spaces import MultiDiscrete
from tianshou.algorithm.modelfree.reinforce import ProbabilisticActorPolicy
from torch.distributions import Categorical, Independent


def many_choices(choices):
    """The distribution of N independent choices, from logits (B, N * choices) side by side."""

    def of_logits(logits):
        return Independent(Categorical(logits=logits.unflatten(-1, (-1, choices))), 1)

    return of_logits


def decisions_policy(actor, action_space, observation_space=None, deterministic_eval=True):
    """A policy of Tianshou that decides where each of N devices runs.

    Parameters
    ----------
    actor : torch.nn.Module
        Gives logits (B, N * (M + 1)) and a state for (observation, state, info).
    action_space : gymnasium.spaces.MultiDiscrete
        N numbers of M + 1 options each, as ``MEC-v0`` has it.
    observation_space : gymnasium.spaces.Space, optional
    deterministic_eval : bool
        Whether the likeliest decision is taken outside of a training.

    Raises
    ------
    ValueError
        For an action space of another kind, or with unequal numbers of options.
    """
    if not isinstance(action_space, MultiDiscrete) or len(set(action_space.nvec.flat)) != 1:
        raise ValueError(
            f"action_space = {action_space}: must be MultiDiscrete with equally many options"
        )
    return ProbabilisticActorPolicy(
        actor=actor,
        dist_fn=many_choices(int(action_space.nvec[0])),
        deterministic_eval=deterministic_eval,
        action_space=action_space,
        observation_space=observation_space,
        action_scaling=False,
        action_bound_method=None,
    )


class Actor(torch.nn.Module):
    """A network of observations as Tianshou calls an actor: with a state and infos, both unused."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, obs, state=None, info=None):
        return self.network(torch.as_tensor(obs, dtype=torch.float32)), state


class Critic(torch.nn.Module):
    """A network of observations as Tianshou calls a critic of PPO."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, obs, act=None, info=None):
        return self.network(torch.as_tensor(obs, dtype=torch.float32))
