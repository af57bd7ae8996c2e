"""Stable-Baselines3's actor-critic for many equal choices, all of them in one call.

The library's own distribution of a ``MultiDiscrete`` action is a list with one entry per
device: with 180 devices three quarters of a training's time go into walking through it.
This one holds the same probabilities in one array.
"""

import torch
from stable_baselines3.common.distributions import MultiCategoricalDistribution
from stable_baselines3.common.policies import ActorCriticPolicy
from torch.distributions import Categorical


class EqualChoices(MultiCategoricalDistribution):
    """N independent choices among the same number of options."""

    def proba_distribution(self, action_logits):
        """Take logits (B, N * options)."""
        choices = action_logits.reshape(-1, len(self.action_dims), self.action_dims[0])
        self.distribution = Categorical(logits=choices, validate_args=False)
        return self

    def log_prob(self, actions):
        """Joint log-probability (B,) of choices (B, N)."""
        return self.distribution.log_prob(actions).sum(dim=1)

    def entropy(self):
        """Joint entropy (B,)."""
        return self.distribution.entropy().sum(dim=1)

    def sample(self):
        """Choices (B, N), each where a uniform number falls between the sums of probabilities."""
        sums = self.distribution.probs.cumsum(dim=2)
        # The last sum may be rounded to less than 1: it ends no option.
        return (torch.rand(*sums.shape[:2], 1) > sums[:, :, :-1]).sum(dim=2)

    def mode(self):
        """The most likely choices (B, N)."""
        return self.distribution.logits.argmax(dim=2)


class DecisionsPolicy(ActorCriticPolicy):
    """``MlpPolicy`` with :class:`EqualChoices`."""

    def _build(self, lr_schedule):
        self.action_dist = EqualChoices([int(n) for n in self.action_space.nvec])
        super()._build(lr_schedule)
