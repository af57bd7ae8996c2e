"""What a coupled server's row is made of: its own column, services and queue, and what all see."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

import mec_env
from mec_env import MECEnv
from mec_env.laws.channels import path_gain
from mec_env.laws.coupling import battery, moving
from mec_env.simulator.features import SIZE, observe_features, row_size
from mec_env.simulator.kernel import room_for
from mec_env.simulator.rivals import shadowed

THREE = ("follow-me", "harvest", "rush-hour")
SMALL = dict(iotds=20, mecs=3, area=300.0, clusters=2, slots=12)


def after(name, slots=3, **fields):
    """An environment some slots into its episode."""
    scenario = mec_env.SCENARIOS[name].replace(**{**SMALL, **fields})
    env = MECEnv(scenario, "prices", observe="features")
    env.reset(seed=4)
    for _ in range(slots):
        env.step(np.zeros(6, np.float32))
    return env


def rows(env):
    """The features (M, row) of the slot as it stands on the board now."""
    simulator, out = env.simulator, np.empty(env.observation_space.shape, np.float32)
    observe_features(
        simulator._features, simulator.physics, simulator._worlds, simulator._board, simulator._carry,
        simulator._law, 0,
        room_for(env.scenario.iotds, env.scenario.mecs, True), out,
    )  # fmt: skip
    return out.reshape(-1, row_size(env.scenario))


@pytest.mark.parametrize("name", THREE)
@pytest.mark.parametrize("changed", range(3))
def test_no_server_sees_anothers_column(name, changed):
    env = after(name)
    seen, others = rows(env), np.arange(3) != changed
    env.simulator._board.gain[0, changed] *= np.linspace(0.3, 1e3, 20, dtype=np.float32)
    assert (rows(env)[others] == seen[others]).all()
    assert (rows(env)[changed] != seen[changed]).any()


def test_who_holds_a_service_is_seen_by_who_held_it_and_who_holds_it_now():
    env = after("follow-me")
    holders = env.simulator._carry.numbers[0, moving.HOLDER * 20 : (moving.HOLDER + 1) * 20]
    holders[:] = [0] * 10 + [1] * 6 + [2] * 4
    seen = rows(env)
    # M times the share of 20 devices.
    assert seen[:, SIZE] == pytest.approx([1.5, 0.9, 0.6])
    holders[:5] = 1
    assert rows(env)[:, SIZE] == pytest.approx([0.75, 1.65, 0.6])
    assert (rows(env)[2] == seen[2]).all()


def test_anothers_shadowing_is_not_seen():
    env = after("follow-me")
    seen = rows(env)
    assert env.scenario.shadowing > 0.0
    env.simulator._worlds.path_gain[0, 1] *= 100.0
    assert (rows(env)[[0, 2]] == seen[[0, 2]]).all()


def test_links_to_others_are_those_of_where_devices_are():
    env = after("follow-me", slots=0, motion_speed=20.0)
    before = env.simulator._features.log_path.copy()
    for _ in range(11):
        env.step(np.zeros(6, np.float32))
    simulator = env.simulator
    expected = np.log(path_gain(env.scenario, env.slot.distance))
    assert simulator._features.log_path[0] == pytest.approx(expected, abs=2e-3)
    assert np.abs(before - expected).max() > 1.0, "nobody went anywhere"
    asked = np.take_along_axis(simulator._features.cheapest[0], simulator._features.order[0], 1)
    assert (np.diff(asked, axis=1) >= 0.0).all()


@pytest.mark.parametrize("deviation", [3.0, 6.0])
def test_shadowing_is_averaged_over(deviation):
    logs = np.linspace(-16.0, 6.0, 1409)
    found = shadowed(1.0 - np.exp(-np.exp(logs)), logs, deviation)
    nats = deviation * np.log(10.0) / 10.0
    for at in (-4.0, -1.0, 0.0, 1.0, 2.5):
        expected = quad(lambda z: norm.pdf(z) * -np.expm1(-np.exp(at - nats * z)), -8, 8)[0]  # noqa: B023
        assert np.interp(at, logs, found) == pytest.approx(expected, abs=1e-4)


def test_without_shadowing_fading_is_all_there_is():
    below = np.array([0.0, 0.5, 1.0])
    assert shadowed(below, np.array([-1.0, 0.0, 1.0]), 0.0) is below


def test_a_queue_is_seen_by_its_own_server():
    env = after("rush-hour")
    seen, served = rows(env), env.simulator._law.own[0, :3]
    env.simulator._carry.numbers[0, 0] = 3.0 * served[0]
    # It takes three slots to end them.
    assert rows(env)[0, SIZE] == pytest.approx(np.log(4.0))
    assert (rows(env)[1:] == seen[1:]).all()


def test_what_is_left_of_the_episode_falls_by_one_slot_a_slot():
    for name in THREE:
        env = after(name, slots=0)
        left = []
        for _ in range(12):
            left.append(rows(env)[:, -1])
            env.step(np.zeros(6, np.float32))
        assert np.array(left) == pytest.approx(np.repeat(np.arange(12, 0, -1)[:, None] / 12, 3, 1))


def test_a_battery_is_seen_as_a_share_of_its_levels():
    env = after("harvest")
    levels = env.simulator._carry.numbers[0, battery.LEVEL * 20 : (battery.LEVEL + 1) * 20]
    top = env.simulator._law.numbers[battery.LEVELS]
    levels[:10], levels[10:] = top, 0.0
    assert rows(env)[:, SIZE] == pytest.approx([0.5] * 3)
    sine, cosine = rows(env)[0, SIZE + 3 : SIZE + 5]
    assert sine**2 + cosine**2 == pytest.approx(1.0)
