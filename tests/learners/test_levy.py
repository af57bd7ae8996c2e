"""The Lévy flight search: steps, equations (18) to (23), and a plain Algorithm 4 beside it."""

import json
import math

import numpy as np
import pytest
from scipy.stats import ks_2samp

import mec_env
from dirs_solver import Levy, Settings
from dirs_solver.dirs import levy, refine, search_all
from dirs_solver.dirs.classic import classic_search
from dirs_solver.shared.randomness import SPACE, STEPS
from mec_env.draws import streams
from mec_env.draws.mantegna import mantegna_sigma
from mec_env.laws import layouts
from mec_env.optimum.problem import problem_of
from tests.helpers import make_slot, random_slot

SEARCH = Levy(population=3, generations=6)


@pytest.mark.parametrize("beta", [1.1, 1.5])
def test_steps_have_the_tail_index_beta(beta):
    size = np.sort(np.abs(levy.levy_steps(1, 0, beta, 2_000_000)).astype(np.float64))[::-1]
    top = 4000
    hill = 1.0 / np.mean(np.log(size[:top] / size[top]))
    # Hill's estimate has a standard deviation of beta / sqrt(top), 1.6 %.
    assert hill == pytest.approx(beta, rel=0.06)


@pytest.mark.parametrize("beta", [0.5, 1.1, 1.5, 1.9])
def test_steps_have_mantegnas_law(beta):
    ours = levy.levy_steps(2, 0, beta, 50_000)
    theirs = layouts.mantegna_steps(streams.Stream(streams.seed_key(3), 99), beta, 50_000)
    assert ks_2samp(ours, theirs).pvalue > 1e-3


def test_a_step_is_mantegnas_formula_of_its_two_words():
    radius = np.array([0x12345678, 0x9ABCDEF0, 0xFFFFFFFF, 1], dtype=np.uint32)
    angle = np.array([0x80000000, 0x13579BDF, 0x00000101, 0xFFFFFFFE], dtype=np.uint32)
    steps = np.empty(4, dtype=np.float32)
    sigma = mantegna_sigma(1.5)
    levy.fill_steps(radius, angle, sigma, 1.5, steps)
    for k in range(4):
        r = math.sqrt(-2.0 * math.log(((int(radius[k]) >> 8) | 1) * 2.0**-24))
        t = 0.5 * math.pi * ((int(angle[k]) >> 8) | 1) * 2.0**-24
        u, v = sigma * r * math.cos(t), r * math.sin(t)
        expected = (-1) ** (int(angle[k]) & 1) * u / v ** (1 / 1.5)
        assert steps[k] == pytest.approx(expected, rel=2e-5)


def test_sigma_of_mantegna():
    # Published for beta = 1.5, 0.6966.
    assert mantegna_sigma(1.5) == pytest.approx(0.6966, abs=1e-4)
    assert mantegna_sigma(1.0) == pytest.approx(1.0)


def test_a_devices_normalised_gains_and_one_over_m_for_local():
    slot = make_slot([[1e-6, 3e-6], [2e-6, 2e-6]])
    cost, share, slope = np.empty((2, 3)), np.empty((2, 3), np.float32), np.empty(3)
    p = problem_of(slot)
    levy.option_tables(p, slot._by_server, (cost, share, slope))
    np.testing.assert_allclose(share, [[0.5, 0.25, 0.75], [0.5, 0.5, 0.5]], rtol=1e-6)
    np.testing.assert_array_equal(cost, np.column_stack([slot.local_cost, slot.link_cost]))
    np.testing.assert_array_equal(slope, [0.0, *slot.congestion])


def test_the_cost_of_a_change_is_the_difference_of_the_objectives():
    rng = np.random.default_rng(4)
    for _ in range(20):
        slot = random_slot(rng, 9, 3)
        p = problem_of(slot)
        cost, share, slope = np.empty((9, 4)), np.empty((9, 4), np.float32), np.empty(4)
        levy.option_tables(p, slot._by_server, (cost, share, slope))
        old, new = rng.integers(0, 4, (2, 9))
        devices = rng.permutation(9)[: rng.integers(0, 10)]
        new = np.where(np.isin(np.arange(9), devices), new, old)
        load, trial = np.bincount(old, weights=p.weight, minlength=4), np.empty(4)
        change = levy.change_cost(cost, p.weight, slope, old, load, devices, new[devices], trial)
        before, after = (mec_env.outcome(slot, d).objective for d in (old, new))
        assert change == pytest.approx(after - before, abs=1e-9 * before)
        np.testing.assert_allclose(
            trial, np.bincount(new, weights=p.weight, minlength=4), atol=1e-6
        )


def plain_algorithm_4(slot, start, search, seed, number):
    """Algorithm 4 as the paper writes it, device by device, every candidate judged anew."""
    n, m = slot.gain.shape
    key = streams.seed_key(seed)
    share = np.column_stack([np.full(n, 1.0 / m), slot.gain / slot.gain.sum(axis=1, keepdims=True)])
    x = levy.population_of(seed, number, start, m + 1, search.population)
    fitness = [mec_env.outcome(slot, row).objective for row in x]
    block = -(-n // 4) * 4
    for generation in range(1, search.generations + 1):
        gamma = 2 - 2 * generation / search.generations  # (21)
        for k in range(search.population):
            words = np.empty(3 * block, dtype=np.uint32)
            streams.philox(
                *key, generation * search.population + k, number, STEPS + 256 * SPACE, words
            )
            d = np.empty(n, dtype=np.float32)
            levy.fill_steps(
                words[:n],
                words[block : block + n],
                mantegna_sigma(search.beta),
                search.beta,
                d,
            )
            candidate = x[k].copy()
            for i in range(n):
                mutant = x[k][i]
                if gamma * abs(d[i]) > share[i, x[k][i]]:  # (20)
                    mutant = (int(words[2 * block + i]) * (m + 1)) >> 32
                if gamma * abs(d[i]) > search.threshold:  # (22)
                    candidate[i] = mutant
            objective = mec_env.outcome(slot, candidate).objective
            if objective < fitness[k]:  # (23)
                x[k], fitness[k] = candidate, objective
    return x[np.argmin(fitness)], min(fitness)


def test_the_search_is_algorithm_4():
    rng = np.random.default_rng(5)
    history = np.empty(SEARCH.generations + 1)
    for number in range(10):
        slot = random_slot(rng, 11, 3)
        start = rng.integers(0, 4, 11)
        decision, objective = levy.search(slot, start, SEARCH, 7, number, history=history)
        assert np.all(np.diff(history) <= 0) and history[-1] == pytest.approx(objective)
        assert history[0] <= mec_env.outcome(slot, start).objective * (1 + 1e-12)
        expected, least = plain_algorithm_4(slot, start, SEARCH, 7, number)
        np.testing.assert_array_equal(decision, expected)
        assert objective == pytest.approx(least, rel=1e-12)


def test_gamma_falls_to_zero_so_the_last_generation_changes_nothing():
    # Links cost next to nothing, so nearly any device that moved off would make it better.
    slot = make_slot(np.full((30, 3), 1e-6))
    better = np.zeros(3, dtype=int)
    for number in range(20):
        for generations in (1, 2):
            search, history = Levy(1, generations, threshold=0.0), np.empty(generations + 1)
            decision, _ = levy.search(slot, np.zeros(30), search, 0, number, history=history)
            better[generations] += history[-1] < history[-2]
            better[0] += history[1] < history[0]
            if generations == 1:
                np.testing.assert_array_equal(decision, 0)
    # Only the first of two generations, in which gamma is 1, finds what is better.
    assert better.tolist() == [20, 0, 0]


def test_the_first_member_is_the_vote_and_the_others_have_a_tenth_redrawn():
    start = np.full(2000, 3)
    members = levy.population_of(1, 2, start, 9, 4)
    np.testing.assert_array_equal(members[0], start)
    changed = (members[1:] != start).mean(axis=1)
    # A redrawn device stays by chance 1 in 9.
    assert np.all(np.abs(changed - 0.1 * 8 / 9) < 0.025)
    assert set(np.unique(members)) == set(range(9))


@pytest.mark.parametrize("way", sorted(refine.REFINEMENTS))
@pytest.mark.parametrize("over", ["decisions", "all"])
def test_refinements_return_their_objective_and_name_their_randomness(way, over):
    slot = random_slot(np.random.default_rng(8), 20, 3)
    vote = np.random.default_rng(9).integers(0, 4, 20)
    settings = Settings(refinement=way, search_over=over, epsilon=0.5)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    decision, objective = refine.refine(slot, vote, settings, 3, 5)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    again, _ = refine.refine(slot, vote, settings, 3, 5)
    np.testing.assert_array_equal(decision, again)
    best = mec_env.outcome(slot, decision).objective
    if over == "all" and way in ("levy", "classic"):
        assert objective >= best * (1 - 1e-12), "no f and p beat the closed forms"
    else:
        assert objective == pytest.approx(best, rel=1e-12)
        if way != "epsilon":
            assert objective <= mec_env.outcome(slot, vote).objective * (1 + 1e-12)
    assert decision.dtype == np.int64 and 0 <= decision.min() and decision.max() <= 3


def test_the_classic_flight_adds_a_scaled_step_rounds_and_keeps_what_is_better():
    slot = random_slot(np.random.default_rng(10), 8, 3)
    start, scale, search = np.full(8, 2), 0.7, Levy(population=1, generations=1)
    decision, objective = classic_search(slot, start, search, scale, 4, 9)
    words = np.empty(16, dtype=np.uint32)
    streams.philox(*streams.seed_key(4), 1, 9, STEPS + 256 * SPACE, words)
    d = np.empty(8, dtype=np.float32)
    levy.fill_steps(words[:8], words[8:], mantegna_sigma(1.5), 1.5, d)
    moved = np.floor(np.clip(start + scale * d.astype(np.float64), 0, 3) + 0.5).astype(int)
    costs = {tuple(a): mec_env.outcome(slot, a).objective for a in (start, moved)}
    assert tuple(decision) == min(costs, key=costs.get)
    assert objective == pytest.approx(min(costs.values()))


def test_repair_clips_and_scales_each_servers_shares_to_its_speed():
    decision = np.array([1, 1, 2, 0])
    share, power = np.array([0.5, 2.0, -1.0, 0.3]), np.array([-3.0, 0.5, 9.0, 0.1])
    cpu, watts = np.empty(4), np.empty(4)
    search_all.repair(
        decision, share, power, np.full(4, 1e9), np.full(4, 0.7), np.array([9e9, 6e9]), 1.5, cpu, watts
    )  # fmt: skip
    np.testing.assert_allclose(cpu, [3e9, 6e9, 6e9, 1e9])
    np.testing.assert_allclose(watts, [1.5e-3, 0.75, 1.5, 0.7])


def test_the_search_over_everything_comes_near_the_closed_forms():
    slot = random_slot(np.random.default_rng(11), 6, 2)
    search = Levy(population=10, generations=3000)
    decision, objective = search_all.search_all(slot, np.zeros(6), search, 0.1, 0, 0)
    assert objective < 1.1 * mec_env.certify(slot, effort="exact").objective
    assert mec_env.outcome(slot, decision).objective <= objective


def test_settings_are_checked():
    with pytest.raises(ValueError, match=r"beta = 2\.0"):
        Levy(beta=2.0)
    with pytest.raises(ValueError, match="did you mean 'levy'"):
        Settings(refinement="levi")
    with pytest.raises(ValueError, match="did you mean 'buffer'"):
        Settings().replace(bufer=3)
    settings = Settings(search=Levy(7), hidden=(5, 6))
    assert Settings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings
    assert type(Settings(batch=np.int64(3)).batch) is int
    assert Settings().hidden_for(30) == (80, 60) and Settings().hidden_for(50) == (75, 63)
