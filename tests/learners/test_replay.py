"""The replay buffer: equation (15) by hand, who is overwritten, what a sample depends on."""

import numpy as np
import pytest

from dirs_solver.dirs.replay import Replay


def buffer(capacity=4, exponent=0.6):
    return Replay(capacity, 2, 3, 0.08, 0.02, exponent)


def fill(replay, demonstrations, own):
    shown = np.arange(demonstrations, dtype=np.float32)[:, None] + np.zeros(2, np.float32)
    replay.add_demonstrations(shown, np.zeros((demonstrations, 3), dtype=np.int64))
    for k in range(own):
        replay.add(np.full(2, 100 + k), np.full(3, 1))


def test_priorities_by_hand():
    replay = buffer()
    fill(replay, 2, 2)
    places = np.arange(4)
    replay.record(places, np.array([1.0, 1.0, 1.0, 1.0]))
    replay.record(places, np.array([1.3, 1.0, 0.5, 1.0]))
    # |variation| + epsilon_D for the first two, + epsilon_A for the others; to the 0.6.
    weight = np.array([0.32, 0.02, 0.58, 0.08]) ** 0.6
    np.testing.assert_allclose(replay.probabilities(), weight / weight.sum())


def test_what_was_never_trained_on_has_the_highest_priority():
    replay = buffer()
    fill(replay, 2, 1)
    np.testing.assert_allclose(
        replay.probabilities(), np.array([0.02, 0.02, 0.08]) ** 0.6 / (2 * 0.02**0.6 + 0.08**0.6)
    )
    for loss in (2.0, 1.0):
        replay.record(np.array([0]), np.array([loss]))
    np.testing.assert_allclose(replay.probabilities(), np.full(3, 1 / 3))


def test_samples_follow_the_priorities():
    replay = buffer()
    fill(replay, 2, 2)
    for losses in ([1.0, 1.0, 1.0, 1.0], [1.3, 1.0, 0.5, 1.0]):
        replay.record(np.arange(4), np.array(losses))
    drawn = replay.sample(100_000, 3, 0)
    share = np.bincount(drawn, minlength=4) / len(drawn)
    np.testing.assert_allclose(share, replay.probabilities(), atol=0.006)


def test_a_sample_is_a_function_of_seed_and_update():
    replay = buffer(100)
    fill(replay, 50, 10)
    first = replay.sample(20, 1, 7)
    np.testing.assert_array_equal(first, replay.sample(20, 1, 7))
    assert np.any(first != replay.sample(20, 1, 8)) and np.any(first != replay.sample(20, 2, 7))


def test_demonstrations_keep_their_places_and_the_oldest_of_the_rest_goes():
    replay = buffer()
    fill(replay, 1, 5)
    np.testing.assert_array_equal(replay.observation[:, 0], [0, 103, 104, 102])
    np.testing.assert_array_equal(
        replay.is_demonstration(np.arange(4)), [True, False, False, False]
    )
    assert len(replay) == 4


def test_a_new_transition_forgets_the_losses_of_the_one_it_overwrites():
    replay = buffer()
    fill(replay, 1, 3)
    for loss in (1.0, 2.0):
        replay.record(np.arange(4), np.full(4, loss))
    replay.add(np.zeros(2), np.zeros(3))
    assert np.isnan(replay.variation[1]) and np.isnan(replay.loss[1])


def test_a_buffer_full_of_demonstrations_takes_nothing_more():
    replay = buffer()
    fill(replay, 4, 3)
    assert len(replay) == 4 and replay.is_demonstration(np.arange(4)).all()
    with pytest.raises(ValueError, match="not empty"):
        fill(replay, 1, 0)
    with pytest.raises(ValueError, match="5, the buffer has 4 places"):
        fill(buffer(), 5, 0)


def test_arrays_restore_the_buffer():
    replay, other = buffer(), buffer()
    fill(replay, 1, 5)
    replay.record(np.array([0, 2]), np.array([1.0, 3.0]))
    other.restore(replay.arrays())
    for name in ("observation", "decision", "loss", "variation"):
        np.testing.assert_array_equal(getattr(other, name), getattr(replay, name))
    np.testing.assert_array_equal(other.probabilities(), replay.probabilities())
    assert other.added == 5
