"""The policy that DIRS has learned: it acts agent by agent, or for all at once for speed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray

from dirs_solver.dirs.agents import Agents
from dirs_solver.shared.fits import same_size
from mec_env import Outcome, Scenario, Slot, admit, outcome
from mec_env.laws.actions import vote
from mec_env.physics import cost

# Slots that the networks take at once: more don't fit the processor's cache.
_CHUNK = 250


class DIRSPolicy:
    """M agents that score devices; the vote of their scores is the decision.

    ``mec_env.evaluate`` calls :meth:`act` through the parallel environment, so no
    agent sees more than its own column. The other methods give the same scores
    (to rounding) for the whole observation at once.

    Parameters
    ----------
    agents : dirs_solver.dirs.agents.Agents
    scenario : mec_env.Scenario
        Scenario that they were trained on.
    admission : bool
        Whether each server keeps only the askers worth keeping. If so, ``mec_env.evaluate`` builds
        its environment with admission, and :meth:`schedule` and :meth:`schedules` admit too. Votes
        are what devices ask for, with admission or without.
    """

    information = "local"

    def __init__(self, agents: Agents, scenario: Scenario, admission: bool = False) -> None:
        self.agents, self.scenario, self.admission = agents, scenario, admission
        self.refresh()

    @property
    def parameter_count(self) -> int:
        """Number of weights of all agents."""
        return sum(part.numel() for part in (*self.agents.weights, *self.agents.biases))

    def prepare(self, scenario: Scenario) -> None:
        """Check that a scenario is of the size that the agents were trained on.

        Raises
        ------
        ValueError
        """
        same_size("the policy", self.scenario, scenario)

    def refresh(self) -> None:
        """Take note that the agents' weights changed."""
        self._alone: Any = None
        self._layers = _folded(self.agents)

    def act(self, agent: str, observation: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores (N,) float32 of one server.

        Parameters
        ----------
        agent : str
            ``mec_0`` … ``mec_{M-1}``.
        observation : (observed,) float32
            The server's, as the parallel environment gives it.
        """
        if self._alone is None:
            servers = range(self.agents.servers)
            self._alone = {f"mec_{j}": self.agents.alone(j) for j in servers}
        with torch.inference_mode():
            return self._alone[agent](torch.from_numpy(observation)).numpy()

    def scores(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores (S, M, N) float32 for whole observations (S, size)."""
        observations = torch.from_numpy(np.ascontiguousarray(observations))
        with torch.inference_mode():
            x = self.agents.columns(observations)
            *hidden, last = self._layers
            for weight, bias in hidden:
                x = torch.baddbmm(bias, x, weight).relu_()
            weight, bias = last
            scores = torch.baddbmm(bias, x, weight).sigmoid_()
            return scores.transpose(0, 1).contiguous().numpy()

    def vote(self, observation: NDArray[np.float32]) -> NDArray[np.int64]:
        """Decision (N,) int64 for a whole observation (size,)."""
        return self.votes(observation[None])[0]

    def votes(self, observations: NDArray[np.float32]) -> NDArray[np.int64]:
        """Decisions (S, N) int64 for whole observations (S, size)."""
        m, n = self.agents.servers, self.agents.devices
        decisions = np.empty((len(observations), n), dtype=np.int64)
        for first in range(0, len(observations), _CHUNK):
            chunk = observations[first : first + _CHUNK]
            # Log gains rise with gains, and that is all that the tie rule asks of them.
            gains = np.ascontiguousarray(chunk[:, : m * n])
            rows = decisions[first : first + len(chunk)]
            if not _vote_rows(self.scores(chunk).reshape(len(chunk), -1), gains, rows, m):
                raise ValueError("observation: holds what is not a number")
        return decisions

    def schedule(
        self, observation: NDArray[np.float32], slot: Slot
    ) -> tuple[NDArray[np.int64], Outcome]:
        """Decision, powers and CPU shares of a slot.

        Each server solves its own part of problem (13), whose closed form is exact.

        Returns
        -------
        decision : (N,) int64
        outcome : mec_env.Outcome
            With ``power`` [W] and ``cpu`` [cycles/s], (N,) each.
        """
        decision = self._kept(slot, self.vote(observation))
        return decision, outcome(slot, decision)

    def schedules(
        self, observations: NDArray[np.float32], slots: Sequence[Slot]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Decisions, powers [W] and CPU shares [cycles/s] of many slots, (S, N) each."""
        decisions = self.votes(observations)
        power, cpu = np.empty(decisions.shape), np.empty(decisions.shape)
        for k, s in enumerate(slots):
            decisions[k] = self._kept(s, decisions[k])
            power[k], cpu[k] = cost.best_resources(
                s.physics, s._by_server, s.tasks, s.local_speed, s.local_power, s.server_speed, decisions[k]
            )  # fmt: skip
        return decisions, power, cpu

    def _kept(self, slot, decision):
        return admit(slot, decision) if self.admission else decision


def _folded(agents):
    """The layers' weights and biases with the inputs' standardisation in the first: two passes less.

    For one slot they and torch's calls would take as long as the networks.
    """
    layers = [(w.detach(), b.detach()) for w, b in zip(agents.weights, agents.biases)]
    weight, bias = (part.double() for part in layers[0])
    weight = weight / agents.deviation.double().transpose(1, 2)
    layers[0] = weight.float(), (bias - agents.mean.double() @ weight).float()
    return layers


@njit(cache=True, nogil=True)
def _vote_rows(scores, gains, decisions, servers):
    for k in range(decisions.shape[0]):
        gain = gains[k].reshape(servers, decisions.shape[1])
        if not vote(scores[k], gain, decisions[k]):
            return False
    return True
