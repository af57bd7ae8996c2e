"""The paper's vote, and the two rules that we add."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mec_env.laws.actions import vote


def voted(scores, gain=None):
    """Decision of scores (M, N) with gains (M, N)."""
    scores = np.asarray(scores, dtype=np.float32)
    gain = np.ones_like(scores) if gain is None else np.asarray(gain, dtype=np.float32)
    decision = np.full(scores.shape[1], -7)
    return decision.tolist() if vote(scores.ravel(), gain, decision) else None


def test_the_papers_example():
    # Section IV-C, item 5: 0.7, 0.8, 0.2 send the device to the second server.
    assert voted([[0.7], [0.8], [0.2]]) == [2]
    assert voted([[0.4], [0.49], [0.2]]) == [0]


def test_each_device_reads_its_own_column():
    assert voted([[0.9, 0.1, 0.6], [0.2, 0.3, 0.7]]) == [1, 0, 2]


def test_one_half_offloads():
    below = np.nextafter(np.float32(0.5), np.float32(0))
    assert voted([[0.5, below]]) == [1, 0]


def test_equal_scores_go_to_the_larger_gain_and_then_to_the_lower_server():
    assert voted([[0.8], [0.8], [0.8]], [[1.0], [3.0], [2.0]]) == [2]
    assert voted([[0.8], [0.8]], [[2.0], [2.0]]) == [1]
    assert voted([[0.5], [0.5]], [[1.0], [2.0]]) == [2]


def test_scores_are_clipped_to_0_and_1():
    # 3.4 and 1.2 are both 1, a tie that the gain decides; below 0 is 0, local.
    assert voted([[3.4], [1.2]], [[1.0], [2.0]]) == [2]
    assert voted([[-4.0], [-np.inf]]) == [0]
    assert voted([[np.inf], [1.0]], [[1.0], [2.0]]) == [2]


@pytest.mark.parametrize("place", [(0, 0), (1, 0), (0, 2), (1, 2)])
def test_not_a_number_is_reported(place):
    scores = np.full((2, 3), 0.7)
    scores[place] = np.nan
    assert voted(scores) is None


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_against_the_rule_in_plain_words(seed):
    rng = np.random.default_rng(seed)
    m, n = rng.integers(1, 6, 2)
    # Few different values, so that ties are common; some out of range.
    scores = rng.choice(np.float32([-1, 0, 0.3, 0.5, 0.7, 1, 1, 2]), (m, n))
    gain = rng.choice(np.float32([1, 2, 3]), (m, n))
    expected = []
    for i in range(n):
        ranked = [(min(scores[j, i], 1.0), gain[j, i], -j) for j in range(m)]
        score, _, j = max(ranked)
        expected.append(1 - j if score >= 0.5 else 0)
    assert voted(scores, gain) == expected
