"""What every learner promises, whatever it learns by: one test each, over all names."""

import contextlib
from functools import cache

import numpy as np
import pytest

import mec_env
from dirs_solver import Learner, find_learner
from dirs_solver.learner import LEARNERS
from mec_env.judging.evaluation import is_local

SCENARIO = mec_env.SCENARIOS["paper-medium"].replace(name="tiny", iotds=6, slots=4)
SUITE = mec_env.Suite("own", SCENARIO, (0,), (0, 1))
#: Bounds of nobody's: what is asked is what a policy decides.
BOUNDS = np.ones(SUITE.size), np.ones(SUITE.size)
SLOTS = 64
#: Settings for a training of a second, by the first part of a name that stands here.
QUICK = {
    "dirs": dict(
        hidden=(8, 6), batch=16, pretraining=5, demonstration_count=8,
        demonstration_search=dict(population=4, generations=5),
    ),
    "sb3-a2c": dict(rows=16, n_steps=2, hidden=[8]),
    "sb3-ppo": dict(rows=16, n_steps=2, batch_size=16, n_epochs=1, hidden=[8]),
    "sb3-trpo": dict(rows=16, n_steps=2, batch_size=16, hidden=[8]),
    "sb3-recurrent-ppo": dict(rows=16, n_steps=2, batch_size=16, n_epochs=1, hidden=[8], memory=8),
    "sb3-ppo-any": dict(rows=8, worlds=4, n_steps=2, batch_size=16, n_epochs=1, hidden=[8]),
    "sb3-sac-any": dict(rows=16, worlds=4, batch_size=16, buffer_size=2000, hidden=[8]),
    "sb3": dict(rows=16, batch_size=16, learning_starts=16, buffer_size=500, hidden=[8]),
    "torchrl": dict(rows=16, n_steps=2, batch_size=16, n_epochs=1, hidden=[8]),
    "tianshou": dict(rows=16, n_steps=2, batch_size=16, n_epochs=1, hidden=[8]),
    "rllib": dict(rows=16, n_steps=2, batch_size=16, n_epochs=1, hidden=[8]),
    "agilerl": dict(rows=16, n_steps=2, batch_size=16, n_epochs=1, hidden=[8]),
    "maddpg": dict(rows=8, batch=32, minibatch=16, hidden=[8], critic_hidden=[8]),
    "mappo": dict(rows=8, batch=32, minibatch=16, hidden=[8], critic_hidden=[8]),
}  # fmt: skip
#: What tasks coupled in time are compared with, which play no others: tests/learners/test_references.py
#: holds them to the same.
REFERENCES = ("myopic", "tuned-rule", "planning", "planning-knows", "hindsight", "learned-rule")
#: A learner of their kind: tests/learners/test_sb3_rule.py holds it to the same.
COUPLED = (*REFERENCES, "sb3-ppo-rule")
ALL = pytest.mark.parametrize("name", [name for name in LEARNERS if name not in COUPLED])


@pytest.fixture(autouse=True)
def one_thread():
    """Matrices this small are no work to share."""
    with contextlib.suppress(ImportError):
        import torch

        torch.set_num_threads(1)


def found(name):
    """The learner's class; the test is skipped where its extra is missing."""
    try:
        return find_learner(name)
    except ImportError as error:
        pytest.skip(str(error))


def quick(name):
    """A learner with settings for a training of a second."""
    made = found(name)
    key = max((key for key in QUICK if name.startswith(key)), key=len, default=None)
    changed = dict(QUICK.get(key, {}))
    if LEARNERS[name].extra == "search":
        # The first population is evaluated whatever the limit: alike on every machine.
        changed = {"population": 6}
        changed |= {"time_limit": 1e-9} if "time_limit" in made().settings else {"generations": 3}
    settings = getattr(made(), "settings", None)
    if hasattr(settings, "replace"):
        return made(settings.replace(**changed))
    return made(changed) if changed else made()


@cache
def learned(name, seed, again=False):
    """A learner after a short training; ``again`` for another of the same seed."""
    learner = quick(name)
    learner.learn(SCENARIO, seed, slots=SLOTS)
    return learner


def decided(policy):
    """What a policy decides in every slot of the suite."""
    return mec_env.evaluate(policy, SUITE, bounds=BOUNDS).decision


def file_of(learner, folder):
    """The bytes that a learner saves."""
    path = folder / "policy"
    learner.save(path)
    return path.read_bytes()


@ALL
def test_it_is_a_learner_of_its_name(name):
    learner = found(name)()
    assert isinstance(learner, Learner)
    assert learner.name == name
    assert learner.information in ("local", "global")


@ALL
def test_its_settings_go_by_its_name(name):
    settings = getattr(found(name)(), "settings", None)
    if not settings:
        pytest.skip("it has no settings")
    given = settings if isinstance(settings, dict) else vars(settings)
    key = next(k for k, v in given.items() if type(v) in (int, float))
    changed = find_learner(f"{name}?{key}={given[key] + 1}")()
    now = changed.settings if isinstance(changed.settings, dict) else vars(changed.settings)
    assert now[key] == given[key] + 1 and set(now) == set(given)


@ALL
def test_learn_returns_the_policy_that_it_keeps(name):
    learner = quick(name)
    policy = learner.learn(SCENARIO, 0, slots=SLOTS)
    assert policy is learner.policy
    decision = decided(policy)
    assert decision.shape == (SUITE.size, 6) and decision.max() <= 2
    # Another training of the same learner leaves the first one's policy as it is.
    learner.learn(SCENARIO, 1, slots=SLOTS)
    assert np.array_equal(decided(policy), decision)


@ALL
def test_a_loaded_learner_decides_alike(name, tmp_path):
    learner = learned(name, 0)
    learner.save(tmp_path / "policy")
    loaded = found(name).load(tmp_path / "policy")
    assert (loaded.name, loaded.information) == (name, learner.information)
    assert np.array_equal(decided(loaded.policy), decided(learner.policy))
    assert file_of(loaded, tmp_path) == file_of(learner, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["policy"]


@ALL
def test_the_seed_fixes_the_policy(name, tmp_path):
    one, two, other = learned(name, 0), learned(name, 0, again=True), learned(name, 2**64 - 1)
    assert one is not two
    assert np.array_equal(decided(one.policy), decided(two.policy))
    assert file_of(one, tmp_path) == file_of(two, tmp_path)
    # A search learns nothing that a seed could change, its file holds its settings; one that comes
    # trained keeps what it had where nothing better is found.
    alike = file_of(one, tmp_path) == file_of(other, tmp_path)
    assert alike == (LEARNERS[name].extra == "search") or name.startswith("priced")


@ALL
def test_it_stops_when_it_is_told_to(name):
    learner, reports = quick(name), []

    def stop(report):
        reports.append(report)
        return True

    policy = learner.learn(SCENARIO, 0, slots=10**6, progress=stop)
    assert decided(policy).shape == (SUITE.size, 6)
    # Once a stage, of which DIRS has three; a search has none.
    stages = [report.stage for report in reports]
    assert len(set(stages)) == len(stages) <= 3
    assert bool(reports) == (LEARNERS[name].extra != "search")
    for report in reports:
        if report.stage == "online":
            assert report.total >= 10**6 and report.done <= 100


@ALL
def test_what_says_it_is_local_acts_on_its_own_column(name):
    learner = learned(name, 0)
    policy = learner.policy
    assert is_local(policy) == (learner.information == "local")
    if learner.information == "global":
        return
    # A policy says how it acts and observes, where that is not the environment's default.
    keys = ("actions", "observe", "nominal")
    said = {key: getattr(policy, key) for key in keys if hasattr(policy, key)}
    env = mec_env.parallel_env(SCENARIO, **said)
    seen, _ = env.reset(seed=1)
    before = {agent: np.array(policy.act(agent, own)) for agent, own in seen.items()}
    # What other servers see, and when they are asked, makes no difference.
    policy.act("mec_1", -seen["mec_1"])
    assert np.array_equal(policy.act("mec_0", seen["mec_0"].copy()), before["mec_0"])
    assert not np.array_equal(policy.act("mec_0", seen["mec_0"] + 1.0), before["mec_0"])
    assert all(env.action_space(agent).contains(action) for agent, action in before.items())
