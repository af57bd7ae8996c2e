"""What the hindsight tests compare with: brute force, plain formulas, random tiny episodes."""

import itertools

import numpy as np
from hypothesis import strategies as st

from mec_env.optimum.hindsight.battery import BatteryProblem
from mec_env.optimum.hindsight.moving import MovingProblem

#: Most joint decisions that brute force looks at.
MOST = 70_000


def moving_path(problem, i, path):
    """What device i's path costs by itself, and its loads (T, M), straight from the rules."""
    slots, _, servers = problem.link.shape
    holder, cost, load = problem.holder[i], 0.0, np.zeros((slots, servers))
    for t, d in enumerate(path):
        if d == 0:
            cost += problem.local[t, i]
            continue
        cost += problem.link[t, i, d - 1]
        load[t, d - 1] = problem.weight[t, i]
        if d - 1 != holder:
            cost += problem.migration[i]
            holder = d - 1
    return cost, load


def battery_path(problem, i, path):
    """What device i's path costs by itself, and its loads (T, M), straight from the rules."""
    slots, _, servers = problem.link.shape
    level, cost, load = problem.start[i], 0.0, np.zeros((slots, servers))
    for t, d in enumerate(path):
        link_use = problem.link_use[t, i, d - 1] if d > 0 else None
        full, half = problem.local_use[t, i]
        if d > 0 and np.isinf(problem.link[t, i, d - 1]):
            return np.inf, load
        if d > 0 and link_use <= level:
            cost += problem.link[t, i, d - 1]
            load[t, d - 1] = problem.weight[t, i]
            level -= link_use
        elif full <= level:
            cost += problem.local[t, i, 0]
            level -= full
        elif half <= level:
            cost += problem.local[t, i, 1]
            level -= half
        else:
            cost += problem.local[t, i, 2]
        level = min(problem.capacity, level + problem.harvest[t, i])
    return cost, load


def path_of(problem):
    return moving_path if isinstance(problem, MovingProblem) else battery_path


def plain_cost(problem, decision):
    """The episode's objective by the plain rules."""
    paths = [path_of(problem)(problem, i, decision[:, i]) for i in range(decision.shape[1])]
    load = sum(load for _, load in paths)
    return sum(cost for cost, _ in paths) + (problem.congestion * load**2).sum()


def brute_force(problem):
    """The least cost of all joint decisions, those that come to the same taken once."""
    slots, devices, servers = problem.link.shape
    costs, loads = np.zeros(1), np.zeros((1, slots, servers))
    for i in range(devices):
        kinds = {}
        for path in itertools.product(range(servers + 1), repeat=slots):
            cost, load = path_of(problem)(problem, i, path)
            key = load.tobytes()
            if cost < kinds.get(key, (np.inf, None))[0]:
                kinds[key] = cost, load
        own = np.array([cost for cost, _ in kinds.values()])
        own_loads = np.array([load for _, load in kinds.values()])
        costs = (costs[:, None] + own).ravel()
        loads = (loads[:, None] + own_loads).reshape(-1, slots, servers)
    return (costs + (problem.congestion * loads**2).sum((1, 2))).min()


def load_of(problem, decision):
    """The loads (T, M) of a decision that falls back nowhere."""
    return np.stack(
        [
            (problem.weight * (decision == j + 1)).sum(axis=1)
            for j in range(problem.congestion.size)
        ],
        axis=1,
    )


def nobody_gains_alone(problem, decision):
    """Whether no device has a path that lowers the objective with the others' as they are."""
    slots, devices, servers = problem.link.shape
    cost = plain_cost(problem, decision)
    for i in range(devices):
        for path in itertools.product(range(servers + 1), repeat=slots):
            other = decision.copy()
            other[:, i] = path
            if plain_cost(problem, other) < cost * (1 - 1e-9):
                return False
    return True


def sizes(rng):
    """Slots, devices and servers that brute force can bear."""
    while True:
        slots, devices, servers = rng.integers(2, 5), rng.integers(1, 4), rng.integers(1, 4)
        if (servers + 1.0) ** (slots * devices) <= MOST:
            return int(slots), int(devices), int(servers)


def costs_for(rng, slots, devices, servers):
    """Links, locals, weights and congestion of many kinds: ties, zeros, bans, odd weights."""
    whole = rng.random() < 0.4

    def draw(*shape):
        return rng.integers(0, 4, shape).astype(float) if whole else rng.random(shape)

    link = draw(slots, devices, servers) * 10.0 ** rng.uniform(-1, 1)
    local = draw(slots, devices) * 10.0 ** rng.uniform(-0.5, 1.5)
    link[rng.random(link.shape) < rng.choice([0.0, 0.2, 0.9], p=[0.6, 0.3, 0.1])] = np.inf
    kind = rng.integers(3)
    weight = np.ones((slots, devices))
    if kind == 1:
        weight = rng.uniform(0.5, 2.0, weight.shape)
    if kind == 2:
        weight = 10.0 ** rng.uniform(-3, 3, weight.shape)
    congestion = 10.0 ** rng.uniform(-2, 0.7, servers) / np.mean(weight) ** 2
    return link, local, weight, congestion


def tiny_moving(seed):
    """A random moving episode that brute force can bear."""
    rng = np.random.default_rng(seed)
    slots, devices, servers = sizes(rng)
    link, local, weight, congestion = costs_for(rng, slots, devices, servers)
    migration = rng.choice([0.0, 0.1, 1.0, 10.0]) * rng.integers(0, 3, devices)
    holder = rng.integers(0, servers, devices)
    return MovingProblem(link, local, weight, congestion, migration, holder)


def tiny_battery(seed):
    """A random battery episode that brute force can bear."""
    rng = np.random.default_rng(seed)
    slots, devices, servers = sizes(rng)
    link, full, weight, congestion = costs_for(rng, slots, devices, servers)
    capacity = int(rng.integers(1, 7))
    # Half speed and drops dearer than full speed, or not at all: nothing may rest on an order.
    others = rng.choice([0.3, 1.0, 5.0]) * full.max() * rng.random((slots, devices, 2))
    local = np.concatenate([full[..., None], others], axis=2)
    return BatteryProblem(
        link,
        local,
        weight,
        congestion,
        rng.integers(0, rng.integers(1, capacity + 3), link.shape),
        rng.integers(0, capacity + 3, (slots, devices, 2)),
        rng.integers(0, rng.integers(1, capacity + 3), (slots, devices)),
        rng.integers(0, capacity + 1, devices),
        capacity,
    )


movings = st.integers(0, 2**32 - 1).map(tiny_moving)
batteries = st.integers(0, 2**32 - 1).map(tiny_battery)


def check(problem, found, cost_of):
    """What holds for every answer; returns it."""
    slots, devices, servers = problem.link.shape
    assert found.decision.shape == (slots, devices) and found.decision.dtype == np.int64
    assert found.decision.min() >= 0 and found.decision.max() <= servers
    assert found.objective == cost_of(problem, found.decision)
    assert np.isclose(found.objective, plain_cost(problem, found.decision), rtol=1e-12, atol=0.0)
    assert 0.0 <= found.lower_bound <= found.objective < np.inf
    assert found.prices.shape == (slots, servers) and found.prices.dtype == np.float64
    assert np.isfinite(found.prices).all() and (found.prices >= 0.0).all()
    return found


def soft_slopes_are_its_derivatives(rng, soft, hard, prices, weight):
    """The soft sum is concave and below the hard one, its loads are slopes, cold it is the hard one.

    ``soft`` (prices, heat) -> (value, load); ``hard`` prices -> value without the servers' part.
    """
    heat = 0.2
    value, load = soft(prices, heat)
    direction = rng.normal(size=prices.shape)
    h = 1e-5
    up, down = soft(prices + h * direction, heat)[0], soft(prices - h * direction, heat)[0]
    slope = np.vdot(load, direction)
    assert abs((up - down) / (2 * h) - slope) <= 1e-4 * weight.sum()
    far = np.maximum(prices + rng.normal(size=prices.shape), 0.0)
    assert soft(far, heat)[0] <= value + np.vdot(load, far - prices) + 1e-9 * value
    assert value <= hard(prices) * (1 + 1e-9)
    assert np.isclose(soft(prices, 1e-12)[0], hard(prices), rtol=1e-9)
    assert (load >= -1e-9).all() and (load.sum(axis=1) <= weight.sum(axis=1) * (1 + 1e-9)).all()
