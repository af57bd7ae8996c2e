"""Equal tasks: negative-cycle cancelling to the exact optimum, with an equal bound.

When all weights are w, the k-th device on server j costs (2k - 1) q_j w^2 more than its link,
whichever device it is. This is a flow with convex costs. A decision is optimal if and only if no
cycle of moves between options lowers the cost. The graph has M + 2 nodes: the options 0..M and a
reservoir, through which one option may lose a device and another gain one. Once no negative cycle
is left, the shortest distances on the graph are the prices that prove the optimum.
"""

import numpy as np
from numba import njit

from mec_env.optimum.dual import UNIT, add_exactly, round_down
from mec_env.optimum.moves import enter, leave, option_cost


@njit(cache=True, nogil=True, error_model="numpy")
def all_equal(weight):
    """Return whether all weights are the same number."""
    for i in range(1, weight.size):
        if weight[i] != weight[0]:
            return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def offer(link, local, decision, i, shift, mover):
    """Let device i be the one that moves from its option wherever it does so cheapest."""
    here = decision[i]
    cost = option_cost(link, local, i, here)
    for there in range(shift.shape[0] - 1):
        change = option_cost(link, local, i, there) - cost
        if there != here and change < shift[here, there]:
            shift[here, there] = change
            mover[here, there] = i


@njit(cache=True, nogil=True, error_model="numpy")
def price_reservoir(own, count, shift):
    """Set the arcs of the reservoir (last node): what one device more or less costs an option."""
    reservoir = shift.shape[0] - 1
    for option in range(reservoir):
        unit = own[option]
        shift[option, reservoir] = (2.0 * count[option] + 1.0) * unit
        shift[reservoir, option] = np.inf
        if count[option] > 0:
            shift[reservoir, option] = -(2.0 * count[option] - 1.0) * unit


@njit(cache=True, nogil=True, error_model="numpy")
def find_cycle(shift, slack, distance, parent, mark):
    """Return a node of a negative cycle, or -1 when ``distance`` holds shortest distances.

    Bellman and Ford, from everywhere at once. An arc counts as shorter only beyond ``slack`` and
    the rounding of its sum, so that rounding can't make a cycle.
    """
    nodes = distance.size
    distance[:] = 0.0
    parent[:] = -1
    changed = True
    while changed:
        changed = False
        for u in range(nodes):
            for v in range(nodes):
                path = distance[u] + shift[u, v]
                if path < distance[v]:
                    doubt = slack + 4.0 * UNIT * (abs(distance[u]) + abs(shift[u, v]))
                    if path < distance[v] - doubt:
                        distance[v] = path
                        parent[v] = u
                        changed = True
        if not changed:
            return -1
        # Walk up from every node; a walk that meets its own mark has found a cycle.
        mark[:] = -1
        for start in range(nodes):
            node = start
            while node >= 0 and mark[node] < 0:
                mark[node] = start
                node = parent[node]
            if node >= 0 and mark[node] == start:
                return node
    return -1


@njit(cache=True, nogil=True, error_model="numpy")
def cancel_cycles(problem, decision, toll):
    """Make ``decision`` optimal in place, fill ``toll`` (M,) with what a device pays at each
    server in the proof, and return how many cycles were cancelled. All weights must be equal.
    """
    link, local, weight, congestion = problem
    n, m = link.shape
    nodes, reservoir = m + 2, m + 1
    own = np.zeros(m + 1)  # congestion of one device alone on each option
    for j in range(m):
        own[j + 1] = congestion[j] * weight[0] * weight[0]
    first = np.full(m + 1, -1)
    following = np.empty(n, np.int64)
    previous = np.empty(n, np.int64)
    count = np.zeros(m + 1, np.int64)
    shift = np.full((nodes, nodes), np.inf)
    mover = np.full((nodes, nodes), -1)
    total = 0.0
    for i in range(n):
        count[decision[i]] += 1
        total += min(local[i], link[i].min())
        enter(i, decision[i], first, following, previous)
        offer(link, local, decision, i, shift, mover)
    price_reservoir(own, count, shift)
    distance = np.empty(nodes)
    parent = np.empty(nodes, np.int64)
    mark = np.empty(nodes, np.int64)
    moving = np.empty(nodes, np.int64)
    target = np.empty(nodes, np.int64)
    cycles = 0
    while True:
        start = find_cycle(shift, 1e-14 * total / n, distance, parent, mark)
        if start < 0:
            break
        cycles += 1
        # Note the whole cycle first: the moves change the arcs.
        moves, v = 0, start
        while True:
            u = parent[v]
            if u != reservoir and v != reservoir:
                moving[moves], target[moves] = mover[u, v], v
                moves += 1
            v = u
            if v == start:
                break
        for k in range(moves):
            i = moving[k]
            here = decision[i]
            leave(i, here, first, following, previous)
            enter(i, target[k], first, following, previous)
            count[here] -= 1
            count[target[k]] += 1
            decision[i] = target[k]
            # Arcs that i carried look for another mover; the ones it may carry now are offered.
            shift[here, :reservoir] = np.inf
            i = first[here]
            while i >= 0:
                offer(link, local, decision, i, shift, mover)
                i = following[i]
            offer(link, local, decision, moving[k], shift, mover)
        price_reservoir(own, count, shift)
    for j in range(m):
        # Up to the congestion of a first device a toll costs the bound nothing. Tasks of no
        # weight have no congestion, and any toll would cost the bound everything.
        toll[j] = 0.0
        if own[j + 1] > 0.0:
            toll[j] = max(distance[reservoir] - distance[j + 1], own[j + 1])
    return cycles


@njit(cache=True, nogil=True, error_model="numpy")
def bound_at_tolls(problem, toll):
    """Return a valid lower bound for equal weights, which knows that counts are whole numbers.

    sum_i min(local_i, min_j link_ij + toll_j) - sum_j max_k (toll_j k - q_j w^2 k^2), k whole.
    """
    link, local, weight, congestion = problem
    n, m = link.shape
    gain, gain_lost, loss, loss_lost = 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        best = local[i]
        for j in range(m):
            best = min(best, link[i, j] + toll[j])
        gain, gain_lost = add_exactly(gain, gain_lost, best)
    for j in range(m):
        own = congestion[j] * weight[0] * weight[0]
        if own == 0.0:
            if toll[j] > 0.0:
                return 0.0
            continue
        # The max is near this k; to try its neighbours makes rounding harmless.
        middle = np.floor(toll[j] / (2.0 * own) + 0.5)
        best_k, most = 0.0, 0.0
        for k in (middle - 1.0, middle, middle + 1.0):
            if k > 0.0 and toll[j] * k - own * k * k > most:
                best_k, most = k, toll[j] * k - own * k * k
        loss, loss_lost = add_exactly(loss, loss_lost, toll[j] * best_k)
        gain, gain_lost = add_exactly(gain, gain_lost, own * best_k * best_k)
    return round_down(gain + gain_lost, loss + loss_lost)
