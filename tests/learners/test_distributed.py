"""Each agent alone, in a file and in a process, says what the library says."""

import numpy as np
import pytest
import torch

import mec_env
from dirs_solver import DIRS, Settings
from dirs_solver.dirs.distributed import Ensemble, export_onnx, load_agent, save_agent

SMALL = dict(mecs=3, iotds=12, slots=15)


@pytest.fixture(scope="module")
def policy():
    torch.set_num_threads(1)
    settings = Settings(
        demonstrations="certified", demonstration_count=16, pretraining=20, inputs="gains+tasks"
    )
    return DIRS(settings).learn(mec_env.resolve("square-km", **SMALL), seed=3, slots=10)


def episode(policy):
    """Observations of an evaluation episode, and the decisions of the agents' own scores."""
    env = mec_env.MECParallelEnv.for_evaluation(policy.scenario)
    seen, _ = env.reset(seed=0)
    while env.agents:
        scores = {agent: policy.act(agent, o) for agent, o in seen.items()}
        yield seen, env.decision(scores)
        seen, *_ = env.step(scores)


def test_a_file_holds_one_agent(policy, tmp_path):
    path = tmp_path / "mec_1.safetensors"
    save_agent(policy, 1, path)
    agent, own = load_agent(path), policy.agents.alone(1)
    assert [p.shape for p in agent.weights] == [p.shape for p in own.weights]
    seen = torch.rand(
        4, mec_env.MECParallelEnv("square-km", **SMALL).observation_space("mec_0").shape[0]
    )
    with torch.inference_mode():
        assert torch.equal(agent(seen), own(seen))
        assert not torch.equal(agent(seen), policy.agents.alone(0)(seen))


def test_damaged_or_foreign_files_are_named(policy, tmp_path):
    path = tmp_path / "agent.safetensors"
    save_agent(policy, 0, path)
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(ValueError, match=r"agent.safetensors: truncated, corrupted"):
        load_agent(path)


def test_processes_decide_as_the_library(policy, tmp_path):
    paths = [tmp_path / f"mec_{j}.safetensors" for j in range(3)]
    for j, path in enumerate(paths):
        save_agent(policy, j, path)
    with Ensemble(paths, 12) as ensemble:
        for seen, wanted in episode(policy):
            assert np.array_equal(ensemble.decide(seen.values()), wanted)
    assert len(ensemble.seconds) == 15
    # Out: each agent's observation, 4 bytes a number. Back: 12 scores and 12 log gains each.
    size = sum(o.size for o in seen.values())
    assert ensemble.sent == 15 * 4 * size
    assert ensemble.received == 15 * 3 * 4 * 24
    assert all(not process.is_alive() for process in ensemble._processes)


def test_onnx_agrees_with_torch(policy, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    path = tmp_path / "mec_2.onnx"
    export_onnx(policy, 2, path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    seen_all = [seen for seen, _ in episode(policy)]
    assert len(seen_all) == 15
    for seen in seen_all:
        batch = np.stack([seen["mec_2"]] * 3)
        (scores,) = session.run(["scores"], {"observation": batch})
        assert scores.shape == (3, 12)
        assert np.allclose(scores[0], policy.act("mec_2", seen["mec_2"]), atol=1e-5)
