"""Rewards by name: one number for a slot from its objective and the cost of running all locally.

To add one, write a branch in :func:`reward_of` and a line in ``REWARDS``. The functions are plain
Python; ``simulator/kernel.py`` compiles them, so that a Scenario can ask for the names without
loading numba.

| name | reward | range |
| --- | --- | --- |
| ``reciprocal`` | 1 / objective, the paper's | above 0 |
| ``saving`` | 1 - objective / all-local | below 1 |
| ``log`` | -log(objective / all-local) | any; close to the saving when the objective is near all-local; a slot on a bad link, which can cost as much as a hundred others, does not drown the rest |
| ``relative`` | all-local / objective - 1 | above -1 |
| ``cost`` | -objective / (N times the local cost of a middling device's middling task); the divisor is a constant of the scenario | 0 or below; a hindsight bound limits its sum over an episode |

Where nobody has a task, all-local costs 0 and so does every decision: the reward is 0.
"""

import math

from mec_env.limits import middle

RECIPROCAL, SAVING, LOG, RELATIVE, COST = 0, 1, 2, 3, 4

#: Every reward by name, with the code by which the kernel knows it.
REWARDS = {
    "reciprocal": RECIPROCAL,
    "saving": SAVING,
    "log": LOG,
    "relative": RELATIVE,
    "cost": COST,
}


def reward_of(code, objective, all_local):
    """Reward of a slot.

    Parameters
    ----------
    code : int
        A value of ``REWARDS``.
    objective : float
        Of the decision judged [weighted s and J].
    all_local : float
        Objective of running every task on its own device; for ``cost`` the scenario's constant,
        :func:`typical_cost`.

    Returns
    -------
    float
    """
    if objective == 0.0:
        return 0.0
    if code == RECIPROCAL:
        return 1.0 / objective
    if code == SAVING:
        return 1.0 - objective / all_local
    if code == LOG:
        return -math.log(objective / all_local)
    if code == RELATIVE:
        return all_local / objective - 1.0
    return -objective / all_local


def typical_cost(scenario):
    """What N middling devices pay for middling tasks on their own, the unit of ``cost``."""
    speed = middle(scenario.local_speed)
    power = scenario.kappa * speed**scenario.exponent
    seconds = middle(scenario.cycles) / speed
    return scenario.iotds * seconds * (scenario.weight_time + scenario.weight_energy * power)
