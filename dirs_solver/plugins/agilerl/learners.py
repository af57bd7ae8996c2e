"""IPPO of AgileRL, acting by prices: servers share one network."""

import itertools

import numpy as np
import torch
from agilerl.algorithms import IPPO
from gymnasium.spaces import Box

from dirs_solver.shared.price_learner import PriceLearner, Training
from dirs_solver.shared.priced_rows import LIMIT
from dirs_solver.shared.row_networks import begin, layers_of
from mec_env import checks

#: The one agent that all servers are to the library.
SERVER = "mec"
#: Numbers of an action at least: the library would set every action of one number against the
#: means of all the others. What is not asked for is drawn, and nobody looks at it.
FEWEST = 2


class IPPOPrices(PriceLearner):
    """Independent PPO (de Witt et al. 2020) of servers that share actor and critic.

    AgileRL is given all servers of all worlds as the vectorised environments of one agent. It can
    share a network among agents too. But in a group of several agents, 2.58 flattens observations
    agent by agent and advantages step by step, so that an advantage belongs to another's
    observation. The policy takes the mean of the normal actions, clipped.
    """

    name = "agilerl-ippo-prices"

    def __init__(self, settings=None):
        super().__init__(settings)
        # The library would take the servers of a single step for steps.
        checks.integer("n_steps", self.settings["n_steps"], 2)

    def _train(self, training: Training) -> None:
        s = training.settings
        torch.manual_seed(training.torch_seed)
        rows = training.rows(s["rows"])
        algorithm = _algorithm(rows, training)
        (actor,) = algorithm.actors.values()
        begin(_linear(actor)[-1], training.begun)

        def now():
            *layers, (weight, bias) = layers_of(actor)
            return [*layers, (weight[: rows.asked], bias[: rows.asked])]

        training.judge(now)
        whole = s["rows"] * s["n_steps"]
        play = _Play(rows, algorithm, training.key)
        for k in itertools.count(1):
            objective = play(s["n_steps"])
            if not training.goes_on(k * whole, whole, objective, now):
                break


class _Play:
    """Rollouts of all worlds, each followed by an update: AgileRL's own loop for PettingZoo.

    Called with a number of steps, two at least, it gives the mean objective of the slots.
    """

    def __init__(self, rows, algorithm, seed):
        self._rows, self._algorithm = rows, algorithm
        self._seen, self._ended = rows.reset(seed), False

    def __call__(self, steps):
        # States, actions, log-probabilities, rewards, ends before them, values.
        kept = [{SERVER: []} for _ in range(6)]
        objectives = []
        for _ in range(steps):
            seen = self._seen.reshape(-1, self._rows.size)
            action, log_prob, _, value = (
                found[SERVER] for found in self._algorithm.get_action({SERVER: seen})
            )
            asked = action.reshape(self._rows.rows, self._rows.servers, -1)
            asked = asked[..., : self._rows.asked]
            after, reward, ended, objective = self._rows.step(asked)
            shared = np.repeat(reward, self._rows.servers)
            found = seen, action, log_prob, shared, self._ends(), value
            for field, of_step in zip(kept, found):
                field[SERVER].append(of_step)
            objectives.append(objective.mean())
            self._seen, self._ended = (self._rows.reset() if ended else after), ended
        last = {SERVER: self._seen.reshape(-1, self._rows.size)}
        self._algorithm.learn((*kept, last, {SERVER: self._ends()}))
        return float(np.mean(objectives))

    def _ends(self):
        return np.full(self._rows.rows * self._rows.servers, float(self._ended))


def _algorithm(rows, training):
    """AgileRL's IPPO for servers that see ``size`` features each."""
    s = training.settings
    layer = dict(activation={"tanh": "Tanh", "relu": "ReLU"}[s["activation"]], layer_norm=False)
    # The library has an encoder, whose last layer is as wide as it says, and a head behind it.
    encoder = dict(
        hidden_size=list(s["hidden"]), output_activation=layer["activation"], output_vanish=False
    )
    algorithm = IPPO(
        [Box(-LIMIT, LIMIT, (rows.size,), np.float32)],
        [Box(-1.0, 1.0, (max(FEWEST, rows.asked),), np.float32)],
        [SERVER],
        net_config={
            "latent_dim": s["hidden"][-1],
            "encoder_config": {**layer, **encoder},
            "head_config": {**layer, "hidden_size": [s["hidden"][-1]], "output_vanish": False},
        },
        # Of servers, not of slots.
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
