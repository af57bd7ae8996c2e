"""PPO over the learned rule's numbers: whole episodes as steps, and what a learner promises."""

import numpy as np
import pytest

import mec_env
from dirs_solver import Learner, find_learner
from dirs_solver.references.learners import played
from dirs_solver.references.playing import Training
from dirs_solver.references.policies import Learned, Myopic

pytest.importorskip("stable_baselines3")

from dirs_solver.plugins.sb3.rule_rows import MOST, REACH, RuleRows, numbers_of

NAMES = ("follow-me", "harvest", "rush-hour")
COUNTS = dict(zip(NAMES, (8, 10, 6), strict=True))
EACH = pytest.mark.parametrize("of", NAMES)
NAME = "sb3-ppo-rule"


def tiny(of, **fields):
    sizes = dict(name=f"tiny-{of}", iotds=9, mecs=3, clusters=2, slots=12)
    return mec_env.SCENARIOS[of].replace(**{**sizes, **fields})


def learned(scenario, seed=0, updates=2):
    """After so many updates of eight episodes each."""
    quick = dict(rows=8, pool=8, batch_size=8, n_epochs=2)
    learner = find_learner(NAME)(quick)
    learner.learn(scenario, seed, updates * 8 * scenario.slots)
    return learner


@EACH
def test_a_rows_cost_is_that_of_its_rule_in_its_episode(of):
    scenario = tiny(of)
    rows = RuleRows(NAME, scenario, 2, 4)
    seeds = rows.seed(7)
    rows.reset()
    draws = np.random.default_rng(1)
    actions = draws.uniform(-0.1, 0.1, (2, COUNTS[of]))
    _, rewards, ends, infos = rows.step(actions)
    assert ends.all()
    for action, seed, reward, info in zip(actions, seeds, rewards, infos, strict=True):

        def cost(action, seed=seed):
            policy = Learned(NAME, numbers_of(NAME, scenario, action))
            return played(lambda: policy, [Training(scenario, seed)]) / scenario.slots

        assert info["objective"] == pytest.approx(cost(action), rel=1e-12)
        saved = np.clip(1.0 - cost(action) / cost(0.0 * action), -MOST, MOST)
        assert reward == pytest.approx(saved, rel=1e-5, abs=1e-7)


@EACH
def test_the_first_numbers_save_nothing_and_worse_ones_cost_at_most_so_much(of):
    rows = RuleRows(NAME, tiny(of), 3, 3)
    rows.reset()
    _, rewards, _, _ = rows.step(np.zeros((3, COUNTS[of])))
    assert (rewards == 0.0).all()
    _, rewards, _, _ = rows.step(np.full((3, COUNTS[of]), -1.0))
    assert (rewards >= -MOST - 1e-7).all() and rewards.min() < 0.0


def test_a_pool_of_episodes_comes_again():
    rows = RuleRows(NAME, tiny("harvest"), 2, 4)
    rows.seed(3)
    rows.reset()
    still = np.zeros((2, COUNTS["harvest"]))
    costs = [[info["objective"] for info in rows.step(still)[3]] for _ in range(4)]
    assert costs[:2] == costs[2:] and costs[0] != costs[1]
    assert rows.seed(3) != rows.seed(4)


def test_an_action_of_one_is_four_deviations_of_the_search():
    scenario = tiny("rush-hour")
    first, moved = (numbers_of(NAME, scenario, action) for action in (0.0, [1.0, 0, 0, 0, 0, -0.5]))
    # 24 with a deviation of 6, and 0 with one of 0.3.
    assert first.tolist() == [24.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert moved == pytest.approx([24.0 + REACH * 6.0, 0.0, 0.0, 0.0, 0.0, -0.5 * REACH * 0.3])


@EACH
def test_it_is_a_learner_that_keeps_what_it_learns(of):
    learner = learned(tiny(of))
    assert isinstance(learner, Learner) and learner.name == NAME
    assert learner.information == learner.policy.information == "global"
    assert learner.policy.parameter_count == COUNTS[of]
    assert learner.best <= learner.first
    assert learner.objectives.shape == (2,)


def test_a_little_training_improves_on_its_start_and_on_myopic():
    scenario = tiny("harvest", iotds=20, slots=48)
    # From the rule's own numbers.
    learner = find_learner(NAME)(dict(start=0.0))
    policy = learner.learn(scenario, 0, 12 * 16 * scenario.slots)
    assert learner.best < learner.first
    unseen = [Training(scenario, k, True) for k in range(6)]
    first = Learned(NAME, numbers_of(NAME, scenario, 0.0))
    myopic = Myopic()
    myopic.prepare = lambda scenario: None
    costs = [played(lambda p=p: p, unseen) for p in (policy, first, myopic)]
    assert costs[0] < costs[1] < 0.95 * costs[2]


@EACH
def test_a_new_actor_begins_where_others_of_the_coupling_ended(of):
    scenario = tiny(of)
    learner = find_learner(NAME)(dict(rows=2, pool=2, batch_size=2))
    policy = learner.learn(scenario, 0, 0)
    name = mec_env.laws.coupling.coupling_of(scenario)
    wanted = numbers_of(NAME, scenario, learner.settings[name])
    assert policy.numbers == pytest.approx(wanted, rel=1e-5)
    assert (np.abs(wanted - numbers_of(NAME, scenario, 0.0)) > 0.0).any()


def test_the_seed_fixes_what_is_learned():
    scenario = tiny("harvest")
    numbers = [learned(scenario, seed, 6).policy.numbers for seed in (0, 0, 2**64 - 1)]
    assert numbers[0] == numbers[1] != numbers[2]


@EACH
def test_a_loaded_learner_decides_alike(of, tmp_path):
    scenario = tiny(of)
    learner = learned(scenario)
    learner.save(tmp_path / "policy")
    loaded = find_learner(NAME).load(tmp_path / "policy", scenario)
    loaded.save(tmp_path / "again")
    assert (tmp_path / "policy").read_bytes() == (tmp_path / "again").read_bytes()
    suite = mec_env.Suite("own", scenario, (0,), (0,))
    bounds = np.ones(suite.size), np.ones(suite.size)
    one, two = (mec_env.evaluate(x.policy, suite, bounds=bounds) for x in (learner, loaded))
    assert np.array_equal(one.decision, two.decision)


def test_it_stops_when_it_is_told_to_and_counts_slots():
    scenario, reports = tiny("follow-me"), []

    def stop(report):
        reports.append(report)
        return True

    learner = find_learner(NAME)()
    policy = learner.learn(scenario, 0, slots=10**6, progress=stop)
    (report,) = reports
    # One step of 16 episodes of 12 slots.
    assert (report.done, report.total) == (16 * 12, 10**6)
    assert np.isfinite(report.objective) and policy is learner.policy


def test_what_it_cannot_learn_or_play_is_refused():
    learner = find_learner(NAME)()
    with pytest.raises(ValueError, match="couples nothing in time, must have moving"):
        learner.learn("paper-medium")
    policy = learned(tiny("rush-hour"), updates=1).policy
    with pytest.raises(ValueError, match="learned the coupling 'backlog', not 'battery'"):
        policy.prepare(tiny("harvest"))
    with pytest.raises(ValueError, match=r"start = -0\.1: must lie between 0 and 1"):
        find_learner(NAME)(dict(start=-0.1)).learn(tiny("rush-hour"))
    with pytest.raises(ValueError, match=r"pool = 0"):
        find_learner(NAME)(dict(pool=0))
