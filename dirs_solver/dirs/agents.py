"""The M agents' networks as one batched module, and their losses: equations (14), (16), (17).

Every server has a network of its own. Its inputs are the gains of the server's links, its outputs a
score per device. All networks have the same shape, so one batched matrix product computes a layer
of all of them; the numbers of different agents are never mixed. ``alone`` takes one agent out.
"""

import operator
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dirs_solver.shared.randomness import WEIGHTS, uniforms
from mec_env.simulator import observation

#: Whether an agent sees tasks and speeds beside its gains, by the setting ``inputs``.
SEES_TASKS = {"gains": False, "gains+tasks": True}


class Agents(nn.Module):
    """M networks: standardised inputs, two hidden layers of ReLU, sigmoid scores.

    Parameters
    ----------
    scenario : mec_env.Scenario
    hidden : (int, int)
        Neurons of the hidden layers.
    inputs : str
        ``gains``: an agent's input is its own log gains (N); ``gains+tasks``: all that
        a server observes, see :mod:`mec_env.simulator.observation`.
    seed : int
        Of the weights: Glorot's uniform ones (Keras' default), biases 0.

    Attributes
    ----------
    weights : list of (M, inputs, outputs) float32
    biases : list of (M, 1, outputs) float32
    mean, deviation : (M, 1, inputs) float32
        Each input's over training slots.
    """

    def __init__(self, scenario, hidden, inputs="gains", seed=0):
        super().__init__()
        n, m = scenario.iotds, scenario.mecs
        found = [part.block for part in observation.parts(scenario)]
        self.servers, self.devices, self.inputs = m, n, inputs
        self.observed = observation.size(scenario)
        tasks = SEES_TASKS[inputs]
        self._shared = n * sum(block.per == observation.DEVICE for block in found if tasks)
        self._own = sum(block.per == observation.SERVER for block in found if tasks)
        self.width = n + self._shared + self._own
        sizes = (self.width, *hidden, n)
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for fan_in, fan_out in pairwise(sizes):
            self.weights.append(torch.zeros(m, fan_in, fan_out))
            self.biases.append(torch.zeros(m, 1, fan_out))
        for agent in range(m):
            self._draw(agent, seed)
        self.register_buffer("mean", torch.zeros(m, 1, self.width))
        self.register_buffer("deviation", torch.ones(m, 1, self.width))

    def _draw(self, agent, seed):
        shapes = [tuple(w.shape[1:]) for w in self.weights]
        drawn = uniforms(seed, WEIGHTS, agent, sum(a * b for a, b in shapes))
        for weight, (fan_in, fan_out) in zip(self.weights, shapes):
            own, drawn = np.split(drawn, [fan_in * fan_out])
            limit = np.sqrt(6.0 / (fan_in + fan_out))
            own = (limit * (2.0 * own - 1.0)).reshape(fan_in, fan_out)
            weight.data[agent] = torch.from_numpy(own.astype(np.float32))

    def columns(self, observations):
        """Each agent's part of whole observations (S, size), as (M, S, width)."""
        slots = observations.shape[0]
        n, m = self.devices, self.servers
        gains = observations[:, : m * n].reshape(slots, m, n).transpose(0, 1)
        if not SEES_TASKS[self.inputs]:
            return gains
        end = m * n + self._shared
        parts = [gains, observations[:, m * n : end].expand(m, slots, self._shared)]
        if self._own:
            own = observations[:, end:].reshape(slots, self._own, m)
            parts.append(own.permute(2, 0, 1))
        return torch.cat(parts, dim=2)

    def fit_inputs(self, observations):
        """Set the standardisation of every input from training slots (S, size) float32."""
        columns = self.columns(torch.from_numpy(observations)).double()
        deviation = columns.std(dim=1, correction=0, keepdim=True)
        # An input that never changes says nothing: it becomes 0, not a division by 0.
        deviation[deviation < 1e-6] = 1.0
        self.mean.copy_(columns.mean(dim=1, keepdim=True))
        self.deviation.copy_(deviation)

    def logits(self, observations):
        """Scores before the sigmoid (M, S, N) for whole observations (S, size)."""
        x = (self.columns(observations) - self.mean) / self.deviation
        last = len(self.weights) - 1
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            x = torch.baddbmm(bias, x, weight)
            if layer < last:
                x = functional.relu(x)
        return x

    def forward(self, observations):
        """Scores (M, S, N) in [0, 1] for whole observations (S, size)."""
        return torch.sigmoid(self.logits(observations))

    def alone(self, agent):
        """One agent's network, sharing its weights: server's observation in, scores out.

        Returns
        -------
        OneAgent
        """
        return OneAgent(
            [w[agent] for w in self.weights],
            [b[agent, 0] for b in self.biases],
            self.mean[agent, 0],
            self.deviation[agent, 0],
        )


class OneAgent(nn.Module):
    """The network of one server: ``(…, observed) -> (…, N)`` scores.

    It takes the server's observation as the parallel environment gives it; what
    follows the inputs it was trained on is left aside.

    Parameters
    ----------
    weights, biases : lists of (inputs, outputs), (outputs,)
    mean, deviation : (inputs,)
    """

    def __init__(self, weights, biases, mean, deviation):
        super().__init__()
        self.weights = nn.ParameterList(nn.Parameter(w.detach(), False) for w in weights)
        self.biases = nn.ParameterList(nn.Parameter(b.detach(), False) for b in biases)
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)

    def forward(self, observation):
        """Scores (…, N) in [0, 1]."""
        x = (observation[..., : self.mean.shape[0]] - self.mean) / self.deviation
        last = len(self.weights) - 1
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            x = x @ weight + bias
            if layer < last:
                x = functional.relu(x)
        return torch.sigmoid(x)


def targets(decisions, servers):
    """What each agent should have said: (M, S, N) float32 of 0 and 1 from decisions (S, N)."""
    server = torch.arange(1, servers + 1, dtype=decisions.dtype)[:, None, None]
    return (decisions == server).float()


#: How the loss gathers a transition's devices.
OVER_DEVICES = {"sum": torch.sum, "mean": torch.mean}
#: What a device has of a transition's share in the slope, by the same names.
SHARE_OF_A_DEVICE = {"sum": lambda share, devices: share, "mean": operator.truediv}


def cross_entropy(logits, target, over_devices="sum"):
    """Each agent's cross-entropy of each transition, (M, S): a summand of (14) and (17).

    Parameters
    ----------
    logits, target : (M, S, N)
    over_devices : str
        ``sum``, the products a^T log pi as written, or ``mean``.
    """
    # -y log(sigmoid(x)) - (1 - y) log(1 - sigmoid(x)), without overflow.
    each = functional.softplus(logits) - logits * target
    return OVER_DEVICES[over_devices](each, dim=2)


def squared_norms(agents):
    """||theta_j||^2 of each agent, (M,): weights and biases."""
    norms = [torch.linalg.vector_norm(p, dim=(1, 2)).square() for p in agents.parameters()]
    return torch.stack(norms).sum(dim=0)


def shares(demonstrated, agent_weight):
    """What a transition's cross-entropy counts in (16): 1 / K, or lambda_2 / S, (S,) float32.

    Parameters
    ----------
    demonstrated : (S,) bool tensor
        Which transitions are demonstrations, K of them; S in the formula are the rest.
    agent_weight : float
        lambda_2.
    """
    own = int(demonstrated.sum())
    rest = len(demonstrated) - own
    # A batch without one kind has no such term.
    share = torch.full((len(demonstrated),), agent_weight / max(rest, 1))
    share[demonstrated] = 1.0 / max(own, 1)
    return share


def losses(agents, entropy, share, weight_decay):
    """Each agent's loss (M,): equation (16), which without the agents' own data is (14).

    L_2 = L_D + lambda_1 ||theta||^2 + lambda_2 L_A, where L_D averages over the batch's
    demonstrations and L_A over the rest.

    Parameters
    ----------
    entropy : (M, S)
        :func:`cross_entropy` of the batch.
    share : (S,)
        Of :func:`shares`.
    weight_decay : float
        lambda_1.
    """
    return entropy @ share + weight_decay * squared_norms(agents)
