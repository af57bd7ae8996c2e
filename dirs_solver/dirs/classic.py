"""The classic Lévy flight, equation (18), over decisions: the paper's comparison for its search."""

import numpy as np
from numba import njit

from dirs_solver.dirs.levy import draw_of, fill_steps, flight_of, population_of
from dirs_solver.shared.randomness import SPACE, STEPS
from mec_env.draws.streams import philox
from mec_env.optimum.moves import cost_of
from mec_env.optimum.problem import problem_of


@njit(cache=True, nogil=True, error_model="numpy")
def _classic(draw, problem, members, flight, out):
    """Improve ``members`` (P, N); fill ``out``, the best one and the history; return its cost."""
    key0, key1, number = draw
    _, _, _, congestion = problem
    generations, sigma, beta, _, scale = flight
    best, history = out
    population, n = members.shape
    m = congestion.size
    block = -(-n // 4) * 4
    words, steps = np.empty(2 * block, np.uint32), np.empty(n, np.float32)
    places, x = members.astype(np.float64), np.empty(n)
    a, load, nothing = np.empty(n, np.int64), np.empty(m), (0.0, np.zeros(m))
    fitness = np.empty(population)
    for generation in range(generations + 1):
        for k in range(population):
            x[:] = places[k]
            if generation > 0:
                philox(key0, key1, generation * population + k, number, STEPS + 256 * SPACE, words)
                fill_steps(words[:n], words[block : block + n], sigma, beta, steps)
                for i in range(n):
                    x[i] = min(max(x[i] + scale * steps[i], 0.0), float(m))
            for i in range(n):
                a[i] = int(np.floor(x[i] + 0.5))
            objective = cost_of(problem, nothing, a, load)
            if generation == 0 or objective < fitness[k]:
                fitness[k] = objective
                members[k], places[k] = a, x
        history[generation] = fitness.min()
    k = np.argmin(fitness)
    best[:] = members[k]
    return fitness[k]


def classic_search(slot, start, levy, scale, seed, number, history=None):
    """The classic Lévy flight (18) over decisions, with greedy selection (23).

    A device's option is moved as a real number, kept within 0 .. M and rounded to
    be judged (ours: the paper says only that it does not fit integers).

    Returns
    -------
    decision : (N,) int64
    objective : float
    """
    n, m = slot.gain.shape
    members = population_of(seed, number, start, m + 1, levy.population)
    best = np.empty(n, dtype=np.int64)
    if history is None:
        history = np.empty(levy.generations + 1)
    problem, flight = tuple(problem_of(slot)), flight_of(levy, scale)
    objective = _classic(draw_of(seed, number), problem, members, flight, (best, history))
    return best, objective
