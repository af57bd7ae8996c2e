"""Nominal weights of what a coupling adds: the best constant on training episodes.

With prices as actions each server also names how much it weighs what the coupling adds, see
:func:`mec_env.laws.coupling.kernel.weighed`. An action a means exp(2 a) times the weight found
here.
"""

import numpy as np

from mec_env.laws.coupling import coupling_of
from mec_env.simulator.simulator import Simulator

#: Training episodes that a weight is tried on, and the weights: a multiple of what a coupling adds,
#: or with batteries seconds a joule, over what a mean local run takes.
EPISODES = 2
GRID = np.geomspace(0.05, 20.0, 13)
#: Rounds of halving the grid's step around the best.
ROUNDS = 2


def with_weights(find):
    """A way to find prices that finds weights too, where a scenario is coupled.

    Parameters
    ----------
    find : callable
        find(scenario, world, span) -> Pricing.
    """

    def found(scenario, world, span=None):
        pricing = find(scenario, world, span)
        if coupling_of(scenario) == "none":
            return pricing
        weight = _best(scenario, world, pricing)
        return pricing._replace(weight=np.full(pricing.nominal.size, weight))

    return found


_known: "dict[tuple, float]" = {}


def _best(scenario, world, pricing):
    """The best constant weight of a world; found once, whatever asks for it."""
    key = scenario, world.device_xy.tobytes(), pricing.nominal.tobytes()
    if key not in _known:
        if len(_known) >= 256:
            _known.clear()
        _known[key] = _search(scenario, world, pricing)
    return _known[key]


def _search(scenario, world, pricing):
    unit = 1.0
    if coupling_of(scenario) == "battery":
        # Seconds over joules of a mean local run.
        unit = float(1.0 / np.mean(world.local_power)) * scenario.weight_time
    tried = {}

    def cost(log):
        if log not in tried:
            tried[log] = _cost(scenario, world, pricing, unit * np.exp(log))
        return tried[log]

    logs = np.log(GRID)
    best = min(logs, key=cost)
    step = logs[1] - logs[0]
    for _ in range(ROUNDS):
        step *= 0.5
        best = min((best - step, best, best + step), key=cost)
    return unit * float(np.exp(best))


def _cost(scenario, world, pricing, weight):
    """What training episodes cost at nominal prices and one weight, with admission."""
    asked = pricing._replace(weight=np.full(pricing.nominal.size, weight))
    simulator = Simulator(scenario, EPISODES, price_of=lambda *_: asked, world=world, threads=1)
    observed = np.empty((EPISODES, simulator.observation_size), dtype=np.float32)
    for row in range(EPISODES):
        simulator.seed(row, row)
    simulator.reset(np.arange(EPISODES), observed)
    action = np.zeros((EPISODES, 2 * scenario.mecs), dtype=np.float32)
    active, total = np.ones(EPISODES, dtype=bool), 0.0
    for _ in range(scenario.slots):
        total += simulator.step(action, active, observed, "prices", True).objective.sum()
    return total
