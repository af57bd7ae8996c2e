"""The priced learner: a server's price from sixteen numbers, at any size, near the optimum."""

import subprocess
import sys

import numpy as np
import pytest

import mec_env
from dirs_solver import find_learner
from dirs_solver.priced.learner import SETTINGS, shipped
from dirs_solver.priced.network import Network
from dirs_solver.priced.policy import SHIFTS, SPAN, TRUST, Choice, PricedPolicy
from mec_env import RULES, SUITES, MECEnv

NAMES = ["priced", "priced-1", "priced-2"]
SMALL = mec_env.SCENARIOS["square-km"].replace(mecs=3, iotds=30, area=500.0)


def learned(seed=0, slots=60, steps=40, **more):
    return find_learner("priced")({"steps": steps}).learn(SMALL, seed, slots, **more)


def weights(policy):
    return policy.network.arrays()


def equal(one, other):
    return one.keys() == other.keys() and all((one[k] == other[k]).all() for k in one)


def plain(network, features):
    """The network once more, a neuron at a time."""
    x = [
        min(max((f - m) / d, -5.0), 5.0)
        for f, m, d in zip(features, network.mean, network.deviation)
    ]
    for k, (weight, bias) in enumerate(zip(network.weights, network.biases)):
        x = [sum(w * v for w, v in zip(row, x)) + b for row, b in zip(weight, bias)]
        if k < len(network.weights) - 1:
            x = [v / (1.0 + np.exp(-v)) for v in x]
    return x[0]


# --- acting ------------------------------------------------------------------------------


def test_a_server_acts_by_its_sixteen_numbers_alone():
    policy = find_learner("priced")().policy
    seen = np.random.default_rng(0).normal(size=16).astype(np.float32)
    actions = [policy.act(agent, seen.copy()) for agent in ("mec_0", "mec_7", "mec_0")]
    for action in actions:
        assert action.shape == (1,) and action.dtype == np.float32
        assert action == actions[0]
    expected = plain(policy.network, seen.astype(float)) / SPAN
    assert actions[0][0] == pytest.approx(expected, abs=1e-5)
    assert policy.act("mec_0", seen + 0.5) != actions[0]


def test_trust_and_shift_are_deviations_of_the_price():
    seen = np.random.default_rng(1).normal(size=16).astype(np.float32)
    correction = float(shipped()(seen))
    for choice in (Choice(0.0, 1.5, ()), Choice(0.5, 0.75, ()), Choice(1.0, 0.0, ())):
        action = PricedPolicy(shipped(), choice=choice).act("mec_0", seen)
        expected = (choice.trust * correction - choice.shift) / SPAN
        assert action[0] == pytest.approx(expected, abs=1e-6)


def test_an_action_is_clipped_to_its_space():
    low = PricedPolicy(shipped(), choice=Choice(0.0, 2.0 * SPAN, ()))
    high = PricedPolicy(shipped(), choice=Choice(0.0, -2.0 * SPAN, ()))
    seen = np.zeros(16, np.float32)
    assert low.act("mec_0", seen).tolist() == [-1.0]
    assert high.act("mec_0", seen).tolist() == [1.0]


@pytest.mark.parametrize("name, rounds", list(zip(NAMES, range(3))))
def test_a_policy_says_how_its_environment_acts(name, rounds):
    policy = find_learner(name)().policy
    assert policy.information == find_learner(name).information == "local"
    said = (policy.actions, policy.observe, policy.admission, policy.nominal, policy.agents)
    assert said == ("prices", "features", True, "calibrated", "servers")
    assert len(policy.broadcasts) == rounds
    assert all(
        later == 0.5 * first for first, later in zip(policy.broadcasts, policy.broadcasts[1:])
    )


@pytest.mark.parametrize("mecs, iotds", [(2, 12), (5, 40)])
def test_one_network_decides_at_any_size(mecs, iotds):
    policy = find_learner("priced")().policy
    scenario = SMALL.replace(mecs=mecs, iotds=iotds, slots=5)
    policy.prepare(scenario)
    assert policy.choice.trust in TRUST and policy.choice.shift in SHIFTS
    suite = mec_env.Suite("small", scenario, (0,), (0,))
    found = mec_env.evaluate(policy, suite).gap.mean()
    assert 0.0 <= found < 0.5 * mec_env.evaluate(RULES["greedy"](), suite).gap.mean() + 0.02


def test_deciding_needs_no_torch():
    code = """
import sys
import mec_env
from dirs_solver import find_learner
policy = find_learner("priced")().policy
suite = mec_env.SUITES["square-km-v1"].only(worlds=1, episodes=1, slots=2)
assert mec_env.evaluate(policy, suite).objective.shape == (2,)
print(sorted({"torch", "stable_baselines3", "pygame"} & set(sys.modules)))
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


# --- files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_learner_decides_as_before(name, tmp_path):
    learner = find_learner(name)()
    policy = learner.learn(SMALL, slots=0)
    learner.save(tmp_path / "file")
    loaded = find_learner(name).load(tmp_path / "file").policy
    assert loaded.choice == policy.choice and equal(weights(loaded), weights(policy))
    seen = np.random.default_rng(0).normal(size=16).astype(np.float32)
    assert loaded.act("mec_0", seen) == policy.act("mec_0", seen)
    assert loaded.broadcasts == policy.broadcasts


def test_a_file_of_another_learner_is_refused_in_one_sentence(tmp_path):
    path = tmp_path / "file"
    find_learner("priced")().save(path)
    with pytest.raises(ValueError, match=r"was written for learner priced, not priced-1$"):
        find_learner("priced-1").load(path)


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_file_is_whole(name):
    network = find_learner(name)().policy.network
    assert network.mean.shape == network.deviation.shape == (16,)
    assert network.weights[0].shape[1] == 16 and network.weights[-1].shape[0] == 1
    assert network.parameter_count == sum(a.size for a in (*network.weights, *network.biases))
    assert all(np.isfinite(a).all() for a in network.arrays().values())
    assert equal(Network.of_arrays(network.arrays()).arrays(), network.arrays())


def test_a_damaged_file_is_refused_in_one_sentence(tmp_path):
    path = tmp_path / "file"
    learner = find_learner("priced")
    learner().save(path)
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[-5] ^= 1
    for damaged in (whole[:-7], whole[:5], b"", bytes(flipped), b"pickled" * 100):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="truncated, corrupted or not a file") as caught:
            learner.load(path)
        assert "\n" not in str(caught.value)


def test_loading_runs_no_code(tmp_path):
    import pickle

    class Trap:
        def __reduce__(self):
            return open, (str(tmp_path / "ran"), "w")

    path = tmp_path / "file"
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match="not a file of"):
        find_learner("priced").load(path)
    assert not (tmp_path / "ran").exists()


# --- learning ----------------------------------------------------------------------------


def test_a_seed_fixes_what_is_learned():
    pytest.importorskip("torch")
    from dirs_solver.priced.teacher import lessons
    from dirs_solver.priced.training import fit

    lesson = lessons(SMALL, 30, seed=5)
    one, again, other = (
        fit([lesson], seed, steps=20, batch=8, start=shipped()).arrays() for seed in (1, 1, 2)
    )
    assert equal(one, again) and not equal(one, other)
    first, second = learned(seed=3), learned(seed=3)
    assert equal(weights(first), weights(second)) and first.choice == second.choice


def test_progress_is_told_and_may_end_the_training():
    pytest.importorskip("torch")
    told = []

    def progress(report):
        told.append((report.stage, report.done, report.total))
        return report.done == 3

    learned(progress=progress, steps=40)
    assert told[0][:2] == ("lessons", 0) and told[0][2] > 0
    assert told[1:] == [("tuning", k, 40) for k in (1, 2, 3)]


def test_learning_nothing_is_calibration_alone():
    policy = learned(slots=0, progress=lambda report: pytest.fail("nothing is learned"))
    assert policy.network is shipped()
    other = PricedPolicy(shipped())
    other.prepare(SMALL)
    assert policy.choice == other.choice


def test_unknown_settings_are_named():
    for bad, message in [
        ({"step": 1}, "setting = 'step'"),
        ({"rate": -1.0}, "rate = -1"),
        ({"steps": -1}, "steps = -1"),
        ({"slots": 0.5}, "slots = 0.5"),
    ]:
        with pytest.raises(ValueError, match=f"^{message}"):
            find_learner("priced")(bad)
    assert find_learner("priced")({"steps": 3}).settings == {**SETTINGS, "steps": 3}


def test_a_network_learns_prices_that_lie_in_its_features():
    pytest.importorskip("torch")
    from dirs_solver.priced.teacher import Lessons, lessons
    from dirs_solver.priced.training import fit

    lesson = lessons(SMALL, 100)
    wanted = (0.7 * lesson.seen[..., 7] - 0.2 * lesson.seen[..., 15]).astype(np.float32)
    made = Lessons(lesson.pricing, lesson.seen, wanted, lesson.curvature)
    network = fit([made], steps=300, batch=64)
    off = network(lesson.seen) - wanted
    assert np.mean(off**2) < 0.02 * wanted.var()


# --- the teacher ---------------------------------------------------------------------------


def test_lessons_want_the_deviations_of_the_optimal_prices_logs():
    from dirs_solver.priced.teacher import lessons

    lesson = lessons(SMALL, 20)
    env = MECEnv(SMALL.replace(slots=20), "prices", observe="features", nominal="calibrated")
    nominal = np.log(env.prices(np.zeros(3)))
    deviation = (np.log(env.prices(np.ones(3))) - nominal) / 3.0
    observed, _ = env.reset(seed=0)
    for k in range(20):
        price = mec_env.certify(env.slot).prices
        expected = np.clip((np.log(price) - nominal) / deviation, -4.0, 4.0)
        assert lesson.wanted[k] == pytest.approx(expected, abs=1e-2)
        assert (lesson.seen[k].ravel() == observed).all()
        observed = env.step(np.zeros(3))[0]


def unpaid_load(slot, prices, heat):
    """Load less what each price pays for, of choices in proportion to exp(-cost / heat w)."""
    weight = np.sqrt(slot.cycles)
    cost = np.column_stack([slot.local_cost, slot.link_cost + prices * weight[:, None]])
    shares = np.exp((cost.min(axis=1, keepdims=True) - cost) / (heat * weight)[:, None])
    shares /= shares.sum(axis=1, keepdims=True)
    return weight @ shares[:, 1:] - prices * slot.server_speed / (2.0 * slot.weight_time)


def test_the_curvature_is_the_smoothed_duals():
    from dirs_solver.priced.teacher import HEAT, lessons
    from mec_env.simulator.pricing import optimal_prices, training_slots

    lesson = lessons(SMALL, 5)
    prices = optimal_prices(training_slots(SMALL, 5))
    for slot, price, curvature in zip(training_slots(SMALL, 5), prices, lesson.curvature):
        assert (curvature == curvature.T).all()
        values = np.linalg.eigvalsh(curvature.astype(float))
        assert values[0] >= -1e-6 * values[-1] and values[-1] > 0.0
        step, heat = 1e-6 * price.mean(), HEAT * price.mean()
        slopes = [
            (
                unpaid_load(slot, price - step * unit, heat)
                - unpaid_load(slot, price + step * unit, heat)
            )
            / (2.0 * step)
            for unit in np.eye(3)
        ]
        scale = price * lesson.pricing.step
        expected = np.array(slopes) * scale[:, None] * scale / slot.local_cost.sum()
        assert curvature == pytest.approx(expected, rel=1e-3, abs=1e-4 * np.abs(expected).max())


# --- to a threshold -------------------------------------------------------------------------


def test_priced_comes_near_the_optimum_and_beats_the_best_constant_price():
    suite = SUITES["square-km-v1"].world(0).only(episodes=1, slots=40)
    assert suite.size == 40
    most = {"priced": 0.35e-2, "priced-1": 0.14e-2, "priced-2": 0.10e-2}
    gaps = {name: mec_env.evaluate(find_learner(name)().policy, suite).gap.mean() for name in NAMES}
    for name, gap in gaps.items():
        assert gap <= most[name]
    assert gaps["priced-2"] < gaps["priced-1"] < gaps["priced"]
    assert gaps["priced"] < mec_env.evaluate(RULES["low-price"](), suite).gap.mean()


@pytest.mark.slow
def test_where_links_hardly_differ_priced_is_no_worse_than_a_constant_price():
    scenario = mec_env.SCENARIOS["square-50m"]
    suite = mec_env.Suite("square-50m", scenario.replace(slots=100), (0,), (0,))
    bar = mec_env.evaluate(RULES["low-price"](), suite)
    priced = mec_env.evaluate(
        find_learner("priced")().policy, suite, bounds=(bar.lower_bound, bar.best)
    )
    assert priced.gap.mean() <= 1.1 * bar.gap.mean()
