"""The search over [a, f, p] against Algorithm 4 in plain words, draw by draw."""

import math

import numpy as np
import pytest

import mec_env
from dirs_solver import Levy
from dirs_solver.dirs import levy, search_all
from dirs_solver.shared.randomness import RESOURCES, SPACE, STEPS, uniforms
from mec_env.draws import streams
from mec_env.draws.mantegna import mantegna_sigma
from tests.helpers import random_slot

DEVICES, SERVERS = 7, 3


def draws(seed, number, when, beta):
    """Three steps a device, of a, f and p, and the random word of its new option."""
    block = -(-DEVICES // 4) * 4
    words = np.empty(7 * block, dtype=np.uint32)
    streams.philox(*streams.seed_key(seed), when, number, STEPS + 256 * SPACE, words)
    runs = words.reshape(7, block)[:, :DEVICES]
    steps = np.empty((3, DEVICES), dtype=np.float32)
    for part in range(3):
        levy.fill_steps(runs[2 * part], runs[2 * part + 1], mantegna_sigma(beta), beta, steps[part])
    return steps.astype(np.float64), [int(word) for word in runs[6]]


def clipped(value, low, high):
    return min(max(value, low), high)


def judged(slot, a, f, p):
    """Objective (11) of a decision with the shares and powers that f and p stand for."""
    sums = [sum(f[i] for i in range(DEVICES) if a[i] == j + 1) for j in range(SERVERS)]
    cpu = [slot.server_speed[k - 1] * f[i] / sums[k - 1] if k else 1.0 for i, k in enumerate(a)]
    power = [slot.max_power * share for share in p]
    return mec_env.outcome(slot, np.array(a), power=power, cpu=cpu).objective


def proposed(slot, a, f, p, steps, words, gamma, search, scale):
    """A candidate by equations (18), (20) and (22)."""
    a, f, p = list(a), list(f), list(p)
    for i in range(DEVICES):
        d = gamma * abs(steps[0, i])
        # (20): a device with a good link is slow to leave it; running locally counts as 1 / M.
        stays = slot.gain[i, a[i] - 1] / slot.gain[i].sum() if a[i] else 1.0 / SERVERS
        mutant = (words[i] * (SERVERS + 1)) >> 32 if d > stays else a[i]
        # (22), by entries of x = [a, f, p], each with a step of its own.
        if d > search.threshold:
            a[i] = mutant
        for part, x in ((1, f), (2, p)):
            if gamma * abs(steps[part, i]) > search.threshold:
                x[i] = x[i] + scale * steps[part, i]  # (18)
    return a, f, p, None


def classic(slot, x, f, p, steps, scale):
    """A candidate by equation (18) alone, its decision a real number that is rounded."""
    x = [clipped(v + scale * d, 0.0, SERVERS) for v, d in zip(x, steps[0])]
    a = [math.floor(v + 0.5) for v in x]
    f = [v + scale * d for v, d in zip(f, steps[1])]
    p = [v + scale * d for v, d in zip(p, steps[2])]
    return a, f, p, x


def plain_search(slot, start, search, scale, seed, number, is_classic):
    """Algorithm 4: the best decision, its objective, and the best after each generation."""
    low = search_all.LEAST
    decisions = levy.population_of(seed, number, start, SERVERS + 1, search.population)
    shares, powers = uniforms(seed, RESOURCES, number, 2, search.population, DEVICES)
    members, fitness = [], []
    for a, f, p in zip(decisions.tolist(), shares, powers):
        f, p = ([clipped(v, low, 1.0) for v in x] for x in (f, p))
        members.append((a, f, p, [float(v) for v in a]))
        fitness.append(judged(slot, a, f, p))
    history = [min(fitness)]
    for generation in range(1, search.generations + 1):
        gamma = 2 - 2 * generation / search.generations  # (21)
        for k in range(search.population):
            when = generation * search.population + k
            steps, words = draws(seed, number, when, search.beta)
            a, f, p, x = members[k]
            if is_classic:
                a, f, p, x = classic(slot, x, f, p, steps, scale)
            else:
                a, f, p, x = proposed(slot, a, f, p, steps, words, gamma, search, scale)
            f, p = ([clipped(v, low, 1.0) for v in values] for values in (f, p))
            objective = judged(slot, a, f, p)
            if objective < fitness[k]:  # (23)
                members[k], fitness[k] = (a, f, p, x), objective
        history.append(min(fitness))
    return members[int(np.argmin(fitness))][0], min(fitness), history


@pytest.mark.parametrize("is_classic", [False, True], ids=["proposed", "classic"])
@pytest.mark.parametrize("search", [Levy(3, 60), Levy(4, 40, 1.1, 0.9)], ids=["paper", "wide"])
def test_the_search_is_algorithm_4_draw_by_draw(search, is_classic):
    rng = np.random.default_rng(12)
    moved = 0
    for number in range(12):
        # Links on which a random power is slow, and not so slow that nothing else counts.
        gain = 10.0 ** rng.uniform(-8, -5, (DEVICES, SERVERS))
        slot = random_slot(rng, DEVICES, SERVERS, gain=gain)
        start = rng.integers(0, SERVERS + 1, DEVICES)
        history = np.empty(search.generations + 1)
        decision, objective = search_all.search_all(
            slot, start, search, 0.1, 5, number, classic=is_classic, history=history
        )
        expected, least, course = plain_search(slot, start, search, 0.1, 5, number, is_classic)
        assert decision.tolist() == expected
        assert objective == pytest.approx(least, rel=1e-12)
        np.testing.assert_allclose(history, course, rtol=1e-12)
        moved += np.count_nonzero(np.diff(history))
    assert moved > 40, "a search in which nothing gets better would compare nothing"


def test_in_its_last_generation_only_the_classic_search_moves():
    rng = np.random.default_rng(3)
    slot = random_slot(rng, DEVICES, SERVERS, gain=np.full((DEVICES, SERVERS), 1e-6))
    start, search = np.ones(DEVICES, dtype=np.int64), Levy(5, 1, threshold=0.0)
    better = {False: 0, True: 0}
    for classic_one in better:
        for number in range(30):
            history = np.empty(2)
            search_all.search_all(slot, start, search, 0.1, 0, number, classic_one, history)
            better[classic_one] += history[1] < history[0]
    assert better[False] == 0, "gamma (21) is 0 there"
    assert better[True] > 0
