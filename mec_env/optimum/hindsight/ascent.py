"""Prices of whole episodes: the ascent that all couplings share, and why its bound holds.

A price lambda_tj >= 0 is asked per unit of load on server j in slot t. For any prices

    bound(lambda) = sum_i V_i(lambda) + sum_j S_j(lambda)

is below the cost of every hindsight decision. Let a decision have the loads Y. Its cost is

    sum_i own_i + sum_j G_j(Y_j)
        = sum_i [own_i + lambda . (load of i)] + sum_j [G_j(Y_j) - lambda_j . Y_j],

where own_i is what device i pays by itself over the episode, and G_j is the cost of server j's
course of loads. V_i is the least value of device i's bracket in the first sum, over all its paths
through its states. S_j is the least value of server j's bracket in the second sum, over all courses
of loads. So neither is above its bracket. The prices need not be optimal, nor found by any
particular means. If slots share nothing, V_i and S_j are sums over slots, and the bound is the sum
of the slots' bounds.

The bound is concave in the prices and has kinks, where plain ascent stalls. So every min becomes a
soft one whose width, the heat, falls from run to run; the hard bound alone is certified.
"""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize


class Found(NamedTuple):
    """What is known about the optimum of an episode in hindsight.

    Attributes
    ----------
    decision : (T, N) int64
        0 for local, j for server j - 1 of the arrays.
    objective : float
        Cost of ``decision`` over the episode.
    lower_bound : float
        No decision costs less.
    prices : (T, M) float64
        Price of each server and slot per unit of load, >= 0, at which ``lower_bound`` holds.
    """

    decision: np.ndarray
    objective: float
    lower_bound: float
    prices: np.ndarray


def ascend(
    soft: Callable[[np.ndarray, float], tuple[float, np.ndarray]],
    hard: Callable[[np.ndarray], float],
    start: np.ndarray,
    scale: np.ndarray,
    heats: Sequence[float],
    iterations: int,
    deadline: float | None = None,
) -> tuple[float, np.ndarray]:
    """Raise a bound over the prices, by one run of L-BFGS-B for each heat.

    Parameters
    ----------
    soft : callable
        (prices (T, M), heat) -> (value, gradient (T, M)) of the smoothed bound, concave.
    hard : callable
        prices (T, M) -> certified bound.
    start : (T, M) float64
        First prices, >= 0.
    scale : array
        Broadcast to (T, M), > 0: the ascent works on prices / scale.
    heats : sequence of float
        In falling order.
    iterations : int
        Most iterations of a run.
    deadline : float, optional
        Value of ``time.perf_counter()`` after which the best so far is returned.

    Returns
    -------
    bound : float
        The best of ``hard`` at the start and after each heat.
    prices : (T, M) float64
        Where it was found.
    """
    shape = start.shape
    scale = np.broadcast_to(scale, shape)
    best, prices = hard(start), start

    def fall(z, heat):
        value, gradient = soft(np.reshape(z, shape) * scale, heat)
        return -value, np.ravel(gradient * -scale)

    def look_at_the_clock(intermediate_result):
        if deadline is not None and time.perf_counter() > deadline:
            raise StopIteration

    z = np.ravel(start / scale)
    for heat in heats:
        if deadline is not None and time.perf_counter() > deadline:
            break
        z = minimize(
            fall,
            z,
            (heat,),
            "L-BFGS-B",
            jac=True,
            bounds=[(0.0, None)] * z.size,
            callback=look_at_the_clock,
            options={"maxiter": iterations, "maxcor": 20, "ftol": 1e-9, "gtol": 0.0},
        ).x
        trial = np.reshape(z, shape) * scale
        bound = hard(trial)
        if bound > best:
            best, prices = bound, trial
    return best, prices
