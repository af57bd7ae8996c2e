"""What both stages of training share: slots to train on, and an update of all agents."""

import numpy as np
import torch

from dirs_solver.dirs.agents import (
    SHARE_OF_A_DEVICE,
    Agents,
    cross_entropy,
    losses,
    shares,
    targets,
)
from dirs_solver.dirs.replay import Replay
from mec_env.simulator.simulator import Simulator

# Which episode of the seed a stage draws its slots from.
DEMONSTRATED, ONLINE = 0, 1


class TrainingSlots:
    """The slots of one training episode, one by one.

    Drawn by ``mec_env.Simulator`` in the training key space; no evaluation slot is
    among them, whatever the seed.

    Parameters
    ----------
    scenario : mec_env.Scenario
    seed : int
    episode : int
    skip : int
        Slots to pass over: where an interrupted training goes on.

    Attributes
    ----------
    observation : (size,) float32
        Of the slot at hand.
    """

    def __init__(self, scenario, seed, episode, skip=0):
        self._simulator = Simulator(scenario, threads=1)
        self._simulator.seed(0, seed)
        self._observed = np.empty((1, self._simulator.observation_size), dtype=np.float32)
        for _ in range(episode + 1):
            self._simulator.reset(np.zeros(1, dtype=np.int64), self._observed)
        # Decisions don't touch what is drawn: any will do to pass over a slot.
        still = np.zeros(scenario.iotds, dtype=np.int64)
        for _ in range(skip):
            self.decide(still)

    @property
    def observation(self):
        """Whole observation (size,) float32 of the slot at hand, a copy."""
        return self._observed[0].copy()

    @property
    def slot(self):
        """The ``mec_env.Slot`` at hand."""
        return self._simulator.slot()

    def decide(self, decision):
        """Judge a decision (N,) int64 and go on to the next slot; its objective."""
        active = np.ones(1, dtype=bool)
        return float(self._simulator.step(decision[None], active, self._observed).objective[0])


class Trainer:
    """The agents, their optimizer and the replay buffer: what a training changes.

    Attributes
    ----------
    agents : Agents
    optimizer : torch.optim.Adam
    replay : Replay
    updates : int
        Updates so far.
    """

    def __init__(self, scenario, settings, seed):
        self._settings, self._seed = settings, seed
        self.agents = Agents(scenario, settings.hidden_for(scenario.iotds), settings.inputs, seed)
        self._decay = settings.weight_decay if settings.loss == "L1" else 0.0
        # One Adam for all agents: it treats every parameter for itself, and the agents' losses
        # share none, so this is each agent's own training. What it calls weight decay is added
        # to the slope: 2 lambda_1 theta, that of lambda_1 ||theta||^2.
        self.optimizer = torch.optim.Adam(
            self.agents.parameters(),
            lr=settings.learning_rate,
            weight_decay=2.0 * self._decay,
            fused=True,
        )
        self.replay = Replay(
            settings.buffer,
            self.agents.observed,
            scenario.iotds,
            settings.epsilon_agents,
            settings.epsilon_demonstrations,
            settings.priority_exponent,
        )
        self.updates = 0

    def update(self):
        """Sample a minibatch by priority and take one step of every agent on equation (16).

        Returns
        -------
        (M,) float64
            Each agent's loss before the step.
        """
        s, replay = self._settings, self.replay
        places = replay.sample(s.batch, self._seed, self.updates)
        observations = torch.from_numpy(replay.observation[places])
        target = targets(torch.from_numpy(replay.decision[places]), self.agents.servers)
        share = shares(torch.from_numpy(replay.is_demonstration(places)), s.agent_weight)
        logits = self.agents.logits(observations)
        with torch.no_grad():
            entropy = cross_entropy(logits, target, s.loss_over_devices)
            loss = losses(self.agents, entropy, share, self._decay)
            # By hand, a third of autograd's time: cross-entropy's slope in a logit is score - target.
            per_device = SHARE_OF_A_DEVICE[s.loss_over_devices](share, target.shape[2])
            slope = torch.sigmoid(logits).sub_(target).mul_(per_device[:, None])
        self.optimizer.zero_grad()
        logits.backward(slope)
        self.optimizer.step()
        replay.record(places, entropy.mean(dim=0).double().numpy())
        self.updates += 1
        return loss.double().numpy()

    def arrays(self):
        """All that a checkpoint must keep, by name."""
        kept = {f"replay.{name}": array for name, array in self.replay.arrays().items()}
        kept["updates"] = np.array([self.updates], dtype=np.int64)
        for name, value in self.agents.state_dict().items():
            kept[f"agents.{name}"] = value.numpy()
        for name, parameter in self.agents.named_parameters():
            for part, value in self.optimizer.state[parameter].items():
                kept[f"adam.{name}.{part}"] = value.numpy().reshape(value.shape)
        return kept

    def restore(self, arrays):
        """Become what :meth:`arrays` described."""
        self.updates = int(arrays["updates"][0])
        replay = {k[7:]: v for k, v in arrays.items() if k.startswith("replay.")}
        self.replay.restore(replay)
        load_weights(self.agents, arrays, "agents.")
        for name, parameter in self.agents.named_parameters():
            parts = ("step", "exp_avg", "exp_avg_sq")
            state = {p: arrays.get(f"adam.{name}.{p}") for p in parts}
            if all(value is not None for value in state.values()):
                self.optimizer.state[parameter] = {
                    p: torch.from_numpy(np.array(value)) for p, value in state.items()
                }


def load_weights(agents, arrays, prefix=""):
    """Fill the agents from arrays by name.

    Raises
    ------
    ValueError
        In one sentence, if they are of other networks.
    """
    for name, value in agents.state_dict().items():
        array = arrays.get(prefix + name)
        if array is None or array.shape != tuple(value.shape):
            found = "none" if array is None else f"of shape {array.shape}"
            raise ValueError(f"weights: {name} is {found}, must be {tuple(value.shape)}")
        value.copy_(torch.from_numpy(np.array(array)))
