"""Play a suite: step the evaluation environment with decisions, slot after slot.

Judging is playing: ``evaluate``, the check of other people's results and the report all step
the environment with decisions, so that a decision's consequences for later slots count.
"""

import inspect
import time
from functools import partial
from typing import NamedTuple

import numpy as np

from mec_env import checks
from mec_env.laws.actions import MODES, as_action
from mec_env.physics.slot import Slot
from mec_env.simulator.episode import record
from mec_env.simulator.kernel import BYTES
from mec_env.views.gym_env import MECEnv
from mec_env.views.pettingzoo_env import AGENTS, MECParallelEnv


class Judged(NamedTuple):
    """What a decision came to, and how long it took to make.

    Attributes
    ----------
    objective : float
        phi_T time + phi_E energy.
    time, energy : float
        Sums over devices [s], [J].
    offloaded : float
        Share of devices.
    seconds : float
        Wall time of the decision [s].
    exchanged : float
        Numbers that agents sent each other besides their actions [bytes].
    """

    objective: float
    time: float
    energy: float
    offloaded: float
    seconds: float
    exchanged: float = 0.0


class Played(NamedTuple):
    """One slot of a suite as it was played.

    Attributes
    ----------
    slot : mec_env.Slot or None
        The slot that was decided; None where the caller wants no slots.
    decision : (N,) int64
        0 runs locally, j on server j.
    outcome : Judged
    """

    slot: Slot | None
    decision: np.ndarray
    outcome: Judged


def is_local(policy):
    """Whether a policy acts agent by agent, so that it is shown no more than an agent's part.

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


def play(suite, policy, seed=0, slots=True):
    """Play a suite's worlds, episodes and slots in order; see ``Suite.play``."""
    player = _Recorded(suite, policy) if isinstance(policy, np.ndarray) else _player(policy)
    for world_seed, scenario in suite.worlds():
        if hasattr(policy, "prepare"):
            policy.prepare(scenario)
        # After it, since what a policy chose for a world may be how its environment acts.
        env = player.environment(scenario)
        for episode in suite.episode_seeds:
            if hasattr(policy, "reset"):
                policy.reset(seed * 1_000_000_007 + world_seed * 1_000_003 + episode)
            observation, _ = env.reset(seed=episode)
            if hasattr(policy, "begin"):
                policy.begin(partial(record, scenario, episode, evaluation=True))
            for _ in range(scenario.slots):
                slot = env.slot if slots else None
                action, decision, seconds = player.ask(env, observation)
                observation, _, _, _, info = env.step(action)
                info = player.info(info)
                judged = (info[key] for key in ("objective", "time", "energy", "offloaded"))
                told = player.told + info.get("exchanged", 0.0)
                yield Played(slot, decision, Judged(*judged, seconds, told))


def _player(policy):
    if is_local(policy):
        return _Agents(policy)
    return _Decides(policy) if hasattr(policy, "decide") else _Acts(policy)


#: What a policy may say of how it acts and observes.
SAID = ("actions", "observe", "admission", "nominal", "span", "retries", "broadcasts")


class _Decides:
    """A policy that sees the whole slot."""

    #: Bytes that agents told each other before they acted.
    told = 0.0

    def __init__(self, policy):
        self._policy = policy

    def environment(self, scenario):
        said = self._said()
        judging = {key: said[key] for key in ("admission", "broadcasts") if key in said}
        return MECEnv.for_evaluation(scenario, **judging)

    def _said(self):
        """The environment's keywords that the policy speaks of."""
        return {key: getattr(self._policy, key) for key in SAID if hasattr(self._policy, key)}

    def ask(self, env, observation):
        slot = env.slot
        start = time.perf_counter()
        action = self._policy.decide(slot)
        seconds = time.perf_counter() - start
        return action, env.decision(action), seconds

    def info(self, info):
        return info


class _Acts(_Decides):
    """A policy that sees the whole observation, and may say in which mode it acts."""

    def environment(self, scenario):
        return MECEnv.for_evaluation(scenario, **self._said())

    def ask(self, env, observation):
        start = time.perf_counter()
        action = np.asarray(self._policy.act(observation))
        if hasattr(self._policy, "actions"):
            decision = env.decision(action)
            return action, decision, time.perf_counter() - start
        # Of one that doesn't say, numbers that are no integers can only be scores.
        mode = "scores" if action.dtype.kind == "f" else "decisions"
        shape = MODES[mode].space(env.scenario).shape
        action = as_action(action, MODES[mode], shape)
        decision = env.simulator.decision(action, mode, 0, *env.options.judging[1:])
        return decision, decision, time.perf_counter() - start


class _Agents(_Decides):
    """A policy that sees an agent's part of the observation, and may exchange numbers.

    A policy with ``announce(agent) -> numbers`` and ``hear(agent, numbers by agent)`` acts once.
    Then every agent announces its numbers, hears those of all agents, and acts again. The second
    action counts, and every number counts as ``BYTES``.
    """

    def environment(self, scenario):
        said = getattr(self._policy, "agents", None)
        # Policies may keep their agents' networks under that name.
        who = checks.known("policy.agents", said, AGENTS) if isinstance(said, str) else "servers"
        return MECParallelEnv.for_evaluation(scenario, who, **self._said())

    def ask(self, env, observation):
        policy, start = self._policy, time.perf_counter()
        actions = {agent: policy.act(agent, seen) for agent, seen in observation.items()}
        if hasattr(policy, "announce"):
            numbers = {agent: np.ravel(policy.announce(agent)) for agent in observation}
            for agent in observation:
                policy.hear(agent, numbers)
            actions = {agent: policy.act(agent, seen) for agent, seen in observation.items()}
            self.told = float(BYTES * sum(n.size for n in numbers.values()))
        seconds = time.perf_counter() - start
        return actions, env.decision(actions), seconds

    def info(self, info):
        return next(iter(info.values()))


class _Recorded(_Decides):
    """Decisions (S, N) that somebody made before."""

    def __init__(self, suite, decisions):
        if decisions.shape != (suite.size, suite.scenario.iotds):
            raise ValueError(
                f"decisions: shape {decisions.shape}, must be ({suite.size}, {suite.scenario.iotds})"
            )
        super().__init__(decisions)
        self._rows = iter(decisions)

    def ask(self, env, observation):
        decision = env.decision(next(self._rows))
        return decision, decision, 0.0
