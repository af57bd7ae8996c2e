"""A new actor explores no more than the task can bear."""

import numpy as np
import pytest

import mec_env
from dirs_solver import find_learner
from dirs_solver.shared import first_actor
from dirs_solver.shared.first_actor import bearable, exploring
from dirs_solver.shared.keep_best import JUDGED, Best

PAPER = mec_env.SCENARIOS["paper-medium"]
#: On its long links a few devices, offloaded at random, cost more than all others together.
HARSH = mec_env.SCENARIOS["square-km"].replace(iotds=20, mecs=2)


@pytest.mark.parametrize("start", [0.1, 0.7])
def test_where_offloading_is_cheap_the_start_stays(start):
    assert bearable(PAPER, 0, start) == start


def explored(start):
    """On slots that no start was set by."""
    return exploring(Best(HARSH, "decisions", 1), start, np.random.default_rng(1))


def test_where_links_are_bad_exploring_costs_about_as_much_again():
    assert explored(0.7) > 10.0
    # A few links make most of the mean, so it is not twice to the digit.
    assert 1.2 < explored(bearable(HARSH, 0, 0.7)) < 3.0


def test_exploring_is_the_cost_over_all_locals_on_the_judged_slots():
    best, local = Best(HARSH, "decisions", 1), np.zeros((JUDGED, 20), dtype=int)
    # Nobody offloads at a start of 1; at 0 everybody does, to one server where there is one.
    assert exploring(best, 1.0, np.random.default_rng(1)) == 1.0
    alone = Best(HARSH.replace(mecs=1), "decisions", 1)
    all_away = alone.objectives(lambda observed: local + 1).mean()
    expected = all_away / alone.objectives(lambda observed: local).mean()
    assert exploring(alone, 0.0, np.random.default_rng(1)) == pytest.approx(expected, rel=1e-12)


def test_the_share_that_offloads_falls_as_the_cost_it_adds_rises(monkeypatch):
    # Three tenths that offload add 5 times all-local's cost; a fifth of them, 0.06, adds it once.
    monkeypatch.setattr(first_actor, "exploring", lambda *given: 6.0)
    assert bearable(HARSH, 0, 0.7) == pytest.approx(0.94)
    # As much again is bearable.
    monkeypatch.setattr(first_actor, "exploring", lambda *given: 2.0)
    assert bearable(HARSH, 0, 0.7) == 0.7


@pytest.mark.parametrize("name", ["sb3-a2c", "sb3-ppo"])
def test_actors_of_decisions_begin_with_it(name):
    learner = find_learner(name)({"rows": 512, "n_steps": 1, "hidden": [8]})
    learner.learn(HARSH, 0, 512)
    assert learner.objectives[0] < 3.0 * learner.first, "the first policy is all-local"
