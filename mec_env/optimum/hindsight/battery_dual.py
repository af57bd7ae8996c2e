"""The bound of devices on a battery at given prices: each device's program over its levels.

Let W(b) be the least cost from the next slot on of a device that has b levels left before the
harvest. A link that uses q levels and costs c (its price included) then gives c + W(b - q) at every
b >= q. So an option is a shifted row of W, and one loop runs over all levels side by side. The soft
min of x and y at the width h is the least over p in [0, 1] of (1 - p) x + p y - h p (1 - p).
"""

import numpy as np
from numba import njit

from mec_env.optimum.dual import SOFT, add_exactly
from mec_env.optimum.hindsight.rounding import round_down, shared_cpu_loss

#: Rows of levels are as long as a multiple of this, which leaves vector loops no rest.
LANES = 16
# Value of a level below 0.
NEVER = 1e100
ONE = np.uint64(1)


def levels_room(problem):
    """Work room of the programs: rows of levels, and the shares of options."""
    slots, _, servers = problem.link.shape
    levels = -(-(problem.capacity + 1) // LANES) * LANES
    ahead = np.full(2 * levels + 1, NEVER)
    return (
        ahead,
        np.empty(levels),
        np.empty(2 * levels),
        np.empty((slots, servers, levels)),
        np.empty((slots, servers), np.int64),
        np.empty(slots, np.int64),
        np.empty(servers),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def within_reach(asked, link_use, order, i, t, full, full_use, capacity, margin, kept):
    """Fill ``kept[t]`` with the servers that can matter at some level; return how many.

    ``asked`` (M,) is what device i would pay each in slot t. A server is left out where full speed, or a server before it in ``order``, by levels used,
    uses no more and costs less by ``margin``. That covers how much the value of having more
    levels left may exceed that of having fewer.
    """
    count = 0
    least = np.inf
    for a in range(asked.size):
        j = order[i, t, a]
        use = link_use[i, t, j]
        if use > capacity:
            break
        beaten = min(least, full) if full_use <= use else least
        kept[t, count] = j
        # Without a branch, which no processor could foresee.
        count += 1 if asked[j] < beaten + margin else 0
        least = min(least, asked[j])
    return count


@njit(cache=True, nogil=True, error_model="numpy", fastmath=SOFT)
def soft_device(own, i, prices, heat, room, load):
    """Add device i's expected load to ``load`` (T, M); return its soft value."""
    link, local, weight, _, link_use, local_use, harvest, start, capacity, order = own
    ahead, value, mass, share, kept, counts, asked = room
    slots, servers = prices.shape
    # Unsigned: numba takes no such index from the end, and a slice it would count references of.
    levels, top = np.uint64(value.size), np.uint64(capacity)
    for b in range(levels):
        value[b] = 0.0
    for t in range(slots - 1, -1, -1):
        w = weight[i, t]
        width = heat * w
        inverse = 0.5 / max(width, 1e-300)
        gain = np.uint64(harvest[i, t])
        for b in range(levels - gain):
            ahead[levels + b] = value[gain + b]
        for b in range(levels + top - gain, levels + levels + ONE):
            ahead[b] = value[top]
        rise = 0.0
        for b in range(levels):
            rise += max(ahead[levels + b + ONE] - ahead[levels + b], 0.0)
        for j in range(servers):
            asked[j] = link[i, t, j] + prices[t, j] * w
        full, half, drop = local[i, t, 0], local[i, t, 1], local[i, t, 2]
        full_use, half_use = np.uint64(local_use[i, t, 0]), np.uint64(local_use[i, t, 1])
        # Beyond three widths the soft min is the min, whatever comes between.
        count = within_reach(
            asked,
            link_use,
            order,
            i,
            t,
            full,
            local_use[i, t, 0],
            capacity,
            rise + 3.0 * width,
            kept,
        )
        counts[t] = count
        at_full, at_half = levels - full_use, levels - half_use
        for b in range(levels):
            x, y, z = full + ahead[at_full + b], half + ahead[at_half + b], drop + ahead[levels + b]
            y = y if b >= half_use else z
            value[b] = x if b >= full_use else y
        for a in range(count):
            j = kept[t, a]
            cost = asked[j]
            left = levels - np.uint64(link_use[i, t, j])
            for b in range(levels):
                more = value[b] - (cost + ahead[left + b])
                p = min(max(0.5 + more * inverse, 0.0), 1.0)
                value[b] -= p * (more + width * (1.0 - p))
                share[t, a, b] = p
    total = value[start[i]]
    rest = value
    for b in range(levels):
        rest[b] = 0.0
    rest[start[i]] = 1.0
    for t in range(slots):
        w = weight[i, t]
        for b in range(levels + levels):
            mass[b] = 0.0
        for a in range(counts[t] - 1, -1, -1):
            j = kept[t, a]
            left = levels - np.uint64(link_use[i, t, j])
            here = 0.0
            for b in range(levels):
                part = rest[b] * share[t, a, b]
                rest[b] -= part
                mass[left + b] += part
                here += part
            load[t, j] += w * here
        full_use, half_use = np.uint64(local_use[i, t, 0]), np.uint64(local_use[i, t, 1])
        at_full, at_half = levels - full_use, levels - half_use
        for b in range(levels):
            mass[at_full + b] += rest[b] if b >= full_use else 0.0
        for b in range(levels):
            mass[at_half + b] += rest[b] if half_use <= b < full_use else 0.0
        for b in range(levels):
            mass[levels + b] += rest[b] if b < half_use and b < full_use else 0.0
        gain = np.uint64(harvest[i, t])
        cut = 0.0
        for b in range(top - gain, top + ONE):
            cut += mass[levels + b]
        for b in range(gain):
            rest[b] = 0.0
        for b in range(levels - gain):
            rest[gain + b] = mass[levels + b]
        for b in range(top, levels):
            rest[b] = 0.0
        rest[top] = cut
    return total


@njit(cache=True, nogil=True, error_model="numpy", fastmath=SOFT)
def soft_devices(own, prices, heat, room, load):
    """Add all devices' expected load to ``load`` (T, M); return the sum of their soft values."""
    total = 0.0
    for i in range(own[0].shape[0]):
        total += soft_device(own, i, prices, heat, room, load)
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def bound_at(own, prices, room):
    """Return a valid lower bound at ``prices`` >= 0.

    A slot's term goes through price * w and its sum with the link, then through one sum with the
    value in its own slot and one in each slot before. An option left out is no better than a kept
    one but for 3 roundings: the rise's difference, its sum with the cost, and that with the value.
    Together 4 T + 2 at most, all of numbers >= 0; the min of two rounds nothing.
    """
    link, local, weight, congestion, link_use, local_use, harvest, start, capacity, order = own
    ahead, value, _, _, kept, _, asked = room
    devices = link.shape[0]
    slots, servers = prices.shape
    levels = value.size
    gain, lost = 0.0, 0.0
    for i in range(devices):
        value[:] = 0.0
        for t in range(slots - 1, -1, -1):
            low, rise = np.inf, 0.0
            for b in range(levels):
                ahead[levels + b] = value[min(b + harvest[i, t], capacity)]
                low = min(low, ahead[levels + b])
                rise = max(rise, ahead[levels + b] - low)
            for j in range(servers):
                asked[j] = link[i, t, j] + prices[t, j] * weight[i, t]
            full, half, drop = local[i, t, 0], local[i, t, 1], local[i, t, 2]
            full_use, half_use = local_use[i, t, 0], local_use[i, t, 1]
            count = within_reach(
                asked, link_use, order, i, t, full, local_use[i, t, 0], capacity, rise, kept
            )
            for b in range(levels):
                if b >= full_use:
                    value[b] = full + ahead[levels + b - full_use]
                elif b >= half_use:
                    value[b] = half + ahead[levels + b - half_use]
                else:
                    value[b] = drop + ahead[levels + b]
            for a in range(count):
                j = kept[t, a]
                use = link_use[i, t, j]
                left = ahead[levels - use : 2 * levels - use]
                for b in range(levels):
                    value[b] = min(value[b], asked[j] + left[b])
        gain, lost = add_exactly(gain, lost, value[start[i]])
    return round_down(gain + lost, shared_cpu_loss(prices, congestion), 4.0 * slots + 2.0)
