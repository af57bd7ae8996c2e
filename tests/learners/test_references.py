"""References for tasks coupled in time: what they are at their parameters' ends, their order, their files."""

import itertools

import numpy as np
import pytest

import mec_env
from dirs_solver import find_learner
from dirs_solver.references.learners import played
from dirs_solver.references.playing import Training
from dirs_solver.references.policies import COUPLINGS, Learned, Myopic, Planner, Replay, Rule
from dirs_solver.references.whole_tasks import place

NAMES = ("follow-me", "harvest", "rush-hour")
EACH = pytest.mark.parametrize("name", NAMES)


def tiny(name, **fields):
    return mec_env.SCENARIOS[name].replace(**{"iotds": 12, "mecs": 3, "slots": 12, **fields})


def costs(make, scenario, episodes=3):
    """Of some evaluation episodes, each by itself."""

    def policy():
        made = make()
        if not hasattr(made, "prepare"):
            made.prepare = lambda scenario: None
        return made

    return np.array([played(policy, [Training(scenario, k, True)]) for k in range(episodes)])


@EACH
def test_a_rule_that_adds_nothing_is_myopic(name):
    scenario = tiny(name)
    coupling = COUPLINGS[mec_env.laws.coupling.coupling_of(scenario)][0]
    myopic = costs(Myopic, scenario)
    for rule in coupling.rules:
        nothing = 1.0 if rule == "theta" else 0.0
        assert costs(lambda: Rule("r", rule, nothing), scenario) == pytest.approx(myopic, rel=2e-3)  # noqa: B023


def test_without_fading_moving_users_learned_rule_holds_the_potential_rule():
    # Servers far from alike, so that each one's own price counts.
    scenario = tiny("follow-me", iotds=24, channel="log-distance", shadowing=0.0)
    scenario = scenario.replace(server_speed=(4e9, 1e10, 8e10))
    for parameter in (1.0, 3.0):
        # The whole migration; a worth by the place now alone, and no cap.
        numbers = [1.0, parameter, 0.0, 0.0, 1.0, 1e9, 0.0, 1.0]
        wanted = costs(lambda x=parameter: Rule("r", "potential", x), scenario)
        assert costs(lambda x=numbers: Learned("l", x), scenario) == pytest.approx(
            wanted, rel=1e-12
        )


@EACH
def test_hindsight_replays_its_certificate_and_nobody_is_below_its_bound(name):
    scenario = tiny(name)
    found = [mec_env.hindsight(mec_env.record(scenario, k, evaluation=True)) for k in range(3)]
    bounds = np.array([f.lower_bound for f in found])
    replayed = costs(Replay, scenario)
    assert replayed == pytest.approx([f.objective for f in found], rel=1e-9)
    for make in (Myopic, lambda: Planner("p", 6), lambda: Planner("p", 6, True)):
        assert (costs(make, scenario) >= bounds * (1 - 1e-9)).all()


@pytest.mark.parametrize("name", ["follow-me", "harvest"])
def test_what_knows_the_future_is_better_on_average_and_hindsight_best(name):
    scenario = tiny(name, iotds=30, slots=40)
    best, knows, plans, myopic = (
        costs(make, scenario).mean()
        for make in (Replay, lambda: Planner("p", 15, True), lambda: Planner("p", 15), Myopic)
    )
    assert best <= knows <= plans <= myopic


@EACH
def test_a_tuned_rule_is_the_same_after_its_file(name, tmp_path):
    scenario = tiny(name)
    kind = find_learner("tuned-rule?worlds=1")
    learner = kind()
    learner.learn(scenario, 3)
    learner.save(tmp_path / "rule.json")
    again = kind.load(tmp_path / "rule.json").policy
    assert (again.rule, again.parameter) == (learner.policy.rule, learner.policy.parameter)
    with pytest.raises(ValueError, match="must be a file of 'planning'"):
        find_learner("planning").load(tmp_path / "rule.json")


@pytest.mark.parametrize("name", ["tuned-rule", "planning", "planning-knows", "learned-rule"])
def test_what_is_of_a_coupling_refuses_a_scenario_without_one(name):
    if name == "learned-rule":
        pytest.importorskip("pymoo")
    with pytest.raises(ValueError, match="couples nothing in time"):
        find_learner(name)().learn(mec_env.SCENARIOS["paper-medium"], 0)


def test_whole_tasks_are_placed_as_cheaply_as_any_placement():
    draws = np.random.default_rng(5)
    for _ in range(60):
        tasks, servers = draws.integers(1, 6), draws.integers(1, 4)
        own = draws.random((tasks, servers + 1)) * 3.0
        steps = np.sort(draws.random((servers, tasks)) * 2.0, axis=1)

        def total(chosen, own=own, steps=steps):
            counts = np.bincount(chosen, minlength=len(steps) + 1)[1:]
            extra = sum(row[:c].sum() for row, c in zip(steps, counts, strict=True))
            return own[np.arange(len(own)), chosen].sum() + extra

        every = itertools.product(range(servers + 1), repeat=int(tasks))
        least = min(total(np.array(d)) for d in every)
        assert total(place(own, steps)[0]) == pytest.approx(least, rel=1e-12)


@EACH
def test_learned_numbers_are_no_worse_than_where_the_search_starts(name, tmp_path):
    pytest.importorskip("pymoo")
    scenario = tiny(name)
    few = find_learner("learned-rule?worlds=1&evaluations=1")()
    more = find_learner("learned-rule?worlds=1&evaluations=30")()
    few.learn(scenario, 0)
    more.learn(scenario, 0)
    assert more._found["objective"] <= few._found["objective"]
    more.save(tmp_path / "numbers.json")
    assert type(more).load(tmp_path / "numbers.json").policy.numbers == more.policy.numbers


REFERENCES = ("myopic", "tuned-rule", "planning", "planning-knows", "hindsight", "learned-rule")


@pytest.mark.parametrize("name", REFERENCES)
def test_a_reference_is_a_learner_that_stops_when_it_is_told_to(name):
    from dirs_solver import Learner

    learner = find_learner(name)()
    assert isinstance(learner, Learner) and learner.name == name
    # It sees the slot, or what is still to come too; none is a method for the field.
    assert learner.information in ("global", "future")
    scenario = mec_env.SCENARIOS["rush-hour"].replace(iotds=8, mecs=2, slots=4)
    policy = learner.learn(scenario, 0, progress=lambda report: True)
    suite = mec_env.Suite("own", scenario, (0,), (0,))
    played = mec_env.evaluate(policy, suite)
    assert played.objective[0] >= played.lower_bound[0]


def test_the_contracts_exceptions_are_the_references():
    from dirs_solver.references import manifest
    from tests.learners import test_contract

    assert set(test_contract.REFERENCES) == set(REFERENCES) == set(manifest.LEARNERS)
