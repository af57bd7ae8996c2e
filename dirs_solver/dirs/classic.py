"""The classic Lévy flight, equation (18), over decisions: what the paper compares its search with."""

import numpy as np
from numba import njit

from dirs_solver.dirs.levy import fill_steps, mantegna_sigma, population_of
from dirs_solver.shared.randomness import SPACE, STEPS
from mec_env.draws import streams
from mec_env.draws.streams import philox
from mec_env.optimum.moves import cost_of
from mec_env.optimum.problem import problem_of


@njit(cache=True, nogil=True, error_model="numpy")
def _classic(
    key0,
    key1,
    number,
    link,
    local,
    weight,
    congestion,
    members,
    scale,
    generations,
    sigma,
    beta,
    best,
    history,
):
    population, n = members.shape
    m = congestion.size
    block = -(-n // 4) * 4
    words, steps = np.empty(2 * block, np.uint32), np.empty(n, np.float32)
    places, x = members.astype(np.float64), np.empty(n)
    a, load, nothing = np.empty(n, np.int64), np.empty(m), np.zeros(m)
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
            objective = cost_of(link, local, weight, congestion, 0.0, nothing, a, load)
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
    objective = _classic(
        *streams.seed_key(seed), number, *problem_of(slot), members, scale, levy.generations,
        mantegna_sigma(levy.beta), levy.beta, best, history,
    )  # fmt: skip
    return best, objective
