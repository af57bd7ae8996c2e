"""The standard libraries' own checkers, and what their trainers rely on beyond them."""

import os

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env as gymnasium_check
from pettingzoo.test import (
    api_test,
    max_cycles_test,
    parallel_api_test,
    parallel_seed_test,
    render_test,
    seed_test,
)
from pettingzoo.test.state_test import state_test

import mec_env
from mec_env import SCENARIOS, MECEnv, MECVectorEnv
from tests.helpers import UNEQUAL

# A warning of a checker is a finding; torch's and pygame's own are not ours.
pytestmark = [
    pytest.mark.filterwarnings("error::UserWarning"),
    pytest.mark.filterwarnings("ignore:.*pkg_resources.*"),
    # One device and one server make one number; scores are of [0, 1] as in the paper.
    pytest.mark.filterwarnings("ignore:Observation is a single number"),
    pytest.mark.filterwarnings("ignore:We recommend you to use a symmetric and normalized"),
]
BOTH = pytest.mark.parametrize("agents", ["servers", "devices"])
SIZES = [dict(mecs=3, iotds=5, slots=6), UNEQUAL, dict(mecs=1, iotds=1)]


@pytest.mark.parametrize("fields", SIZES)
@pytest.mark.parametrize("actions", ["decisions", "scores"])
def test_gymnasium(fields, actions):
    env = gymnasium.make("MEC-v0", actions=actions, **fields)
    gymnasium_check(env.unwrapped, skip_render_check=True)


@pytest.mark.parametrize("name", SCENARIOS)
def test_gymnasium_on_every_named_scenario(name):
    gymnasium_check(MECEnv(name), skip_render_check=True)


def test_gymnasium_with_a_picture():
    pytest.importorskip("pygame")
    env = gymnasium.make("MEC-v0", render_mode="rgb_array", mecs=3, iotds=5)
    gymnasium_check(env.unwrapped)


@pytest.mark.parametrize("fields", SIZES)
@pytest.mark.parametrize("actions", ["decisions", "scores"])
def test_stable_baselines3(fields, actions):
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    checker.check_env(MECEnv(actions=actions, **fields), warn=True, skip_render_check=True)


@BOTH
@pytest.mark.parametrize("fields", SIZES)
def test_pettingzoo_parallel(agents, fields):
    fields = dict(fields, agents=agents)
    parallel_api_test(mec_env.parallel_env(**fields), num_cycles=30)
    parallel_seed_test(lambda: mec_env.parallel_env(**fields), num_cycles=30)


@BOTH
@pytest.mark.parametrize("fields", SIZES)
def test_pettingzoo_aec(agents, fields):
    fields = dict(fields, agents=agents)
    api_test(mec_env.env(**fields), num_cycles=60)
    seed_test(lambda: mec_env.env(**fields), num_cycles=30)


def test_pettingzoo_max_cycles():
    max_cycles_test(mec_env)


@BOTH
def test_pettingzoo_state(agents):
    fields = dict(UNEQUAL, agents=agents)
    state_test(mec_env.env(**fields), mec_env.parallel_env(**fields))


@BOTH
def test_pettingzoo_render(agents, monkeypatch):
    pytest.importorskip("pygame")
    # No window: SDL draws into memory.
    monkeypatch.setitem(os.environ, "SDL_VIDEODRIVER", "dummy")
    render_test(lambda **mode: mec_env.env(agents=agents, mecs=2, iotds=4, slots=5, **mode))


# --- SuperSuit, the way to Stable-Baselines3 ---------------------------------------


@BOTH
def test_supersuit_copies_have_episodes_of_their_own(agents):
    supersuit = pytest.importorskip("supersuit")
    fields = dict(UNEQUAL, agents=agents)
    one = supersuit.pettingzoo_env_to_vec_env_v1(mec_env.parallel_env(**fields))
    count = one.num_envs
    copies = supersuit.concat_vec_envs_v1(one, 3, num_cpus=0, base_class="gymnasium")
    seen, _ = copies.reset()
    starts = seen.reshape(3, count, -1)
    assert len({start.tobytes() for start in starts}) == 3
    # A seed gives copies of their own too, the same ones again.
    seeded = copies.reset(seed=4)[0].reshape(3, count, -1)
    assert len({start.tobytes() for start in seeded}) == 3
    assert (copies.reset(seed=4)[0].reshape(3, count, -1) == seeded).all()


@BOTH
def test_supersuit_tells_truncation_from_termination(agents):
    supersuit = pytest.importorskip("supersuit")
    env = supersuit.pettingzoo_env_to_vec_env_v1(
        mec_env.parallel_env(**{**UNEQUAL, "agents": agents})
    )
    copies = supersuit.concat_vec_envs_v1(env, 2, num_cpus=0, base_class="stable_baselines3")
    copies.reset()
    rng = np.random.default_rng(0)
    for t in range(1, 10):
        if agents == "servers":
            action = rng.random((copies.num_envs, 5), dtype=np.float32)
        else:
            action = rng.integers(0, 4, copies.num_envs)
        _, rewards, dones, infos = copies.step(action)
        assert dones.all() == dones.any() == (t % 4 == 0)
        assert (np.array(rewards) > 0).all()
        # Stable-Baselines3 bootstraps the value where this is set.
        told = {info.get("TimeLimit.truncated", False) for info in infos}
        assert told == {t % 4 == 0}


@BOTH
@pytest.mark.parametrize(
    "name, arguments",
    [
        ("frame_skip_v0", (2,)),
        ("frame_skip_v0", ((1, 3),)),
        ("sticky_actions_v0", (0.5,)),
        ("delay_observations_v0", (1,)),
        ("frame_stack_v1", (2,)),
        ("max_observation_v0", (2,)),
        ("normalize_obs_v0", ()),
        ("dtype_v0", (np.float32,)),
        ("clip_reward_v0", ()),
        ("nan_zeros_v0", ()),
        ("pad_observations_v0", ()),
        ("pad_action_space_v0", ()),
        ("agent_indicator_v0", ()),
    ],
)
def test_supersuit_wrappers_work(agents, name, arguments):
    supersuit = pytest.importorskip("supersuit")
    env = getattr(supersuit, name)(mec_env.parallel_env(agents=agents, **UNEQUAL), *arguments)
    parallel_api_test(env, num_cycles=20)


def test_supersuit_skips_frames_by_the_seed():
    supersuit = pytest.importorskip("supersuit")
    skips = []
    for _ in range(2):
        inner = mec_env.parallel_env(agents="devices", **{**UNEQUAL, "slots": 100})
        env = supersuit.frame_skip_v0(inner, (1, 5))
        env.reset(seed=3)
        for _ in range(8):
            env.step(dict.fromkeys(env.agents, 0))
        skips.append(int(inner._env.simulator.slot_index[0]))
    assert 8 < skips[0] == skips[1] < 40


# --- TorchRL -------------------------------------------------------------------------


@pytest.mark.parametrize("frame_skip", [1, 2])
def test_torchrl_makes_it_by_name(frame_skip):
    torchrl = pytest.importorskip("torchrl.envs")
    env = torchrl.GymEnv("MEC-v0", frame_skip=frame_skip, **UNEQUAL)
    torchrl.check_env_specs(env)
    assert env.rollout(10).shape == (4 // frame_skip,)
    env.close()


# --- beyond the checkers ------------------------------------------------------------


@pytest.mark.parametrize("name", SCENARIOS)
def test_spaces_suit_every_trainer(name):
    # Flat, float32, bounded: what each multi-agent trainer of the field takes.
    boxes = [MECEnv(name).observation_space, MECEnv(name, actions="scores").action_space]
    for agents in ("servers", "devices"):
        env = mec_env.parallel_env(name, agents=agents)
        first, last = env.possible_agents[0], env.possible_agents[-1]
        boxes += [env.observation_space(first), env.observation_space(last)]
        assert env.observation_space(first) == env.observation_space(last)
    for box in boxes:
        assert box.dtype == np.float32 and len(box.shape) == 1
        assert np.isfinite(box.low).all() and np.isfinite(box.high).all()
        assert (box.low < box.high).all()


def test_gymnasium_wrappers_work():
    env = gymnasium.make("MEC-v0", max_episode_steps=3, **{**UNEQUAL, "slots": 100})
    env = gymnasium.wrappers.RecordEpisodeStatistics(env)
    env.reset(seed=0)
    out = [env.step([0] * 5) for _ in range(3)]
    assert [o[3] for o in out] == [False, False, True]
    assert out[-1][4]["episode"]["l"] == 3


def test_gymnasium_vector_wrappers_work():
    envs = gymnasium.wrappers.vector.RecordEpisodeStatistics(MECVectorEnv(3, **UNEQUAL))
    envs.reset(seed=0)
    for _ in range(4):
        infos = envs.step(np.zeros((3, 5), dtype=int))[4]
    assert infos["episode"]["l"].tolist() == [4, 4, 4]
