"""PSO and DE: near the optimum of tiny tasks, honest objectives, seeds, limits, files."""

import itertools

import numpy as np
import pytest

import mec_env
from dirs_solver import Learner, find_learner
from dirs_solver.dirs.refine import objective_of
from dirs_solver.learner import LEARNERS
from mec_env.judging.suite import Suite
from mec_env.optimum.moves import costs_of
from mec_env.optimum.problem import problem_of
from tests.helpers import UNEQUAL, make_slot, random_slot

metaheuristics = pytest.importorskip("dirs_solver.plugins.pymoo.learners")

NAMES = [n for n in LEARNERS if n in ("pso", "de") or n.startswith(("pso-", "de-"))]
SMALL = mec_env.Scenario(**UNEQUAL)
SLOTS = [random_slot(np.random.default_rng(k)) for k in range(10)]


def policy_of(name, **settings):
    return find_learner(name)(settings).learn(SMALL, 0)


def least(slot):
    n, m = slot.gain.shape
    every = np.array(list(itertools.product(range(m + 1), repeat=n)))
    costs = np.empty(len(every))
    costs_of(problem_of(slot), every, costs)
    return costs.min()


def test_a_populations_costs_are_the_outcomes_of_its_members():
    slot = SLOTS[0]
    decisions = np.random.default_rng(0).integers(0, 4, (20, 6))
    costs = np.empty(20)
    costs_of(problem_of(slot), decisions, costs)
    expected = [mec_env.outcome(slot, decision).objective for decision in decisions]
    assert costs == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("encoding", ["useful", "index"])
@pytest.mark.parametrize("name", ["pso", "de"])
def test_the_optimum_of_tiny_tasks(name, encoding):
    policy = policy_of(name, encoding=encoding)
    gaps = [objective_of(s, policy.decide(s)) / least(s) - 1.0 for s in SLOTS]
    assert min(gaps) > -1e-12
    assert sum(gap < 1e-9 for gap in gaps) >= (9 if name == "de" else 7)


@pytest.mark.parametrize("name", ["pso", "de"])
def test_the_objective_found_is_that_of_the_decision(name):
    policy = policy_of(name, generations=5)
    for slot in SLOTS[:3]:
        decision, objective = policy.search(slot, 0)
        assert objective == objective_of(slot, decision)


def test_coordinates_by_hand():
    # Device 0: server 2's link is the better one, both beat its own CPU. Device 1: none does.
    slot = make_slot([[1e-6, 1e-5], [1e-16, 1e-17]])
    settings = dict(encoding="useful", start="random")
    problem = metaheuristics.Decisions(slot, settings, True)
    assert problem.count.tolist() == [3, 1]
    x = np.array([[0.0, 0.0], [0.34, 0.5], [0.67, 1.0], [1.0, 1.0]])
    assert problem.decode(x).tolist() == [[2, 0], [1, 0], [0, 0], [0, 0]]
    problem = metaheuristics.Decisions(slot, dict(encoding="index", start="cheapest"), True)
    assert problem.decode(x).tolist() == [[0, 0], [1, 1], [2, 2], [2, 2]]
    assert problem.decode(problem.first[None]).tolist() == [[2, 0]]


@pytest.mark.parametrize("slot", SLOTS, ids=range(len(SLOTS)))
def test_useful_options_hold_an_optimum(slot):
    problem = metaheuristics.Decisions(slot, dict(encoding="useful", start="random"), True)
    every = np.array(
        list(itertools.product(*(o[:c] for o, c in zip(problem.options, problem.count))))
    )
    costs = np.empty(len(every))
    costs_of(problem_of(slot), every, costs)
    assert costs.min() == pytest.approx(least(slot), rel=1e-12)


def test_reflected_at_the_bounds():
    x = np.array([[-0.25, 0.5, 1.25, 2.25, -1.25]])
    assert metaheuristics.Reflect()._do(None, x).tolist() == [[0.25, 0.5, 0.75, 0.25, 0.75]]


def test_the_cheapest_start_is_never_worse_than_its_first_member():
    slot = random_slot(np.random.default_rng(1), 40, 4)
    for name in ("pso", "de"):
        policy = policy_of(name, start="cheapest", generations=1)
        problem = metaheuristics.Decisions(slot, dict(encoding="useful", start="cheapest"), True)
        first = objective_of(slot, problem.decode(problem.first[None])[0])
        assert policy.search(slot, 0)[1] <= first


@pytest.mark.parametrize("name", ["pso", "de"])
def test_a_seed_fixes_an_episode(name):
    slots = [random_slot(np.random.default_rng(k), 30, 4) for k in range(2)]
    policy = policy_of(name, generations=5)

    def episode(seed):
        policy.reset(seed)
        return [policy.decide(slot).tolist() for slot in slots]

    first = episode(3)
    assert episode(4) != first
    policy.prepare(SMALL)
    assert episode(3) == first
    # The second slot of an episode has numbers of its own.
    policy.reset(3)
    policy.decide(slots[0])
    assert policy.decide(slots[0]).tolist() != first[0]


@pytest.mark.parametrize("name", ["pso", "de"])
def test_the_global_random_state_is_untouched(name):
    before = np.random.get_state()  # noqa: NPY002
    policy_of(name, generations=5).decide(SLOTS[0])
    after = np.random.get_state()  # noqa: NPY002
    assert before[0] == after[0] and before[2:] == after[2:]
    assert (before[1] == after[1]).all()


@pytest.mark.parametrize("name", ["pso-10ms", "de-10ms"])
def test_a_limit_below_one_generation_still_gives_a_decision(name):
    policy = policy_of(name, time_limit=1e-9)
    decision = policy.decide(SLOTS[0])
    mec_env.outcome(SLOTS[0], decision)
    assert decision.dtype == np.int64


@pytest.mark.parametrize("name", ["pso", "de"])
def test_what_ends_a_search_goes_by_the_name(name):
    # Given alone it takes the other's place: a tenth of a second, not fifty generations within it.
    limited = find_learner(f"{name}?time_limit=0.1")().settings
    assert limited["time_limit"] == 0.1 and "generations" not in limited
    counted = find_learner(f"{name}-1s?generations=3")().settings
    assert counted["generations"] == 3 and "time_limit" not in counted
    both = find_learner(f"{name}?generations=3&time_limit=2")().settings
    assert (both["generations"], both["time_limit"]) == (3, 2)


@pytest.mark.parametrize("name", ["pso-10ms", "de-10ms"])
def test_a_search_ends_before_its_limit(name, monkeypatch):
    # A clock by which each look takes 1 s: 4 fit into 4.5 s, the look at the start included.
    looks = itertools.count()
    monkeypatch.setattr(metaheuristics.time, "perf_counter", lambda: float(next(looks)))
    made = []
    learner = find_learner(name)({"time_limit": 4.5})
    algorithm = learner.algorithm

    def keep(settings, seed):
        made.append(algorithm(settings, seed))
        return made[-1]

    metaheuristics.SearchPolicy(keep, learner.bounded, learner.settings).decide(SLOTS[0])
    # 1 s is gone before the first generation, 4 s after the third, and a fourth would end at 5.
    assert made[0].n_iter - 1 == 3


@pytest.mark.parametrize("name", NAMES)
def test_is_a_learner(name, tmp_path):
    learner = find_learner(name)()
    assert isinstance(learner, Learner)
    assert learner.name == name and learner.information == "global"
    policy = learner.learn(SMALL, seed=1)
    assert policy is learner.policy
    learner.save(tmp_path / "search.json")
    assert [file.name for file in tmp_path.iterdir()] == ["search.json"]
    again = find_learner(name).load(tmp_path / "search.json")
    assert again.settings == learner.settings
    assert again.policy.decide(SLOTS[0]).shape == (6,)


def test_eight_names():
    limits = ("", "-10ms", "-100ms", "-1s")
    assert sorted(NAMES) == sorted(f"{name}{limit}" for name in ("pso", "de") for limit in limits)


def test_a_files_learner_decides_the_same(tmp_path):
    find_learner("de")({"population": 7}).save(tmp_path / "de.json")
    again = find_learner("de").load(tmp_path / "de.json")
    assert again.settings["population"] == 7
    slot = random_slot(np.random.default_rng(0), 30, 4)
    decision = policy_of("de", population=7).decide(slot)
    assert again.policy.decide(slot).tolist() == decision.tolist()


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"learner": "de", "settings": 3}', '"x"'])
def test_a_bad_file_is_refused(text, tmp_path):
    file = tmp_path / "bad.json"
    file.write_text(text)
    with pytest.raises(ValueError, match="not a file of a search's settings"):
        find_learner("de").load(file)


def test_another_learners_file_is_refused(tmp_path):
    find_learner("de")().save(tmp_path / "de.json")
    with pytest.raises(ValueError, match="holds 'de', must be a file of 'pso'"):
        find_learner("pso").load(tmp_path / "de.json")


@pytest.mark.parametrize(
    "name, settings, message",
    [
        ("pso", {"population": 1}, "population = 1: must be an integer of at least 2"),
        ("de", {"population": 3}, "population = 3: must be an integer of at least 4"),
        ("de", {"generations": 0}, "generations = 0"),
        ("de-1s", {"time_limit": 0.0}, "time_limit = 0.0: must be a finite number above 0 s"),
        ("de", {"encoding": "bits"}, "encoding = 'bits'"),
        ("de", {"start": "warm"}, "start = 'warm'"),
        ("de", {"generation": 3}, "did you mean 'generations'"),
    ],
)
def test_settings_that_are_not_allowed(name, settings, message):
    with pytest.raises(ValueError, match=message):
        find_learner(name)(settings)


def test_evaluated_like_any_policy():
    suite = Suite("tiny", SMALL, (0,), (0, 1))
    bounds = np.ones(8), np.ones(8)
    judged = mec_env.evaluate(policy_of("de", generations=5), suite, bounds=bounds)
    again = mec_env.evaluate(policy_of("de", generations=5), suite, bounds=bounds)
    assert (again.objective == judged.objective).all()
