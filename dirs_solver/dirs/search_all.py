"""Lévy searches over [a, f, p], equation (19), and the classic Lévy flight (18) as the comparison.

Here powers and CPU shares are searched for too, as in the paper, not taken from closed forms.
``cost.evaluate_given`` judges every candidate.
"""

import numpy as np
from numba import njit

from dirs_solver.dirs.levy import (
    below,
    draw_of,
    fill_steps,
    flight_of,
    option_tables,
    population_of,
)
from dirs_solver.shared.randomness import RESOURCES, SPACE, STEPS, uniforms
from mec_env.draws.streams import philox
from mec_env.optimum.problem import problem_of
from mec_env.physics import cost

#: Least power and share of a candidate, over P_max and F_max: at 0 a task would never end. Ours.
LEAST = 1e-3


@njit(cache=True, nogil=True, error_model="numpy")
def repair(decision, share, power, local_speed, local_power, server_speed, max_power, cpu, watts):
    """Clip f and p to their range and scale each server's shares to F_max (ours).

    Parameters
    ----------
    decision : (N,) int64
    share, power : (N,) float64
        f_i / F_max and p_i / P_max as the search moved them; clipped in place.
    cpu, watts : (N,) float64
        Filled [cycles/s], [W]: feasible in (6) and (7). A local device has its own.
    """
    total = np.zeros(server_speed.size)
    for i in range(decision.size):
        share[i] = min(max(share[i], LEAST), 1.0)
        power[i] = min(max(power[i], LEAST), 1.0)
        if decision[i] > 0:
            total[decision[i] - 1] += share[i]
    for i in range(decision.size):
        j = decision[i] - 1
        if j < 0:
            cpu[i], watts[i] = local_speed[i], local_power[i]
        else:
            cpu[i] = server_speed[j] * share[i] / total[j]
            watts[i] = max_power * power[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _search_all(draw, slot, odds, candidates, classic, flight, out):
    """Improve the candidates; fill ``out``, the best decision and the history; return its cost.

    Parameters
    ----------
    draw : tuple
        See :func:`dirs_solver.dirs.levy.draw_of`.
    slot : tuple
        Physics, gain (M, N) float32, Tasks, local speed and power (N,), server speed (M,).
    odds : (N, M + 1) float32
        What equation (20) compares steps with.
    candidates : tuple of (P, N) arrays
        Decisions int64, the same as real numbers, shares of F_max, shares of P_max.
    classic : bool
        Whether equation (18) moves the decisions too.
    flight : Flight
    out : tuple of arrays
        Decision (N,) int64, history (generations + 1,) float64.
    """
    key0, key1, number = draw
    physics, gain, tasks, local_speed, local_power, server_speed = slot
    members, places, shares, powers = candidates
    generations, sigma, beta, threshold, scale = flight
    best, history = out
    population, n = members.shape
    m = server_speed.size
    block = -(-n // 4) * 4
    words = np.empty(7 * block, np.uint32)
    steps = np.empty((3, n), np.float32)
    cpu, watts = np.empty(n), np.empty(n)
    a, x, f, p = np.empty(n, np.int64), np.empty(n), np.empty(n), np.empty(n)
    fitness = np.empty(population)
    for generation in range(generations + 1):
        gamma = 2.0 - 2.0 * generation / generations
        for k in range(population):
            a[:], x[:], f[:], p[:] = members[k], places[k], shares[k], powers[k]
            if generation > 0:
                philox(key0, key1, generation * population + k, number, STEPS + 256 * SPACE, words)
                for part in range(3):
                    first, second = 2 * part * block, (2 * part + 1) * block
                    fill_steps(
                        words[first : first + n],
                        words[second : second + n],
                        sigma,
                        beta,
                        steps[part],
                    )
                for i in range(n):
                    if classic:
                        # Equation (18): a is moved as a real number and rounded (ours).
                        x[i] = min(max(x[i] + scale * steps[0, i], 0.0), float(m))
                        a[i] = int(np.floor(x[i] + 0.5))
                        f[i] += scale * steps[1, i]
                        p[i] += scale * steps[2, i]
                        continue
                    # Equations (20) and (22) for a; (18) and (22) for f and p.
                    d = gamma * abs(steps[0, i])
                    if d > odds[i, a[i]] and d > threshold:
                        a[i] = below(words[6 * block + i], m + 1)
                    if gamma * abs(steps[1, i]) > threshold:
                        f[i] += scale * steps[1, i]
                    if gamma * abs(steps[2, i]) > threshold:
                        p[i] += scale * steps[2, i]
            repair(
                a, f, p, local_speed, local_power, server_speed, physics.links.max_power, cpu, watts
            )
            time, energy = cost.evaluate_given(physics, gain, tasks, a, watts, cpu)
            objective = physics.weight_time * time + physics.weight_energy * energy
            # Equation (23).
            if generation == 0 or objective < fitness[k]:
                fitness[k] = objective
                members[k], places[k], shares[k], powers[k] = a, x, f, p
        history[generation] = fitness.min()
    k = np.argmin(fitness)
    best[:] = members[k]
    return fitness[k]


def search_all(slot, start, levy, scale, seed, number, classic=False, history=None):
    """Algorithm 4 over [a, f, p], or with ``classic`` equation (18) in its place.

    f and p start at random (Algorithm 4, line 1) and move in shares of F_max and P_max.

    Parameters
    ----------
    slot, start, levy, seed, number, history
        As in :func:`dirs_solver.dirs.levy.search`.
    scale : float
        eta of equation (18).

    Returns
    -------
    decision : (N,) int64
    objective : float
        With the f and p that the search found.
    """
    n, m = slot.gain.shape
    odds = np.empty((n, m + 1), np.float32)
    tables = np.empty((n, m + 1)), odds, np.empty(m + 1)
    option_tables(tuple(problem_of(slot)), slot._by_server, tables)
    members = population_of(seed, number, start, m + 1, levy.population)
    shares, powers = uniforms(seed, RESOURCES, number, 2, levy.population, n)
    best = np.empty(n, dtype=np.int64)
    if history is None:
        history = np.empty(levy.generations + 1)
    places, shares, powers = (
        np.ascontiguousarray(part) for part in (members.astype(np.float64), shares, powers)
    )
    objective = _search_all(
        draw_of(seed, number),
        (
            slot.physics,
            slot._by_server,
            slot.tasks,
            slot.local_speed,
            slot.local_power,
            slot.server_speed,
        ),
        odds,
        (members, places, shares, powers),
        classic,
        flight_of(levy, scale),
        (best, history),
    )
    return best, objective
