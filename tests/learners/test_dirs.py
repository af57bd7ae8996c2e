"""DIRS as a learner: it learns, it is deterministic, every switch runs, agents see their column alone."""

import subprocess
import sys
from importlib.metadata import EntryPoint
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import dirs_solver
import mec_env
from dirs_solver import DIRS, Levy, Settings, find_learner, progress_bar
from dirs_solver.dirs.agents import Agents
from dirs_solver.dirs.policy import DIRSPolicy
from mec_env.judging.suite import Suite
from tests.helpers import UNEQUAL

# Matrices this small are no work to share: threads would only wait for each other.
torch.set_num_threads(1)

#: One server that sees all there is to see: a task on which its agent can come near the optimum.
ONE_SERVER = mec_env.Scenario(
    name="one-server", mecs=1, iotds=6, area=1000.0, path_loss_exponent=3.5,
    server_layout="random", server_speed=2e10,
)  # fmt: skip
TINY = mec_env.Scenario(name="tiny", mecs=2, iotds=8, server_speed=1.5e10)
QUICK = Settings(
    hidden=(20, 16), batch=32, pretraining=60, demonstration_count=64,
    demonstration_search=Levy(10, 60, 1.1),
)  # fmt: skip


def suite_of(scenario, slots=30):
    return Suite("own", scenario.replace(slots=slots), (0,), (0,))


def weights(policy):
    return [value.numpy().copy() for value in policy.agents.state_dict().values()]


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(weights(a), weights(b)))


def test_it_learns_a_tiny_task_whose_optimum_is_known():
    suite = suite_of(ONE_SERVER, 100)
    settings = QUICK.replace(pretraining=300, demonstrations="certified", demonstration_count=256)
    untrained = DIRS(settings.replace(imitation=False, refinement="none"))
    before = mec_env.evaluate(untrained.learn(ONE_SERVER, 0, slots=0), suite).nrr.mean()
    after = mec_env.evaluate(DIRS(settings).learn(ONE_SERVER, 0, slots=200), suite).nrr.mean()
    local = mec_env.evaluate(mec_env.RULES["local"](), suite).nrr.mean()
    assert max(before, local) < 0.95 and after > 0.98


def test_it_learns_online_without_demonstrations():
    suite = suite_of(ONE_SERVER, 100)
    settings = QUICK.replace(imitation=False, refinement="moves", interval=2, learning_rate=3e-3)
    policy = DIRS(settings).learn(ONE_SERVER, 0, slots=800)
    blind = mec_env.evaluate(mec_env.RULES["channel-blind"](), suite).nrr.mean()
    assert mec_env.evaluate(policy, suite).nrr.mean() > max(0.99, blind)


def test_same_seed_same_weights_other_seed_other_weights():
    torch.manual_seed(1)
    state, before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    one = DIRS(QUICK).learn(TINY, 3, slots=40)
    assert torch.equal(state, torch.get_rng_state()), "torch's global state is left alone"
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    assert same(one, DIRS(QUICK).learn(TINY, 3, slots=40))
    assert not same(one, DIRS(QUICK).learn(TINY, 4, slots=40))


@pytest.mark.parametrize(
    "change",
    [
        dict(imitation=False),
        dict(demonstrations="certified"),
        dict(refinement="classic"),
        dict(refinement="epsilon"),
        dict(refinement="epsilon-selected"),
        dict(refinement="moves"),
        dict(refinement="none"),
        dict(search_over="all"),
        dict(loss="LD"),
        dict(loss_over_devices="mean"),
        dict(inputs="gains+tasks"),
    ],
    ids=str,
)
def test_every_switch_changes_what_is_learned(change):
    scenario = mec_env.Scenario(**{**UNEQUAL, "iotds": 12})
    settings = QUICK.replace(pretraining=5, demonstration_count=8)
    plain = DIRS(settings).learn(scenario, 0, slots=21)
    changed = DIRS(settings.replace(**change)).learn(scenario, 0, slots=21)
    assert not same(plain, changed)
    for _, scores in zip(
        range(2), changed.scores(np.zeros((2, changed.agents.observed), np.float32))
    ):
        assert scores.shape == (3, 12) and np.isfinite(scores).all()


def test_the_policy_acts_on_its_own_column_and_all_its_ways_agree():
    scenario = mec_env.Scenario(**UNEQUAL)
    policy = DIRS(QUICK.replace(inputs="gains+tasks")).learn(scenario, 0, slots=20)
    parallel, single = mec_env.parallel_env(scenario), mec_env.MECEnv(scenario)
    seen, _ = parallel.reset(seed=1)
    whole, _ = single.reset(seed=1)
    rows, slots, decisions = [], [], []
    for _ in range(scenario.slots):
        actions = {agent: policy.act(agent, column) for agent, column in seen.items()}
        np.testing.assert_allclose(
            np.concatenate(list(actions.values())), policy.scores(whole[None]).ravel(), atol=1e-6
        )
        decision, outcome = policy.schedule(whole, single.slot)
        rows.append(whole)
        slots.append(single.slot)
        decisions.append(decision)
        seen, *_, infos = parallel.step(actions)
        whole, *_, info = single.step(decision)
        assert infos["mec_0"]["objective"] == info["objective"] == pytest.approx(outcome.objective)
    many, power, cpu = policy.schedules(np.array(rows), slots)
    np.testing.assert_array_equal(many, decisions)
    for k, slot in enumerate(slots):
        outcome = mec_env.outcome(slot, decisions[k])
        np.testing.assert_array_equal(power[k], outcome.power)
        np.testing.assert_array_equal(cpu[k], outcome.cpu)
    evaluation = mec_env.evaluate(policy, suite_of(scenario, 5))
    assert len(evaluation.objective) == 5


def test_a_policy_takes_note_of_new_weights_when_it_is_refreshed():
    policy = DIRS(QUICK).learn(TINY, 0, slots=0)
    seen = mec_env.MECEnv(TINY).reset(seed=1)[0][None]
    with torch.no_grad():
        for parameter in policy.agents.parameters():
            parameter.mul_(1.5)
    policy.refresh()
    expected = policy.agents(torch.from_numpy(seen)).detach().numpy().transpose(1, 0, 2)
    np.testing.assert_allclose(policy.scores(seen), expected, atol=1e-5)


def test_another_column_does_not_touch_an_agents_scores():
    policy = DIRS(QUICK).learn(TINY, 0, slots=10)
    whole, _ = mec_env.MECEnv(TINY).reset(seed=1)
    changed = whole.copy()
    changed[8:] += 1.0
    a, b = policy.scores(np.array([whole, changed]))
    np.testing.assert_array_equal(a[0], b[0])
    assert np.any(a[1] != b[1])


def test_a_policy_refuses_another_size():
    policy = DIRS(QUICK).learn(TINY, 0, slots=0)
    with pytest.raises(ValueError, match="trained for 2 servers and 8 devices, not for 8 and 180"):
        mec_env.evaluate(policy, "paper-large-v1")


def test_progress_is_told_stage_by_stage():
    told = []
    DIRS(QUICK).learn(TINY, 0, slots=25, progress=told.append)
    stages = [(p.stage, p.done, p.total) for p in told]
    assert stages[:2] == [("demonstrations", 32, 64), ("demonstrations", 64, 64)]
    assert stages[61] == ("pre-training", 60, 60)
    assert stages[62:] == [("online", 10, 25), ("online", 20, 25), ("online", 25, 25)]
    online = told[62:]
    assert all(p.refined <= p.objective * (1 + 1e-12) and p.gap > -1e-9 for p in online)
    bar = progress_bar()
    for report in told:
        bar(report)


def test_tensorboard_scalars_are_written(tmp_path):
    pytest.importorskip("tensorboard")
    DIRS(QUICK, tensorboard=tmp_path).learn(TINY, 0, slots=20)
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert {"pre-training/loss", "online/objective", "online/gap"} <= set(events.Tags()["scalars"])
    assert [e.step for e in events.Scalars("online/gap")] == [10, 20]


def test_without_tensorboard_the_message_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ImportError, match=r"mec-offloading\[tensorboard\]"):
        DIRS(QUICK, tensorboard=tmp_path).learn(TINY, 0, slots=0)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="slots = -1"):
        DIRS(QUICK).learn(TINY, 0, slots=-1)
    with pytest.raises(ValueError, match="seed = -1"):
        DIRS(QUICK).learn(TINY, -1, slots=0)
    with pytest.raises(ValueError, match="nothing was learned"):
        DIRS().save("nowhere")


def test_learners_are_found_by_name_entry_point_and_place(monkeypatch):
    assert find_learner("dirs") is DIRS and find_learner("dirs_solver.dirs.learner:DIRS") is DIRS
    assert isinstance(DIRS(), dirs_solver.Learner)
    other = SimpleNamespace(name="other", load=lambda: SimpleNamespace)
    monkeypatch.setattr("dirs_solver.learner.entry_points", lambda group: [other])
    assert find_learner("other") is SimpleNamespace
    for name, message in (
        ("dir", "did you mean 'dirs'"),
        ("no_such_module:X", "there is no module 'no_such_module'"),
        ("dirs_solver.dirs.learner:Dirs", "has no 'Dirs'"),
    ):
        with pytest.raises(ValueError, match=message):
            find_learner(name)


@pytest.mark.parametrize("value", ["no_such_module:X", "dirs_solver:NoSuchLearner"])
def test_what_an_installed_project_registered_and_lacks_is_named(value, monkeypatch):
    gone = EntryPoint("theirs", value, "mec_env.learners")
    monkeypatch.setattr("dirs_solver.learner.entry_points", lambda group: [gone])
    with pytest.raises(ImportError, match=f"'theirs': {value}, which an installed project"):
        find_learner("theirs")


def test_dirs_as_well_as_it_can_be_held():
    learner = find_learner("dirs-certified")()
    assert learner.settings == Settings(demonstrations="certified", inputs="gains+tasks")
    assert isinstance(learner, DIRS) and learner.name == "dirs-certified"
    # The paper's medium networks, 30, 80, 60, 30, for each of two servers.
    agents = Agents(mec_env.SCENARIOS["paper-medium"], (80, 60))
    policy = DIRSPolicy(agents, mec_env.SCENARIOS["paper-medium"])
    assert policy.parameter_count == 2 * (30 * 80 + 80 + 80 * 60 + 60 + 60 * 30 + 30)


def test_importing_the_package_does_not_import_torch():
    code = "import dirs_solver, sys; dirs_solver.Settings, dirs_solver.Levy; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_each_name_that_the_settings_allow_is_looked_up_somewhere():
    from dirs_solver.dirs import agents, imitation, refine, settings

    for names, table in (
        (settings.DEMONSTRATIONS, imitation.DEMONSTRATORS),
        (settings.REFINEMENTS, refine.REFINEMENTS),
        (settings.SEARCHED, refine.LEVY_OVER),
        (settings.SEARCHED, refine.CLASSIC_OVER),
        (settings.DEVICES, agents.OVER_DEVICES),
        (settings.DEVICES, agents.SHARE_OF_A_DEVICE),
        (settings.INPUTS, agents.SEES_TASKS),
    ):
        assert sorted(names) == sorted(table)
