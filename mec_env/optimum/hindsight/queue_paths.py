"""Whole tasks into the servers' queues at least cost, one task after the other.

Places on server j are its turns, C of them a slot. A task that joins in slot t and ends as the r-th
of slot s >= t costs ``wait * (C (s - t) + r)`` for waiting. So the problem is a flow. A task enters
a node (slot, server); from a node it ends in the slot at its next free place, is carried over to
the next slot for ``wait * C``, takes the place of a task carried in from the slot before, which
gives that much back, or sends a task of the same slot elsewhere. Each new task takes the cheapest
path, along which others move; so the tasks placed so far always stand at their exact optimum.

Dijkstra's search needs lengths that are not negative. It gets them from the prices of the nodes,
which are the dual's: no path from a node costs less than its price. They rise with every task and
at the end they prove that no decision is better.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

#: How a path goes on from a node: its task ends here, one is carried over to the next slot, one
#: carried in is ended a slot earlier; from SWAP on, a task of the node goes to decision d - SWAP.
ENDS, LATER, EARLIER, SWAP = 0, 1, 2, 3
NONE = -1


class Tasks(NamedTuple):
    """The tasks of an episode, slot after slot.

    Attributes
    ----------
    link : (A, M) float64
        Cost of sending each to each server, >= 0; inf where it must not go.
    local : (A,) float64
        Cost of running it on its own device, >= 0.
    first : (T + 1,) int64
        Slot t's tasks are numbers first[t] to first[t + 1] - 1.
    """

    link: np.ndarray
    local: np.ndarray
    first: np.ndarray


class Lines(NamedTuple):
    """Who stands where, and what the next one would cost.

    Attributes
    ----------
    decision : (A,) int64
        0 local, j server j - 1, NONE not placed yet.
    ended : (T, M) int64
        Tasks that end in the slot, 0 … C; in the last slot all that end then or later.
    carried : (T, M) int64
        Tasks that wait at the end of the slot.
    price : (T, M) float64
        At most what one more task would cost, others moved at best.
    swap_cost : (T, M, M + 1) float64
        Least that sending a task of (slot, server) to decision d instead would add.
    swap_task : (T, M, M + 1) int64
        Which task that is.
    """

    decision: np.ndarray
    ended: np.ndarray
    carried: np.ndarray
    price: np.ndarray
    swap_cost: np.ndarray
    swap_task: np.ndarray


class Search(NamedTuple):
    """What Dijkstra's search writes on; nodes are slot * M + server.

    Attributes
    ----------
    key : (T M,) float64
        Length of the cheapest path to the node found so far, its price included; inf unreached.
    came : (T M,) int64
        The node before it, or NONE where the new task enters.
    how : (T M,) int64
        LATER, EARLIER or SWAP + decision, from the node before it.
    heap, place : (T M,) int64
        Nodes still open as a binary heap by key; where each stands in it, NONE where not.
    """

    key: np.ndarray
    came: np.ndarray
    how: np.ndarray
    heap: np.ndarray
    place: np.ndarray


def empty_lines(tasks, wait, slots):
    """Lines without a task: the next one pays for its own turn alone."""
    count, m = tasks.link.shape
    return Lines(
        np.full(count, NONE, np.int64),
        np.zeros((slots, m), np.int64),
        np.zeros((slots, m), np.int64),
        np.tile(wait, (slots, 1)),
        np.full((slots, m, m + 1), np.inf),
        np.full((slots, m, m + 1), NONE, np.int64),
    )


def new_search(nodes):
    """A Search that has reached nothing."""
    return Search(
        np.full(nodes, np.inf),
        np.full(nodes, NONE, np.int64),
        np.zeros(nodes, np.int64),
        np.zeros(nodes, np.int64),
        np.full(nodes, NONE, np.int64),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def rise(search, at):
    """Move the heap's entry ``at`` up to where it belongs."""
    key, _, _, heap, place = search
    node = heap[at]
    while at > 0:
        above = (at - 1) // 2
        if key[heap[above]] <= key[node]:
            break
        heap[at] = heap[above]
        place[heap[at]] = at
        at = above
    heap[at] = node
    place[node] = at


@njit(cache=True, nogil=True, error_model="numpy")
def take_first(search, size):
    """Remove the node of the least key from a heap of ``size`` entries and return it."""
    key, _, _, heap, place = search
    first, node = heap[0], heap[size - 1]
    place[first] = NONE
    size -= 1
    if size == 0:
        return first
    at = 0
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        if below + 1 < size and key[heap[below + 1]] < key[heap[below]]:
            below += 1
        if key[heap[below]] >= key[node]:
            break
        heap[at] = heap[below]
        place[heap[at]] = at
        at = below
    heap[at] = node
    place[node] = at
    return first


@njit(cache=True, nogil=True, error_model="numpy")
def reach(search, size, node, key, came, how):
    """Note a path to ``node`` if it is the cheapest so far; return the heap's size."""
    keys, cames, hows, heap, place = search
    if not key < keys[node]:
        return size
    keys[node], cames[node], hows[node] = key, came, how
    at = place[node]
    if at == NONE:
        at = size
        heap[at] = node
        size += 1
    rise(search, at)
    return size


@njit(cache=True, nogil=True, error_model="numpy")
def find_swaps(tasks, lines, t, j):
    """Find anew what sending a task of slot t's server j elsewhere would cost at least."""
    link, local, first = tasks
    m = link.shape[1]
    cost, task = lines.swap_cost[t, j], lines.swap_task[t, j]
    cost[:] = np.inf
    for a in range(first[t], first[t + 1]):
        if lines.decision[a] != j + 1:
            continue
        here = link[a, j]
        if local[a] - here < cost[0]:
            cost[0], task[0] = local[a] - here, a
        for k in range(m):
            if k != j and link[a, k] - here < cost[k + 1]:
                cost[k + 1], task[k + 1] = link[a, k] - here, a


@njit(cache=True, nogil=True, error_model="numpy")
def move_along(tasks, lines, search, node, end):
    """Move the tasks of the path that came to ``node`` and goes on there as ``end`` says."""
    m = tasks.link.shape[1]
    decision, ended, carried, _, _, swap_task = lines
    t, j = node // m, node % m
    if end == ENDS:
        ended[t, j] += 1
    else:
        decision[swap_task[t, j, end - SWAP]] = end - SWAP
    # Backwards, so that a node's swaps are still those that the search saw.
    while True:
        before, how = search.came[node], search.how[node]
        if before == NONE:
            return
        t, j = before // m, before % m
        if how == LATER:
            carried[t, j] += 1
        elif how == EARLIER:
            carried[t - 1, j] -= 1
        else:
            decision[swap_task[t, j, how - SWAP]] = how - SWAP
        node = before


@njit(cache=True, nogil=True, error_model="numpy")
def place_task(tasks, wait, served, lines, search, seen, a, t):
    """Place task ``a`` of slot ``t`` at least cost, and raise the prices that this shows.

    ``seen`` (T M,) is for the nodes reached; ``search`` is left as it was found.
    """
    link, local, _ = tasks
    decision, ended, carried, price, swap_cost, _ = lines
    slots, m = price.shape
    size, met = 0, 0
    for j in range(m):
        node = t * m + j
        size = reach(search, size, node, link[a, j] + price[t, j], NONE, SWAP + j + 1)
    least, last, end = local[a], NONE, ENDS
    while size > 0:
        node = take_first(search, size)
        size -= 1
        key = search.key[node]
        seen[met] = node
        met += 1
        if not key < least:
            break
        s, j = node // m, node % m
        here = price[s, j]
        # A negative length is a rounding: prices are sums of many costs.
        if ended[s, j] < served[j] or s == slots - 1:
            rest = key + max(wait[j] * (ended[s, j] + 1) - here, 0.0)
            if rest < least:
                least, last, end = rest, node, ENDS
        if swap_cost[s, j, 0] < np.inf:
            rest = key + max(swap_cost[s, j, 0] - here, 0.0)
            if rest < least:
                least, last, end = rest, node, SWAP
        turn = wait[j] * served[j]
        if s < slots - 1:
            length = max(turn + price[s + 1, j] - here, 0.0)
            if key + length < least:
                size = reach(search, size, node + m, key + length, node, LATER)
        if s > 0 and carried[s - 1, j] > 0:
            length = max(price[s - 1, j] - turn - here, 0.0)
            if key + length < least:
                size = reach(search, size, node - m, key + length, node, EARLIER)
        for k in range(m):
            length = max(swap_cost[s, j, k + 1] + price[s, k] - here, 0.0)
            if key + length < least:
                size = reach(search, size, s * m + k, key + length, node, SWAP + k + 1)
    for i in range(met):
        node = seen[i]
        rise_by = least - search.key[node]
        if rise_by > 0.0:
            price[node // m, node % m] += rise_by
    if last == NONE:
        decision[a] = 0
    else:
        move_along(tasks, lines, search, last, end)
        node = last
        if end >= SWAP:
            find_swaps(tasks, lines, node // m, node % m)
        while search.came[node] != NONE:
            before = search.came[node]
            if search.how[node] >= SWAP:
                find_swaps(tasks, lines, node // m, node % m)
                find_swaps(tasks, lines, before // m, before % m)
            node = before
        decision[a] = node % m + 1
        find_swaps(tasks, lines, t, node % m)
    for i in range(met):
        search.key[seen[i]] = np.inf
    for i in range(size):
        node = search.heap[i]
        search.key[node] = np.inf
        search.place[node] = NONE


@njit(cache=True, nogil=True, error_model="numpy")
def place_slot(tasks, wait, served, lines, search, seen, t):
    """Place the tasks of slot ``t`` at least cost."""
    for a in range(tasks.first[t], tasks.first[t + 1]):
        place_task(tasks, wait, served, lines, search, seen, a, t)


@njit(cache=True, nogil=True, error_model="numpy")
def join_slot(tasks, wait, served, lines, asked, t):
    """Let each task of slot ``t`` join where it costs least, nobody else moved.

    A server counts for what the task delays, itself and others, or what is ``asked`` (T, M)
    where that is more. Who is carried over is no longer noted: no path may be sought afterwards.
    """
    link, local, first = tasks
    decision, ended = lines.decision, lines.ended
    slots, m = ended.shape
    for a in range(first[t], first[t + 1]):
        least, best, stop = local[a], NONE, t
        for j in range(m):
            s = t
            while s < slots - 1 and ended[s, j] >= served[j]:
                s += 1
            delay = wait[j] * ((s - t) * served[j] + ended[s, j] + 1)
            cost = link[a, j] + max(delay, asked[t, j])
            if cost < least:
                least, best, stop = cost, j, s
        decision[a] = best + 1
        if best != NONE:
            ended[stop, best] += 1
