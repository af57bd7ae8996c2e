"""Lessons for the network: features of training slots, and the optimal prices there.

The teacher is the certificate, 0.1 ms a slot. The target of server j is the log of its optimal
price, less the mean and over the deviation of such logs in its world: one scale for all servers,
worlds and sizes. A lesson also has the cost of a wrong price, the objective's curvature in the logs
of the prices. An error matters where many devices hesitate between options.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mec_env.draws.streams import Space, seed_key
from mec_env.laws.coupling import coupling_of
from mec_env.optimum import dual
from mec_env.optimum.certificate import certify
from mec_env.optimum.problem import problem_of
from mec_env.scenario.scenario import Scenario
from mec_env.simulator.features import SIZE
from mec_env.simulator.pricing import (
    CALIBRATION,
    Pricing,
    optimal_prices,
    pricing_of,
    training_slots,
    typical_slot,
)
from mec_env.simulator.simulator import Simulator
from mec_env.simulator.world import draw_world

#: Wanted deviations are cut off here: a server that nobody wants for once has a price of 0.
FAR = 4.0
#: Width over which a device's choice is smoothed for the curvature, as a share of the mean price.
HEAT = 0.03


class Lessons(NamedTuple):
    """Slots of one world to learn from.

    Attributes
    ----------
    pricing : Pricing
        Calibrated on ``prices``.
    seen : (S, M, SIZE) float32
        Features.
    wanted : (S, M) float32
        Log of the optimal price in deviations from its mean.
    curvature : (S, M, M) float32
        Of the objective in these deviations, in shares of running everything locally.
    """

    pricing: Pricing
    seen: NDArray[np.float32]
    wanted: NDArray[np.float32]
    curvature: NDArray[np.float32]


def lessons(scenario: Scenario, slots: int = CALIBRATION, seed: int = 0) -> Lessons:
    """The first slots of a world's training episode, with what to learn from them.

    Prices are calibrated on the episode of seed 0, as wherever the network decides.
    """
    prices = optimal_prices(training_slots(scenario))
    # As wherever the network decides: relative to tasks of mean size, not to those of a slot.
    world = draw_world(scenario, seed_key(scenario.world_seed))
    pricing = pricing_of(prices, typical_slot(scenario, world))
    drawn = list(training_slots(scenario, slots, seed=seed))
    if seed != 0 or slots != len(prices):
        prices = optimal_prices(drawn)
    logs = (np.log(np.maximum(prices, 1e-300)) - np.log(pricing.nominal)) / pricing.step
    curvature = np.array([_curvature(slot, p, pricing.step) for slot, p in zip(drawn, prices)])
    return Lessons(
        pricing,
        features(scenario, pricing, slots, seed),
        np.clip(logs, -FAR, FAR).astype(np.float32),
        curvature.astype(np.float32),
    )


def features(
    scenario: Scenario,
    pricing: Pricing,
    slots: int,
    seed: int = 0,
    evaluation: bool = False,
) -> NDArray[np.float32]:
    """What servers see in an episode's first slots, (S, M, SIZE), in either key space."""
    simulator = Simulator(
        scenario.replace(slots=slots),
        space=Space.EVALUATION if evaluation else Space.TRAINING,
        observe="features",
        price_of=lambda *_: pricing,
    )
    observed = np.empty((1, simulator.observation_size), dtype=np.float32)
    still, coupled = np.zeros((1, scenario.iotds), dtype=np.int64), coupling_of(scenario) != "none"
    seen = np.empty((slots, scenario.mecs, SIZE), dtype=np.float32)
    simulator.seed(0, seed)
    simulator.reset(np.zeros(1, dtype=np.int64), observed)
    for k in range(slots):
        seen[k] = observed.reshape(scenario.mecs, -1)[:, :SIZE]
        if coupled:
            # As the slots that lessons are of were led to.
            still[0] = certify(simulator.slot()).decision
        simulator.step(still, np.ones(1, dtype=bool), observed)
    return seen


def _curvature(slot, prices, step):
    """The dual's Hessian at the optimal prices, in deviations of their logs."""
    m = prices.size
    gradient, hessian = np.empty(m), np.empty((m, m))
    heat = HEAT * max(prices.mean(), 1e-300)
    dual.soften(tuple(problem_of(slot)), np.zeros(m), prices, heat, gradient, hessian)
    lower = np.tril(hessian)
    whole = lower + np.tril(lower, -1).T
    scale = prices * step
    return whole * scale[:, None] * scale / slot.local_cost.sum()
