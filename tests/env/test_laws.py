"""A law of one's own, added from outside by a function and a line in its registry."""

from itertools import pairwise

import numpy as np
import pytest

import mec_env
from mec_env import MECEnv, Scenario
from mec_env.laws import channels, fading, layouts, rewards
from mec_env.laws.actions import MODES
from mec_env.laws.channels import ChannelLaw
from mec_env.laws.coupling import COUPLINGS, coupling_of
from mec_env.simulator import observation


def test_a_channel_law_of_ones_own(monkeypatch):
    def two_slopes(scenario, d):
        return scenario.reference_gain * np.where(d < 10.0, d**-2.0, 10.0 * d**-3.0)

    monkeypatch.setitem(channels.LAWS, "two-slopes", ChannelLaw(two_slopes))
    env = MECEnv(
        mecs=1, iotds=2, area=100.0, channel="two-slopes", device_layout="given",
        server_layout="given", device_positions=((5.0, 0.0), (20.0, 0.0)),
        server_positions=((0.0, 0.0),),
    )  # fmt: skip
    env.reset(seed=0)
    assert env.slot.gain[:, 0] == pytest.approx([1e-3 / 25.0, 1e-3 * 10.0 / 8000.0], rel=1e-6)


def test_a_channel_law_of_ones_own_may_fade(monkeypatch):
    law = ChannelLaw(lambda scenario, d: 1e-4 + 0.0 * d, "rician", line_of_sight=0.9)
    monkeypatch.setitem(channels.LAWS, "steady", law)
    env = MECEnv(mecs=2, iotds=200, channel="steady")
    gains = []
    for seed in range(5):
        env.reset(seed=seed)
        gains.append(env.slot.gain / 1e-4)
    # A Rician power of mean 1 has variance 1 - K^2 with K its share in line of sight.
    assert np.mean(gains) == pytest.approx(1.0, abs=0.05)
    assert np.var(gains) == pytest.approx(1.0 - 0.9**2, rel=0.15)


def test_layouts_of_ones_own(monkeypatch):
    def ring(scenario, stream):
        angle = 2.0 * np.pi * np.arange(scenario.iotds) / scenario.iotds
        side = scenario.area[0]
        return side * (0.5 + 0.5 * np.stack((np.cos(angle), np.sin(angle)), axis=1))

    def middle(scenario, devices, stream):
        return np.full((scenario.mecs, 2), 0.5 * scenario.area[0])

    monkeypatch.setitem(layouts.DEVICES, "ring", ring)
    monkeypatch.setitem(layouts.SERVERS, "middle", middle)
    env = MECEnv(mecs=2, iotds=8, area=100.0, device_layout="ring", server_layout="middle")
    env.reset(seed=0)
    assert env.slot.distance == pytest.approx(np.full((8, 2), 50.0))


@pytest.mark.parametrize(
    "field", ["channel", "device_layout", "server_layout", "reward", "tasks"]
)  # fmt: skip
def test_an_unknown_name_never_falls_through(field):
    with pytest.raises(ValueError, match=f"{field} = 'nonsense': must be one of"):
        Scenario(**{field: "nonsense"})


def test_an_unknown_name_of_what_a_law_names_never_falls_through(monkeypatch):
    monkeypatch.setitem(channels.LAWS, "odd", ChannelLaw(channels.LAWS["are"].path_gain, "odd"))
    with pytest.raises(KeyError, match="odd"):
        MECEnv(mecs=1, iotds=1, channel="odd")


def test_codes_are_told_apart():
    for registry in (fading.FADINGS, MODES, COUPLINGS):
        codes = [getattr(law, "code", getattr(law, "CODE", None)) for law in registry.values()]
        assert len(set(codes)) == len(codes) and None not in codes
    assert len(set(rewards.REWARDS.values())) == len(rewards.REWARDS)


@pytest.mark.parametrize(
    "name, reward",
    [
        ("reciprocal", 0.25),
        ("saving", 0.5),
        ("log", np.log(2.0)),
        ("relative", 1.0),
        ("cost", -0.5),
    ],
)
def test_rewards_by_hand(name, reward):
    # The objective 4 is half of all-local's 8.
    code = rewards.REWARDS[name]
    assert rewards.reward_of(code, 4.0, 8.0) == pytest.approx(reward)
    assert rewards.reward_of(code, 0.0, 0.0) == 0.0


def test_every_reward_has_a_case_by_hand():
    assert set(rewards.REWARDS) == {"reciprocal", "saving", "log", "relative", "cost"}


@pytest.mark.parametrize("name", sorted(rewards.REWARDS))
def test_the_environment_gives_the_reward_of_its_name(name):
    env = MECEnv("square-km", iotds=6, mecs=2, reward=name)
    env.reset(seed=3)
    slot, decision = env.slot, np.array([0, 1, 2, 0, 1, 2])
    _, reward, _, _, info = env.step(decision)
    unit = rewards.typical_cost(env.scenario) if name == "cost" else slot.local_cost.sum()
    expected = rewards.reward_of(rewards.REWARDS[name], info["objective"], unit)
    assert reward == pytest.approx(expected, rel=1e-12)


def test_scenarios_are_coupled_by_what_they_are_named_for():
    named = {name: coupling_of(scenario) for name, scenario in mec_env.SCENARIOS.items()}
    assert {name: law for name, law in named.items() if law != "none"} == {
        "follow-me": "moving",
        "follow-me-light": "moving",
        "harvest": "battery",
        "harvest-bursts": "battery",
        "rush-hour": "backlog",
        "rush-hour-bursts": "backlog",
    }


def test_two_couplings_at_once_are_refused():
    with pytest.raises(ValueError, match="couplings moving and battery: one at a time"):
        mec_env.SCENARIOS["follow-me"].replace(battery_capacity=8.0)


def test_the_page_about_views_has_the_table_of_blocks():
    from pathlib import Path

    text = (Path(__file__).parents[2] / "docs" / "views.md").read_text(encoding="utf-8")
    for row in observation.table():
        assert f"| {' | '.join(row)} |" in text


@pytest.mark.parametrize("name", ["square-km", "follow-me", "harvest", "rush-hour"])
def test_blocks_stand_one_after_the_other_and_are_all_of_the_observation(name):
    scenario = mec_env.SCENARIOS[name]
    found = observation.parts(scenario)
    there = [block.name for block in observation.BLOCKS if block.scale(scenario) > 0.0]
    assert [part.block.name for part in found] == there
    assert found[0].start == 0 and found[-1].end == observation.size(scenario)
    assert all(a.end == b.start for a, b in pairwise(found))


def test_some_scenario_has_each_block():
    seen = {part.block.name for s in mec_env.SCENARIOS.values() for part in observation.parts(s)}
    assert seen == {block.name for block in observation.BLOCKS}
