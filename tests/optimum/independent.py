"""What the certificate's tests compare with: brute force, plain formulas, random problems."""

import itertools

import numpy as np
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from mec_env.optimum.problem import Problem


def plain_cost(problem, decision):
    """The objective, straight from its formula."""
    link, local, weight, congestion = problem
    decision = np.asarray(decision)
    cost = 0.0
    for i, d in enumerate(decision):
        cost += local[i] if d == 0 else link[i, d - 1]
    for j, q in enumerate(congestion):
        cost += q * weight[decision == j + 1].sum() ** 2
    return cost


def brute_force(problem):
    """The least cost of all (M + 1)^N decisions."""
    link, local, weight, congestion = problem
    n, m = link.shape
    decisions = np.array(list(itertools.product(range(m + 1), repeat=n)))
    costs = np.column_stack([local, link])[np.arange(n), decisions].sum(axis=1)
    for j in range(m):
        costs += congestion[j] * ((decisions == j + 1) @ weight) ** 2
    return costs.min()


def plain_bound(problem, prices):
    link, local, weight, congestion = problem
    cheapest = np.minimum(local, (link + prices * weight[:, None]).min(axis=1))
    return cheapest.sum() - (prices**2 / (4 * congestion)).sum()


def assignment_cost(problem):
    """The optimum for equal weights: every place on a server is a column of its own."""
    link, local, weight, congestion = problem
    n, m = link.shape
    own = congestion * weight[0] ** 2
    # A place whose congestion alone exceeds a device's local cost is never worth it.
    places = [min(n, int(np.ceil((local.max() / o + 1) / 2)) + 1) for o in own]
    columns = [link[:, j, None] + (2 * np.arange(places[j]) + 1) * own[j] for j in range(m)]
    columns.append(np.repeat(local[:, None], n, axis=1))
    costs = np.hstack(columns)
    rows, chosen = linear_sum_assignment(costs)
    return costs[rows, chosen].sum()


@st.composite
def problems(draw, most_devices=8, most_servers=3, equal=False):
    """Small problems of many kinds: ties, zeros, huge links, weights over six decades."""
    m = draw(st.integers(1, most_servers))
    n = draw(st.integers(1, most_devices if m < 3 else most_devices - 2))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["plain", "ties", "free links", "bad links", "bad local"]))
    link = rng.exponential(10.0 ** rng.uniform(-3, 1), (n, m))
    local = rng.uniform(0.2, 6.0, n)
    if kind == "ties":
        link, local = rng.integers(0, 3, (n, m)) * 0.5, rng.integers(0, 4, n) * 0.5
    elif kind == "free links":
        link = np.zeros((n, m))
    elif kind == "bad links":
        link[rng.random((n, m)) < 0.7] = 1e12
    elif kind == "bad local":
        local = np.full(n, 1e12)
    spread = draw(st.sampled_from([0.0, 1.0, 3.0])) * (not equal)
    weight = np.full(n, 1.0) if equal else 10.0 ** rng.uniform(-spread / 2, spread / 2, n)
    scale = 10.0 ** rng.uniform(-1, 5)
    congestion = 10.0 ** rng.uniform(-2, 0.5, m) / scale**2
    return Problem(link, local, weight * scale, congestion)
