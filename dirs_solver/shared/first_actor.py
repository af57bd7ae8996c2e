"""How many devices a new actor may offload at random: no more than the task can bear.

Exploring draws each device's server at random. On short links that costs little. Where links are
bad, a few devices on bad links cost more than all others together, and a training would learn
nothing but to avoid them.
"""

import numpy as np

from dirs_solver.shared.keep_best import Best


def bearable(scenario, seed, start):
    """Probability of running locally for a new actor, whose exploring at most doubles the cost.

    Parameters
    ----------
    scenario : mec_env.Scenario
    seed : int
        Of the training; some of its slots are tried.
    start : float
        What it is to be where that is no more than twice all-local's cost.

    Returns
    -------
    float
        ``start``, or more: what random offloading adds to the cost is taken for proportional
        to the share of devices that offload.
    """
    added = exploring(Best(scenario, "decisions", seed), start, np.random.default_rng(0)) - 1.0
    return start if added <= 1.0 else float(1.0 - (1.0 - start) / added)


def exploring(judge, start, draws):
    """Mean cost over all-local's where devices offload at random.

    Parameters
    ----------
    judge : Best
        With the slots that it is tried on.
    start : float
        Probability of running locally.
    draws : numpy.random.Generator

    Returns
    -------
    float
    """
    iotds, mecs = judge.scenario.iotds, judge.scenario.mecs

    def at_random(observed):
        rows = len(observed), iotds
        return np.where(draws.random(rows) < start, 0, draws.integers(1, mecs + 1, rows))

    local = judge.objectives(lambda observed: np.zeros((len(observed), iotds), int))
    return judge.objectives(at_random).mean() / local.mean()
