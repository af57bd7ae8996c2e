"""Distributed inference: each agent has a file and a process of its own.

A server's process is given its own observation and nothing else. It answers with its scores and
with its log gains, which break ties. The process that gathers the answers takes the vote.
"""

import multiprocessing
import time

import numpy as np
import torch

from dirs_solver.dirs.agents import OneAgent
from dirs_solver.shared import files
from mec_env.laws.actions import vote
from mec_env.simulator import observation


def save_agent(policy, server, path):
    """Write one agent to a safetensors file.

    Parameters
    ----------
    policy : dirs_solver.dirs.policy.DIRSPolicy
    server : int
        0 .. M - 1.
    path : path

    Raises
    ------
    ValueError
        For a policy with admission: processes answer with scores alone and never learn who asks.
    """
    if policy.admission:
        raise ValueError(
            "policy.admission = True: must be False for an agent in a file, which scores and admits nobody"
        )
    agent = policy.agents.alone(server)
    arrays = {name: value.numpy() for name, value in agent.state_dict().items()}
    header = {"server": server, "scenario": policy.scenario.name, "layers": len(agent.weights)}
    files.save(path, "dirs-agent", header, arrays)


def load_agent(path):
    """The :class:`dirs_solver.dirs.agents.OneAgent` of a file; loading runs no code.

    Raises
    ------
    ValueError
        In one sentence, for a file that is damaged or holds something else.
    """
    header, arrays = files.load(path, "dirs-agent")
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    layers = range(header["layers"])
    return OneAgent(
        [tensors[f"weights.{k}"] for k in layers],
        [tensors[f"biases.{k}"] for k in layers],
        tensors["mean"],
        tensors["deviation"],
    )


def export_onnx(policy, server, path):
    """Write one agent as an ONNX model: ``observation`` (S, observed) in, ``scores`` (S, N) out.

    Raises
    ------
    ImportError
        Saying what to install, without onnx and onnxscript.
    """
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError:
        raise ImportError('ONNX files need onnx: pip install "mec-offloading[onnx]"') from None
    sample = torch.zeros(2, observation.size(policy.scenario, "servers"))
    torch.onnx.export(
        policy.agents.alone(server).eval(), (sample,), path, dynamo=True, verbose=False,
        input_names=["observation"], output_names=["scores"],
        dynamic_shapes=({0: torch.export.Dim("slots")},), external_data=False,
    )  # fmt: skip


class Ensemble:
    """A process per agent, and the vote over what they answer.

    Parameters
    ----------
    paths : list of path
        Files of :func:`save_agent`, server by server.
    devices : int
        N.

    Attributes
    ----------
    sent, received : int
        Bytes to and from all agents so far.
    seconds : list of float
        From sending the observations to the decision, slot by slot.
    """

    def __init__(self, paths, devices):
        # Spawned, not forked: a process has nothing but what it is sent.
        context = multiprocessing.get_context("spawn")
        self._devices, self.sent, self.received, self.seconds = devices, 0, 0, []
        self._pipes, self._processes = [], []
        for path in paths:
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(str(path), devices, theirs), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)
        for pipe in self._pipes:
            pipe.recv_bytes()  # ready

    def decide(self, observations):
        """Decision (N,) int64 from the servers' observations, in their order."""
        n, m = self._devices, len(self._pipes)
        start = time.perf_counter()
        for pipe, seen in zip(self._pipes, observations):
            message = np.ascontiguousarray(seen, dtype=np.float32).tobytes()
            pipe.send_bytes(message)
            self.sent += len(message)
        scores, gains = np.empty((m, n), np.float32), np.empty((m, n), np.float32)
        for j, pipe in enumerate(self._pipes):
            answer = pipe.recv_bytes()
            self.received += len(answer)
            scores[j], gains[j] = np.frombuffer(answer, np.float32).reshape(2, n)
        decision = np.empty(n, dtype=np.int64)
        # Log gains rise with gains, and that is all that the tie rule asks of them.
        if not vote(scores.ravel(), gains, decision):
            raise ValueError("scores: hold what is not a number")
        self.seconds.append(time.perf_counter() - start)
        return decision

    def close(self):
        """End the processes."""
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join(timeout=10)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


def _serve(path, devices, pipe):
    """One server's process: observations in, scores and log gains out, until the pipe closes."""
    torch.set_num_threads(1)
    agent = load_agent(path)
    pipe.send_bytes(b"ready")
    with torch.inference_mode():
        while True:
            try:
                seen = np.frombuffer(pipe.recv_bytes(), np.float32)
            except EOFError:
                return
            scores = agent(torch.from_numpy(seen.copy())).numpy()
            pipe.send_bytes(np.concatenate([scores, seen[:devices]]).tobytes())
