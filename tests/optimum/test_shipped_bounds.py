"""The references that ship with the suites are bounds, belong to the slots, and are reached."""

import numpy as np
import pytest

import mec_env
from mec_env.judging.shipped_bounds import load_bounds

NAMES = list(mec_env.SUITES)
COUPLED = [name for name, suite in mec_env.SUITES.items() if suite.unit == "episode"]


@pytest.mark.parametrize("name", NAMES)
def test_reference_belongs_to_the_suite(name):
    suite, known = mec_env.SUITES[name], load_bounds(name)
    assert known.content_hash == suite.content_hash()
    assert known.decision.shape == (suite.size, suite.scenario.iotds)
    assert np.all(known.lower_bound <= known.objective)


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(COUPLED)))
def test_a_sample_recomputed(name):
    suite, known = mec_env.SUITES[name], load_bounds(name)
    sample = set(range(0, suite.size, max(1, suite.size // 8)))
    for k, slot in enumerate(suite.slots()):
        if k not in sample:
            continue
        reached = mec_env.outcome(slot, known.decision[k]).objective
        assert reached == pytest.approx(known.objective[k], rel=1e-12)
        # An independent bound can't pass what a decision reaches, nor a decision the stored bound.
        fresh = mec_env.certify(slot, effort="tight")
        assert fresh.lower_bound <= reached
        assert known.lower_bound[k] <= fresh.objective * (1 + 1e-12)


@pytest.mark.parametrize(
    "name", ["paper-medium-v1", "paper-large-v1", "paper-xlarge-v1", "square-km-v1"]
)
def test_proved(name):
    known = load_bounds(name)
    assert np.all(known.objective / known.lower_bound - 1 <= 1e-6)


@pytest.mark.parametrize("name", COUPLED)
def test_an_episodes_decisions_replay_to_what_ships(name):
    suite, known = mec_env.SUITES[name], load_bounds(name)
    played = mec_env.evaluate(known.decision.astype(np.int64), suite)
    assert played.objective == pytest.approx(known.objective, rel=1e-12)
    assert np.array_equal(played.lower_bound, known.lower_bound)
    # The Must is 0.2 % on average; nobody is far off.
    assert played.gap.mean() < 5e-4 and played.gap.max() < 1e-3
    episode = next(suite.episodes())
    fresh = mec_env.hindsight(episode)
    assert fresh.lower_bound <= known.objective[0]
    assert known.lower_bound[0] <= fresh.objective * (1 + 1e-12)


def test_a_cut_episode_has_a_bound_of_its_own():
    suite = mec_env.SUITES["rush-hour-v1"].only(worlds=1, episodes=1, slots=5)
    assert suite.reference() is None
    played = mec_env.evaluate(mec_env.RULES["greedy"](), suite)
    assert played.objective.shape == (1,) and played.lower_bound[0] <= played.objective[0]


def test_parts_have_their_own_rows():
    suite = mec_env.SUITES["paper-medium-v1"]
    bound, best = (a.reshape(5, 2, 100) for a in suite.reference())
    part = suite.world(3).only(episodes=1, slots=7)
    assert np.array_equal(part.reference()[0], bound[3, 0, :7])
    assert np.array_equal(part.reference()[1], best[3, 0, :7])


def test_suites_of_ones_own_are_certified_on_the_way():
    suite = mec_env.SUITES["square-km-v1"].only(worlds=1, episodes=1, slots=3)
    own = mec_env.Suite("mine", suite.scenario, suite.world_seeds, suite.episode_seeds)
    assert own.reference() is None
    rule = mec_env.RULES["greedy"]()
    shipped, fresh = mec_env.evaluate(rule, suite), mec_env.evaluate(rule, own)
    assert np.array_equal(shipped.objective, fresh.objective)
    # The fast certificate's bound is below the proved one, by its gap at most.
    assert np.all(fresh.lower_bound <= shipped.lower_bound * (1 + 1e-12))
    assert np.all(fresh.lower_bound >= shipped.lower_bound * (1 - 2e-3))
    # What is certified on the way is what certify says, slot after slot from the last one's prices.
    prices = None
    for k, slot in enumerate(own.slots()):
        certificate = mec_env.certify(slot, prices=prices)
        prices = certificate.prices
        assert (fresh.lower_bound[k], fresh.best[k]) == (
            certificate.lower_bound,
            certificate.objective,
        )
