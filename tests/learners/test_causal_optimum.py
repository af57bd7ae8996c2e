"""The exact optimum of whoever doesn't know what comes, by value iteration on a tiny battery.

One device, one server; each slot's task is one of two, each with probability one half, and a fair
coin says whether a level is harvested after it.
"""

import itertools

import numpy as np
import pytest

from dirs_solver.references.battery import _look_back
from mec_env.optimum.hindsight.battery import BatteryProblem, solve

SLOTS, TOP, START, CONGESTION = 4, 4, 2, 0.3
#: Link cost, levels of the link, costs at home (full, half, drop), levels at home.
TASKS = (
    (1.0, 1, (2.0, 3.0, 6.0), (2, 1)),
    (0.4, 2, (1.5, 4.0, 9.0), (3, 1)),
)


def options(task, level):
    """(cost, levels used) of what a level allows; home is as fast as it can be."""
    link, link_use, home, home_use = task
    allowed = [(link + CONGESTION, link_use)] if link_use <= level else []
    for cost, used in zip(home, (*home_use, 0), strict=True):
        if used <= level:
            return [*allowed, (cost, used)]
    raise AssertionError("a drop uses nothing")


def value(slots, decide):
    """Expected cost (L + 1,) of ``slots`` slots; ``decide(choices, later)`` takes an option."""
    later = np.zeros(TOP + 1)
    for _ in range(slots):
        gained = np.array([0.5 * later[b] + 0.5 * later[min(b + 1, TOP)] for b in range(TOP + 1)])
        later = np.array(
            [
                np.mean([decide([(c, gained[b - u]) for c, u in options(t, b)]) for t in TASKS])
                for b in range(TOP + 1)
            ]
        )
    return later


def optimal(choices):
    return min(cost + later for cost, later in choices)


def myopic(choices):
    return sum(min(choices))


def test_the_expected_program_of_planning_is_value_iteration():
    link, link_use, home, home_use = (np.array(part) for part in zip(*TASKS, strict=True))
    harvest = np.full((SLOTS + 1, 1), 0.5)
    harvest[0] = 0.0  # before the first of the slots to come
    found = np.zeros((1, TOP + 1))
    _look_back(
        link.reshape(2, 1, 1), home.reshape(2, 1, 3), np.ones((2, 1)), link_use.reshape(2, 1, 1),
        home_use.reshape(2, 1, 2), np.array([CONGESTION]), harvest, 2, 0, SLOTS, found,
    )  # fmt: skip
    assert found[0] == pytest.approx(value(SLOTS, optimal), rel=1e-12)


def test_hindsight_is_below_the_causal_optimum_and_myopic_above_it():
    bounds = []
    for drawn in itertools.product(range(2), range(2), repeat=SLOTS):
        link, link_use, home, home_use = zip(*(TASKS[k] for k in drawn[::2]), strict=True)
        problem = BatteryProblem(
            link=np.array(link).reshape(SLOTS, 1, 1),
            local=np.array(home).reshape(SLOTS, 1, 3),
            weight=np.ones((SLOTS, 1)),
            congestion=np.array([CONGESTION]),
            link_use=np.array(link_use).reshape(SLOTS, 1, 1),
            local_use=np.array(home_use).reshape(SLOTS, 1, 2),
            harvest=np.array(drawn[1::2]).reshape(SLOTS, 1),
            start=np.array([START]),
            capacity=TOP,
        )
        bounds.append(solve(problem).lower_bound)
    best = value(SLOTS, optimal)[START]
    assert np.mean(bounds) < 0.999 * best
    assert best < 0.99 * value(SLOTS, myopic)[START]
