"""Judging plays: the environment is stepped with what was decided."""

import numpy as np
import pytest

import mec_env
from mec_env.judging import playing
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


class Noting:
    """Runs everything locally, and notes how it is called."""

    def __init__(self):
        self.calls = []

    def prepare(self, scenario):
        self.calls.append(("prepare", scenario))

    def reset(self, seed):
        self.calls.append(("reset", seed))

    def decide(self, slot):
        self.calls.append(("decide", slot))
        return [0] * 5


def test_a_policy_is_prepared_for_each_world_and_reset_with_a_seed_of_each_episode():
    policy = Noting()
    mec_env.evaluate(policy, SUITE, seed=2)
    kinds = [kind for kind, _ in policy.calls]
    assert kinds == (["prepare"] + (["reset"] + ["decide"] * 4) * 3) * 2
    prepared = [given for kind, given in policy.calls if kind == "prepare"]
    assert prepared == [SCENARIO.replace(world_seed=0), SCENARIO.replace(world_seed=3)]
    # 2 * 1,000,000,007 and 1,000,003 a world; the episodes are 0, 1, 2.
    first, last = 2_000_000_014, 2_000_000_014 + 3_000_009
    seeds = [given for kind, given in policy.calls if kind == "reset"]
    assert seeds == [first, first + 1, first + 2, last, last + 1, last + 2]


def test_no_seed_is_seed_0():
    policies = Noting(), Noting()
    list(SUITE.play(policies[0]))
    list(playing.play(SUITE, policies[1]))
    mec_env.evaluate(policy := Noting(), SUITE)
    for noted in (*policies, policy):
        seeds = [given for kind, given in noted.calls if kind == "reset"]
        assert seeds == [0, 1, 2, 3_000_009, 3_000_010, 3_000_011]


class Clock:
    """Each look at it takes a second more than the last one."""

    def __init__(self):
        self.looks = 0

    def perf_counter(self):
        self.looks += 1
        return self.looks * (self.looks + 1) / 2


class Observes:
    def act(self, observation):
        return np.zeros(5, dtype=int)


class Agents:
    def act(self, agent, observation):
        return np.zeros(5, dtype=np.float32)


@pytest.mark.parametrize("policy", [Noting(), Observes(), Agents()], ids=lambda p: type(p).__name__)
def test_the_seconds_of_a_decision_are_from_before_it_to_after_it(policy, monkeypatch):
    monkeypatch.setattr(playing, "time", Clock())
    # Looks at 1 and 3, 6 and 10, 15 and 21, ...
    record = mec_env.evaluate(policy, SUITE)
    assert record.seconds.tolist() == list(range(2, 50, 2))


def test_decisions_made_before_take_no_time():
    record = mec_env.evaluate(np.zeros((24, 5), dtype=int), SUITE)
    assert record.seconds.tolist() == [0.0] * 24


class Floats:
    """Numbers that are no integers: scores, 0.7 for server 2."""

    def act(self, observation):
        return [0.2] * 5 + [0.7] * 5


def test_numbers_that_are_no_integers_are_scores():
    assert (mec_env.evaluate(Floats(), SUITE).decision == 2).all()
    # Integers are decisions, and ten of them are too many.
    policy = Floats()
    policy.act = lambda observation: [0] * 10
    with pytest.raises(ValueError, match=r"^action: shape \(10,\), must be \(5,\)$"):
        mec_env.evaluate(policy, SUITE)


def test_an_unknown_object_is_told_what_a_policy_is():
    with pytest.raises(
        ValueError, match=r"^policy = 7: must have decide\(slot\), act\(observation"
    ):
        playing.is_local(7)
    assert playing.is_local(Agents()) is True
    assert playing.is_local(Observes()) is False and playing.is_local(Noting()) is False


def test_recorded_decisions_of_another_width_are_refused():
    with pytest.raises(ValueError, match=r"^decisions: shape \(24, 4\), must be \(24, 5\)$"):
        next(SUITE.play(np.zeros((24, 4), dtype=int)))


def test_what_was_decided_is_seen_before_the_step():
    seen = [slot.gain for slot, _, _ in SUITE.play(Noting())]
    env = mec_env.MECEnv.for_evaluation(SCENARIO.replace(world_seed=3))
    env.reset(seed=2)
    assert np.array_equal(seen[20], env.slot.gain)
    assert not np.array_equal(seen[21], env.slot.gain)
