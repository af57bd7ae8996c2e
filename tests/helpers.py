"""Slots and scenarios that the tests share."""

import numpy as np

from mec_env import Range, Slot

# Small, with everything drawn or unequal: all blocks of the observation exist.
UNEQUAL = dict(
    mecs=3,
    iotds=5,
    area=200.0,
    path_loss_exponent=3.0,
    server_layout="random",
    cycles=Range(0.2e9, 3e9),
    data_bits=Range(1e5, 2e6),
    local_speed=Range(0.5e9, 1.1e9),
    server_speed=Range(3e9, 2e10),
    slots=4,
)


def make_slot(gain, **fields):
    """A Slot of the paper's numbers around these gains (N, M)."""
    gain = np.asarray(gain, dtype=np.float64)
    n, m = np.atleast_2d(gain).shape
    given = dict(
        gain=gain,
        distance=np.full((n, m), 10.0),
        data_bits=np.full(n, 8e5),
        cycles=np.full(n, 1e9),
        local_speed=np.full(n, 1e9),
        server_speed=np.full(m, 1e10),
    )
    return Slot(**{**given, **fields})


def random_slot(rng, devices=6, servers=3, **fields):
    """A Slot with everything unequal; gains over ten decades, from either side of the cap."""
    n, m = devices, servers
    given = dict(
        gain=10.0 ** rng.uniform(-16, -6, (n, m)),
        distance=rng.uniform(1, 50, (n, m)),
        data_bits=rng.uniform(1e5, 2e6, n),
        cycles=rng.uniform(0.2e9, 3e9, n),
        local_speed=rng.uniform(0.5e9, 1.1e9, n),
        server_speed=rng.uniform(3e9, 2e10, m),
        weight_time=1.5,
        weight_energy=0.5,
    )
    return Slot(**{**given, **fields})


def fields_of(slot):
    """The fields that a Slot was built from, to build a changed one."""
    names = (
        "gain distance data_bits cycles local_speed server_speed bandwidth noise max_power "
        "kappa exponent weight_time weight_energy"
    ).split()
    return {name: getattr(slot, name) for name in names}


def play(env, actions):
    """Everything that single-environment steps return, observation first."""
    return [env.step(action) for action in actions]


def same(a, b):
    """Equal to the last bit, through lists, tuples and dicts of arrays and numbers."""
    if isinstance(a, dict):
        return set(a) == set(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray) and a.dtype == object:
        return a.shape == b.shape and all(map(same, a, b))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    return type(a) is type(b) and a == b
