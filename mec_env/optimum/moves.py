"""Local search on a decision: its cost, first-improvement single moves, and pair swaps.

``decision`` and ``load`` change in place. Each change costs O(1), for only the two loads that it
touches enter the congestion.
"""

import numpy as np
from numba import njit

from mec_env.optimum.dual import TINY, add_exactly

# A smaller relative gain may be rounding, and could be undone and redone for ever.
WORTH = 1e-12


@njit(cache=True, nogil=True, error_model="numpy")
def cost_of(problem, base, decision, load):
    """Return the objective of ``decision`` and fill ``load`` (M,), both by compensated sums."""
    link, local, weight, congestion = problem
    base_cost, base_load = base
    n, m = link.shape
    lost = np.zeros(m)
    load[:] = base_load
    total, total_lost = base_cost, 0.0
    for i in range(n):
        j = decision[i] - 1
        if j < 0:
            total, total_lost = add_exactly(total, total_lost, local[i])
        else:
            total, total_lost = add_exactly(total, total_lost, link[i, j])
            load[j], lost[j] = add_exactly(load[j], lost[j], weight[i])
    for j in range(m):
        load[j] += lost[j]
        total, total_lost = add_exactly(total, total_lost, congestion[j] * load[j] * load[j])
    return total + total_lost


@njit(cache=True, nogil=True, error_model="numpy")
def costs_of(problem, decisions, out):
    """Fill ``out`` (P,) with the objectives of many ``decisions`` (P, N), as :func:`cost_of` has them."""
    _, _, _, congestion = problem
    load, nothing = np.empty(congestion.size), (0.0, np.zeros(congestion.size))
    for p in range(out.size):
        out[p] = cost_of(problem, nothing, decisions[p], load)


@njit(cache=True, nogil=True, error_model="numpy")
def soft_shares(problem, prices, heat, i, server, share):
    """Fill the servers that device i may choose at this heat and their shares; return how many."""
    link, local, weight, _ = problem
    m = prices.size
    w = weight[i]
    best = local[i]
    for j in range(m):
        best = min(best, link[i, j] + prices[j] * w)
    spread = max(heat * w, TINY)
    count, total = 0, np.exp((best - local[i]) / spread)
    for j in range(m):
        above = link[i, j] + prices[j] * w - best
        if above <= 10.0 * spread:
            server[count] = j
            share[count] = np.exp(-above / spread)
            total += share[count]
            count += 1
    for a in range(count):
        share[a] /= total
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def round_in_turn(problem, base_load, prices, heat, decision, load):
    """Fill ``decision`` and ``load``: round the soft choices at ``prices`` one by one.

    Every device starts spread over its options. The heaviest are settled first, each where it
    costs least among what is settled and what is still spread, so that the light ones even out
    the loads. Rounding all at once would load servers whose prices tie far too unevenly.
    """
    link, local, weight, congestion = problem
    n, m = link.shape
    server = np.empty(m, np.int64)
    share = np.empty(m)
    unsettled = np.empty(n, np.int64)
    waiting = 0
    load[:] = base_load
    for i in range(n):
        count = soft_shares(problem, prices, heat, i, server, share)
        decision[i] = 0
        for a in range(count):
            load[server[a]] += weight[i] * share[a]
            if share[a] > 0.999:
                decision[i] = server[a] + 1
        if count > 0 and decision[i] == 0:
            unsettled[waiting] = i
            waiting += 1
    for k in np.argsort(-weight[unsettled[:waiting]]):
        i = unsettled[k]
        w = weight[i]
        count = soft_shares(problem, prices, heat, i, server, share)
        for a in range(count):
            load[server[a]] -= w * share[a]
        best, choice = local[i], -1
        for j in range(m):
            cost = link[i, j] + w * congestion[j] * (2.0 * load[j] + w)
            if cost < best:
                best, choice = cost, j
        decision[i] = choice + 1
        if choice >= 0:
            load[choice] += w


@njit(cache=True, nogil=True, error_model="numpy")
def single_moves(problem, decision, load, sweeps):
    """Move one device at a time to its cheapest option until none gains; return how many moved."""
    link, local, weight, congestion = problem
    n, m = link.shape
    price = np.empty(m)  # of one more unit of load, to first order
    for j in range(m):
        price[j] = 2.0 * congestion[j] * load[j]
    moved, quiet = 0, 0
    for _ in range(sweeps):
        for i in range(n):
            w = weight[i]
            here = decision[i] - 1
            if here < 0:
                now = local[i]
            else:
                now = link[i, here] + w * (price[here] - congestion[here] * w)
            best, choice = now - WORTH * abs(now), here
            if here >= 0 and local[i] < best:
                best, choice = local[i], -1
            for j in range(m):
                cost = link[i, j] + w * (price[j] + congestion[j] * w)
                if cost < best and j != here:
                    best, choice = cost, j
            if choice == here:
                quiet += 1
                if quiet >= n:
                    return moved
                continue
            quiet = 0
            moved += 1
            decision[i] = choice + 1
            if here >= 0:
                load[here] -= w
                price[here] = 2.0 * congestion[here] * load[here]
            if choice >= 0:
                load[choice] += w
                price[choice] = 2.0 * congestion[choice] * load[choice]
    return moved


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def option_cost(link, local, i, option):
    """Return what an option costs device i without congestion."""
    return local[i] if option == 0 else link[i, option - 1]


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def congestion_change(congestion, load, option, change):
    """Return what ``change`` of load costs on an option; local has no congestion."""
    if option == 0:
        return 0.0
    return congestion[option - 1] * change * (2.0 * load[option - 1] + change)


@njit(cache=True, nogil=True, error_model="numpy")
def list_options(problem, prices, limit, options):
    """Fill ``options`` (N, K) with each device's cheapest at the prices, -1 past ``limit`` more.

    A device whose option costs r more at the prices than its cheapest adds r to the gap: an
    option beyond the present gap is in no better decision.
    """
    link, local, weight, _ = problem
    n, m = link.shape
    kept = options.shape[1]
    above = np.empty(kept)
    for i in range(n):
        count = 0
        for option in range(m + 1):
            cost = local[i]
            if option > 0:
                cost = link[i, option - 1] + prices[option - 1] * weight[i]
            if count == kept and cost >= above[kept - 1]:
                continue
            place = min(count, kept - 1)
            while place > 0 and above[place - 1] > cost:
                above[place] = above[place - 1]
                options[i, place] = options[i, place - 1]
                place -= 1
            above[place] = cost
            options[i, place] = option
            count = min(count + 1, kept)
        for k in range(kept):
            if k >= count or above[k] > above[0] + limit:
                options[i, k] = -1


@njit(cache=True, nogil=True, error_model="numpy")
def pair_swaps(problem, options, decision, load, sweeps):
    """Swap two devices' options until no swap gains; return how many swaps were made.

    The first device goes to one of its listed ``options``, the second to where the first was.
    """
    link, local, weight, congestion = problem
    n, m = link.shape
    # Who is where: linked lists, since a swap must cost O(1).
    first = np.full(m + 1, -1)
    following = np.empty(n, np.int64)
    previous = np.empty(n, np.int64)
    for i in range(n):
        enter(i, decision[i], first, following, previous)
    swaps, quiet = 0, 0
    for _ in range(sweeps):
        for i in range(n):
            quiet += 1
            if quiet > n:
                return swaps
            here = decision[i]
            for there in options[i]:
                if there == here or there < 0:
                    continue
                k = first[there]
                saving = option_cost(link, local, i, here) - option_cost(link, local, i, there)
                while k >= 0:
                    change = weight[k] - weight[i]
                    gain = saving + option_cost(link, local, k, there)
                    gain -= option_cost(link, local, k, here)
                    gain -= congestion_change(congestion, load, here, change)
                    gain -= congestion_change(congestion, load, there, -change)
                    if gain > WORTH * abs(option_cost(link, local, k, there)) + WORTH * abs(saving):
                        break
                    k = following[k]
                if k < 0:
                    continue
                leave(i, here, first, following, previous)
                leave(k, there, first, following, previous)
                enter(i, there, first, following, previous)
                enter(k, here, first, following, previous)
                decision[i], decision[k] = there, here
                if here > 0:
                    load[here - 1] += change
                if there > 0:
                    load[there - 1] -= change
                swaps += 1
                quiet = 0
                break
    return swaps


@njit(cache=True, nogil=True)
def enter(i, option, first, following, previous):
    """Put device i at the head of an option's list."""
    following[i] = first[option]
    previous[i] = -1
    if first[option] >= 0:
        previous[first[option]] = i
    first[option] = i


@njit(cache=True, nogil=True)
def leave(i, option, first, following, previous):
    """Take device i out of an option's list."""
    if previous[i] >= 0:
        following[previous[i]] = following[i]
    else:
        first[option] = following[i]
    if following[i] >= 0:
        previous[following[i]] = previous[i]


@njit(cache=True, nogil=True, error_model="numpy")
def swap_and_move(problem, prices, excess, decision, load):
    """Alternate pair swaps and single moves until neither gains.

    ``excess`` is the objective minus the bound at ``prices``. On many servers it is spread over
    all of them, so that an option may cost only the part of a few to be worth a try.
    """
    options = np.empty((decision.size, 3), np.int64)
    limit = excess * min(1.0, 8.0 / prices.size)
    list_options(problem, prices, limit, options)
    for _ in range(20):
        if pair_swaps(problem, options, decision, load, 100) == 0:
            return
        if single_moves(problem, decision, load, 100) == 0:
            return
