"""Prices of the servers: the smoothed dual by Newton steps, and the hard lower bound.

A price per unit of load, lambda_j >= 0, turns the problem into one choice per device and gives the
bound g(lambda) = sum_i min(local_i, min_j link_ij + lambda_j w_i) - sum_j lambda_j^2 / (4 q_j) with
w the weights and q the congestion. g is concave but has kinks, where plain ascent stalls. So a soft
min takes the place of the min. Its temperature falls while Newton steps follow the maximum; at the
end g itself is evaluated once. The temperature of device i is heat * w_i. So heat is a price, the
one unit in which all devices can be compared, whatever the spread of their weights.

An option whose cost is inf is forbidden; ``base`` is what is already placed.
"""

import numpy as np
from numba import njit

# Soft choices may be reassociated; they hold no NaN, and inf stays legal (forbidden options).
SOFT = {"nnan", "nsz", "reassoc", "contract", "arcp"}
UNIT = 2.0**-53  # unit roundoff
TINY = 1e-300
# exp(-CUT) is where an option's share counts as zero.
CUT = 18.0
# The heat falls once a step is at most so many heats long.
REACH = 10.0


@njit(cache=True, nogil=True, error_model="numpy", fastmath=SOFT)
def soften(problem, base_load, prices, heat, gradient, hessian):
    """Fill gradient (M,) and lower triangle of the negated Hessian (M, M) of the smoothed dual.

    Returns the sum of the hard minima, the scale of the objective.
    """
    link, local, weight, congestion = problem
    n, m = link.shape
    cost = np.empty(m)
    active = np.empty(m, np.int64)
    share = np.empty(m)
    hessian[:] = 0.0
    for j in range(m):
        gradient[j] = base_load[j] - prices[j] / (2.0 * congestion[j])
        hessian[j, j] = 1.0 / (2.0 * congestion[j])
    scale = 0.0
    for i in range(n):
        w = weight[i]
        best = local[i]
        for j in range(m):
            cost[j] = link[i, j] + prices[j] * w
            best = min(best, cost[j])
        scale += best
        inverse = 1.0 / max(heat * w, TINY)
        cut = best + CUT * heat * w
        count = 0
        for j in range(m):
            if cost[j] <= cut:
                active[count] = j
                count += 1
        stays = local[i] <= cut
        if count == 0:
            continue
        if count == 1 and not stays:
            gradient[active[0]] += w
            continue
        total = np.exp((best - local[i]) * inverse) if stays else 0.0
        for a in range(count):
            share[a] = np.exp((best - cost[active[a]]) * inverse)
            total += share[a]
        curvature = w * w * inverse
        for a in range(count):
            j = active[a]
            share[a] /= total
            gradient[j] += w * share[a]
            hessian[j, j] += curvature * share[a]
            for b in range(a + 1):
                hessian[j, active[b]] -= curvature * share[a] * share[b]
    return scale


@njit(cache=True, nogil=True, error_model="numpy", fastmath=SOFT)
def solve_spd(matrix, right, solution):
    """Solve matrix @ solution = right by Cholesky in place (lower triangle; positive definite)."""
    m = right.size
    for i in range(m):
        for j in range(i + 1):
            rest = matrix[i, j]
            for k in range(j):
                rest -= matrix[i, k] * matrix[j, k]
            if i == j:
                # Rounding can eat a tiny pivot; a floor only shortens the step.
                matrix[i, i] = np.sqrt(max(rest, TINY))
            else:
                matrix[i, j] = rest / matrix[j, j]
    for i in range(m):
        rest = right[i]
        for k in range(i):
            rest -= matrix[i, k] * solution[k]
        solution[i] = rest / matrix[i, i]
    for i in range(m - 1, -1, -1):
        solution[i] /= matrix[i, i]
        for k in range(i):
            solution[k] -= matrix[i, k] * solution[i]


@njit(cache=True, nogil=True, error_model="numpy")
def climb(problem, base_load, prices, heats, tolerance, passes):
    """Raise the smoothed dual from ``prices`` (changed in place); return whether it converged.

    ``heats`` is (first, last, factor between them). The heat falls when a full Newton step was no
    longer than a few heats, the range in which shares follow prices smoothly. There is no separate
    line search. The pass that the next step needs anyway tells whether the last step went too far:
    the slope along it has then turned, and the step is shortened. If that does not help, the
    cooling was too fast: the search goes back to a higher heat and cools more slowly.
    """
    m = prices.size
    gradient = np.empty(m)
    hessian = np.empty((m, m))
    step = np.zeros(m)
    trial = prices.copy()
    heat, coldest, cooling = heats
    promised, length = 0.0, 0.0  # no step led to the first trial
    shortened = 0
    longest = 0.0
    for _ in range(passes):
        scale = soften(problem, base_load, trial, heat, gradient, hessian)
        if length > 0.0:
            slope = 0.0
            for j in range(m):
                slope += gradient[j] * step[j]
            if slope < -0.5 * promised:
                shortened += 1
                length *= min(max(promised / (promised - slope), 0.1), 0.5)
                if shortened % 3 == 0:
                    heat /= cooling
                    cooling = np.sqrt(cooling)
                    length = 0.0
                for j in range(m):
                    trial[j] = prices[j] + length * step[j]
                continue
        shortened = 0
        solve_spd(hessian, gradient, step)
        promised, longest = 0.0, 0.0
        for j in range(m):
            prices[j] = trial[j]
            trial[j] += step[j]
            promised += gradient[j] * step[j]
            longest = max(longest, abs(step[j]))
        length = 1.0
        if heat <= coldest and promised <= tolerance * scale:
            for j in range(m):
                prices[j] = max(trial[j], 0.0)
            return True
        if longest <= REACH * heat:
            heat = max(heat * cooling, coldest)
    for j in range(m):
        prices[j] = max(prices[j], 0.0)
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def common_price(problem):
    """Return the price that is best when all servers must have the same: a start for Newton."""
    link, local, weight, congestion = problem
    n, m = link.shape
    saving = np.empty(n)  # per unit of load, by the best link instead of local
    capacity = 0.0
    for j in range(m):
        capacity += 0.5 / congestion[j]
    everything, most = 0.0, 0.0
    for i in range(n):
        best = link[i, 0]
        for j in range(1, m):
            best = min(best, link[i, j])
        saving[i] = (local[i] - best) / max(weight[i], TINY)
        most = max(most, saving[i])
        everything += weight[i]
    # Load that would come at a price falls with it, load that is best served rises: bisect.
    low, high = 0.0, min(everything / capacity, most)
    for _ in range(64):
        if high - low <= 1e-3 * high:
            break
        price = 0.5 * (low + high)
        load = 0.0
        for i in range(n):
            if saving[i] > price:
                load += weight[i]
        if load > price * capacity:
            low = price
        else:
            high = price
    return 0.5 * (low + high)


@njit(cache=True, nogil=True, error_model="numpy")
def add_exactly(total, lost, term):
    """Return (total, lost) after adding ``term``: Neumaier's sum is total + lost."""
    new = total + term
    if abs(total) >= abs(term):
        lost += (total - new) + term
    else:
        lost += (term - new) + total
    return new, lost


@njit(cache=True, nogil=True, error_model="numpy")
def round_down(gain, loss):
    """Return a float not above the true gain - loss, both sums of terms of a few roundings each.

    A term cost + price * weight has 2 roundings, price**2 / (4 congestion) has 2, a compensated
    sum of up to 10 million terms adds 2, the difference 1: together less than 8 units of both.
    """
    return max(np.nextafter((gain - loss) - 8.0 * UNIT * (gain + loss), -np.inf), 0.0)


@njit(cache=True, nogil=True, error_model="numpy")
def bound_at(problem, base, prices):
    """Return a valid lower bound at ``prices`` >= 0. Costs are >= 0, so 0 is a valid one too."""
    link, local, weight, congestion = problem
    base_cost, base_load = base
    n, m = link.shape
    gain, gain_lost, loss, loss_lost = base_cost, 0.0, 0.0, 0.0
    for i in range(n):
        best = local[i]
        for j in range(m):
            best = min(best, link[i, j] + prices[j] * weight[i])
        gain, gain_lost = add_exactly(gain, gain_lost, best)
    for j in range(m):
        gain, gain_lost = add_exactly(gain, gain_lost, prices[j] * base_load[j])
        term = prices[j] * prices[j] / (4.0 * congestion[j])
        loss, loss_lost = add_exactly(loss, loss_lost, term)
    return round_down(gain + gain_lost, loss + loss_lost)


@njit(cache=True, nogil=True, error_model="numpy")
def find_prices(problem, prices, warm, hottest, coldest):
    """Fill ``prices`` (M,) with nearly optimal ones, from where they stand if ``warm``.

    The heats are shares of the common price, which is returned.
    """
    base_load = np.zeros(prices.size)
    common = common_price(problem)
    if common == 0.0:
        # No server saves anything, or nothing weighs anything: free servers prove it.
        prices[:] = 0.0
        return common
    # Prices of a similar slot are near already, and heat is what costs time.
    heats = (hottest / 3.0 * common, coldest * common, 0.3)
    if warm and climb(problem, base_load, prices, heats, 1e-6, 60):
        return common
    prices[:] = common
    heats = (hottest * common, coldest * common, 0.3)
    if climb(problem, base_load, prices, heats, 1e-6, 60):
        return common
    # Rare: the start was too cold for this instance.
    prices[:] = common
    heats = (0.1 * common, coldest * common, 0.3)
    if not climb(problem, base_load, prices, heats, 1e-6, 200):
        start = np.full(prices.size, common)
        at_start = bound_at(problem, (0.0, base_load), start)
        if at_start > bound_at(problem, (0.0, base_load), prices):
            prices[:] = common
    return common
