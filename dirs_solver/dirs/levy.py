"""Algorithm 4, the Lévy flight search over decisions, and its steps: equations (20) to (23).

A candidate differs from its parent in a few devices, so its cost is worked out
from what they change: each server's load and the links of a table that is made
once per slot. Powers and shares have their closed forms (``mec_env.physics.cost``).

Random numbers are by counter (``dirs_solver.shared.randomness``): a search is named by
its seed and number and leaves no state behind.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit, uint32

from dirs_solver.shared.randomness import POPULATION, SPACE, STEPS
from mec_env.draws import streams
from mec_env.draws._bits import float_of_bits
from mec_env.draws.mantegna import mantegna_sigma
from mec_env.draws.streams import exponential32, log32, philox
from mec_env.optimum.moves import cost_of
from mec_env.optimum.problem import problem_of

#: Share of entries that the first population redraws, its first member excepted: ours.
REDRAWN = 0.1

_LN2 = np.float32(math.log(2.0))
_LOG2_E = np.float32(1.0 / math.log(2.0))
# sin(pi x / 2) on [0, 1] and 2^x on [-1/2, 1/2], within 2e-7 relative.
_SINE = tuple(
    np.float32((-1) ** k * (math.pi / 2) ** (2 * k + 1) / math.factorial(2 * k + 1))
    for k in range(6)
)
_EXP2 = tuple(np.float32(math.log(2.0) ** k / math.factorial(k)) for k in range(7))


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _sine(x):
    z = x * x
    s = _SINE[4] + _SINE[5] * z
    s = _SINE[3] + s * z
    s = _SINE[2] + s * z
    s = _SINE[1] + s * z
    return x * (_SINE[0] + s * z)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _exp32(x):
    """exp(x) in float32 for |x| < 80."""
    y = x * _LOG2_E
    whole = np.floor(y + np.float32(0.5))
    f = y - whole
    p = _EXP2[5] + _EXP2[6] * f
    p = _EXP2[4] + p * f
    p = _EXP2[3] + p * f
    p = _EXP2[2] + p * f
    p = _EXP2[1] + p * f
    p = _EXP2[0] + p * f
    return p * float_of_bits((np.int32(whole) + np.int32(127)) << np.int32(23))


class Flight(NamedTuple):
    """How a search flies, as its kernels take it.

    Attributes
    ----------
    generations : int
        G_max.
    sigma : float
        ``mantegna_sigma(beta)``.
    beta : float
        Tail index of the steps.
    threshold : float
        th of equation (22).
    scale : float
        eta of equation (18).
    """

    generations: int
    sigma: float
    beta: float
    threshold: float
    scale: float


def flight_of(levy, scale=0.0):
    """The Flight of a :class:`dirs_solver.dirs.settings.Levy`, as a bare tuple.

    Bare tuples reach a kernel faster than named ones.
    """
    return levy.generations, mantegna_sigma(levy.beta), levy.beta, levy.threshold, float(scale)


@njit(cache=True, nogil=True, error_model="numpy")
def fill_steps(radius_words, angle_words, sigma, beta, steps):
    """Mantegna's Lévy steps d = u / |v|^(1/beta), u ~ N(0, sigma^2), v ~ N(0, 1), float32.

    u and v are the two coordinates of one Box-Muller point, taken in the first
    quadrant: log |d| = log sigma + (1 - 1/beta) log r + log cos t - log(sin t) / beta.
    In logarithms the power costs nothing, and float32 without calls vectorises.

    Parameters
    ----------
    radius_words, angle_words : (K,) uint32
        Random; the lowest bit of the angle's word is the sign.
    sigma, beta : float
        :func:`mantegna_sigma` of beta, and beta.
    steps : (K,) float32
        Filled.
    """
    start = np.float32(math.log(sigma))
    inverse = np.float32(1.0 / beta)
    half = np.float32(0.5) * (np.float32(1.0) - inverse)
    for k in range(steps.size):
        squared = np.float32(2.0) * exponential32(radius_words[k])
        odd = np.int32((angle_words[k] >> uint32(8)) | uint32(1))
        x = np.float32(odd) * np.float32(2.0**-24)
        cosine, sine = _sine(np.float32(1.0) - x), _sine(x)
        size = _exp32(start + half * log32(squared) + log32(cosine) - inverse * log32(sine))
        sign = np.float32(1.0) - np.float32(2.0) * np.float32(np.int32(angle_words[k] & uint32(1)))
        steps[k] = sign * size


def levy_steps(seed, number, beta, count):
    """Lévy steps (count,) float32 of one seed and number, for plots, tests and searches in numpy."""
    key = streams.seed_key(seed)
    words = np.empty((2, -(-count // 4) * 4), dtype=np.uint32)
    for half in range(2):
        philox(key[0], key[1], half, number, STEPS + 256 * SPACE, words[half])
    steps = np.empty(count, dtype=np.float32)
    fill_steps(words[0, :count], words[1, :count], mantegna_sigma(beta), beta, steps)
    return steps


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def below(word, bound):
    """Integer in 0 .. bound - 1 from a random word."""
    return np.int64((np.uint64(word) * np.uint64(bound)) >> np.uint64(32))


@njit(cache=True, nogil=True, error_model="numpy")
def option_tables(problem, gain, tables):
    """Tables of a slot whose option 0 is local, so that no kernel asks which it is.

    Parameters
    ----------
    problem : mec_env.optimum.problem.Problem
    gain : (M, N) float32
    tables : tuple of three arrays, filled
        ``cost`` (N, M + 1) float64: of an option but for its server's congestion.
        ``share`` (N, M + 1) float32: h_ij over the device's sum of gains, which (20) compares;
        1/M (ours) for local.
        ``slope`` (M + 1,) float64: congestion, 0 for local.
    """
    link, local, _, congestion = problem
    cost, share, slope = tables
    n, m = link.shape
    slope[0] = 0.0
    for j in range(m):
        slope[j + 1] = congestion[j]
    for i in range(n):
        cost[i, 0] = local[i]
        share[i, 0] = np.float32(1.0 / m)
        total = np.float32(0.0)
        for j in range(m):
            total += gain[j, i]
        for j in range(m):
            cost[i, j + 1] = link[i, j]
            share[i, j + 1] = gain[j, i] / total


@njit(cache=True, nogil=True, error_model="numpy")
def change_cost(cost, weight, slope, decision, load, devices, options, trial):
    """How much dearer a decision becomes when some devices change: O(changed + M).

    Parameters
    ----------
    cost, slope
        Of :func:`option_tables`.
    weight : (N,) float64
    decision, load : (N,) int64, (M + 1,) float64
        The parent and its options' sums of weights.
    devices, options : (K,) int64
        Which devices change, and to what.
    trial : (M + 1,) float64
        Filled: the loads after the change.
    """
    for j in range(load.size):
        trial[j] = load[j]
    change = 0.0
    for k in range(devices.size):
        i, old, new = devices[k], decision[devices[k]], options[k]
        change += cost[i, new] - cost[i, old]
        trial[old] -= weight[i]
        trial[new] += weight[i]
    for j in range(load.size):
        change += slope[j] * (trial[j] * trial[j] - load[j] * load[j])
    return change


@njit(cache=True, nogil=True, error_model="numpy")
def first_population(draw, start, options, members):
    """Fill members (P, N): the start, and copies with a tenth of their entries redrawn."""
    key0, key1, number = draw
    n = start.size
    words = np.empty(-(-2 * n // 4) * 4, dtype=np.uint32)
    redrawn = np.uint32(REDRAWN * 4294967296.0)
    for p in range(members.shape[0]):
        members[p] = start
        if p > 0:
            philox(key0, key1, p, number, POPULATION + 256 * SPACE, words)
            for i in range(n):
                if words[i] < redrawn:
                    members[p, i] = below(words[n + i], options)


@njit(cache=True, nogil=True, error_model="numpy")
def _search(draw, problem, gain, members, flight, out):
    """Improve ``members`` (P, N); fill ``out``, the best one and the history; return its cost."""
    key0, key1, number = draw
    link, _, weight, _ = problem
    generations, sigma, beta, threshold, _ = flight
    best, history = out
    n, m = link.shape
    population = members.shape[0]
    table, share, slope = np.empty((n, m + 1)), np.empty((n, m + 1), np.float32), np.empty(m + 1)
    option_tables(problem, gain, (table, share, slope))
    # Device i of member p changes when gamma |d| exceeds both its share (20) and th (22).
    bar = np.empty((population, n), np.float32)
    load = np.zeros((population, m + 1))
    cost = np.zeros(population)
    th = np.float32(threshold)
    for p in range(population):
        for i in range(n):
            a = members[p, i]
            bar[p, i] = max(share[i, a], th)
            load[p, a] += weight[i]
            cost[p] += table[i, a]
        for j in range(m + 1):
            cost[p] += slope[j] * load[p, j] * load[p, j]

    history[0] = cost.min()
    block = -(-n // 4) * 4
    words = np.empty(3 * block, np.uint32)
    steps = np.empty(n, np.float32)
    trial = np.empty(m + 1)
    devices, options = np.empty(n, np.int64), np.empty(n, np.int64)
    for generation in range(1, generations + 1):
        # Equation (21). In the last generation it is 0, and no candidate differs.
        gamma = np.float32(2.0 - 2.0 * generation / generations)
        for p in range(population):
            if gamma > 0.0:
                philox(key0, key1, generation * population + p, number, STEPS + 256 * SPACE, words)
                fill_steps(words[:n], words[block : block + n], sigma, beta, steps)
            else:
                steps[:] = np.float32(0.0)
            # Gathered without a branch: whether a device changes can't be foretold.
            count = 0
            for i in range(n):
                devices[count] = i
                count += gamma * abs(steps[i]) > bar[p, i]
            for k in range(count):
                options[k] = below(words[2 * block + devices[k]], m + 1)
            change = change_cost(
                table, weight, slope, members[p], load[p], devices[:count], options[:count], trial
            )
            # Equation (23).
            if change < 0.0:
                cost[p] += change
                load[p] = trial
                for k in range(count):
                    i, a = devices[k], options[k]
                    members[p, i] = a
                    bar[p, i] = max(share[i, a], th)
        history[generation] = cost.min()
    best[:] = members[np.argmin(cost)]
    # The running cost has gathered rounding errors: this one has not.
    return cost_of(problem, (0.0, np.zeros(m)), best, trial[:m])


def draw_of(seed, number):
    """What names a search's random numbers: the two words of the seed's key, and the number."""
    return *streams.seed_key(seed), number


def population_of(seed, number, start, options, size):
    """The first population (P, N) int64 around a decision; see :func:`first_population`."""
    start = np.ascontiguousarray(start, dtype=np.int64)
    members = np.empty((size, start.size), dtype=np.int64)
    first_population(draw_of(seed, number), start, options, members)
    return members


def search(slot, start, levy, seed, number, members=None, history=None):
    """Algorithm 4 over decisions: the best decision found and its objective.

    Parameters
    ----------
    slot : mec_env.Slot
    start : (N,) integers
        The vote a^e, 0 .. M: the first member of the population.
    levy : dirs_solver.dirs.settings.Levy
    seed, number : int
        Name the search's random numbers.
    members : (P, N) int64, optional
        The first population, instead of one around ``start``; is overwritten.
    history : (generations + 1,) float64, optional
        Filled: the first population's best objective, then that after each generation.

    Returns
    -------
    decision : (N,) int64
    objective : float
    """
    problem = problem_of(slot)
    n, m = problem.link.shape
    if members is None:
        members = population_of(seed, number, start, m + 1, levy.population)
    if history is None:
        history = np.empty(levy.generations + 1)
    best = np.empty(n, dtype=np.int64)
    objective = _search(
        draw_of(seed, number),
        tuple(problem),
        slot._by_server,
        members,
        flight_of(levy),
        (best, history),
    )
    return best, objective
