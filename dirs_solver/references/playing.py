"""Episodes for tuning: stepped with a policy's decisions, costs summed."""

from typing import NamedTuple

import numpy as np

from mec_env.scenario.scenario import Scenario
from mec_env.simulator.episode import Episode, begun, record

#: Worlds that a policy is tuned on: the scenario's own and the next ones.
WORLDS = 4


class Training(NamedTuple):
    """An episode by what draws it."""

    scenario: Scenario
    seed: int
    evaluation: bool = False

    def recorded(self) -> Episode:
        """The episode written down."""
        return record(self.scenario, self.seed, evaluation=self.evaluation)


def training_episodes(scenario, seed, worlds=WORLDS):
    """One training episode of each of several worlds.

    Parameters
    ----------
    scenario : Scenario
    seed : int
    worlds : int
        The scenario's own and the following world seeds.

    Returns
    -------
    list of Training
    """
    return [
        Training(scenario.replace(world_seed=scenario.world_seed + k), seed) for k in range(worlds)
    ]


def objective(policy, training):
    """What a policy's decisions cost in an episode, all slots together."""
    s = training.scenario
    simulator, observed = begun(s, training.seed, 0, training.evaluation)
    policy.reset(0)
    if hasattr(policy, "begin"):
        policy.begin(training.recorded)
    active, total = np.ones(1, dtype=bool), 0.0
    for _ in range(s.slots):
        decision = np.asarray(policy.decide(simulator.slot()), dtype=np.int64)
        total += float(simulator.step(decision[None], active, observed).objective[0])
    return total
