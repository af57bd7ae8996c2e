"""An Evaluation's numbers by hand: its interval over worlds or episodes, and its two NRRs."""

from types import SimpleNamespace

import numpy as np
import pytest

import mec_env
from mec_env.judging import evaluation
from mec_env.judging.evaluation import Evaluation, join

SCENARIO = mec_env.SCENARIOS["paper-medium"].replace(slots=2)
SMALL = mec_env.Suite("own", mec_env.Scenario(mecs=2, iotds=5, slots=4), (0, 3), (0, 1, 2))


def judged(objective, worlds, episodes, lower_bound=None, best=None):
    """An Evaluation of ``worlds`` worlds of ``episodes`` episodes of two slots."""
    suite = mec_env.Suite("own", SCENARIO, tuple(range(worlds)), tuple(range(episodes)))
    objective = np.array(objective, dtype=float)
    assert objective.shape == (suite.size,)
    rest = np.zeros(suite.size)
    return Evaluation(
        suite,
        objective=objective,
        lower_bound=rest if lower_bound is None else np.array(lower_bound),
        best=rest if best is None else np.array(best),
        time=rest,
        energy=rest,
        offloaded=rest,
        seconds=rest,
        decision=np.zeros((suite.size, SCENARIO.iotds), dtype=np.uint8),
    )


def test_of_one_world_the_episodes_are_redrawn():
    # Episodes' means: (1 + 3) / 2 = 2, (4 + 8) / 2 = 6 and (3 + 5) / 2 = 4. The mean of three redrawn
    # ones is 2 in one case of 27 and 6 in another, and the percentiles of three units (t of 2
    # degrees of freedom is 4.303, times the root of 3/2) lie further out than that.
    mean, low, high = judged([1, 3, 4, 8, 3, 5], worlds=1, episodes=3).interval()
    assert (mean, low, high) == pytest.approx((4.0, 2.0, 6.0), rel=1e-12)


def test_of_several_worlds_the_worlds_are_redrawn_whole():
    # Two worlds of two episodes: (1 + 3 + 4 + 8) / 4 = 4 and (3 + 5 + 10 + 14) / 4 = 8. An interval
    # over the four episodes would reach beyond, towards 2 and 12.
    mean, low, high = judged([1, 3, 4, 8, 3, 5, 10, 14], worlds=2, episodes=2).interval()
    assert (mean, low, high) == pytest.approx((6.0, 4.0, 8.0), rel=1e-12)


def test_of_one_world_and_one_episode_there_is_nothing_to_redraw():
    assert judged([1, 4], worlds=1, episodes=1).interval() == (2.5, 2.5, 2.5)


def test_episodes_of_one_mean_have_an_interval_of_one_point():
    # Slots within an episode are alike for a reason: what they differ by is not counted.
    assert judged([1, 3, 0, 4], worlds=1, episodes=2).interval() == (2.0, 2.0, 2.0)


def test_the_interval_of_other_values_is_of_those():
    evaluation = judged([1, 3, 4, 8], worlds=1, episodes=2)
    mean, low, high = evaluation.interval([0.5, 0.1, 0.7, 0.9])
    assert (mean, low, high) == pytest.approx((0.55, 0.3, 0.8), rel=1e-12)
    assert all(type(value) is float for value in (mean, low, high))


def test_more_confidence_is_a_wider_interval():
    rng = np.random.default_rng(0)
    evaluation = judged(rng.normal(10.0, 1.0, 80), worlds=1, episodes=40)
    wide, narrow = evaluation.interval(confidence=0.95), evaluation.interval(confidence=0.5)
    assert wide[0] == narrow[0]
    assert wide[1] < narrow[1] < narrow[0] < narrow[2] < wide[2]
    # The middle half of a normal is 0.674 deviations to either side, 95 % 1.96: of the mean of 40
    # episodes' means, whose deviation is estimated within some 12 %.
    deviation = evaluation.objective.reshape(40, 2).mean(axis=1).std(ddof=1) / 40**0.5
    assert narrow[2] - narrow[1] == pytest.approx(2 * 0.674 * deviation, rel=0.1)
    assert wide[2] - wide[1] == pytest.approx(2 * 2.02 * deviation, rel=0.1)


def test_a_paired_difference_has_the_interval_of_the_differences():
    one = judged([1, 3, 4, 8], worlds=1, episodes=2)
    other = judged([3, 3, 5, 5], worlds=1, episodes=2)
    # Differences -2, 0, -1, 3: of the episodes -1 and 1.
    assert one.minus(other) == pytest.approx((0.0, -1.0, 1.0), rel=1e-12, abs=1e-12)


def test_the_two_normalised_reward_rates_and_the_gap():
    # A reward is 1 / objective. The best known costs 4, the policy 5: (1/5) / (1/4) = 0.8. The
    # bound is 3: (1/5) / (1/3) = 0.6, and the gap (5 - 3) / 3.
    evaluation = judged([5.0, 2.0], 1, 1, lower_bound=[3.0, 1.0], best=[4.0, 2.0])
    assert evaluation.nrr_paper == pytest.approx([0.8, 1.0], rel=1e-15)
    assert evaluation.nrr == pytest.approx([0.6, 0.5], rel=1e-15)
    assert evaluation.gap == pytest.approx([2 / 3, 1.0], rel=1e-15)


def test_the_papers_rate_is_that_of_rewards():
    suite = mec_env.SUITES["square-km-v1"].only(worlds=1, episodes=1, slots=3)
    evaluation = mec_env.evaluate(mec_env.RULES["greedy"](), suite)
    known = mec_env.evaluate(mec_env.RULES["certified"](), suite)
    _, best = suite.reference()
    env = mec_env.MECEnv.for_evaluation(next(suite.worlds())[1])
    env.reset(seed=0)
    rule = mec_env.RULES["greedy"]()
    for k in range(3):
        reward = env.step(rule.decide(env.slot))[1]
        assert evaluation.nrr_paper[k] == pytest.approx(reward / (1.0 / best[k]), rel=1e-12)
    # Nothing beats what is known for the slot, which was proved.
    assert np.all(known.nrr_paper <= 1.0 + 1e-6) and np.all(evaluation.nrr_paper < known.nrr_paper)


@pytest.mark.parametrize("slots, said", [(1, "1 slot,"), (2, "2 slots,"), (3, "3 slots,")])
def test_one_line_counts_its_slots(slots, said):
    suite = mec_env.Suite("own", SCENARIO.replace(slots=slots), (0,), (0,))
    assert said in repr(mec_env.evaluate(mec_env.RULES["local"](), suite))


def test_one_line_counts_its_episodes_where_they_are_scored():
    suite = mec_env.Suite("own", SCENARIO, (0,), (0, 1), unit="episode")
    assert "2 episodes," in repr(mec_env.evaluate(mec_env.RULES["local"](), suite))


def test_an_interval_of_many_worlds_is_that_of_redrawn_means():
    # Of 40 worlds, tail() says which percentiles; here of redraws made by hand.
    from mec_env.judging.intervals import tail

    means = np.linspace(0.0, 39.0, 40) ** 1.5
    evaluation = judged(np.repeat(means, 2), worlds=40, episodes=1)
    redrawn = means[np.random.default_rng(7).integers(0, 40, (20_000, 40))].mean(axis=1)
    share = tail(40)
    by_hand = np.quantile(redrawn, [share, 1.0 - share])
    found = evaluation.interval()
    assert found[1:] == pytest.approx(by_hand, rel=0.02)
    # Redraws are the same every time and everywhere: an interval is part of a record.
    assert found[1:] == pytest.approx((74.65405492949235, 122.5883258256282), rel=1e-12)


def test_a_decision_takes_as_long_as_it_takes():
    class Acts:
        def act(self, observation):
            return np.zeros(SCENARIO.iotds, dtype=int)

    suite = mec_env.Suite("own", SCENARIO, (0,), (0,))
    assert (mec_env.evaluate(Acts(), suite).seconds < 60.0).all()
    assert (mec_env.evaluate(np.zeros((2, 30), dtype=int), suite).seconds == 0.0).all()


def test_evaluations_of_different_suites_are_not_paired():
    one = judged([1, 2], worlds=1, episodes=1)
    with pytest.raises(ValueError, match=r"only those on the same suite can be paired$"):
        one.minus(judged([1, 2, 3, 4], worlds=2, episodes=1))


def test_an_interval_is_that_of_plain_redraws_and_the_same_whenever_it_is_asked_for():
    # Worlds' means 2, 4 and 9, redrawn 9,999 times, and the percentiles at and opposite the tail. At
    # 50 % a t of 2 degrees of freedom is 0.8165; times the root of 3/2 it is 1, beyond which lies
    # 15.87 % of a normal.
    evaluation = judged([1, 3, 3, 5, 8, 10], worlds=3, episodes=1)
    redrawn = np.random.default_rng(0).integers(0, 3, (9999, 3))
    means = np.array([2.0, 4.0, 9.0])[redrawn].mean(axis=1)
    low, high = np.percentile(means, [15.8655, 84.1345])
    found = evaluation.interval(confidence=0.5)
    assert found == pytest.approx((5.0, low, high), rel=1e-12)
    assert evaluation.interval(confidence=0.5) == found


def test_alike_values_have_an_interval_of_one_point_to_the_bit():
    # 0.1 has no exact binary form, and sums of it in another order round to other means.
    evaluation = judged([0.1] * 14, worlds=1, episodes=7)
    mean, low, high = evaluation.interval()
    assert mean == low == high == pytest.approx(0.1, rel=1e-15)


def test_single_precision_values_are_averaged_in_double_precision():
    # 2^24 + 1 is no float32 number: half of it would lose its .5.
    evaluation = judged([1, 1], worlds=1, episodes=1)
    assert evaluation.interval(np.float32([2**24, 1]))[0] == 8388608.5


def test_an_evaluation_says_slot_of_one_and_slots_of_two():
    for count, words in ((1, "1 slot"), (2, "2 slots")):
        suite = mec_env.Suite("own", SCENARIO.replace(slots=count), (0,), (0,))
        record = mec_env.evaluate(mec_env.RULES["local"](), suite)
        assert repr(record).startswith(f"Evaluation(own: {words}, mean objective ")


def test_evaluations_of_other_suites_are_told_apart_by_name():
    one, other = judged([1, 2], 1, 1), judged([1, 2, 3, 4], 1, 2)
    words = "^evaluations on 'own' and 'own': only those on the same suite can be paired$"
    with pytest.raises(ValueError, match=words):
        one.minus(other)


def test_worlds_are_joined_in_order_column_by_column():
    whole = mec_env.Suite("own", SCENARIO.replace(slots=2), (0, 1), (0,))
    rule = mec_env.RULES["random"]()
    parts = [mec_env.evaluate(rule, whole.world(k)) for k in range(2)]
    joined = join(whole, iter(parts))
    assert joined.suite is whole
    judged_at_once = mec_env.evaluate(rule, whole)
    for column in "objective lower_bound best time energy offloaded decision".split():
        found = getattr(joined, column)
        assert np.array_equal(found[:2], getattr(parts[0], column))
        assert np.array_equal(found[2:], getattr(parts[1], column))
    assert np.array_equal(joined.objective, judged_at_once.objective)


def test_progress_is_told_of_every_slot():
    told = []
    mec_env.evaluate(mec_env.RULES["local"](), SMALL, progress=told.append)
    assert told == [1] * 24


def test_given_bounds_are_taken_as_they_are():
    low, best = list(range(1, 25)), np.arange(24) + 0.5
    record = mec_env.evaluate(mec_env.RULES["local"](), SMALL, bounds=(low, best))
    assert record.lower_bound.tolist() == low and record.best.tolist() == best.tolist()


def test_slots_without_shipped_bounds_are_certified_each_from_the_last_ones_prices(monkeypatch):
    calls = []

    def certify(slot, prices):
        calls.append((slot, prices))
        k = len(calls)
        return SimpleNamespace(prices=k, lower_bound=k, objective=2 * k)

    monkeypatch.setattr(evaluation, "certify", certify)
    record = mec_env.evaluate(mec_env.RULES["local"](), SMALL)
    assert [prices for _, prices in calls] == [None, *range(1, 24)]
    for (slot, _), there in zip(calls, SMALL.slots(), strict=True):
        assert np.array_equal(slot.gain, there.gain)
    assert record.lower_bound.tolist() == list(range(1, 25))
    assert record.best.tolist() == list(range(2, 50, 2))


def test_decisions_are_kept_in_the_smallest_type_that_holds_every_server():
    assert evaluation._smallest(255) is np.uint8
    assert evaluation._smallest(256) is np.uint16
    record = mec_env.evaluate(mec_env.RULES["local"](), SMALL)
    assert record.decision.dtype == np.uint8 and record.decision.shape == (24, 5)
    assert record.time.dtype == np.float64
