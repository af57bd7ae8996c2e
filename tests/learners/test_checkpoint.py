"""Files of DIRS: a killed training resumes bit for bit, a damaged file is named, loading runs no code."""

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import mec_env
from dirs_solver import DIRS, Settings
from dirs_solver.shared import files as checkpoint

torch.set_num_threads(1)

SCENARIO = mec_env.Scenario(mecs=2, iotds=8)
SETTINGS = Settings(hidden=(12, 10), batch=16, pretraining=40, demonstration_count=16, buffer=40)
SLOTS = 200

#: The same training as a program of its own, which can be killed.
PROGRAM = """
import sys
from tests.learners.test_checkpoint import train
train(sys.argv[1])
"""


def train(path):
    """The whole training, or what is left of it, with a checkpoint after every update."""
    learner = DIRS(SETTINGS, checkpoint=path, checkpoint_seconds=0)
    learner.learn(SCENARIO, 7, slots=SLOTS)


def train_and_kill(path, delay):
    """Train in a process of its own that is killed some seconds after its first checkpoint."""
    root = Path(__file__).parents[2]
    before = path.stat().st_mtime_ns if path.exists() else None
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, path], cwd=root)
    while process.poll() is None and (not path.exists() or path.stat().st_mtime_ns == before):
        time.sleep(0.001)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


@pytest.mark.parametrize("times", [2, pytest.param(10, marks=pytest.mark.slow)])
def test_a_training_that_is_killed_again_and_again_ends_like_one_that_is_not(tmp_path, times):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    train(whole)
    rng = np.random.default_rng()
    kills = [train_and_kill(killed, rng.uniform(0.0, 0.3)) for _ in range(times)]
    assert any(kills), "no run was killed before its end"
    train(killed)
    assert whole.read_bytes() == killed.read_bytes()


@pytest.mark.parametrize("stop_at", [1, 17, 40, 41, 45, 52])
def test_a_training_resumes_from_any_checkpoint(tmp_path, monkeypatch, stop_at):
    whole = DIRS(SETTINGS, checkpoint=tmp_path / "a", checkpoint_seconds=0)
    whole.learn(SCENARIO, 7, slots=60)

    class Stop(Exception):
        pass

    saved, count = checkpoint.save, [0]

    def save_and_stop(*arguments):
        saved(*arguments)
        count[0] += 1
        if count[0] == stop_at:
            raise Stop

    monkeypatch.setattr(checkpoint, "save", save_and_stop)
    with pytest.raises(Stop):
        DIRS(SETTINGS, checkpoint=tmp_path / "b", checkpoint_seconds=0).learn(SCENARIO, 7, slots=60)
    monkeypatch.undo()
    resumed = DIRS(SETTINGS, checkpoint=tmp_path / "b")
    resumed.learn(SCENARIO, 7, slots=60)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    np.testing.assert_array_equal(whole.objectives, resumed.objectives)


def test_a_finished_training_goes_on_to_more_slots(tmp_path):
    DIRS(SETTINGS, checkpoint=tmp_path / "a").learn(SCENARIO, 7, slots=30)
    DIRS(SETTINGS, checkpoint=tmp_path / "a").learn(SCENARIO, 7, slots=60)
    DIRS(SETTINGS, checkpoint=tmp_path / "b").learn(SCENARIO, 7, slots=60)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A training's checkpoint and its policy's file."""
    directory = tmp_path_factory.mktemp("files")
    learner = DIRS(SETTINGS, checkpoint=directory / "training")
    learner.learn(SCENARIO, 7, slots=20)
    learner.save(directory / "policy")
    return directory


def test_a_policy_comes_back_as_it_was(files):
    learner = DIRS.load(files / "policy", scenario=SCENARIO)
    trained = DIRS(SETTINGS, checkpoint=files / "training").learn(SCENARIO, 7, slots=20)
    seen, _ = mec_env.MECEnv(SCENARIO).reset(seed=0)
    np.testing.assert_array_equal(learner.policy.scores(seen[None]), trained.scores(seen[None]))
    assert learner.settings == SETTINGS and learner.policy.scenario == SCENARIO
    learner.save(files / "again")
    assert (files / "again").read_bytes() == (files / "policy").read_bytes()
    assert not [name for name in os.listdir(files) if name.endswith(".tmp")]


def test_a_damaged_file_is_named_in_one_sentence(files, tmp_path):
    data = (files / "policy").read_bytes()
    path = tmp_path / "damaged"
    rng = np.random.default_rng(2)
    damaged = [data[: int(k)] for k in (*rng.integers(0, len(data), 20), 0, 7, 8, len(data) - 1)]
    for place in (*rng.integers(0, len(data), 60), 0, 8, 9):
        flipped = bytearray(data)
        flipped[place] ^= 1 << int(rng.integers(8))
        damaged.append(bytes(flipped))
    damaged += [data + b"x", b"\xff" * 100, b"[" * 100_000]
    for contents in damaged:
        path.write_bytes(contents)
        with pytest.raises(ValueError, match="damaged: ") as caught:
            DIRS.load(path)
        assert "\n" not in str(caught.value)


def test_loading_runs_no_code(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    (tmp_path / "evil").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ValueError, match="truncated, corrupted or not a file of DIRS"):
        DIRS.load(tmp_path / "evil")
    assert not (tmp_path / "ran").exists()


def test_a_file_for_something_else_is_named(files, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="trained for 2 servers and 8 devices, not for 8 and 180"):
        DIRS.load(files / "policy", scenario="paper-large")
    with pytest.raises(ValueError, match="holds 'dirs-training', must be a file of 'dirs-policy'"):
        DIRS.load(files / "training")
    with pytest.raises(FileNotFoundError):
        DIRS.load(files / "nowhere")

    def resume(settings=SETTINGS, scenario=SCENARIO, seed=7, slots=20):
        DIRS(settings, checkpoint=files / "training").learn(scenario, seed, slots=slots)

    for other, message in (
        (dict(scenario=SCENARIO.replace(iotds=9)), "2 servers and 8 devices, not for 2 and 9"),
        (
            dict(scenario=SCENARIO.replace(world_seed=3)),
            "scenario world_seed = 0, not world_seed = 3",
        ),
        (dict(seed=8), "was written for seed 7, not 8"),
        (dict(settings=SETTINGS.replace(batch=17)), r"settings {'batch': 16}, not {'batch': 17}"),
        (dict(slots=10), "20 slots are trained already, more than slots = 10"),
    ):
        with pytest.raises(ValueError, match=message):
            resume(**other)
    monkeypatch.setattr(checkpoint, "VERSION", 2)
    with pytest.raises(ValueError, match="written in version 1, this program reads 2"):
        DIRS.load(files / "policy")
