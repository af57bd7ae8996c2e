"""The bound of devices on a battery at given prices: each device's program over its levels.

With W(b) the least cost from the next slot on of a device that is left with b before the harvest,
a link that uses q levels and costs c (its price included) gives c + W(b - q) at every b >= q. So
an option is a row of W, shifted, and the levels are the lanes of one loop. The soft min of x and y
at the width h is the least over p in [0, 1] of (1 - p) x + p y - h p (1 - p).
"""

import numpy as np
from numba import njit

from mec_env.optimum.dual import SOFT, add_exactly
from mec_env.optimum.hindsight.rounding import round_down, shared_cpu_loss

#: Levels are worked on in groups of so many, a constant that the compiler can unroll.
LANES = 16
# Value of a level below 0.
NEVER = 1e100


def levels_room(slots, servers, capacity):
    """Work room of the programs: rows of levels, and the shares of options."""
    levels = -(-(capacity + 1) // LANES) * LANES
    ahead = np.full(2 * levels, NEVER)
    return (
        ahead,
        np.empty(levels),
        np.empty(2 * levels),
        np.empty((slots, servers, levels)),
        np.empty((slots, servers), np.int64),
        np.empty(slots, np.int64),
        np.empty((slots, servers)),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def within_reach(asked, use, full, full_use, capacity, margin, kept):
    """Fill ``kept`` with the servers that can matter at some level; return how many.

    A server is left out where full speed or another server uses no more levels and costs less by
    ``margin``, which covers how much the value of having more levels left may exceed that of
    having fewer. Of equals the first is kept.
    """
    count = 0
    for j in range(asked.size):
        if use[j] > capacity or asked[j] == np.inf:
            continue
        if full_use <= use[j] and full + margin <= asked[j]:
            continue
        beaten = False
        for k in range(asked.size):
            if use[k] <= use[j] and asked[k] + margin <= asked[j]:
                if k < j or use[k] < use[j] or asked[k] < asked[j]:
                    beaten = True
                    break
        if not beaten:
            kept[count] = j
            count += 1
    return count


@njit(cache=True, nogil=True, error_model="numpy", fastmath=SOFT)
def soft_device(own, i, prices, heat, room, load):
    """Add device i's expected load to ``load`` (T, M); return its soft value."""
    link, local, weight, _, link_use, local_use, harvest, start, capacity = own
    ahead, value, mass, share, kept, counts, asked = room
    slots, servers = prices.shape
    levels = value.size
    value[:] = 0.0
    for t in range(slots - 1, -1, -1):
        w = weight[i, t]
        width = heat * w
        inverse = 0.5 / max(width, 1e-300)
        gain = harvest[i, t]
        for b in range(levels):
            ahead[levels + b] = value[min(b + gain, capacity)]
        rise = 0.0
        for b in range(levels - 1):
            rise += max(ahead[levels + b + 1] - ahead[levels + b], 0.0)
        for j in range(servers):
            asked[t, j] = link[i, t, j] + prices[t, j] * w
        full, half, drop = local[i, t, 0], local[i, t, 1], local[i, t, 2]
        full_use, half_use = local_use[i, t, 0], local_use[i, t, 1]
        # Beyond three widths the soft min is the min, whatever comes between.
        count = within_reach(
            asked[t], link_use[i, t], full, full_use, capacity, rise + 3.0 * width, kept[t]
        )
        counts[t] = count
        at_full = ahead[levels - full_use : 2 * levels - full_use]
        at_half = ahead[levels - half_use : 2 * levels - half_use]
        at_drop = ahead[levels:]
        for first in range(0, levels, LANES):
            for r in range(LANES):
                b = first + r
                x, y, z = full + at_full[b], half + at_half[b], drop + at_drop[b]
                y = y if b >= half_use else z
                value[b] = x if b >= full_use else y
        for a in range(count):
            j = kept[t, a]
            cost = asked[t, j]
            use = link_use[i, t, j]
            left = ahead[levels - use : 2 * levels - use]
            row = share[t, a]
            for first in range(0, levels, LANES):
                for r in range(LANES):
                    b = first + r
                    more = value[b] - (cost + left[b])
                    p = min(max(0.5 + more * inverse, 0.0), 1.0)
                    value[b] -= p * (more + width * (1.0 - p))
                    row[b] = p
    total = value[start[i]]
    rest = value
    rest[:] = 0.0
    rest[start[i]] = 1.0
    for t in range(slots):
        w = weight[i, t]
        mass[:] = 0.0
        for a in range(counts[t] - 1, -1, -1):
            j = kept[t, a]
            use = link_use[i, t, j]
            left = mass[levels - use : 2 * levels - use]
            row = share[t, a]
            here = 0.0
            for first in range(0, levels, LANES):
                for r in range(LANES):
                    b = first + r
                    part = rest[b] * row[b]
                    rest[b] -= part
                    left[b] += part
                    here += part
            load[t, j] += w * here
        full_use, half_use = local_use[i, t, 0], local_use[i, t, 1]
        for b in range(capacity + 1):
            if b >= full_use:
                mass[levels + b - full_use] += rest[b]
            elif b >= half_use:
                mass[levels + b - half_use] += rest[b]
            else:
                mass[levels + b] += rest[b]
        gain = harvest[i, t]
        rest[:] = 0.0
        for b in range(capacity + 1):
            rest[min(b + gain, capacity)] += mass[levels + b]
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
    link, local, weight, congestion, link_use, local_use, harvest, start, capacity = own
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
                asked[t, j] = link[i, t, j] + prices[t, j] * weight[i, t]
            full, half, drop = local[i, t, 0], local[i, t, 1], local[i, t, 2]
            full_use, half_use = local_use[i, t, 0], local_use[i, t, 1]
            count = within_reach(asked[t], link_use[i, t], full, full_use, capacity, rise, kept[t])
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
                for first in range(0, levels, LANES):
                    for r in range(LANES):
                        b = first + r
                        value[b] = min(value[b], asked[t, j] + left[b])
        gain, lost = add_exactly(gain, lost, value[start[i]])
    return round_down(gain + lost, shared_cpu_loss(prices, congestion), 4.0 * slots + 2.0)
