"""The exact optimum of whoever doesn't know what comes, by value iteration on a tiny battery.

One device, one server; each slot's task is one of two, each with probability one half, and a fair
coin says whether a level is harvested after it.
"""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from dirs_solver.references.battery import _look_back
from dirs_solver.references.skies import Skies
from mec_env import SCENARIOS, MECEnv
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


def looked_back(harvest, first, turns):
    """What planning expects to pay (L + 1,), by its own program."""
    link, link_use, home, home_use = (np.array(part) for part in zip(*TASKS, strict=True))
    found = np.zeros((1, TOP + 1))
    _look_back(
        link.reshape(2, 1, 1), home.reshape(2, 1, 3), np.ones((2, 1)), link_use.reshape(2, 1, 1),
        home_use.reshape(2, 1, 2), np.array([CONGESTION]), harvest, np.zeros(1, np.int64),
        np.array([first]), np.array(turns), 0, SLOTS, found,
    )  # fmt: skip
    return found[0]


def test_the_expected_program_of_planning_is_value_iteration():
    harvest = np.full((SLOTS + 1, 1, 1), 0.5)
    harvest[0] = 0.0  # before the first of the slots to come
    found = looked_back(harvest, [1.0], [[1.0]])
    assert found == pytest.approx(value(SLOTS, optimal), rel=1e-12)


def test_planning_counts_with_a_sky_that_may_turn():
    """Bursts of a level and a half a slot; the value of (level, sky) by value iteration."""
    scenario = SCENARIOS["harvest"].replace(harvest="on-off", harvest_on=2.0, harvest_off=4.0)
    skies = Skies(scenario)
    turns = ((0.75, 0.25), (0.5, 0.5))  # from a pause, from a burst
    assert skies.states.tolist() == [0.0, 1.0]
    assert skies.turns == pytest.approx(np.array(turns))

    def before(later, sky):
        """Expected (L + 1,) of a slot's start whose own sky is drawn after the sky of the last."""
        pause, burst = later[0], later[1]
        one, two = (np.array([burst[min(b + k, TOP)] for b in range(TOP + 1)]) for k in (1, 2))
        return turns[sky][0] * pause + turns[sky][1] * 0.5 * (one + two)

    later = np.zeros((2, TOP + 1))
    for _ in range(SLOTS):
        gained = [before(later, sky) for sky in (0, 1)]
        later = np.array(
            [
                [
                    np.mean([optimal([(c, g[b - u]) for c, u in options(t, b)]) for t in TASKS])
                    for b in range(TOP + 1)
                ]
                for g in gained
            ]
        )
    harvest = np.broadcast_to([0.0, 1.5], (SLOTS + 1, 1, 2))
    for sky in (0, 1):
        first = skies.ahead(np.array([float(sky)]))[0]
        found = looked_back(harvest, first, skies.turns)
        assert found == pytest.approx(before(later, sky), rel=1e-12)


@given(memory=st.just(0.0) | st.floats(1e-9, 0.999), sky=st.floats(-3.0, 3.0))
def test_a_sky_of_weather_goes_on_as_its_law_says(memory, sky):
    skies = Skies(SCENARIOS["harvest"].replace(sky_memory=memory))
    chances = skies.ahead(np.array([sky]))[0]
    assert chances.min() >= 0.0
    assert chances.sum() == pytest.approx(1.0)
    drawn = norm(memory * sky, np.sqrt(1.0 - memory**2))
    edges = 0.5 * (skies.states[1:] + skies.states[:-1])
    assert np.cumsum(chances)[:-1] == pytest.approx(drawn.cdf(edges), abs=1e-12)
    # Cut into intervals, it is off by less than half an interval but at the ends.
    if abs(memory * sky) < 1.0:
        assert chances @ skies.states == pytest.approx(memory * sky, abs=0.43)


@pytest.mark.parametrize("harvest", ["sun", "on-off"])
def test_skies_of_the_environment_turn_as_planning_counts(harvest):
    """Shares of all turns of an episode's skies, by the interval that each is in."""
    scenario = SCENARIOS["harvest"].replace(
        harvest=harvest, harvest_on=2.0, harvest_off=4.0, iotds=40, mecs=2, clusters=40, slots=200
    )
    skies = Skies(scenario)
    env = MECEnv(scenario)
    env.reset(seed=0)
    seen = []
    for _ in range(scenario.slots - 1):
        env.step(np.zeros(scenario.iotds, np.int64))
        seen.append(env.slot.coupled.facts["sky"].copy())
    before, after = np.ravel(seen[:-1]), np.ravel(seen[1:])
    edges = 0.5 * (skies.states[1:] + skies.states[:-1])
    into = np.searchsorted(edges, after)
    for k in range(len(skies.states)):
        at = np.searchsorted(edges, before) == k
        assert at.sum() > 200
        shares = np.bincount(into[at], minlength=len(skies.states)) / at.sum()
        # A share of so many turns is off by less than four of its deviations.
        assert shares == pytest.approx(
            skies.ahead(before[at]).mean(axis=0), abs=2.0 / at.sum() ** 0.5
        )


def test_a_file_of_irradiance_has_no_sky(tmp_path):
    file = tmp_path / "sun.csv"
    file.write_text("time,irradiance\n" + "".join(f"{k},{k % 3}\n" for k in range(30)))
    skies = Skies(SCENARIOS["harvest"].replace(harvest="file", harvest_file=str(file)))
    assert skies.ahead(np.zeros(3)).tolist() == [[1.0]] * 3


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
