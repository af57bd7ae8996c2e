"""MADDPG and MAPPO over BenchMARL: the adapter, learning, stopping, what is left behind."""

import json
import random
import warnings

import numpy as np
import pytest

pytest.importorskip("benchmarl")

import torch

import mec_env
from dirs_solver import find_learner
from dirs_solver.plugins.benchmarl.env import BatchedServers, server_columns
from dirs_solver.plugins.benchmarl.learners import MADDPG, MAPPO
from dirs_solver.plugins.benchmarl.task import MECTask
from mec_env import Scenario
from mec_env.judging.suite import Suite
from mec_env.simulator import observation
from tests.helpers import UNEQUAL
from tests.toy_learners import Last

# Two servers, four devices: links cost next to nothing, all four offload, two on each.
TINY = mec_env.SCENARIOS["paper-medium"].replace(name="tiny", iotds=4, server_speed=8e9, slots=20)
QUICK = {"rows": 32, "batch": 128, "minibatch": 64, "hidden": [16, 16], "critic_hidden": [16]}
BOTH = pytest.mark.parametrize("learner", [MADDPG, MAPPO], ids=["maddpg", "mappo"])


def column(scenario, server, seed=0):
    env = mec_env.parallel_env(scenario)
    return env.reset(seed=seed)[0][f"mec_{server}"]


@pytest.mark.parametrize("fields", [dict(mecs=2, iotds=6), UNEQUAL], ids=["equal", "unequal"])
def test_the_task_meets_torchrls_and_benchmarls_specs(fields):
    from torchrl.envs.utils import check_env_specs

    task = MECTask("square", {"scenario": Scenario(**fields)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of another version of pettingzoo
        env = task.get_env_fun(1, True, 0, "cpu")()
        check_env_specs(env)
    scenario = env.scenario
    m, n = scenario.mecs, scenario.iotds
    assert task.group_map(env) == {"mec": [f"mec_{j}" for j in range(m)]}
    assert task.action_spec(env)["mec", "action"].shape == (m, n)
    seen = observation.size(scenario, "servers")
    assert task.observation_spec(env)["mec", "observation"].shape == (m, seen)
    assert task.state_spec(env)["state"].shape == (observation.size(scenario),)
    assert task.max_steps(env) == scenario.slots


def test_the_batch_meets_torchrls_specs():
    from torchrl.envs.utils import check_env_specs

    check_env_specs(BatchedServers(Scenario(**UNEQUAL), 5, seed=3))


def test_row_k_is_the_parallel_environment_of_seed_plus_k():
    scenario = Scenario(**UNEQUAL, reward="saving")
    batch = BatchedServers(scenario, 3, seed=7)
    seen = batch.reset()
    singles = [mec_env.parallel_env(scenario) for _ in range(3)]
    expected = [env.reset(seed=7 + k)[0] for k, env in enumerate(singles)]
    rng = np.random.default_rng(0)
    for _ in range(scenario.slots):
        for k in range(3):
            for j in range(scenario.mecs):
                row = seen["mec", "observation"][k, j].numpy()
                assert np.array_equal(row, expected[k][f"mec_{j}"])
        scores = rng.random((3, scenario.mecs, scenario.iotds)).astype(np.float32)
        seen["mec", "action"] = torch.from_numpy(scores)
        seen = batch.step(seen)["next"]
        for k, env in enumerate(singles):
            joint = {f"mec_{j}": scores[k, j] for j in range(scenario.mecs)}
            expected[k], reward, _, truncated, info = env.step(joint)
            assert seen["mec", "reward"][k].flatten().tolist() == pytest.approx(
                list(reward.values()), rel=1e-6
            )
            assert seen["info", "objective"][k].item() == pytest.approx(
                info["mec_0"]["objective"], rel=1e-6
            )
            assert seen["truncated"][k].item() == truncated["mec_0"]
    assert seen["done"].all()


def test_a_servers_columns_are_its_own_gains_the_tasks_and_its_speed():
    scenario = Scenario(**UNEQUAL)  # 3 servers, 5 devices: 15 gains, 15 of tasks, 3 speeds
    expected = [*range(5, 10), *range(15, 30), 31]
    assert server_columns(scenario)[1].tolist() == expected


LEARNT = {
    MADDPG: {
        **QUICK,
        "critic_hidden": [64],
        "updates": 8,
        "learning_rate": 3e-3,
        "actor_rate": 1e-3,
        "noise_first": 0.3,
        "noise_last": 0.1,
        "noise_slots": 4000,
        "actor_waits": 256,
    },
    MAPPO: {**QUICK, "epochs": 4, "learning_rate": 3e-3, "deviation": 0.5},
}


@BOTH
def test_it_learns_to_share_four_devices_among_two_servers(learner):
    suite = Suite("tiny", TINY, (0,), (0,))
    explored = []
    trained = learner(LEARNT[learner])
    policy = trained.learn(TINY, 0, 1920, lambda report: explored.append(report.objective))
    judged = mec_env.evaluate(policy, suite)
    best = judged.best.mean()
    # By hand: a server of k devices takes k^2 F / F_max; links come on top. All local is 4 * 2.
    assert 1.0 < best < 1.3
    assert judged.objective.mean() < 1.1 * best
    # What is explored gets better too: the first actors don't make it alone.
    assert np.mean(explored[-3:]) < 0.9 * np.mean(explored[:3])


@BOTH
def test_same_seed_same_policy_and_the_generators_are_left_alone(learner):
    torch.manual_seed(1)
    np.random.seed(2)  # noqa: NPY002
    random.seed(3)
    expected = torch.rand(1), np.random.random(), random.random()  # noqa: NPY002
    seen, scores = column(TINY, 1), []
    for seed in (0, 0, 1):
        torch.manual_seed(1 if seed == 0 else 9)
        np.random.seed(2)  # noqa: NPY002
        random.seed(3)
        scores.append(learner(QUICK).learn(TINY, seed, 256).act("mec_1", seen))
        if seed == 0:
            drawn = torch.rand(1), np.random.random(), random.random()  # noqa: NPY002
            assert drawn == expected
    assert np.array_equal(scores[0], scores[1])
    assert not np.array_equal(scores[0], scores[2])


@BOTH
def test_progress_sees_every_batch_and_ends_the_training(learner, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    reports = []

    def stop_at_the_third(report):
        reports.append(report)
        print("a report")
        return len(reports) == 3

    policy = learner(QUICK).learn(TINY, 0, 10_000, stop_at_the_third)
    assert [r.done for r in reports] == [128, 256, 384]
    assert reports[0].total == 10_000
    # From all devices at their best to all four on one server.
    assert all(1.0 < r.objective < 8.1 for r in reports)
    assert policy.act("mec_0", column(TINY, 0)).shape == (4,)
    # The caller's own words come through, the library's don't, and no file is left.
    heard = capsys.readouterr()
    assert heard.out == "a report\n" * 3
    assert heard.err == ""
    assert list(tmp_path.iterdir()) == []


@BOTH
def test_a_file_holds_the_same_policy(learner, tmp_path):
    trained = learner(QUICK)
    with pytest.raises(ValueError, match="nothing was learned yet"):
        trained.save(tmp_path / "none")
    policy = trained.learn(Scenario(**UNEQUAL), 0, 128)
    trained.save(tmp_path / "policy")
    loaded = learner.load(tmp_path / "policy")
    seen = column(Scenario(**UNEQUAL), 2)
    assert np.array_equal(policy.act("mec_2", seen), loaded.policy.act("mec_2", seen))
    assert loaded.settings == trained.settings
    # 21 inputs, 16, 16 and 5 scores, for each of 3 servers.
    count = 3 * (21 * 16 + 16 + 16 * 16 + 16 + 16 * 5 + 5)
    assert loaded.policy.parameter_count == policy.parameter_count == count
    loaded.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "policy").read_bytes()
    other = MAPPO if learner is MADDPG else MADDPG
    with pytest.raises(ValueError, match="must be of"):
        other.load(tmp_path / "policy")


def test_a_policy_is_for_its_own_size_and_depends_on_its_own_column(tmp_path):
    scenario = Scenario(**UNEQUAL)
    policy = MAPPO(QUICK).learn(scenario, 0, 128)
    with pytest.raises(ValueError, match="trained for 3 servers and 5 devices"):
        policy.prepare(TINY)
    seen = column(scenario, 0)
    scores = policy.act("mec_0", seen)
    assert scores.dtype == np.float32
    assert ((scores >= 0.0) & (scores <= 1.0)).all()
    assert np.array_equal(scores, policy.act("mec_0", seen.copy()))
    assert not np.array_equal(scores, policy.act("mec_1", seen))


@BOTH
def test_the_exported_scores_are_the_librarys(learner, monkeypatch):
    """The deterministic actions of BenchMARL's own policy, through its own transforms."""
    from torchrl.envs.utils import ExplorationType, set_exploration_type

    from dirs_solver.plugins.benchmarl import learners as marl

    kept = []
    run = marl.run
    monkeypatch.setattr(marl, "run", lambda experiment: (kept.append(experiment), run(experiment)))
    monkeypatch.setattr(marl, "Best", Last)
    scenario = Scenario(**UNEQUAL)
    policy = learner(QUICK).learn(scenario, 0, 128)
    experiment = kept[0]
    env, actor = experiment.test_env, experiment.algorithm.get_policy_for_loss("mec")
    raw = BatchedServers(scenario.replace(slots=4), 1, experiment.seed)
    with set_exploration_type(ExplorationType.DETERMINISTIC), torch.no_grad():
        seen = raw.reset()
        expected = actor(env.transform._reset(seen.clone(), seen.clone()))["mec", "action"][0]
    for j in range(scenario.mecs):
        own = seen["mec", "observation"][0, j].numpy()
        assert policy.act(f"mec_{j}", own) == pytest.approx(expected[j].numpy(), abs=1e-5)


def test_loading_needs_no_benchmarl(tmp_path):
    import subprocess
    import sys

    trained = MAPPO(QUICK)
    policy = trained.learn(TINY, 0, 128)
    trained.save(tmp_path / "policy")
    code = """
import sys
import mec_env
from dirs_solver.plugins.benchmarl.policy import load_policy
policy, _ = load_policy(sys.argv[1])
seen, _ = mec_env.parallel_env(policy.scenario).reset(seed=0)
print("benchmarl" in sys.modules, "torchrl" in sys.modules)
print(policy.act("mec_1", seen["mec_1"]).tolist())
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "policy")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded, scores = done.stdout.splitlines()
    assert loaded == "False False"
    assert json.loads(scores) == policy.act("mec_1", column(TINY, 1)).tolist()


def test_settings_are_checked_and_names_found():
    assert find_learner("maddpg") is MADDPG
    assert find_learner("mappo") is MAPPO
    with pytest.raises(ValueError, match="learning_rate"):
        MAPPO({"learning_rat": 1e-3})


def trained(task, algorithm, folder):
    """A BenchMARL experiment of a few steps, run to its end."""
    from benchmarl.experiment import Experiment, ExperimentConfig

    from dirs_solver.plugins.benchmarl.run import network, silence
    from dirs_solver.shared.randomness import global_generators_kept

    config = ExperimentConfig.get_from_yaml()
    config.loggers, config.create_json, config.evaluation = [], False, False
    config.save_folder, config.max_n_frames, config.evaluation_episodes = str(folder), 40, 1
    config.off_policy_collected_frames_per_batch, config.off_policy_n_envs_per_worker = 40, 2
    config.off_policy_n_optimizer_steps, config.off_policy_train_batch_size = 2, 8
    config.on_policy_collected_frames_per_batch, config.on_policy_n_envs_per_worker = 40, 2
    config.on_policy_n_minibatch_iters, config.on_policy_minibatch_size = 2, 8
    with global_generators_kept(), silence():
        experiment = Experiment(
            task=task,
            algorithm_config=algorithm.get_from_yaml(),
            model_config=network([16]),
            seed=0,
            config=config,
        )
        first = [p.clone() for p in experiment.policy.parameters()]
        experiment.run()
    assert experiment.total_frames == 40
    moved = zip(first, experiment.policy.parameters(), strict=True)
    assert any(not torch.equal(before, after) for before, after in moved)
    return experiment


def test_benchmarl_trains_on_the_plain_task(tmp_path):
    from benchmarl.algorithms import MasacConfig

    trained(MECTask("tiny", {"scenario": TINY, "reward": "saving"}), MasacConfig, tmp_path)


@pytest.mark.parametrize("name", ["MappoConfig", "IqlConfig", "QmixConfig"])
def test_benchmarl_trains_on_devices_as_agents(name, tmp_path):
    from benchmarl import algorithms

    task = MECTask("tiny", {"scenario": TINY, "reward": "saving", "agents": "devices"})
    experiment = trained(task, getattr(algorithms, name), tmp_path)
    assert experiment.group_map == {"iotd": [f"iotd_{i}" for i in range(4)]}


def test_the_task_of_devices_meets_torchrls_and_benchmarls_specs():
    from torchrl.envs.utils import check_env_specs

    task = MECTask("square", {"scenario": Scenario(**UNEQUAL), "agents": "devices"})
    assert task.supports_discrete_actions() and not task.supports_continuous_actions()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of another version of pettingzoo
        env = task.get_env_fun(1, False, 0, "cpu")()
        check_env_specs(env)
    assert task.action_spec(env)["iotd", "action"].space.n == 4
    seen = observation.size(env.scenario, "devices")
    assert task.observation_spec(env)["iotd", "observation"].shape == (5, seen)
    assert task.state_spec(env)["state"].shape == (observation.size(env.scenario),)


def test_rewards_are_standardised_by_what_is_set_later_too():
    from dirs_solver.plugins.benchmarl.env import RewardStandard, StandardisedReward

    standard = RewardStandard()
    # BenchMARL gives every environment a clone.
    transform = StandardisedReward(standard).clone()
    reward = torch.tensor([1.0, 0.0])
    torch.testing.assert_close(transform._apply_transform(reward), torch.tensor([1.0, 0.0]))
    standard.mean, standard.deviation = 0.5, 0.25
    torch.testing.assert_close(transform._apply_transform(reward), torch.tensor([2.0, -2.0]))


def test_maddpgs_actors_wait_for_the_critic_and_its_rewards_are_standardised(monkeypatch):
    from dirs_solver.plugins.benchmarl import learners as marl

    monkeypatch.setattr(marl, "Best", Last)
    standards, standard = [], MADDPG._standard
    monkeypatch.setattr(
        MADDPG, "_standard", lambda *a: standards.append(standard(*a)) or standards[-1]
    )
    seen = column(TINY, 1)

    def scores(waits, slots):
        learner = MADDPG({**LEARNT[MADDPG], "actor_waits": waits})
        return learner.learn(TINY, 0, slots).act("mec_1", seen)

    first = scores(10**6, 128)
    np.testing.assert_array_equal(first, scores(10**6, 512))
    assert not np.array_equal(first, scores(128, 512))
    # Four devices, all local at 4 * 2, of which some are offloaded at first: a saving that varies.
    assert len(standards) == 3, "one for each training"
    for mean, deviation in standards:
        assert -1.0 < mean < 7.0 and 0.05 < deviation < 4.0
