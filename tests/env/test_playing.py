"""Judging plays: the environment is stepped with what was decided."""

import numpy as np
import pytest

import mec_env
from mec_env.judging.suite import Suite

SCENARIO = mec_env.Scenario(mecs=2, iotds=5, slots=4)
SUITE = Suite("own", SCENARIO, (0, 3), (0, 1, 2))


def test_a_play_yields_slot_decision_and_outcome_in_the_suites_order():
    played = list(SUITE.play(mec_env.RULES["greedy"]()))
    assert len(played) == SUITE.size == 24
    for there, (slot, decision, outcome) in zip(SUITE.slots(), played, strict=True):
        np.testing.assert_array_equal(there.gain, slot.gain)
        judged = mec_env.outcome(slot, decision)
        assert outcome.objective == judged.objective
        assert (outcome.time, outcome.energy) == (judged.time, judged.energy)
        assert outcome.offloaded == np.mean(decision > 0)


def test_decisions_play_as_the_policy_that_made_them():
    policy = mec_env.RULES["random"]()
    first = mec_env.evaluate(policy, SUITE, seed=4)
    again = mec_env.evaluate(first.decision, SUITE)
    np.testing.assert_array_equal(first.objective, again.objective)
    np.testing.assert_array_equal(first.decision, again.decision)


def test_slots_are_made_on_request_alone():
    still = np.zeros((SUITE.size, 5), dtype=int)
    assert {played.slot for played in SUITE.play(still, slots=False)} == {None}


def test_decisions_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"decisions: shape \(23, 5\), must be \(24, 5\)"):
        next(SUITE.play(np.zeros((23, 5), dtype=int)))


def test_an_episode_is_a_unit_of_score_with_its_slots_sums():
    policy = mec_env.RULES["greedy"]()
    slots = mec_env.evaluate(policy, SUITE)
    whole = Suite("own", SCENARIO, (0, 3), (0, 1, 2), unit="episode")
    episodes = mec_env.evaluate(policy, whole)
    assert episodes.objective.shape == episodes.gap.shape == (6,)
    for key in ("objective", "lower_bound", "best", "time", "energy"):
        sums = getattr(slots, key).reshape(6, 4).sum(axis=1)
        np.testing.assert_allclose(getattr(episodes, key), sums, rtol=1e-12)
    shares = slots.offloaded.reshape(6, 4).mean(axis=1)
    np.testing.assert_allclose(episodes.offloaded, shares)
    np.testing.assert_array_equal(episodes.decision, slots.decision)
    assert episodes.interval()[0] == pytest.approx(4 * slots.interval()[0])


def test_a_unit_has_a_known_name():
    with pytest.raises(ValueError, match="unit = 'week': must be one of episode, slot"):
        Suite("own", SCENARIO, (0,), (0,), unit="week")


class Scores:
    """A policy that says in which mode it acts; its scores are integers, 1 for server 2."""

    actions = "scores"

    def act(self, observation):
        return np.repeat([0, 1], 5)


def test_a_policy_may_say_its_mode():
    assert (mec_env.evaluate(Scores(), SUITE).decision == 2).all()
