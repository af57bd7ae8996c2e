"""Keep the actors that decide best without exploration: an explored objective says little of it."""

import torch

from mec_env.vector_env import MECVectorEnv

#: Slots that actors are judged on, always the same ones.
JUDGED = 128
#: Batches of training from one judgement to the next.
EVERY = 5


class BestActors:
    """Judges actors on slots of the training key space, and remembers the best.

    Parameters
    ----------
    agents : dirs_solver.agents.Agents
        Filled with the actors that are judged, and by :meth:`restore` with the best.
    scenario : mec_env.Scenario
    seed : int
        Of the judged slots; the training must use others.

    Attributes
    ----------
    objective : float
        Mean objective of the best.
    """

    def __init__(self, agents, scenario, seed):
        self._agents, self._seed = agents, seed
        self._env = MECVectorEnv(JUDGED, scenario, "scores", autoreset_mode="Disabled", threads=1)
        self.objective, self._kept = float("inf"), None

    def judge(self):
        """Judge what ``agents`` are now: the mean objective of their votes."""
        observed, _ = self._env.reset(seed=self._seed)
        with torch.inference_mode():
            scores = self._agents(torch.from_numpy(observed)).transpose(0, 1).flatten(1)
        objective = float(self._env.step(scores.numpy())[4]["objective"].mean())
        if objective < self.objective:
            self.objective = objective
            self._kept = {k: v.clone() for k, v in self._agents.state_dict().items()}
        return objective

    def restore(self):
        """Make ``agents`` the best that were judged."""
        self._agents.load_state_dict(self._kept)
