"""What snapshots and certificates say of themselves at a prompt."""

import numpy as np
import pytest

import mec_env


@pytest.fixture(scope="module")
def slot():
    env = mec_env.MECEnv("paper-medium", iotds=30)
    env.reset(seed=0)
    return env.slot


def test_a_slot_and_what_is_known_of_it_fit_a_line(slot):
    certificate = mec_env.certify(slot)
    outcome = mec_env.outcome(slot, certificate.decision)
    assert "gain=<float64 (30, 2)>" in repr(slot)
    assert f"lower_bound={certificate.lower_bound!r}" in repr(certificate)
    assert f"objective={outcome.objective!r}" in repr(outcome) and "power=<" in repr(outcome)
    assert "np." not in repr(certificate) + repr(outcome)
    for text in (repr(slot), repr(certificate), repr(outcome)):
        assert "\n" not in text and len(text) < 800


def test_an_episode_and_its_bound_fit_a_line():
    episode = mec_env.record(mec_env.SCENARIOS["harvest"].replace(iotds=2, mecs=2, slots=5), 3)
    known = mec_env.hindsight(episode)
    assert "scenario=<Scenario>, seed=3" in repr(episode)
    assert "harvest: <" in repr(episode) and "decisions=<" in repr(known)
    assert f"gap={float(np.asarray(known.gap))!r}" in repr(known)
