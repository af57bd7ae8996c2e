"""The best of a training's policies is kept, judged on slots that neither it nor a suite has."""

import numpy as np
import pytest

import mec_env
from dirs_solver import find_learner
from dirs_solver.plugins.sb3 import learners as sb3
from dirs_solver.shared.keep_best import JUDGED, Best
from tests.toy_learners import Last

TINY = mec_env.SCENARIOS["paper-medium"].replace(name="tiny", iotds=6, slots=50)


def constant(decision):
    return lambda observed: np.full((len(observed), TINY.iotds), decision)


def test_the_best_is_kept_and_judged_on_the_same_slots():
    best = Best(TINY, "decisions", 3)
    local = best.judge(constant(0), lambda: "local")
    assert (best.kept, best.objective) == ("local", local)
    offloaded = best.judge(constant(1), lambda: "offloaded")
    assert best.kept == ("local" if local < offloaded else "offloaded")
    assert best.objective == min(local, offloaded)
    assert best.judge(constant(0), lambda: "again") == best.first == local
    assert best.kept != "again", "no better than what is kept"


def test_the_judged_slots_are_the_training_seeds_own():
    seen = []

    def act(observed):
        seen.append(observed.copy())
        return constant(0)(observed)

    for seed in (0, 0, 1, 2**64 - 1):
        Best(TINY, "decisions", seed).judge(act, lambda: None)
    assert seen[0].shape[0] == JUDGED
    np.testing.assert_array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[0], seen[2]) and not np.array_equal(seen[0], seen[3])


@pytest.mark.parametrize("name", ["sb3-ppo", "sb3-ddpg"])
def test_a_training_that_only_harms_returns_where_it_began(name, monkeypatch):
    """Steps far too large lead away from a start that is near the optimum."""
    easy = TINY.replace(server_speed=1e8)
    changed = dict(rows=16, hidden=[8], start=0.999, learning_rate=10.0)
    learner = find_learner(name)({**changed, "batch_size": 16})
    policy = learner.learn(easy, 0, 16 * 40)
    assert learner.best == learner.first
    observed = mec_env.MECEnv(easy).reset(seed=0)[0]
    decided = policy.act(observed)
    assert (decided == 0).all() if learner.actions == "decisions" else (decided < 0.5).all()
    kept = find_learner(name)({**changed, "batch_size": 16})
    monkeypatch.setattr(sb3, "Best", Last)
    kept.learn(easy, 0, 16 * 40)
    assert kept.best > kept.first, "without it the harm would stay"
