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


class _Play:
    """Rollouts of all worlds, each followed by an update: AgileRL's own loop for PettingZoo.

    Called with a number of steps it gives the mean objective of the slots.
    """

    def __init__(self, rows, agents, algorithm, seed):
        self._rows, self._agents, self._algorithm = rows, agents, algorithm
        self._seen, self._ended = rows.reset(seed), False

    def __call__(self, steps):
        #: States, actions, log-probabilities, rewards, ends before them, values: agent -> steps.
        kept = [{agent: [] for agent in self._agents} for _ in range(6)]
        objectives = []
        for _ in range(steps):
            seen = self._each(self._seen)
            action, log_prob, _, value = self._algorithm.get_action(seen)
            asked = np.stack([action[agent] for agent in self._agents], axis=1)
            asked = asked.reshape(self._rows.rows, self._rows.servers, -1)
            after, reward, ended, objective = self._rows.step(asked)
            ends = np.full(self._rows.rows, float(self._ended))
            for agent in self._agents:
                of_step = (
                    seen[agent], action[agent], log_prob[agent], reward, ends, value[agent],
                )  # fmt: skip
                for field, found in zip(kept, of_step):
                    field[agent].append(found)
            objectives.append(objective.mean())
            self._seen, self._ended = (self._rows.reset() if ended else after), ended
        ends = np.full(self._rows.rows, float(self._ended))
        last = self._each(self._seen), dict.fromkeys(self._agents, ends)
        self._algorithm.learn((*kept, *last))
        return float(np.mean(objectives))

    def _each(self, seen):
        return {agent: seen[:, j] for j, agent in enumerate(self._agents)}


def _algorithm(rows, agents, training):
    """AgileRL's IPPO for servers that see ``size`` features each."""
    s = training.settings
    layer = dict(activation={"tanh": "Tanh", "relu": "ReLU"}[s["activation"]], layer_norm=False)
    # The library has an encoder, whose last layer is as wide as it says, and a head behind it.
    encoder = dict(
        hidden_size=list(s["hidden"]), output_activation=layer["activation"], output_vanish=False
    )
    algorithm = IPPO(
        [Box(-LIMIT, LIMIT, (rows.size,), np.float32) for _ in agents],
        [Box(-1.0, 1.0, (rows.asked,), np.float32) for _ in agents],
        agents,
        net_config={
            "latent_dim": s["hidden"][-1],
            "encoder_config": {**layer, **encoder},
            "head_config": {**layer, "hidden_size": [s["hidden"][-1]], "output_vanish": False},
        },
        # Of agents, not of slots.
        batch_size=min(s["batch_size"], s["rows"] * s["n_steps"]) * rows.servers,
        lr=s["learning_rate"],
        gamma=training.discount,
        gae_lambda=training.gae_lambda,
        clip_coef=s["clip_range"],
        ent_coef=s["ent_coef"],
        vf_coef=s["vf_coef"],
        update_epochs=s["n_epochs"],
        normalize_images=False,
    )
    # The library's action_std_init is the deviation's logarithm, and it refuses one below 0.
    for actor in algorithm.actors.values():
        with torch.no_grad():
            actor.head_net.log_std.fill_(s["log_std_init"])
    return algorithm


def _linear(module):
    """A module's linear layers, in order."""
    return [layer for layer in module.modules() if isinstance(layer, torch.nn.Linear)]
