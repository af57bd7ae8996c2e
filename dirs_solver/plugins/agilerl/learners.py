"""IPPO of AgileRL, acting by prices: servers are its agents, and share one network."""

import itertools

import numpy as np
import torch
from agilerl.algorithms import IPPO
from gymnasium.spaces import Box

from dirs_solver.shared.price_learner import PriceLearner, Training
from dirs_solver.shared.priced_rows import LIMIT
from dirs_solver.shared.row_networks import begin, layers_of


class IPPOPrices(PriceLearner):
    """Independent PPO (de Witt et al. 2020) of servers that share actor and critic.

    AgileRL takes agents whose names agree up to the last ``_`` for one group with one network.
    The policy takes the mean of the normal actions, clipped.
    """

    name = "agilerl-ippo-prices"

    def _train(self, training: Training) -> None:
        s = training.settings
        torch.manual_seed(training.torch_seed)
        rows = training.rows(s["rows"])
        agents = [f"mec_{j}" for j in range(rows.servers)]
        algorithm = _algorithm(rows, agents, training)
        (actor,) = algorithm.actors.values()
        begin(_linear(actor)[-1], training.begun)

        def now():
            return layers_of(actor)

        training.judge(now)
        whole = s["rows"] * s["n_steps"]
        play = _Play(rows, agents, algorithm, training.key)
        for k in itertools.count(1):
            objective = play(s["n_steps"])
            if not training.goes_on(k * whole, whole, objective, now):
                break
