"""Files of DIRS: a killed training resumes bit for bit, a damaged file is named, loading runs no code."""

import os
import pickle
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

import mec_env
from dirs_solver import DIRS, Settings, checkpoint

torch.set_num_threads(1)

SCENARIO = mec_env.Scenario(mecs=2, iotds=8)
SETTINGS = Settings(hidden=(12, 10), batch=16, pretraining=40, demonstration_count=16, buffer=40)
SLOTS = 300

#: The same training as a program of its own, which can be killed.
PROGRAM = """
import sys
from tests.test_checkpoint import SCENARIO, SETTINGS, SLOTS
from dirs_solver import DIRS
print("ready", flush=True)
learner = DIRS(SETTINGS, checkpoint=sys.argv[1], checkpoint_seconds=0)
learner.learn(SCENARIO, 7, slots=SLOTS)
learner.save(sys.argv[2])
"""


def run(directory, name, kill_after=None):
    """Train in a process of its own; True if it ended, False if it was killed."""
    command = [
        sys.executable,
        "-c",
        PROGRAM,
        directory / f"{name}.training",
        directory / f"{name}.policy",
    ]
    process = subprocess.Popen(
        command, cwd=os.path.dirname(os.path.dirname(__file__)), stdout=subprocess.PIPE
    )
    process.stdout.readline()
    if kill_after is None:
        return process.wait() == 0
    time.sleep(kill_after)
    process.send_signal(signal.SIGKILL)
    return process.wait() == 0


def test_a_training_that_is_killed_again_and_again_ends_like_one_that_is_not(tmp_path):
    assert run(tmp_path, "whole")
    rng = np.random.default_rng(1)
    kills = 0
    for _ in range(4):
        kills += not run(tmp_path, "killed", kill_after=rng.uniform(0.3, 1.2))
    assert run(tmp_path, "killed")
    assert kills, "no run was killed before its end"
    for kind in ("training", "policy"):
        whole, killed = ((tmp_path / f"{name}.{kind}").read_bytes() for name in ("whole", "killed"))
        assert whole == killed


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
