"""The paper's vote, the two rules that we add, and what an action may be in each mode."""

import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st

from mec_env import Scenario
from mec_env.laws.actions import (
    DECISIONS,
    MODE_OF_AGENTS,
    MODES,
    SCORES,
    as_action,
    decode,
    first_bad,
    vote,
)


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


def test_the_code_of_a_mode_says_how_an_action_becomes_a_decision():
    # The device's scores are 0.6 and 0.9 for servers of gain 2 and 1: server 2. Read as decisions,
    # the same two numbers would be those of two devices.
    gain, decision = np.float32([[2.0], [1.0]]), np.full(1, -7)
    decode(SCORES, np.float32([0.6, 0.9]), gain, decision)
    assert decision.tolist() == [2]
    decode(DECISIONS, np.array([1]), gain, decision)
    assert decision.tolist() == [1]
    assert (MODES["decisions"].code, MODES["scores"].code) == (DECISIONS, SCORES)


def test_every_device_has_its_decision_decoded():
    decision = np.full(4, -7)
    decode(DECISIONS, np.array([3, 0, 1, 2]), np.ones((3, 4), dtype=np.float32), decision)
    assert decision.tolist() == [3, 0, 1, 2]


@pytest.mark.parametrize(
    "row, bad", [([0, 2, 1], None), ([0, 3, 9], 1), ([-1, 0, 3], 0), ([2, 2, 3], 2)]
)
def test_the_first_action_out_of_range_is_named_by_row_and_position(row, bad):
    # The row stands third; the first is not playing, so that nobody looks at its actions.
    actions = np.array([[7, 7, 7], [0, 1, 2], row, [5, 0, 0]])
    active = np.array([False, True, True, True])
    expected = (3, 0) if bad is None else (2, bad)
    assert first_bad(actions, active, 0, 2) == expected
    active[3] = False
    assert first_bad(actions, active, 0, 2) == ((-1, -1) if bad is None else expected)


def test_what_is_not_a_number_is_out_of_any_range():
    actions = np.float32([[0.0, np.inf, -np.inf], [0.5, 0.5, np.nan]])
    active = np.array([True, True])
    assert first_bad(actions, active, -np.inf, np.inf) == (1, 2)
    assert first_bad(actions[:1], active[:1], -np.inf, np.inf) == (-1, -1)


def test_a_mode_says_what_may_be_in_its_actions():
    scenario = Scenario(mecs=3, iotds=5)
    decisions, scores = MODES["decisions"], MODES["scores"]
    assert decisions.range(scenario) == (0, 3)
    assert scores.range(scenario) == (-np.inf, np.inf)
    assert decisions.must_be(scenario) == "from 0 (local) to 3"
    assert scores.must_be(scenario) == "a number"
    # Three servers and local are four choices; every device has a score at each server.
    assert decisions.space(scenario) == spaces.MultiDiscrete([4, 4, 4, 4, 4])
    assert scores.space(scenario) == spaces.Box(0.0, 1.0, (15,), dtype=np.float32)
    assert decisions.agent_space(scenario) == spaces.Discrete(4)
    assert scores.agent_space(scenario) == spaces.Box(0.0, 1.0, (5,), dtype=np.float32)
    assert (decisions.agents, scores.agents) == ("devices", "servers")
    assert MODE_OF_AGENTS == {"servers": "scores", "devices": "decisions"}


def test_an_action_becomes_the_array_that_the_kernel_takes():
    decisions, scores = MODES["decisions"], MODES["scores"]
    taken = as_action(np.arange(6, dtype=np.uint8)[::2], decisions, (3,))
    assert taken.tolist() == [0, 2, 4]
    assert taken.dtype == np.int64 and taken.flags.c_contiguous
    for numbers in ([1, 0], np.array([1, 0], dtype=np.uint8), [1.0, 0.0]):
        taken = as_action(numbers, scores, (2,))
        assert taken.tolist() == [1.0, 0.0] and taken.dtype == np.float32


def test_an_action_of_another_shape_or_type_is_refused_by_name():
    decisions, scores = MODES["decisions"], MODES["scores"]
    with pytest.raises(ValueError, match=r"^action: shape \(2,\), must be \(3,\)$"):
        as_action([1, 2], decisions, (3,))
    with pytest.raises(ValueError, match=r"^row 4: dtype float64, must be integers$"):
        as_action([1.0, 2.0], decisions, (2,), name="row 4")
    with pytest.raises(ValueError, match=r"^action: dtype bool, must be integers$"):
        as_action([True, False], decisions, (2,))
    with pytest.raises(ValueError, match=r"^action: dtype <U1, must be numbers$"):
        as_action(["1", "2"], scores, (2,))
