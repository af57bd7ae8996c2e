"""Frozen suites stay frozen, and the evaluator shows each policy what it may see."""

import numpy as np
import pytest

import mec_env
from mec_env.judging.intervals import interval, tail
from mec_env.judging.suite import Suite
from mec_env.views.gym_env import MECEnv

# Over every drawn number: a change of physics, streams or scenarios shows here. Then either the
# change is a defect or the suite needs a new version.
HASHES = {
    "paper-medium-v1": "ded36453ea16cb94051e0ba7ff00ac6411692282ba1a83261f3d061317e82756",
    "paper-large-v1": "c0b350ca602813cf5da55668933c4c0d104dea732504f6dc48dd1d6f31616d16",
    "paper-xlarge-v1": "ec3e00f3fdaa1557a2680bcddc5229b8e837cfef6df842767268c6fd0c14b1f2",
    "square-km-v1": "4fff7d1f135b31d46a1e274cfdc2272f4bf50248d762f4b1e730f74e3a56012b",
    "city-like-v1": "28473b62091b2c0e888a9353fb009312e36c24bb887165e247deab93dea74d2c",
    "ladder-30x2-v1": "21bd28b6ada8a9d9e978c80774902ad34fcb371d6f02505da55637b95ba7ac84",
    "ladder-1000x32-v1": "ecc7a85625032b8cfaab3a33206aebc4fbf2ba94eb579753a95f466ea3d58c78",
    "ladder-10000x100-v1": "678e7815f4df895bb3e731a0215aea090f49c4951e723d26fa4ff0ea84161efe",
}


@pytest.mark.parametrize("name", HASHES)
def test_content_is_pinned(name):
    assert mec_env.SUITES[name].content_hash() == HASHES[name]


def test_every_suite_is_pinned():
    assert set(HASHES) == set(mec_env.SUITES)


def test_training_never_meets_evaluation():
    suite = mec_env.SUITES["square-km-v1"].only(worlds=1, episodes=1, slots=1)
    judged = next(suite.slots())
    env = MECEnv(suite.scenario.replace(world_seed=0))
    for seed in range(50):
        env.reset(seed=seed)
        # Gains are of 2^23 kinds, so single ones may coincide; a shared stream would share all.
        assert np.mean(env.slot.gain == judged.gain) < 0.01
        assert not np.intersect1d(env.slot.cycles, judged.cycles).size


def test_cuts_keep_the_first_slots():
    suite = mec_env.SUITES["paper-medium-v1"]
    cut = suite.only(worlds=1, episodes=1, slots=3)
    assert cut.size == 3
    assert cut.name != suite.name
    for a, b in zip(cut.slots(), suite.slots()):
        assert np.array_equal(a.gain, b.gain)
    assert suite.only(worlds=5) == suite


class ByDecision:
    """Decides as the greedy rule does, from the slot."""

    def decide(self, slot):
        return mec_env.RULES["best-link"]().decide(slot)


class ByObservation:
    """The same from the whole observation, answered with a decision."""

    def __init__(self, scenario):
        self.shape = (scenario.mecs, scenario.iotds)

    def act(self, observation):
        return (
            np.argmax(observation[: self.shape[0] * self.shape[1]].reshape(self.shape), axis=0) + 1
        )


class ByScores(ByObservation):
    """The same, answered with scores."""

    def act(self, observation):
        best = super().act(observation) - 1
        scores = np.zeros(self.shape, dtype=np.float32)
        scores[best, np.arange(self.shape[1])] = 1.0
        return scores.ravel()


class Locally:
    """Every server asks for everyone: the vote's tie rule makes it the best link too."""

    def __init__(self):
        self.seen = set()

    def act(self, agent, observation):
        self.seen.add((agent, observation.size))
        return np.ones(30, dtype=np.float32)


def test_four_kinds_of_policy_agree():
    suite = mec_env.SUITES["paper-medium-v1"].only(worlds=2, episodes=1, slots=5)
    local = Locally()
    policies = ByDecision(), ByObservation(suite.scenario), ByScores(suite.scenario), local
    records = [mec_env.evaluate(policy, suite) for policy in policies]
    for record in records[1:]:
        assert np.array_equal(record.objective, records[0].objective)
        assert np.array_equal(record.energy, records[0].energy)
        assert np.array_equal(record.decision, records[0].decision)
    # Two servers see their own 30 gains each and nothing else.
    assert local.seen == {("mec_0", 30), ("mec_1", 30)}


def test_record_matches_outcome():
    suite = mec_env.SUITES["square-km-v1"].only(worlds=2, episodes=2, slots=3)
    rule = mec_env.RULES["greedy"]()
    record = mec_env.evaluate(rule, suite)
    outcomes = [mec_env.outcome(slot, rule.decide(slot)) for slot in suite.slots()]
    assert record.objective.tolist() == [o.objective for o in outcomes]
    assert record.time.tolist() == [o.time for o in outcomes]
    # The decisions are on record, so that anybody can work the objectives out again.
    again = [mec_env.outcome(s, d) for s, d in zip(suite.slots(), record.decision)]
    assert record.objective.tolist() == [o.objective for o in again]


def test_intervals():
    suite = mec_env.SUITES["square-km-v1"].only(slots=2)
    greedy = mec_env.evaluate(mec_env.RULES["greedy"](), suite)
    local = mec_env.evaluate(mec_env.RULES["local"](), suite)
    mean, low, high = greedy.interval()
    assert low < mean < high
    # Five worlds: the interval of their mean lies within their range.
    means = greedy.objective.reshape(5, -1).mean(axis=1)
    assert means.min() <= low and high <= means.max()
    mean, low, high = greedy.minus(local)
    assert high < 0
    assert mean == pytest.approx(greedy.objective.mean() - local.objective.mean(), rel=1e-12)
    with pytest.raises(ValueError, match="same suite"):
        greedy.minus(mec_env.evaluate(mec_env.RULES["local"](), suite.only(worlds=2)))


def test_percentiles_lie_further_out_for_few_units():
    # t of 4 degrees of freedom at 97.5 % is 2.7764; times the root of 5/4 it is 3.1042,
    # beyond which lie 0.0954 % of a normal.
    assert tail(5) == pytest.approx(0.000954, rel=2e-3)
    assert tail(100_000) == pytest.approx(0.025, rel=1e-3)


def test_intervals_of_five_worlds_hold_the_truth():
    # Of a thousand cases these do in some 910, plain percentiles in 830.
    rng, suite = np.random.default_rng(5), mec_env.SUITES["paper-medium-v1"]
    held = 0
    for _ in range(1000):
        _, low, high = interval(suite, rng.normal(size=5))
        held += low <= 0.0 <= high
    assert held >= 880


def test_random_rule_is_drawn_by_episode():
    suite = mec_env.SUITES["paper-medium-v1"].only(worlds=2, slots=2)
    rule = mec_env.RULES["random"]()
    first, again = mec_env.evaluate(rule, suite), mec_env.evaluate(rule, suite)
    assert np.array_equal(first.objective, again.objective)
    assert len(set(first.objective)) == suite.size
    other = mec_env.evaluate(rule, suite, seed=1)
    assert not (first.decision == other.decision).all(axis=1).any()


def test_unknown_suite_and_policy():
    with pytest.raises(ValueError, match="did you mean 'square-km-v1'"):
        mec_env.evaluate(mec_env.RULES["local"](), "square-km")
    with pytest.raises(ValueError, match="decide"):
        mec_env.evaluate(object(), "square-km-v1")


def test_suites_are_values():
    suite = mec_env.SUITES["paper-medium-v1"]
    assert suite == Suite(
        suite.name, suite.scenario, suite.world_seeds, suite.episode_seeds, suite.frozen
    )
    assert suite.world(3).world_seeds == (3,)
