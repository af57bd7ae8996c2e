"""Random numbers of solvers: by counter, like the environment's, in a key space of their own.

Every number is a pure function of the seed, its use and when it is drawn, so a
resumed run needs no generator's state and nothing touches a global one.
"""

import random
from contextlib import contextmanager

import numpy as np

from mec_env.draws import streams

#: Beside training and evaluation (``mec_env.draws.streams.Space``): no draw of an environment meets it.
SPACE = 2

# What a number is used for.
WEIGHTS = 0
REPLAY = 1
POPULATION = 2
STEPS = 3
EXPLORATION = 4
RESOURCES = 5


def uniforms(seed, use, time, *shape):
    """Uniform numbers in (0, 1), float64.

    Parameters
    ----------
    seed : int
        0 to 2**64 - 1.
    use : int
        One of this module's uses.
    time : int
        When: an update, a search, an agent. Other times, other numbers.
    """
    return streams.Stream(streams.seed_key(seed), use, SPACE, time).uniform(*shape)


@contextmanager
def global_generators_kept():
    """Put the process's generators back, which other people's libraries seed and draw from."""
    import torch

    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng(devices=[]):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002
