"""A second price: servers count who asked at the first one, and ask anew, knowing that load.

No part of the package: the page says what it brings. The second network sees what the first one
did, its correction, and the load that asked at it.
"""

import numpy as np

import mec_env
from dirs_solver.priced.ship import worlds
from dirs_solver.priced.teacher import features
from dirs_solver.priced.training import fit
from mec_env.optimum.asking import ask_again
from mec_env.optimum.pricing import at_prices
from mec_env.optimum.problem import problem_of
from mec_env.physics.outcome import outcome
from mec_env.simulator.features import FLOOR
from mec_env.simulator.pricing import calibrate, training_slots

#: Deviations that second prices are asked too cheap, and the reserve of a broadcast after them.
SHIFT, RESERVE = 0.5, 0.04


def extended(slot, seen, network, pricing):
    """Features (M, SIZE + 2): the first correction, and the log of the load that asked at it."""
    correction = network(seen)
    prices = pricing.nominal * np.exp(pricing.step * correction)
    weights, servers = slot.tasks.root_cycles, slot.server_speed.size
    asked = np.bincount(at_prices(slot, prices), weights, servers + 1)[1:]
    load = np.log(2.0 * slot.congestion * asked / prices + FLOOR)
    return np.column_stack([seen, correction, load]).astype(np.float32)


def second_network(lessons, network, steps):
    """Trained on the same slots as the first."""
    more = []
    for one, scenario in zip(lessons, worlds(len(lessons))):
        slots = training_slots(scenario, len(one.seen))
        seen = [extended(s, x, network, one.pricing) for s, x in zip(slots, one.seen)]
        more.append(one._replace(seen=np.array(seen)))
    return fit(more, steps=steps)


def gaps(suite, network, second, told):
    """Gaps (S,) on a suite's slots, seen as evaluation has them, after ``told`` broadcasts."""
    lower, _ = suite.reference()
    found = []
    slots = iter(suite.slots())
    for _, scenario in suite.worlds():
        pricing = calibrate(training_slots(scenario))
        for episode in suite.episode_seeds:
            seen = features(scenario, pricing, scenario.slots, episode, evaluation=True)
            for x in seen:
                found.append(_judged(next(slots), x, pricing, network, second, told))
    return np.array(found) / lower - 1.0


def _judged(slot, seen, pricing, network, second, told):
    deviations = second(extended(slot, seen, network, pricing)) - SHIFT
    prices = pricing.nominal * np.exp(pricing.step * deviations)
    decision = mec_env.admit(slot, at_prices(slot, prices))
    for k in range(told):
        ask_again(tuple(problem_of(slot)), decision, RESERVE * 0.5**k)
    return outcome(slot, decision).objective
