"""The bound of users that move at given prices: each device's program over its holders.

Let c_j = link_j + lambda_j w. The least cost from slot t on of a device whose service server k
holds is

    V_t(k) = min(local + V_t+1(k), c_k + V_t+1(k), migration + min_j (c_j + V_t+1(j))).

The programs of ``LANES`` devices run side by side, as the lanes of one loop, and all without a
branch: the soft min of x and y at the width h is the least over p in [0, 1] of
(1 - p) x + p y - h p (1 - p). Its derivatives are the shares 1 - p and p, and it is the min itself
where the two are further apart than h. A width is heat * w: heat is then a price, the one unit in
which all devices can be compared.
"""

import numpy as np
from numba import njit

from mec_env.optimum.dual import SOFT, add_exactly
from mec_env.optimum.hindsight.rounding import round_down, shared_cpu_loss

#: Devices whose programs run side by side.
LANES = 32


def in_lanes(problem):
    """The devices' arrays with ``LANES`` devices innermost: (blocks, T, M, LANES) and so on.

    A link that is not allowed gets a cost at which it never pays: more than the local cost and a
    migration. Places left over hold devices without costs or load.
    """
    link, local, weight, _, migration, holder = problem
    slots, devices, servers = link.shape
    blocks = -(-devices // LANES)
    never = 4.0 * (local.max(axis=0) + migration)
    rows = np.zeros((blocks * LANES, slots, servers))
    rows[:devices] = np.where(np.isinf(link), never[:, None], link).transpose(1, 0, 2)
    lanes = rows.reshape(blocks, LANES, slots, servers).transpose(0, 2, 3, 1)

    def spread(array, rest):
        padded = np.full((blocks * LANES, *array.shape[1:]), rest, array.dtype)
        padded[:devices] = array
        return np.ascontiguousarray(np.moveaxis(padded.reshape(blocks, LANES, -1), 1, 2))

    return (
        np.ascontiguousarray(lanes),
        spread(local.T, 0.0),
        spread(weight.T, 0.0),
        spread(migration, 0.0)[:, 0],
        spread(holder, 0)[:, 0],
    )


def work_for(problem):
    """Room for values (M, LANES) and for three shares (T, M, LANES)."""
    slots, _, servers = problem.link.shape
    return np.empty((servers, LANES)), *(np.empty((slots, servers, LANES)) for _ in range(3))


@njit(cache=True, nogil=True, error_model="numpy", fastmath=SOFT)
def soft_block(lanes, b, prices, heat, work):
    """Run the soft programs of a block; leave each device's expected load (T, M, LANES) in work[2].

    Returns the sum of their values.
    """
    link, local, weight, migration, holder = lanes
    value, to, off, moves = work
    _, slots, servers, _ = link.shape
    width, inverse, least = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    value[:] = 0.0
    for t in range(slots - 1, -1, -1):
        for r in range(LANES):
            width[r] = heat * weight[b, t, r]
            inverse[r] = 0.5 / max(width[r], 1e-300)
            # The first server is taken whole.
            least[r] = link[b, t, 0, r] + prices[t, 0] * weight[b, t, r] + value[0, r]
            least[r] += 4.0 * width[r]
        for j in range(servers):
            price = prices[t, j]
            for r in range(LANES):
                cost = link[b, t, j, r] + price * weight[b, t, r]
                more = least[r] - (cost + value[j, r])
                p = min(max(0.5 + more * inverse[r], 0.0), 1.0)
                least[r] -= p * (more + width[r] * (1.0 - p))
                to[t, j, r] = p
                more = local[b, t, r] - cost
                p = min(max(0.5 + more * inverse[r], 0.0), 1.0)
                value[j, r] += local[b, t, r] - p * (more + width[r] * (1.0 - p))
                off[t, j, r] = p
        for j in range(servers):
            for r in range(LANES):
                more = value[j, r] - (least[r] + migration[b, r])
                p = min(max(0.5 + more * inverse[r], 0.0), 1.0)
                value[j, r] -= p * (more + width[r] * (1.0 - p))
                moves[t, j, r] = p
    total = 0.0
    for r in range(LANES):
        total += value[holder[b, r], r]
    # The shares of devices whose service a server holds, in the room of the values.
    held, rest = value, least
    held[:] = 0.0
    for r in range(LANES):
        held[holder[b, r], r] = 1.0
    for t in range(slots):
        rest[:] = 0.0
        for j in range(servers):
            for r in range(LANES):
                leaving = held[j, r] * moves[t, j, r]
                rest[r] += leaving
                held[j, r] -= leaving
        for j in range(servers - 1, -1, -1):
            for r in range(LANES):
                arriving = rest[r] * to[t, j, r]
                rest[r] -= arriving
                off[t, j, r] = (held[j, r] * off[t, j, r] + arriving) * weight[b, t, r]
                held[j, r] += arriving
    return total


@njit(cache=True, nogil=True, error_model="numpy", fastmath=SOFT)
def soft_devices(lanes, prices, heat, work, load):
    """Add all devices' expected load to ``load`` (T, M); return the sum of their soft values."""
    _, _, off, _ = work
    slots, servers = load.shape
    total = 0.0
    for b in range(lanes[0].shape[0]):
        total += soft_block(lanes, b, prices, heat, work)
        for t in range(slots):
            for j in range(servers):
                here = 0.0
                for r in range(LANES):
                    here += off[t, j, r]
                load[t, j] += here
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def bound_at(lanes, congestion, prices, value):
    """Return a valid lower bound at ``prices`` >= 0; ``value`` (M, LANES) is work room.

    A slot's term goes through price * w and its sum with the link; then this slot and each one
    before add their own to the value that holds it and, where the service moves, the migration:
    2 T + 2 roundings, all of numbers >= 0. A min rounds nothing.
    """
    link, local, weight, migration, holder = lanes
    blocks, slots, servers, _ = link.shape
    least = np.empty(LANES)
    gain, lost = 0.0, 0.0
    for b in range(blocks):
        value[:] = 0.0
        for t in range(slots - 1, -1, -1):
            least[:] = np.inf
            for j in range(servers):
                price = prices[t, j]
                for r in range(LANES):
                    cost = link[b, t, j, r] + price * weight[b, t, r]
                    least[r] = min(least[r], cost + value[j, r])
                    value[j, r] += min(local[b, t, r], cost)
            for j in range(servers):
                for r in range(LANES):
                    value[j, r] = min(value[j, r], least[r] + migration[b, r])
        for r in range(LANES):
            gain, lost = add_exactly(gain, lost, value[holder[b, r], r])
    return round_down(gain + lost, shared_cpu_loss(prices, congestion), 2.0 * slots + 2.0)
