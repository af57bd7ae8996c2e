"""Devices on batteries: the chain of what can't be paid by hand, and levels that add up."""

import math

import numpy as np
import pytest

import mec_env
from mec_env import MECEnv, Simulator
from mec_env.laws.coupling.battery import HARVESTED, LEVEL

ONE = dict(
    iotds=1, mecs=1, area=100.0, device_layout="given", device_positions=((50, 50),),
    server_layout="given", server_positions=((60, 50),), cycles=1e9, local_speed=1e9,
    kappa=1e-27, data_bits=8e5, battery_capacity=4.0, battery_levels=16, harvest_mean=0.0,
    drop_seconds=7.0, weight_energy=0.1, slots=20,
)  # fmt: skip


def test_what_can_not_be_paid_falls_back_by_hand():
    env = MECEnv(mec_env.Scenario(**ONE))
    env.reset(seed=0)
    # A local run takes 1 s at 1 W: 4 levels of 0.25 J. Half speed: 2 s, 0.25 J, 1 level.
    facts = env.slot.coupled.facts
    assert facts["level"].tolist() == [8] and facts["home_use"].tolist() == [[4, 1]]
    seen = []
    for _ in range(4):
        _, _, _, _, info = env.step([0])
        seen.append((info["time"], info["energy"], info["dropped"], info["battery"]))
    assert seen == [
        (1.0, 1.0, 0.0, 0.25),
        (1.0, 1.0, 0.0, 0.0),
        # The store is empty: no run at any speed.
        (7.0, 0.0, 1.0, 0.0),
        (7.0, 0.0, 1.0, 0.0),
    ]
    poor = MECEnv(mec_env.Scenario(**{**ONE, "battery_capacity": 1.5, "battery_levels": 6}))
    poor.reset(seed=0)
    # 3 levels: too little for full speed, enough for half.
    _, _, _, _, info = poor.step([0])
    assert (info["time"], info["energy"], info["battery"]) == (2.0, 0.25, pytest.approx(2 / 6))


def test_a_link_that_can_not_be_paid_is_closed_and_loads_no_server():
    scenario = mec_env.Scenario(**{**ONE, "data_bits": 8e8, "noise": 1e-9})
    env = MECEnv(scenario)
    env.reset(seed=0)
    slot = env.slot
    assert slot.coupled.facts["link_use"][0, 0] > 8 and np.isinf(slot.link_cost[0, 0])
    _, _, _, _, info = env.step([1])
    assert (info["time"], info["energy"], info["offloaded"]) == (1.0, 1.0, 0.0)


def test_a_link_takes_the_levels_of_its_energy():
    env = MECEnv(mec_env.Scenario(**ONE))
    env.reset(seed=0)
    slot = env.slot
    energy = mec_env.outcome(slot, [1]).energy
    used = slot.coupled.facts["link_use"][0, 0]
    assert used == math.ceil(energy / 0.25)
    _, _, _, _, info = env.step([1])
    assert info["battery"] == pytest.approx((8 - used) / 16)


@pytest.mark.parametrize("name", ["harvest", "harvest-bursts"])
def test_levels_add_up(name):
    scenario = mec_env.SCENARIOS[name].replace(iotds=30, mecs=3)
    simulator, n, top = Simulator(scenario), 30, scenario.battery_levels
    seen = np.empty((1, simulator.observation_size), np.float32)
    simulator.seed(0, 1)
    simulator.reset(np.zeros(1, dtype=int), seen)
    rng = np.random.default_rng(0)
    harvests = 0.0
    for _ in range(scenario.slots):
        slot = simulator.slot()
        facts, decision = slot.coupled.facts, rng.integers(0, 4, (1, n))
        level = facts["level"]
        use = np.array(
            [facts["link_use"][i, d - 1] if d else 10**9 for i, d in enumerate(decision[0])]
        )
        for k in range(2):
            use = np.where(use <= level, use, facts["home_use"][:, k])
        spent = np.where(use <= level, use, 0)
        results = simulator.step(decision, np.ones(1, dtype=bool), seen)
        numbers = simulator.carry.numbers[0]
        harvested = numbers[HARVESTED * n :][:n]
        assert np.array_equal(numbers[LEVEL * n :][:n], np.minimum(level - spent + harvested, top))
        assert results.battery[0] == pytest.approx(numbers[:n].mean() / top)
        harvests += harvested.sum()
    # 0.9 J a slot in levels of 0.2 J: 4.5 on average, give or take the weather.
    assert 3.0 < harvests / (n * scenario.slots) < 6.0


def test_bursts_last_as_long_as_they_should():
    scenario = mec_env.SCENARIOS["harvest-bursts"].replace(
        iotds=40, mecs=2, slots=3000, clusters=10, harvest_on=5.0, harvest_off=10.0
    )
    episode = mec_env.record(scenario, 0)
    light = episode.drawn["harvest"] > 0
    assert light.mean() == pytest.approx(1 / 3, abs=0.05)
    ends = (light[:-1] & ~light[1:]).sum() / light[:-1].sum()
    assert 1.0 / ends == pytest.approx(5.0, rel=0.15)


def test_the_sun_shines_for_half_a_day_and_gives_its_mean():
    scenario = mec_env.SCENARIOS["harvest"].replace(iotds=200, mecs=2, slots=960)
    harvest = mec_env.record(scenario, 0).drawn["harvest"].mean(axis=1)
    assert harvest.mean() == pytest.approx(4.5, rel=0.15)
    assert 0.4 < np.mean(harvest == 0.0) < 0.6


def test_irradiance_of_a_file_is_scaled_to_the_mean(tmp_path):
    file = tmp_path / "sun.csv"
    rows = ["time,irradiance"]
    rows += [f"{3600 * h},{max(0.0, 800 * math.sin(math.pi * (h - 6) / 12)) - 5.0 * (h < 6)}" for h in range(25)]  # fmt: skip
    file.write_text("\n".join(rows) + "\n")
    scenario = mec_env.SCENARIOS["harvest"].replace(
        harvest="file", harvest_file=str(file), iotds=300, mecs=2, slots=24, panel=1.0
    )
    harvest = mec_env.record(scenario, 0).drawn["harvest"].mean(axis=1)
    assert harvest.mean() == pytest.approx(0.9 / 0.2, rel=0.03)
    assert (harvest[:5] == 0.0).all() and harvest[12] > 10.0


def test_a_dark_file_is_refused(tmp_path):
    file = tmp_path / "sun.csv"
    file.write_text("time,irradiance\n" + "".join(f"{3600 * h},-3\n" for h in range(25)))
    with pytest.raises(ValueError, match="dark throughout"):
        MECEnv("harvest", harvest="file", harvest_file=str(file))
