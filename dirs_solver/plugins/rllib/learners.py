"""PPO of RLlib, acting by prices: servers are its agents, and share one module."""

import itertools
import logging

import numpy as np
import ray
import torch
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.columns import Columns
from ray.rllib.core.rl_module.apis import ValueFunctionAPI
from ray.rllib.core.rl_module.rl_module import RLModuleSpec
from ray.rllib.core.rl_module.torch import TorchRLModule

from dirs_solver.plugins.rllib.env import PricedServers
from dirs_solver.shared.price_learner import PriceLearner, Training
from dirs_solver.shared.row_networks import Normal, layers_of, perceptron

#: The module that all servers share.
SHARED = "mec"


class PPOPrices(PriceLearner):
    """Independent PPO (Schulman et al. 2017) of servers that share actor and value.

    An action is normal, its deviation one parameter for all; the policy takes the mean, clipped.
    A server's value is its own features', since its agents see no more. All runs in this process.
    """

    name = "rllib-ppo-prices"

    def _train(self, training: Training) -> None:
        seen: list[float] = []
        mine = not ray.is_initialized()
        if mine:
            ray.init(
                num_cpus=1, include_dashboard=False, logging_level="error", log_to_driver=False
            )
        logging.getLogger("ray").setLevel("ERROR")
        algorithm = _config(training, seen).build_algo()
        try:

            def now():
                return layers_of(algorithm.get_module(SHARED).normal.network)

            training.judge(now)
            whole = _rollout(training.settings)
            for k in itertools.count(1):
                seen.clear()
                algorithm.train()
                objective = float(np.mean(seen))
                if not training.goes_on(k * whole, whole, objective, now):
                    break
        finally:
            algorithm.stop()
            if mine:
                ray.shutdown()


class PricesModule(TorchRLModule, ValueFunctionAPI):
    """Actor and value of one server's features, for RLlib's learner and its environment's runner."""

    def setup(self):
        """Make both networks of ``model_config``: the settings, and where an actor begins."""
        config = self.model_config
        size, asked = self.observation_space.shape[0], self.action_space.shape[0]
        self.normal = Normal(size, asked, config, config["begun"])
        self.value = perceptron(size, config["critic_hidden"], 1, config["activation"])

    def _forward(self, batch, **kwargs):
        mean, deviation = self.normal(batch[Columns.OBS])
        return {Columns.ACTION_DIST_INPUTS: torch.cat([mean, deviation.log()], dim=-1)}

    def compute_values(self, batch, embeddings=None):
        """Values (B,) of observations."""
        return self.value(batch[Columns.OBS]).squeeze(-1)


def _rollout(settings):
    """Slots from one update to the next."""
    return settings["rows"] * settings["n_steps"]


def _config(training, seen):
    """RLlib's own settings of a training."""
    s = training.settings
    servers = training.scenario.mecs
    return (
        PPOConfig()
        .environment(
            PricedServers,
            env_config={
                "rows": lambda: training.rows(1),
                "report": seen.append,
            },
            disable_env_checking=True,
        )
        .env_runners(
            num_env_runners=0,
            num_envs_per_env_runner=s["rows"],
            rollout_fragment_length=s["n_steps"],
            batch_mode="truncate_episodes",
        )
        .learners(num_learners=0)
        .multi_agent(
            policies={SHARED},
            policy_mapping_fn=lambda agent, episode, **kwargs: SHARED,
            # A minibatch is of agents' steps, and must be no larger than the batch as it is counted.
            count_steps_by="agent_steps",
        )
        .rl_module(
            rl_module_spec=RLModuleSpec(
                module_class=PricesModule, model_config={**s, "begun": training.begun}
            )
        )
        .training(
            gamma=training.discount,
            lambda_=training.gae_lambda,
            lr=s["learning_rate"],
            # Of agents, not of slots.
            train_batch_size_per_learner=_rollout(s) * servers,
            minibatch_size=min(s["batch_size"], _rollout(s)) * servers,
            num_epochs=s["n_epochs"],
            clip_param=s["clip_range"],
            vf_clip_param=float("inf"),
            vf_loss_coeff=s["vf_coef"],
            entropy_coeff=s["ent_coef"],
            use_kl_loss=False,
        )
        .debugging(seed=training.key % 2**31, log_level="ERROR")
    )
