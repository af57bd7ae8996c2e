"""The search for prices and a decision where servers keep nothing from slot to slot.

Such a server's cost is congestion * load**2 in every slot, so at a price p it gives away p**2 / (4
congestion), at the load p / (2 congestion). How the devices' states pass from slot to slot depends
on the coupling, which hands over its programs.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mec_env.optimum.hindsight.ascent import Found, ascend
from mec_env.optimum.hindsight.slots import certify_slots

#: Heats of the ascent, and the one of the rounding, as shares of the mean price.
HEATS, ROUNDING = (0.03, 0.005), 0.003
# Best responses end by themselves; this only rules out a stall through rounding.
SWEEPS = 1000
#: A response must be better by this share, or rounding could make devices swap for ever.
BETTER = 1e-12


class Programs(NamedTuple):
    """The programs of all devices of a coupling.

    Attributes
    ----------
    soft : callable
        (prices (T, M), heat, load (T, M)) -> sum of the soft values; adds the expected load.
    hard : callable
        prices (T, M) -> certified bound.
    settle : callable
        (prices, heat, load, decision (T, N)): fill ``decision``, in turn each device's best path
        against the load of the settled and the expected load of the others.
    respond : callable
        (decision, load) -> how many devices changed when each in turn took its best path against
        the others'; ``load`` is work room.
    cost : callable
        decision -> its cost.
    iterations : int
        Most iterations of the ascent at each heat.
    """

    soft: Callable
    hard: Callable
    settle: Callable
    respond: Callable
    cost: Callable
    iterations: int


def search(
    problem: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    programs: Programs,
    warm: np.ndarray | None,
    deadline: float | None,
) -> Found:
    """Find prices and a decision, from the slots' own.

    Parameters
    ----------
    problem : tuple of arrays
        link (T, N, M), local and weight (T, N), congestion (M,), as if nothing were coupled.
    programs : Programs
    warm : (T, M) array_like, optional
        Prices to start from instead of the slots' own.
    deadline : float, optional
        Value of ``time.perf_counter()`` after which ascent and responses stop with what they have.

    Returns
    -------
    Found
    """
    _, _, weight, congestion = problem
    alone, start = certify_slots(*problem)
    unit = unit_price(start, weight, congestion)
    if warm is not None:
        start = np.maximum(np.asarray(warm, dtype=np.float64), 0.0)

    def soft(prices, heat):
        load = np.zeros(prices.shape)
        value = programs.soft(prices, heat, load)
        served = prices / (2.0 * congestion)
        return value - 0.5 * np.vdot(prices, served), load - served

    heats = [heat * unit for heat in HEATS]
    # At these units a server's part is -z**2 / 2, whatever its speed.
    scale = np.sqrt(2.0 * congestion)
    bound, prices = ascend(soft, programs.hard, start, scale, heats, programs.iterations, deadline)
    in_turn = np.zeros(weight.shape, np.int64)
    load = np.zeros(prices.shape)
    programs.soft(prices, ROUNDING * unit, load)
    programs.settle(prices, ROUNDING * unit, load, in_turn)
    found = []
    # With little coupled, the slots' own optima can be the better start.
    for decision in (in_turn, alone):
        # The cost falls with each response, so they end.
        for _ in range(SWEEPS):
            if not programs.respond(decision, load):
                break
            if deadline is not None and time.perf_counter() > deadline:
                break
        found.append((programs.cost(decision), decision))
    objective, decision = min(found, key=lambda pair: pair[0])
    return Found(decision, objective, bound, prices)


def unit_price(prices, weight, congestion):
    """Return a price > 0 to measure heats by: the mean of ``prices`` (T, M) that are not 0.

    Where all are 0, it is what a single device's load adds to a server's cost.
    """
    asked = prices[prices > 0.0]
    return asked.mean() if asked.size else 2.0 * congestion.mean() * weight.mean()
