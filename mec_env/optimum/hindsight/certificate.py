"""Certificates of whole episodes: a bound that no policy can pass, and decisions near it.

Where nothing passes from slot to slot, this module uses the certificates of the slots. Where
something does, it calls ``moving``, ``battery`` or ``backlog``.
"""

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mec_env import checks
from mec_env.laws.coupling import battery_kernel, coupling_of
from mec_env.laws.coupling.battery import numbers as battery_numbers
from mec_env.one_line import one_line
from mec_env.optimum.certificate import certify_problem, relative_gap
from mec_env.optimum.hindsight import backlog, battery, moving
from mec_env.optimum.hindsight.ascent import Found
from mec_env.optimum.problem import Problem
from mec_env.physics import cost
from mec_env.physics.slot import physics_of

if TYPE_CHECKING:
    from mec_env.simulator.episode import Episode


@dataclass(frozen=True, eq=False, repr=False)
class HindsightCertificate:
    """What is known about the best decisions of an episode whose draws are all known beforehand.

    Attributes
    ----------
    decisions : (T, N) int64
        0 (local) or 1 .. M; ``episode.replay(decisions)`` gives the objective, slot by slot.
    objective : float
        Sum of the decisions' objectives over the episode.
    lower_bound : float
        No decisions cost less, and so no policy does.
    gap : float
        (objective - lower_bound) / lower_bound; 0 if both are 0.
    prices : (T, M) float64
        Price of each server in each slot per unit of load, the square root of a cycle. They serve
        as ``prices=`` for a similar episode.
    seconds : float
        Wall time it took [s].
    """

    decisions: NDArray[np.int64]
    objective: float
    lower_bound: float
    gap: float
    prices: NDArray[np.float64]
    seconds: float

    __repr__ = one_line


def hindsight(
    episode: "Episode", prices: ArrayLike | None = None, time_limit: float | None = None
) -> HindsightCertificate:
    """Bound what any policy can reach in an episode, and find decisions near the bound.

    Parameters
    ----------
    episode : mec_env.Episode
    prices : (T, M) array_like, optional
        Prices to start from, 0 or more, such as those of a similar episode.
    time_limit : float, optional
        Seconds after which no further step begins. The result is what was found by then; its bound
        is valid whenever the search stops.

    Returns
    -------
    HindsightCertificate

    Raises
    ------
    ValueError
        For prices of a wrong shape or a value that is not allowed.
    """
    started = time.perf_counter()
    s = episode.scenario
    if time_limit is not None:
        checks.number("time_limit", time_limit, " [s]", positive=False)
    warm = None
    if prices is not None:
        warm = np.array(prices, dtype=np.float64, order="C")
        if warm.shape != (episode.slots, s.mecs):
            raise ValueError(f"prices: shape {warm.shape}, must be ({episode.slots}, {s.mecs})")
        if not (np.isfinite(warm) & (warm >= 0.0)).all():
            raise ValueError("prices: must be finite numbers of 0 or more")
    found = _SOLVERS[coupling_of(s)](episode, warm, time_limit)
    gap = relative_gap(found.objective, found.lower_bound)
    return HindsightCertificate(
        found.decision, found.objective, found.lower_bound, gap, found.prices,
        time.perf_counter() - started,
    )  # fmt: skip


def _costs(episode):
    """Costs of links (T, N, M), of local runs (T, N), and roots of the cycles (T, N)."""
    physics = physics_of(episode.scenario)
    link = np.empty(episode.gain.shape)
    for t in range(episode.slots):
        gain = np.ascontiguousarray(episode.gain[t].T)
        cost.link_costs(physics, gain, episode.data_bits[t], link[t])
    seconds = episode.cycles / episode.local_speed
    local = seconds * (physics.weight_time + physics.weight_energy * episode.local_power)
    return link, local, np.sqrt(episode.cycles)


def _apart(episode, warm, time_limit):
    """Slots that don't depend on each other: the sum of their bounds."""
    link, local, weight = _costs(episode)
    s = episode.scenario
    congestion = s.weight_time / episode.server_speed
    ends = None if time_limit is None else time.perf_counter() + time_limit
    rows = []
    for t in range(episode.slots):
        left = None if ends is None else max(ends - time.perf_counter(), 0.0)
        start = None if warm is None else warm[t]
        problem = Problem(link[t], local[t], weight[t], congestion)
        rows.append(certify_problem(problem, "tight", start, left))
    bounds, objectives = (sorted(values) for values in zip(*((r.lower_bound, r.objective) for r in rows)))  # fmt: skip
    # Each addition may round up by half a unit of the sum so far.
    bound = sum(bounds) * (1.0 - episode.slots * 2.0**-52)
    decisions = np.array([r.decision for r in rows])
    return Found(decisions, sum(objectives), bound, np.array([r.prices for r in rows]))


def moving_problem(episode):
    """An episode of users that move as the program over its slots takes it."""
    s = episode.scenario
    link, local, weight = _costs(episode)
    a_second = s.weight_time + s.weight_energy * s.idle_power
    return moving.MovingProblem(
        link, local, weight, s.weight_time / episode.server_speed,
        a_second * episode.drawn["migration_seconds"], episode.drawn["holder"] - 1,
    )  # fmt: skip


def battery_problem(episode):
    """An episode of batteries as the program over its slots takes it."""
    s = episode.scenario
    physics, law = physics_of(s), battery_numbers(s)
    link, _, weight = _costs(episode)
    t, n, m = link.shape
    seconds = episode.cycles / episode.local_speed
    joules = seconds * episode.local_power
    local = np.stack(
        [
            s.weight_time * seconds + s.weight_energy * joules,
            s.weight_time * 2.0 * seconds + s.weight_energy * 0.25 * joules,
            np.full((t, n), s.weight_time * s.drop_seconds),
        ],
        axis=2,
    )
    link_use, home_use = np.empty((t, n, m), np.int64), np.empty((t, n, 2), np.int64)
    for k in range(t):
        gain = np.ascontiguousarray(episode.gain[k].T)
        battery_kernel.options(
            physics, law, gain, episode.data_bits[k], seconds[k], episode.local_power, link_use[k],
            home_use[k],
        )  # fmt: skip
    return battery.BatteryProblem(
        link, local, weight, s.weight_time / episode.server_speed, link_use, home_use,
        episode.drawn["harvest"], episode.drawn["level"], s.battery_levels,
    )  # fmt: skip


def backlog_problem(episode):
    """An episode of queues as the program over its slots takes it."""
    s = episode.scenario
    link, local, _ = _costs(episode)
    served = episode.drawn["served"]
    return backlog.BacklogProblem(
        link, local, episode.drawn["present"], s.weight_time * s.slot_seconds / served, served
    )


def _moving(episode, warm, time_limit):
    return moving.solve(moving_problem(episode), warm, time_limit)


def _battery(episode, warm, time_limit):
    return battery.solve(battery_problem(episode), warm, time_limit)


def _backlog(episode, warm, time_limit):
    # Its prices are a task's; all tasks are equal.
    root = math.sqrt(episode.cycles[0, 0])
    found = backlog.solve(
        backlog_problem(episode), None if warm is None else warm * root, time_limit
    )
    return found._replace(prices=found.prices / root)


_SOLVERS = {"none": _apart, "moving": _moving, "battery": _battery, "backlog": _backlog}
