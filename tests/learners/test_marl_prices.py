"""MAPPO and MADDPG by prices over BenchMARL: the batch, one actor for all servers, and they learn."""

import subprocess
import sys
import warnings

import numpy as np
import pytest

pytest.importorskip("benchmarl")

import torch

import mec_env
from dirs_solver import find_learner
from dirs_solver.plugins.benchmarl import learners, prices
from dirs_solver.plugins.benchmarl.price_env import LIMIT, BatchedPrices, PricesTask, first_slots
from mec_env.judging.suite import Suite
from mec_env.simulator.features import SIZE
from tests.toy_learners import Last

# Matrices this small are no work to share: threads would only wait for each other.
torch.set_num_threads(1)

#: Three servers that can't take all devices, on links that matter.
TINY = mec_env.SCENARIOS["square-km"].replace(name="tiny", iotds=20, mecs=3, slots=4)
SUITE = Suite("own", TINY.replace(slots=50), (0,), (0,))
NAMES = ("mappo-prices", "maddpg-prices")
QUICK = dict(rows=16, batch=32, minibatch=16, hidden=[8], critic_hidden=[8])
ALL = pytest.mark.parametrize("name", NAMES)


def quick(name, seed=0, slots=96, progress=None, **changed):
    # An actor that waits for its critic would not move at all in so few slots.
    waits = {"actor_waits": 0} if name == "maddpg-prices" else {}
    learner = find_learner(name)({**QUICK, **waits, **changed})
    learner.learn(TINY, seed, slots, progress)
    return learner


def features(scenario=TINY, seed=5):
    """Features (M, 16) of a slot."""
    options = dict(actions="prices", observe="features", nominal="calibrated")
    return mec_env.MECEnv(scenario, **options).reset(seed=seed)[0].reshape(-1, SIZE)


def test_the_batch_meets_torchrls_specs():
    from torchrl.envs.utils import check_env_specs

    check_env_specs(BatchedPrices(TINY, 5, seed=3, reference=-0.3))


def test_row_k_is_the_parallel_environment_of_seed_plus_k():
    batch = BatchedPrices(TINY, 3, seed=7)
    seen = batch.reset()
    options = dict(actions="prices", observe="features", nominal="calibrated")
    singles = [mec_env.parallel_env(TINY, **options) for _ in range(3)]
    expected = [env.reset(seed=7 + k)[0] for k, env in enumerate(singles)]
    draws = np.random.default_rng(0)
    for _ in range(TINY.slots):
        actions = draws.uniform(-1.0, 1.0, (3, 3, 1)).astype(np.float32)
        for k in range(3):
            rows = seen["mec", "observation"][k].numpy()
            np.testing.assert_array_equal(rows, list(expected[k].values()))
        seen["mec", "action"] = torch.from_numpy(actions)
        seen = batch.step(seen)["next"]
        for k, env in enumerate(singles):
            joint = {f"mec_{j}": actions[k, j] for j in range(3)}
            expected[k], reward, _, truncated, info = env.step(joint)
            assert seen["mec", "reward"][k].flatten().tolist() == pytest.approx(
                list(reward.values()), rel=1e-6
            )
            assert seen["info", "objective"][k].item() == pytest.approx(
                info["mec_0"]["objective"], rel=1e-6
            )
            assert seen["truncated"][k].item() == truncated["mec_0"]
    assert seen["done"].all()


def test_asking_the_reference_earns_nothing_and_else_the_difference():
    compared = BatchedPrices(TINY, 4, 9, reference=-0.5, scale=0.25)
    plain = [BatchedPrices(TINY, 4, 9) for _ in range(2)]
    for env in (compared, *plain):
        env.reset()
    draws = np.random.default_rng(0)
    fixed = np.full((4, 3), -0.5, dtype=np.float32)
    for k in range(TINY.slots):
        action = draws.uniform(-1.0, 1.0, (4, 3)).astype(np.float32) if k % 2 else fixed
        earned = compared._judged(action)[1]
        mine, theirs = (env._judged(a)[1] for env, a in zip(plain, (action, fixed)))
        np.testing.assert_array_equal(earned, (mine - theirs) / 0.25)
        assert bool(earned.any()) == bool(k % 2)


def test_compared_episodes_follow_each_other_on_the_same_slots():
    env = BatchedPrices(TINY, 2, 1, reference=0.25)
    same = torch.full((2, 3, 1), 0.25)
    for _ in range(2):
        seen = env.reset()
        for _ in range(TINY.slots):
            seen["mec", "action"] = same
            seen = env.step(seen)["next"]
            assert not seen["mec", "reward"].any()


def test_features_are_standardised_and_clipped():
    mean, deviation = np.full(SIZE, 0.5, np.float32), np.full(SIZE, 1e-3, np.float32)
    seen = BatchedPrices(TINY, 1, 5, mean=mean, deviation=deviation).reset()["mec", "observation"]
    wanted = np.clip((features() - 0.5) / 1e-3, -LIMIT, LIMIT)
    np.testing.assert_allclose(seen[0].numpy(), wanted, rtol=1e-5)
    assert (seen.abs() == LIMIT).any()


def test_the_first_slots_say_how_much_features_and_rewards_vary():
    mean, deviation, scale = first_slots(TINY, 200, 3, "calibrated", -0.3, -0.3, 0.2)
    env = BatchedPrices(TINY, 400, 11, reference=-0.3, mean=mean, deviation=deviation, scale=scale)
    rows = env.reset()["mec", "observation"].reshape(-1, SIZE)
    changing = deviation != 1.0
    np.testing.assert_allclose(rows.mean(0).numpy(), 0.0, atol=0.25)
    np.testing.assert_allclose(rows.std(0).numpy()[changing], 1.0, atol=0.3)
    draws = np.random.default_rng(0).normal(-0.3, 0.2, (400, 3)).astype(np.float32)
    assert env._judged(draws)[1].std() == pytest.approx(1.0, abs=0.4)
    assert first_slots(TINY, 8, 3, "calibrated", 0.5, 0.5, 0.0)[2] == 1e-6, "nothing varies"


def test_the_critic_gets_all_servers_and_no_state():
    task = PricesTask("tiny", {"scenario": TINY})
    env = task.get_env_fun(2, True, 0, "cpu")()
    assert task.supports_continuous_actions() and not task.supports_discrete_actions()
    assert task.state_spec(env) is None
    assert task.max_steps(env) == TINY.slots
    assert task.group_map(env) == {"mec": ["mec_0", "mec_1", "mec_2"]}


@ALL
def test_the_policy_answers_what_the_library_predicts(name, monkeypatch):
    from torchrl.envs.utils import ExplorationType, set_exploration_type

    kept = []
    run = learners.run
    monkeypatch.setattr(
        learners, "run", lambda experiment: (kept.append(experiment), run(experiment))
    )
    monkeypatch.setattr(prices, "Best", Last)
    policy = quick(name).policy
    (experiment,) = kept
    actor = experiment.algorithm.get_policy_for_loss("mec")
    env = BatchedPrices(TINY, 1, 5, mean=policy.mean, deviation=policy.deviation)
    with set_exploration_type(ExplorationType.DETERMINISTIC), torch.no_grad():
        wanted = actor(env.reset())["mec", "action"][0, :, 0].numpy()
    seen = features()
    np.testing.assert_allclose(policy.act_for_all(seen.reshape(-1)), wanted, atol=1e-5)
    alone = [policy.act(f"mec_{j}", seen[j]) for j in range(3)]
    assert alone[0].shape == (1,) and alone[0].dtype == np.float32
    np.testing.assert_allclose(np.concatenate(alone), wanted, atol=1e-5)
    assert policy.parameter_count == SIZE * 8 + 8 + 8 + 1


@ALL
def test_it_says_how_it_acts_and_observes(name):
    policy = quick(name, nominal="pooled").policy
    assert (policy.actions, policy.observe, policy.agents) == ("prices", "features", "servers")
    assert (policy.admission, policy.nominal, policy.span) == (True, "pooled", None)
    assert policy.information == find_learner(name).information == "local"


@ALL
def test_the_critic_sees_servers_as_a_set(name, monkeypatch):
    kept = []
    run = learners.run
    monkeypatch.setattr(
        learners, "run", lambda experiment: (kept.append(experiment), run(experiment))
    )
    quick(name)
    (experiment,) = kept
    algorithm = experiment.algorithm
    if name == "mappo-prices":
        critic, key = algorithm.get_critic("mec"), "state_value"
    else:
        critic, key = algorithm.get_value_module("mec"), "state_action_value"
    seen = BatchedPrices(TINY, 4, 5).reset()
    seen["mec", "action"] = torch.linspace(-1.0, 1.0, 12).reshape(4, 3, 1)
    other = seen.clone()
    for entry in ("observation", "action"):
        other["mec", entry] = seen["mec", entry][:, [2, 0, 1]]
    with torch.no_grad():
        one, two = (critic(x.clone())["mec", key] for x in (seen, other))
    assert one.shape == (4, 3, 1) and one[:, 0].std() > 0.0
    torch.testing.assert_close(one, two)


@ALL
def test_same_seed_same_weights(name, monkeypatch):
    monkeypatch.setattr(prices, "Best", Last)
    one, two, other = (quick(name, seed).policy.arrays() for seed in (0, 0, 2**64 - 1))
    for key, value in one.items():
        np.testing.assert_array_equal(value, two[key])
    assert not np.array_equal(one["weight 0"], other["weight 0"])


@ALL
def test_a_file_trained_at_one_size_decides_at_another(name, tmp_path):
    with pytest.raises(ValueError, match="nothing was learned yet"):
        find_learner(name)(QUICK).save(tmp_path / "none")
    learner = quick(name)
    learner.save(tmp_path / "policy")
    again = type(learner).load(tmp_path / "policy")
    assert again.settings == learner.settings
    for scenario in (TINY, TINY.replace(iotds=31, mecs=5)):
        seen = features(scenario).reshape(-1)
        got = again.policy.act_for_all(seen)
        assert got.shape == (scenario.mecs,)
        np.testing.assert_array_equal(got, learner.policy.act_for_all(seen))
        suite = Suite("other", scenario.replace(slots=2), (0,), (0,))
        assert mec_env.evaluate(again.policy, suite).decision.shape == (2, scenario.iotds)
    again.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "policy").read_bytes()
    (other,) = set(NAMES) - {name}
    with pytest.raises(ValueError, match=f"{name}, not {other}"):
        find_learner(other).load(tmp_path / "policy")


def test_a_policy_acts_without_benchmarl_and_torch(tmp_path):
    learner = quick("mappo-prices")
    learner.save(tmp_path / "policy")
    code = """
import sys
from dirs_solver.shared import files
from dirs_solver.shared.price_policy import SharedPrices
import mec_env
header, arrays = files.load(sys.argv[1], "marl-prices")
policy = SharedPrices.of_arrays(
    arrays, 10.0, "clip", header["settings"]["activation"], header["settings"]["nominal"],
    mec_env.Scenario.from_toml(header["scenario"]),
)
options = dict(actions="prices", observe="features", nominal="calibrated")
seen, _ = mec_env.MECEnv(policy.scenario, **options).reset(seed=5)
print(any(name in sys.modules for name in ("torch", "benchmarl", "stable_baselines3")))
print(policy.act_for_all(seen).tolist())
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "policy")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    heavy, acted = done.stdout.splitlines()
    assert heavy == "False"
    assert acted == str(learner.policy.act_for_all(features().reshape(-1)).tolist())


@ALL
def test_it_is_judged_as_it_was_trained(name):
    """What the training says its policy comes to is what the environment says of it."""
    learner = quick(name)
    env = mec_env.MECVectorEnv(
        prices.JUDGED, TINY, "prices", observe="features", nominal="calibrated"
    )
    observed, _ = env.reset(seed=2**32 + int(np.random.SeedSequence(0).generate_state(1)[0]))
    objective = env.step(learner.policy.act_for_all(observed))[4]["objective"]
    assert learner.best == pytest.approx(objective.mean(), rel=1e-12)
    assert learner.best <= learner.first


@ALL
def test_it_begins_about_where_start_says(name, monkeypatch):
    monkeypatch.setattr(learners, "run", lambda experiment: None)
    asked = quick(name, start=-0.4).policy.act_for_all(features().reshape(-1))
    np.testing.assert_allclose(asked, -0.4, atol=0.1)


@ALL
def test_it_stops_and_reports_and_leaves_nothing(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    reports = []

    def stop_at_the_second(report):
        print("a report")
        reports.append(report)
        return len(reports) == 2

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quick(name, slots=10_000, progress=stop_at_the_second)
    assert [(r.done, r.total) for r in reports] == [(32, 10_000), (64, 10_000)]
    assert capsys.readouterr().out == "a report\n" * 2
    assert list(tmp_path.iterdir()) == []


@ALL
def test_settings_are_checked(name):
    make = find_learner(name)
    wrong = dict(nominal="mean", reward="reciprocal", activation="sine", learning_rat=1e-3)
    for key, value in wrong.items():
        with pytest.raises(ValueError, match=key):
            make({key: value})
    with pytest.raises(ValueError, match=r"start = 1\.0"):
        make({"start": 1.0}).learn(TINY, 0, 1)


@pytest.mark.parametrize(
    "name, slots, changed, reached",
    [
        ("mappo-prices", 12_000, dict(learning_rate=1e-2, batch=512), 0.008),
        ("maddpg-prices", 12_000, dict(actor_waits=1000), 0.008),
    ],
)
def test_it_learns_to_ask_less_where_it_began_too_dear(name, slots, changed, reached):
    """Its start is a tenth above the certified optimum."""
    begun = find_learner(name)({**changed, "rows": 64, "start": 0.8})
    policy = begun.learn(TINY, 0, slots)
    judged = mec_env.evaluate(policy, SUITE)
    assert begun.first > 1.1 * begun.best
    assert judged.gap.mean() < reached
