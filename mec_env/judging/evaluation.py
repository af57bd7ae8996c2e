"""evaluate(policy, suite): what a policy comes to, slot by slot, on the same slots as all others."""

import inspect
import time
from dataclasses import dataclass

import numpy as np

from mec_env import checks
from mec_env.judging.intervals import interval
from mec_env.judging.suite import Suite, resolve_suite
from mec_env.judging.summary import table
from mec_env.optimum.certificate import certify
from mec_env.views.gym_env import MECEnv
from mec_env.views.pettingzoo_env import AGENTS, MECParallelEnv


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A policy's record on a suite; arrays (S,), in the order of the suite's slots.

    Attributes
    ----------
    suite : Suite
    objective : (S,) float64
    lower_bound : (S,) float64
        Certified: no decision for the slot costs less.
    best : (S,) float64
        Objective of the best decision known for the slot.
    time, energy : (S,) float64
        Sums over devices [s], [J].
    offloaded : (S,) float64
        Share of devices that offload.
    seconds : (S,) float64
        Wall time of the decision [s].
    decision : (S, N) uint8, or uint16 where there are more than 255 servers
        0 runs locally, j on server j.
    """

    suite: Suite
    objective: np.ndarray
    lower_bound: np.ndarray
    best: np.ndarray
    time: np.ndarray
    energy: np.ndarray
    offloaded: np.ndarray
    seconds: np.ndarray
    decision: np.ndarray

    def __repr__(self):
        means = self.objective.mean(), 100.0 * self.gap.mean()
        slots = f"{self.objective.size} slot{'s' if self.objective.size > 1 else ''}"
        return "Evaluation({}: {}, mean objective {:.6g}, mean gap {:.3g} %)".format(
            self.suite.name, slots, *means
        )

    def summary(self):
        """A table to read: the mean of each world, that of all, and its bootstrap interval.

        Objective, gap [%], NRR, time [s], energy [J] and share of devices that offload [%].

        Returns
        -------
        str
        """
        return table(self)

    @property
    def gap(self):
        """Distance from the optimum at most, (objective - bound) / bound, (S,)."""
        return self.objective / self.lower_bound - 1.0

    @property
    def nrr(self):
        """Normalised reward rate against the certified bound, bound / objective, (S,)."""
        return self.lower_bound / self.objective

    @property
    def nrr_paper(self):
        """The paper's NRR, reward over best reward known, (S,).

        The paper takes PSO's reward for the best; here it is the reference decision's.
        """
        return self.best / self.objective

    def interval(self, values=None, confidence=0.95):
        """Mean of ``values`` (S,), the objective by default, with its bootstrap interval.

        Worlds are redrawn, since slots of one world are alike; of a suite with a
        single world, its episodes are.

        Returns
        -------
        mean, low, high : float
        """
        return interval(self.suite, self.objective if values is None else values, confidence)

    def minus(self, other):
        """Paired difference of the objectives to another evaluation on the same slots.

        Returns
        -------
        mean, low, high : float
            Of this one less the other; below 0 this one is better.
        """
        if self.suite != other.suite:
            raise ValueError(
                f"evaluations on {self.suite.name!r} and {other.suite.name!r}: "
                "only those on the same suite can be paired"
            )
        return self.interval(self.objective - other.objective)


def join(suite, evaluations):
    """One Evaluation of a suite from those of its worlds, in order.

    For policies that are learned for one world: each is judged on its own
    (``suite.world(k)``), and the suite's record is all of them.
    """
    parts = [vars(evaluation) for evaluation in evaluations]
    columns = [key for key in parts[0] if key != "suite"]
    return Evaluation(suite, **{key: np.concatenate([p[key] for p in parts]) for key in columns})


def evaluate(policy, suite, progress=None, bounds=None, seed=0):
    """Judge a policy on a suite.

    Parameters
    ----------
    policy : object
        With one of ``decide(slot) -> decision`` (rules and solvers: they see the
        whole :class:`mec_env.Slot`), ``act(observation) -> action`` (learned: the
        whole observation; the action may be a decision or scores), or
        ``act(agent, observation) -> action`` (local: run through the parallel
        environment, so it sees its own column and no more; agents are servers and
        actions scores, or with an attribute ``agents = "devices"`` agents are
        devices and actions their choices). If it has
        ``prepare(scenario)``, that is called once per world, with training slots
        to draw; ``reset(seed)``, before each episode, with a number of its own.
    suite : Suite or str
        A suite or a name of ``mec_env.SUITES``.
    progress : callable, optional
        Called with 1 after every slot.
    bounds : (lower_bound, best), optional
        (S,) each, of an earlier Evaluation on the same slots. By default those
        that ship with a frozen suite; of other suites each slot is certified.
    seed : int
        0 to 2**32 - 1; for policies that draw random numbers, through ``reset``. The
        slots are the same for every seed.

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        For an unknown suite, a policy with neither method, other ``agents``, or a
        decision that is not allowed.
    """
    suite = resolve_suite(suite)
    local = is_local(policy)
    agents = _agents(policy) if local else None
    bounds = suite.reference() if bounds is None else bounds
    columns = {key: [] for key in ("objective", "time", "energy", "offloaded", "seconds")}
    decisions = np.empty((suite.size, suite.scenario.iotds), _smallest(suite.scenario.mecs))
    certified = []
    for world_seed, scenario in suite.worlds():
        if local:
            env = MECParallelEnv.for_evaluation(scenario, agents)
        else:
            env = MECEnv.for_evaluation(scenario)
        if hasattr(policy, "prepare"):
            policy.prepare(scenario)
        for episode in suite.episode_seeds:
            if hasattr(policy, "reset"):
                policy.reset(seed * 1_000_000_007 + world_seed * 1_000_003 + episode)
            observation, _ = env.reset(seed=episode)
            for _ in range(scenario.slots):
                if bounds is None:
                    last = certified[-1].prices if certified else None
                    certified.append(certify(env.slot, prices=last))
                action, seconds = _ask(policy, env, observation, local)
                k = len(columns["seconds"])
                decided = env.decision(action) if local else action
                observation, _, _, _, info = env.step(action)
                decisions[k] = decided
                # The same for all agents.
                info = next(iter(info.values())) if local else info
                columns["seconds"].append(seconds)
                for key in ("objective", "time", "energy", "offloaded"):
                    columns[key].append(info[key])
                if progress is not None:
                    progress(1)
    if bounds is None:
        bounds = [c.lower_bound for c in certified], [c.objective for c in certified]
    lower_bound, best = (np.asarray(values) for values in bounds)
    columns = {key: np.array(values) for key, values in columns.items()}
    return Evaluation(suite, lower_bound=lower_bound, best=best, decision=decisions, **columns)


def _smallest(mecs):
    """The smallest type that holds a decision of 0 .. mecs."""
    return np.uint8 if mecs < 256 else np.uint16


def is_local(policy):
    """Whether a policy acts agent by agent, so that the evaluation shows it no more than that.

    Raises
    ------
    ValueError
        For an object that is no policy.
    """
    if hasattr(policy, "decide"):
        return False
    if not hasattr(policy, "act"):
        raise ValueError(
            f"policy = {policy!r}: must have decide(slot), act(observation) or act(agent, observation)"
        )
    return len(inspect.signature(policy.act).parameters) == 2


def _agents(policy):
    """The agents that a local policy acts for: ``servers``, unless it says otherwise."""
    said = getattr(policy, "agents", None)
    # Policies may keep their agents' networks under that name.
    return checks.known("policy.agents", said, AGENTS) if isinstance(said, str) else "servers"


def _ask(policy, env, observation, local):
    """The policy's action and the wall time it took [s]."""
    if hasattr(policy, "decide"):
        slot = env.slot
        start = time.perf_counter()
        action = policy.decide(slot)
        return action, time.perf_counter() - start
    start = time.perf_counter()
    if local:
        action = {agent: policy.act(agent, seen) for agent, seen in observation.items()}
    else:
        action = np.asarray(policy.act(observation))
        if action.dtype.kind == "f":
            action = env.simulator.vote(action)
    return action, time.perf_counter() - start
