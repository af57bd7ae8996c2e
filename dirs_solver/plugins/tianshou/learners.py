"""PPO of Tianshou, acting by prices: its collector, its buffer, its update."""

import itertools

import torch
from tianshou.algorithm import PPO
from tianshou.algorithm.modelfree.reinforce import ProbabilisticActorPolicy
from tianshou.algorithm.optim import AdamOptimizerFactory
from tianshou.data import Collector, VectorReplayBuffer
from tianshou.env import DummyVectorEnv
from tianshou.utils.torch_utils import policy_within_training_step
from torch import nn
from torch.distributions import Independent
from torch.distributions import Normal as Gaussian

from dirs_solver.plugins.tianshou.bridge import Actor, Critic
from dirs_solver.shared.price_learner import PriceLearner, Training
from dirs_solver.shared.priced_env import PricedEnv
from dirs_solver.shared.row_networks import Normal, Value, layers_of


class PPOPrices(PriceLearner):
    """Proximal policy optimisation (Schulman et al. 2017); the servers share actor and critic.

    An action is normal, its deviation one parameter for all; the policy takes the mean, clipped.
    """

    name = "tianshou-ppo-prices"

    def _train(self, training: Training) -> None:
        s = training.settings
        torch.manual_seed(training.torch_seed)
        rows = s["rows"]
        # Each world has its own seed; the next episodes follow from it.
        worlds = [(lambda k=k: PricedEnv(training.rows(1), training.key + k)) for k in range(rows)]
        envs = DummyVectorEnv(worlds)
        space = envs.get_env_attr("action_space")[0]
        one = training.rows(1)
        normal = Normal(one.size, one.asked, s, training.begun)
        algorithm = _algorithm(normal, Value(one.size, s), one, space, training)
        whole = rows * s["n_steps"]
        collector = Collector(algorithm, envs, VectorReplayBuffer(whole, rows))
        collector.reset()

        def now():
            return layers_of(normal.network)

        training.judge(now)
        for k in itertools.count(1):
            with policy_within_training_step(algorithm.policy):
                collector.collect(n_step=whole)
                objective = float(collector.buffer.info["objective"].mean())
                algorithm.update(
                    buffer=collector.buffer, batch_size=s["batch_size"], repeat=s["n_epochs"]
                )
                collector.reset_buffer(keep_statistics=True)
            if not training.goes_on(k * whole, whole, objective, now):
                break
        envs.close()


class _Flat(nn.Module):
    """Means and deviations of all servers side by side, (B, M * asked) each."""

    def __init__(self, normal, size):
        super().__init__()
        self.normal, self._size = normal, size

    def forward(self, seen):
        return tuple(part.flatten(1) for part in self.normal(seen.unflatten(1, (-1, self._size))))


def _algorithm(normal, value, rows, space, training):
    """Tianshou's PPO around our networks."""
    s = training.settings
    policy = ProbabilisticActorPolicy(
        actor=Actor(_Flat(normal, rows.size)),
        dist_fn=lambda said: Independent(Gaussian(*said), 1),
        deterministic_eval=True,
        action_space=space,
        # The environment clips, and a probability is that of the number before.
        action_scaling=False,
        action_bound_method=None,
    )
    return PPO(
        policy=policy,
        critic=Critic(nn.Sequential(nn.Unflatten(1, (-1, rows.size)), value)),
        optim=AdamOptimizerFactory(lr=s["learning_rate"]),
        eps_clip=s["clip_range"],
        vf_coef=s["vf_coef"],
        ent_coef=s["ent_coef"],
        gamma=training.discount,
        gae_lambda=training.gae_lambda,
        advantage_normalization=True,
    )
