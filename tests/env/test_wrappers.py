"""Gymnasium's own wrappers and vectorisers around MEC-v0."""

import gymnasium
import numpy as np
import pytest

import mec_env  # noqa: F401  registers MEC-v0


def test_record_video(tmp_path):
    pytest.importorskip("moviepy")
    pytest.importorskip("pygame")
    env = gymnasium.make("MEC-v0", scenario="paper-medium", slots=3, render_mode="rgb_array")
    env = gymnasium.wrappers.RecordVideo(env, str(tmp_path), episode_trigger=lambda _: True)
    env.reset(seed=0)
    for _ in range(3):
        env.step(env.action_space.sample())
    env.close()
    (video,) = tmp_path.glob("*.mp4")
    assert video.stat().st_size > 1000


@pytest.mark.filterwarnings("ignore:.*autoreset mode is same-step")
@pytest.mark.parametrize("mode", ["NEXT_STEP", "SAME_STEP"])
def test_record_video_of_a_batch(tmp_path, mode):
    pytest.importorskip("moviepy")
    pytest.importorskip("pygame")
    envs = gymnasium.make_vec(
        "MEC-v0", num_envs=2, scenario="paper-medium", slots=3, render_mode="rgb_array",
        autoreset_mode=mode,
    )  # fmt: skip
    assert envs.metadata["render_modes"] == ["rgb_array"] and envs.metadata["render_fps"] == 4
    folder = tmp_path / "videos"
    envs = gymnasium.wrappers.vector.RecordVideo(envs, str(folder), video_length=3)
    envs.reset(seed=0)
    for _ in range(4):
        envs.step(envs.action_space.sample())
    envs.close()
    videos = list(folder.glob("*.mp4"))
    assert videos and all(video.stat().st_size > 1000 for video in videos)


def test_statistics_and_time_limit():
    env = gymnasium.make("MEC-v0", scenario="paper-medium", max_episode_steps=2)
    env = gymnasium.wrappers.RecordEpisodeStatistics(env)
    env.reset(seed=0)
    env.action_space.seed(0)
    _, first, *_ = env.step(env.action_space.sample())
    _, second, _, truncated, info = env.step(env.action_space.sample())
    assert truncated and first != second
    assert info["episode"]["l"] == 2
    assert info["episode"]["r"] == pytest.approx(first + second)


def test_forked_copies_after_threads():
    # Threads of a batch must not break processes that are forked afterwards.
    batch = gymnasium.make_vec(
        "MEC-v0", num_envs=64, vectorization_mode="vector_entry_point",
        scenario="paper-medium", threads=2,
    )  # fmt: skip
    batch.reset(seed=0)
    actions = batch.action_space.sample()
    wanted = batch.step(actions)
    copies = gymnasium.make_vec(
        "MEC-v0", num_envs=2, vectorization_mode="async", scenario="paper-medium"
    )
    copies.reset(seed=0)
    seen, reward, *_ = copies.step(actions[:2])
    copies.close()
    assert np.array_equal(seen, wanted[0][:2])
    assert np.array_equal(reward, wanted[1][:2])
