"""Branch and bound on devices: best first, each node bounded by its own prices.

A node forbids some options of some devices (cost inf). Its prices start from its parent's and need
few Newton steps. Several devices are tried. The search branches on the one whose children are
bounded best, with a child for each of its options. An option is forbidden below a node if it costs
more at the node's prices than is left up to the cut.

It counts its work instead of reading a clock, so that results repeat.
"""

import heapq

import numpy as np
from numba import njit

from mec_env.optimum import dual, moves

TRIED = 4  # devices that strong branching tries
POOL_BYTES = 1 << 26  # memory for open nodes


@njit(cache=True, nogil=True, error_model="numpy")
def forbid(problem, prices, spare, allowed):
    """Forbid what costs over ``spare`` more than a device's cheapest option; count what is left.

    Returns the number of devices that still have a choice.
    """
    link, local, weight, _ = problem
    n, m = link.shape
    undecided = 0
    for i in range(n):
        best = np.inf
        for option in range(m + 1):
            if allowed[i, option]:
                best = min(best, priced(link, local, weight, prices, i, option))
        left = 0
        limit = best + spare + 1e-12 * best  # and rounding
        for option in range(m + 1):
            if allowed[i, option] and priced(link, local, weight, prices, i, option) > limit:
                allowed[i, option] = False
            left += allowed[i, option]
        undecided += left > 1
    return undecided


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def priced(link, local, weight, prices, i, option):
    """Return what an option costs device i at the prices."""
    return local[i] if option == 0 else link[i, option - 1] + prices[option - 1] * weight[i]


@njit(cache=True, nogil=True, error_model="numpy")
def restrict(problem, allowed, node):
    """Fill the ``node``'s links and local costs: the problem's, inf where not ``allowed``."""
    link, local, _, _ = problem
    node_link, node_local, _, _ = node
    n, m = link.shape
    for i in range(n):
        node_local[i] = local[i] if allowed[i, 0] else np.inf
        for j in range(m):
            node_link[i, j] = link[i, j] if allowed[i, j + 1] else np.inf


@njit(cache=True, nogil=True, error_model="numpy")
def most_torn(node, prices, heat, torn):
    """Fill ``torn`` with the devices whose rounding moves the congestion most, -1 if there are
    fewer with a choice."""
    node_link, _, weight, congestion = node
    n, m = node_link.shape
    server = np.empty(m, np.int64)
    share = np.empty(m)
    torn[:] = -1
    score = np.zeros(torn.size)
    for i in range(n):
        count = moves.soft_shares(node, prices, heat, i, server, share)
        variance = 0.0
        for a in range(count):
            variance += congestion[server[a]] * share[a] * (1.0 - share[a])
        variance *= weight[i] * weight[i]
        if variance <= score[-1]:
            continue
        place = torn.size - 1
        while place > 0 and variance > score[place - 1]:
            score[place] = score[place - 1]
            torn[place] = torn[place - 1]
            place -= 1
        score[place] = variance
        torn[place] = i


@njit(cache=True, nogil=True, error_model="numpy")
def undecided_device(allowed):
    """Return the first device that still has a choice, -1 if there is none."""
    for i in range(allowed.shape[0]):
        if allowed[i].sum() > 1:
            return i
    return -1


@njit(cache=True, nogil=True, error_model="numpy")
def branch_and_bound(problem, base, start, known, slack, work_limit):
    """Search for decisions below a known one; it and the returned cost become the best found.

    Parameters
    ----------
    problem : Problem
        Options that are out have a cost of inf.
    base : Base
    start : ((M,) float64, float)
        Prices, and the common price, in whose shares the heats are.
    known : ((N,) int64, float)
        The decision, changed in place, and the cost to be beaten.
    slack : float
        A decision is looked for only if it is better by this share of the cost.
    work_limit : int
        Devices times servers times children at most tried.

    Returns
    -------
    cost, lower_bound : float
        The bound is cost * (1 - slack) when the search was completed.
    """
    link, local, weight, congestion = problem
    _, base_load = base
    prices, common = start
    decision, cost = known
    n, m = link.shape
    heats = (1e-3 * common, 1e-5 * common, 0.1)
    node_link = np.empty((n, m))
    node_local = np.empty(n)
    narrowed = node_link, node_local, weight, congestion
    trial = np.empty(n, np.int64)
    load = np.empty(m)
    torn = np.empty(TRIED, np.int64)
    child_bound = np.empty((TRIED, m + 1))
    child_prices = np.empty((TRIED, m + 1, m))
    size = max(16, min(100_000, POOL_BYTES // (n * (m + 1) + 8 * m)))
    pool = np.empty((size, n, m + 1), np.bool_)
    pool_prices = np.empty((size, m))
    pool[0] = True
    for i in range(n):
        pool[0, i, 0] = local[i] < np.inf
        for j in range(m):
            pool[0, i, j + 1] = link[i, j] < np.inf
    pool_prices[0] = prices
    bound = dual.bound_at(problem, base, prices)
    open_nodes = [(bound, 0)]
    unused = list(range(size - 1, 0, -1))
    work = 0
    while len(open_nodes) > 0:
        bound, node = open_nodes[0]
        if bound >= cost * (1.0 - slack):
            break
        work += TRIED * (m + 1) * n * m
        if work > work_limit or len(unused) < m + 1:
            return cost, bound
        heapq.heappop(open_nodes)
        allowed, here = pool[node], pool_prices[node]
        restrict(problem, allowed, narrowed)
        # A decision from this node.
        moves.round_in_turn(narrowed, base_load, here, 1e-4 * common, trial, load)
        moves.single_moves(problem, trial, load, 100)
        found = moves.cost_of(problem, base, trial, load)
        if found < cost:
            cost = found
            decision[:] = trial
        spare = cost * (1.0 - slack) - bound
        if forbid(problem, here, spare, allowed) > 0:
            restrict(problem, allowed, narrowed)
        most_torn(narrowed, here, 1e-3 * common, torn)
        if torn[0] < 0:
            torn[0] = undecided_device(allowed)
        if torn[0] < 0:
            # Everything is decided: prices at its loads make the bound tight.
            for i in range(n):
                trial[i] = np.argmax(allowed[i])
            found = moves.cost_of(problem, base, trial, load)
            if found < cost:
                cost = found
                decision[:] = trial
            unused.append(node)
            continue
        chosen, chosen_score = 0, -1.0
        for t in range(TRIED):
            i = torn[t]
            if i < 0:
                break
            least, total = np.inf, 0.0
            for option in range(m + 1):
                if not allowed[i, option]:
                    continue
                for j in range(m):
                    node_link[i, j] = np.inf
                node_local[i] = np.inf
                if option == 0:
                    node_local[i] = local[i]
                else:
                    node_link[i, option - 1] = link[i, option - 1]
                child_prices[t, option] = here
                dual.climb(narrowed, base_load, child_prices[t, option], heats, 1e-9, 12)
                child = dual.bound_at(narrowed, base, child_prices[t, option])
                child_bound[t, option] = max(child, bound)
                least = min(least, child)
                total += min(child, cost) - bound
            for j in range(m):
                node_link[i, j] = link[i, j] if allowed[i, j + 1] else np.inf
            node_local[i] = local[i] if allowed[i, 0] else np.inf
            score = max(min(least, cost) - bound, 0.0) + 1e-3 * max(total, 0.0)
            if score > chosen_score:
                chosen, chosen_score = t, score
        i = torn[chosen]
        for option in range(m + 1):
            if not allowed[i, option]:
                continue
            child = child_bound[chosen, option]
            spare = cost * (1.0 - slack) - child
            if spare <= 0.0:
                continue
            new = unused.pop()
            pool[new] = allowed
            pool[new, i] = False
            pool[new, i, option] = True
            pool_prices[new] = child_prices[chosen, option]
            forbid(problem, pool_prices[new], spare, pool[new])
            heapq.heappush(open_nodes, (child, new))
        unused.append(node)
    return cost, cost * (1.0 - slack)
