"""Users that move: a migration worked by hand, and how devices and their shadows move."""

import numpy as np
import pytest

import mec_env
from mec_env import MECEnv, Simulator
from mec_env.draws import streams

TWO = dict(
    iotds=2, mecs=2, area=100.0, device_layout="given", device_positions=((10, 50), (90, 50)),
    server_layout="given", server_positions=((0, 50), (100, 50)), cycles=1e9, local_speed=1e9,
    server_speed=1e10, data_bits=1e6, motion="waypoint", motion_speed=1.0, slot_seconds=10.0,
    service_bits=2e9, backhaul=1e9, restart=0.5, idle_power=0.2, weight_energy=0.5,
)  # fmt: skip


def test_a_migration_by_hand():
    env = MECEnv(mec_env.Scenario(**TWO))
    env.reset(seed=0)
    slot = env.slot
    # Each service begins at the nearest server, 10 m away.
    assert slot.coupled.facts["holder"].tolist() == [1, 2]
    assert slot.distance == pytest.approx(np.array([[10.0, 90.0], [90.0, 10.0]]))
    # 2 Gbit over 1 Gbit/s and half a second: 2.5 s, in which the radio idles at 0.2 W.
    extra = slot.link_cost - slot.sending_cost
    assert extra == pytest.approx(np.array([[0.0, 2.75], [2.75, 0.0]]))
    stays = env.step([1, 2])[4]
    assert stays["migrations"] == 0.0
    env.reset(seed=0)
    both = mec_env.outcome(env.slot, [2, 2])
    _, _, _, _, info = env.step([2, 2])
    assert info["migrations"] == 1.0 and info["objective"] == pytest.approx(both.objective)
    sending = slot.sending_cost[0, 1] + slot.sending_cost[1, 1]
    # Two tasks of 1 Gcycle share 10 Gcycles/s: (1 + 1)^2 / 10 s together.
    assert info["objective"] == pytest.approx(sending + 2.75 + 0.4, rel=1e-9)
    assert env.slot.coupled.facts["holder"].tolist() == [2, 2]


def test_running_locally_leaves_the_service_where_it_is():
    env = MECEnv(mec_env.Scenario(**TWO))
    env.reset(seed=0)
    env.step([2, 0])
    env.step([0, 0])
    assert env.slot.coupled.facts["holder"].tolist() == [2, 2]
    assert env.step([2, 1])[4]["migrations"] == 1.0


def walks(slots, **fields):
    """Positions (T, N, 2) and shadowing (T, M, N) [dB] of an episode at home."""
    scenario = mec_env.SCENARIOS["follow-me"].replace(**fields)
    simulator = Simulator(scenario)
    seen = np.empty((1, simulator.observation_size), np.float32)
    simulator.seed(0, 0)
    simulator.reset(np.zeros(1, dtype=int), seen)
    n, m = scenario.iotds, scenario.mecs
    still, active = np.zeros((1, n), dtype=np.int64), np.ones(1, dtype=bool)
    places, shadows = [], []
    for _ in range(slots):
        numbers = simulator.carry.numbers[0]
        places.append(numbers[: 2 * n].reshape(2, n).T)
        shadows.append(numbers[6 * n :].reshape(m, n))
        simulator.step(still, active, seen)
    return np.array(places), np.array(shadows)


@pytest.mark.parametrize("motion", ["waypoint", "gauss-markov"])
def test_devices_stay_on_the_map_and_drift_nowhere(motion):
    fields = dict(motion=motion, motion_speed=5.0, iotds=300, mecs=2, device_layout="uniform")
    places, _ = walks(200, **fields)
    assert places.min() >= 0.0 and places.max() <= 1000.0
    # A device goes up to 10 km in all; the mean of 300 stays where it was.
    assert np.abs(places[-1].mean(axis=0) - places[0].mean(axis=0)).max() < 60.0
    assert np.linalg.norm(places[-1] - places[0], axis=1).mean() > 200.0


def test_walkers_keep_to_their_speeds():
    places, _ = walks(100, mecs=2, motion_speed={"low": 0.5, "high": 2.0})
    steps = np.linalg.norm(np.diff(places, axis=0), axis=2)
    # 10 s at 0.5 to 2 m/s; less only in the slot of an arrival.
    assert steps.max() <= 20.0 + 1e-9
    assert np.mean(steps < 5.0 - 1e-9) < 0.1 and 9.0 < np.median(steps) < 16.0


def test_gauss_markov_velocities_have_their_speed_and_memory():
    places, _ = walks(
        400, mecs=2, iotds=200, motion="gauss-markov", motion_speed=1.0, motion_memory=0.8,
        area=1e5, device_layout="uniform",
    )  # fmt: skip
    velocity = np.diff(places, axis=0) / 10.0
    assert np.sqrt((velocity**2).sum(axis=2).mean()) == pytest.approx(1.0, rel=0.03)
    lagged = (velocity[1:] * velocity[:-1]).mean() / (velocity**2).mean()
    assert lagged == pytest.approx(0.8, abs=0.02)


def test_shadowing_is_forgotten_along_the_track():
    places, shadows = walks(300, mecs=4, iotds=150, motion_speed=2.0)
    assert shadows[-1].std() == pytest.approx(6.0, rel=0.15)
    way = np.linalg.norm(np.diff(places, axis=0), axis=2)
    whole = way[:, None, :] > 19.9
    product = (shadows[1:] * shadows[:-1])[np.broadcast_to(whole, shadows[1:].shape)]
    # 20 m of 50: exp(-0.4).
    assert product.mean() / shadows.var() == pytest.approx(np.exp(-0.4), abs=0.05)


def test_gains_follow_the_channel_law_at_any_place():
    for channel in ("suzuki", "rayleigh", "droo", "log-distance"):
        scenario = mec_env.SCENARIOS["follow-me"].replace(channel=channel, shadowing=0.0, iotds=20)
        simulator = Simulator(scenario)
        seen = np.empty((1, simulator.observation_size), np.float32)
        simulator.seed(0, 0)
        simulator.reset(np.zeros(1, dtype=int), seen)
        still, active = np.zeros((1, 20), dtype=np.int64), np.ones(1, dtype=bool)
        for _ in range(3):
            simulator.step(still, active, seen)
        slot = simulator.slot()
        from mec_env.laws.channels import path_gain

        expected = path_gain(scenario, slot.distance)
        assert slot.coupled.facts["slow_gain"] == pytest.approx(expected, rel=2e-5)


def test_normal_numbers_are_normal():
    from scipy import stats

    words, out = np.empty(200_000, np.uint32), np.empty(200_000, np.float32)
    streams.philox(1, 2, 3, 4, 5, words)
    streams.normal_from(words, out)
    assert stats.kstest(out[::7], "norm").pvalue > 1e-3
    assert np.abs(out).max() < 5.8
    half = out.size // 2
    assert abs(np.corrcoef(out[:half], out[half:])[0, 1]) < 0.01
    assert abs(np.corrcoef(out[:half] ** 2, out[half:] ** 2)[0, 1]) < 0.01


def test_exponentials_are_exact_to_float32():
    x = np.linspace(-86.0, 87.0, 20_001).astype(np.float32)
    found = np.array([streams.exp32(v) for v in x], dtype=np.float64)
    assert np.abs(found / np.exp(x.astype(np.float64)) - 1.0).max() < 2e-7


def write_trace(path, seconds=60, step=5.0):
    lines = ["id,time,x,y"]
    for k in range(3):
        for t in np.arange(0.0, seconds + 1e-9, step):
            lines.append(f"bus{k},{t},{100.0 * k + t},{50.0 + 2.0 * t}")
    path.write_text("\n".join(lines) + "\n")


def test_a_trace_moves_devices_as_it_says(tmp_path):
    file, window = tmp_path / "trace.csv", tmp_path / "window.csv"
    write_trace(file)
    scenario = mec_env.trace_scenario(
        file, mecs=2, iotds=3, slots=5, slot_seconds=10.0, window_file=window, start=0.0,
        channel="suzuki", shadowing=6.0,
    )  # fmt: skip
    env = MECEnv(scenario)
    env.reset(seed=0)
    first = env.slot.coupled.facts["position"].copy()
    for t in range(1, 5):
        env.step(np.zeros(3, dtype=int))
        facts = env.slot.coupled.facts
        # 1 m/s eastwards, 2 m/s northwards.
        assert facts["position"] - first == pytest.approx(np.tile([10.0 * t, 20.0 * t], (3, 1)))
        assert facts["velocity"] == pytest.approx(np.tile([1.0, 2.0], (3, 1)))
    shorter = scenario.replace(slots=3)
    again = mec_env.record(shorter, 0)
    assert np.array_equal(again.gain, mec_env.record(scenario, 0).gain[:3])


@pytest.mark.parametrize(
    "fields, says",
    [
        (dict(slots=500), "cover"),
        (dict(iotds=9), "9"),
        (dict(area=(60.0, 60.0)), "must stay in the area"),
    ],
)
def test_a_trace_that_does_not_fit_is_refused(tmp_path, fields, says):
    file = tmp_path / "trace.csv"
    write_trace(file)
    scenario = mec_env.Scenario(
        motion="trace", trace=str(file), area=1000.0, iotds=3, mecs=2, slots=5, slot_seconds=10.0
    ).replace(**fields)
    with pytest.raises(ValueError, match=says):
        MECEnv(scenario)


def test_a_trace_of_degrees_needs_a_map(tmp_path):
    file = tmp_path / "trace.csv"
    rows = ["id,time,latitude,longitude"]
    rows += [f"a,{t},30.1,{-97.0 + 1e-4 * t}" for t in range(0, 100, 5)]
    file.write_text("\n".join(rows) + "\n")
    scenario = mec_env.Scenario(
        motion="trace", trace=str(file), area=1e6, iotds=1, mecs=1, slots=5, slot_seconds=10.0
    )
    with pytest.raises(ValueError, match="trace_scenario makes such a file"):
        MECEnv(scenario)


def test_rows_that_move_apart_may_share_tasks_that_never_change():
    scenario = mec_env.Scenario(**TWO, slots=6)
    single, batch = MECEnv(scenario), mec_env.MECVectorEnv(3, scenario)
    seen, alone = batch.reset(seed=[4, 5, 6])[0], single.reset(seed=6)[0]
    for _ in range(5):
        assert (seen[2] == alone).all() and (seen[0] != alone).any()
        seen, rewards = batch.step(np.array([[1, 2], [2, 1], [2, 2]]))[:2]
        alone, reward = single.step([2, 2])[:2]
        assert rewards[2] == reward
