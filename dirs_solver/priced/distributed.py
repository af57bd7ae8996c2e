"""Distributed decisions: a process per server, given its own features and nothing else.

It answers with the action of its price, four bytes. The environment does the rest: devices choose
where to ask, and servers choose whom to keep.
"""

import multiprocessing
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from dirs_solver.priced.learner import load_any
from mec_env.simulator.features import COUPLED_FEATURES, SIZE

#: Lengths that a server's row of features may have.
ROWS = sorted({SIZE + sum(f.entries for f in more) for more in COUPLED_FEATURES.values()})


class PriceServers:
    """M processes that each load a saved ``priced`` and ask their price.

    Parameters
    ----------
    path : path
        As :meth:`dirs_solver.priced.learner.Priced.save` writes it, after ``prepare`` or ``learn``
        for the world at hand. Loading it runs no code.
    servers : int
        M.

    Attributes
    ----------
    sent, received : int
        Bytes to and from all processes so far.
    """

    def __init__(self, path: object, servers: int) -> None:
        # Spawned, not forked: a process has nothing but what it is sent.
        context = multiprocessing.get_context("spawn")
        self.sent = self.received = 0
        self._pipes, self._processes = [], []
        for j in range(servers):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(str(path), j, theirs), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)
        for pipe in self._pipes:
            pipe.recv_bytes()  # ready

    def act(self, observations: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
        """The joint action (M,), (2 M,) with a coupling, for each server's features (SIZE,), in their order."""
        for pipe, seen in zip(self._pipes, observations):
            message = np.ascontiguousarray(seen, dtype=np.float32).tobytes()
            pipe.send_bytes(message)
            self.sent += len(message)
        answers = [pipe.recv_bytes() for pipe in self._pipes]
        self.received += sum(map(len, answers))
        return np.frombuffer(b"".join(answers), np.float32)

    def close(self) -> None:
        """End the processes."""
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join(timeout=10)

    def __enter__(self) -> "PriceServers":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _serve(path, server, pipe):
    """One server's process: features in, its action out, until the pipe closes."""
    policy = load_any(path).policy
    pipe.send_bytes(b"ready")
    while True:
        try:
            seen = np.frombuffer(pipe.recv_bytes(), np.float32)
        except EOFError:
            return
        if seen.size not in ROWS:
            raise ValueError(f"features: {seen.size} numbers, must be one of {ROWS}")
        pipe.send_bytes(policy.act(f"mec_{server}", seen).tobytes())
