"""The learned rule: six to ten numbers, searched by CMA-ES on training episodes."""

import time

import numpy as np
from pymoo.algorithms.soo.nonconvex.cmaes import CMAES
from pymoo.core.evaluator import Evaluator
from pymoo.core.problem import Problem
from pymoo.core.termination import NoTermination

from dirs_solver.references.learners import Reference
from dirs_solver.references.playing import WORLDS, objective, training_episodes
from dirs_solver.references.policies import COUPLINGS, Learned, coupled
from dirs_solver.shared.progress import Progress
from mec_env import checks


class LearnedRule(Reference):
    """A few numbers by which the coupling's learned rule goes, searched by CMA-ES.

    Settings
    --------
    evaluations : int
        How often numbers are tried on all training episodes; ``slots`` of ``learn`` sets it too.
    seconds : float or None
        Wall clock after which no further generation begins; what it finds then depends on the
        machine's speed.
    worlds, episodes : int
        Training episodes: so many of each of the scenario's own world and the following ones.
    """

    name = base = "learned-rule"
    DEFAULTS = {"evaluations": 600, "seconds": None, "worlds": WORLDS, "episodes": 1}

    def _check(self, settings):
        super()._check(settings)
        checks.integer("evaluations", settings["evaluations"], 1)
        checks.integer("episodes", settings["episodes"], 1)
        if settings["seconds"] is not None:
            checks.number("seconds", settings["seconds"], " s")

    def _tune(self, scenario, seed, slots, progress):
        numbers = COUPLINGS[coupled(self.name, scenario)][0].numbers
        start, spread = np.array(list(numbers.values())).T
        episodes = [
            episode
            for k in range(self.settings["episodes"])
            for episode in training_episodes(scenario, seed + k, self.settings["worlds"])
        ]
        policies = []
        for episode in episodes:
            policies.append(Learned(self.name, start))
            policies[-1].prepare(episode.scenario)

        def cost(x):
            total = 0.0
            for policy, episode in zip(policies, episodes, strict=True):
                policy.numbers = tuple(start + spread * x)
                total += objective(policy, episode)
            return total

        most = self.settings["evaluations"]
        if slots is not None:
            most = max(1, slots // (len(episodes) * scenario.slots))
        best, x = search(cost, start.size, most, self.settings["seconds"], seed, progress)
        found = {
            name: float(value) for name, value in zip(numbers, start + spread * x, strict=True)
        }
        return {"numbers": found, "objective": best}

    def _policy(self, found):
        return Learned(self.name, list(found["numbers"].values()))


class _Cost(Problem):
    def __init__(self, cost, size, stop):
        self.cost, self.stop = cost, stop
        super().__init__(n_var=size, n_obj=1, xl=-20.0, xu=20.0)

    def _evaluate(self, x, out, *args, **kwargs):
        out["F"] = np.array([self.cost(row) for row in x])[:, None]


def search(cost, size, evaluations, seconds, seed, progress):
    """The least cost that CMA-ES finds from zero with deviations of one.

    Returns
    -------
    cost : float
    x : (size,) float64
    """
    began = time.perf_counter()
    x = np.zeros(size)
    best, done = cost(x), 1
    problem = _Cost(cost, size, None)
    algorithm = CMAES(x0=x.copy(), sigma=1.0, normalize=False, bipop=False, restarts=0, seed=int(seed % 2**31) + 1)  # fmt: skip
    algorithm.setup(problem, termination=NoTermination(), evaluator=Evaluator())
    while done < evaluations and algorithm.has_next():
        if seconds is not None and time.perf_counter() - began > seconds:
            break
        asked = algorithm.ask()
        if asked is None or len(asked) == 0:
            break
        costs = []
        for one in asked:
            costs.append(cost(one.X))
            if costs[-1] < best:
                best, x = costs[-1], one.X.copy()
        asked.set("F", np.array(costs)[:, None])
        done += len(asked)
        algorithm.tell(infills=asked)
        if progress(Progress("numbers", min(done, evaluations), evaluations, objective=best)):
            break
    return float(best), x
