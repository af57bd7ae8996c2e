"""Refinements by name: each improves the agents' vote before they learn from it."""

import numpy as np

from dirs_solver.dirs import levy, search_all
from dirs_solver.dirs.classic import classic_search
from dirs_solver.shared.randomness import EXPLORATION, uniforms
from mec_env.optimum.moves import cost_of, single_moves
from mec_env.optimum.problem import problem_of


def refine(slot, vote, settings, seed, number):
    """The decision a* that the agents learn from, and its objective.

    Parameters
    ----------
    slot : mec_env.Slot
    vote : (N,) int64
        The agents' decision a^e, 0 .. M.
    settings : Settings
        ``refinement`` says which way.
    seed, number : int
        Name the random numbers.

    Returns
    -------
    decision : (N,) int64
    objective : float
    """
    return REFINEMENTS[settings.refinement](slot, vote, settings, seed, number)


def objective_of(slot, decision):
    """Objective of a decision (N,) int64, not checked, from the slot's link costs."""
    m = slot.gain.shape[1]
    return cost_of(tuple(problem_of(slot)), (0.0, np.zeros(m)), decision, np.empty(m))


def _levy(slot, vote, settings, seed, number):
    return LEVY_OVER[settings.search_over](slot, vote, settings, seed, number)


def _classic(slot, vote, settings, seed, number):
    return CLASSIC_OVER[settings.search_over](slot, vote, settings, seed, number)


def _levy_over_decisions(slot, vote, settings, seed, number):
    return levy.search(slot, vote, settings.search, seed, number)


def _levy_over_all(slot, vote, settings, seed, number):
    return search_all.search_all(slot, vote, settings.search, settings.step_scale, seed, number)


def _classic_over_decisions(slot, vote, settings, seed, number):
    return classic_search(slot, vote, settings.search, settings.step_scale, seed, number)


def _classic_over_all(slot, vote, settings, seed, number):
    return search_all.search_all(
        slot, vote, settings.search, settings.step_scale, seed, number, classic=True
    )


def explored(slot, vote, epsilon, seed, number):
    """The vote with each device redrawn by chance epsilon among 0 .. M."""
    n, m = slot.gain.shape
    chance, option = uniforms(seed, EXPLORATION, number, 2, n)
    option = np.minimum((option * (m + 1)).astype(np.int64), m)
    return np.where(chance < epsilon, option, vote)


def _epsilon(slot, vote, settings, seed, number):
    decision = explored(slot, vote, settings.epsilon, seed, number)
    return decision, objective_of(slot, decision)


def _epsilon_selected(slot, vote, settings, seed, number):
    """The best of the vote and as many explored votes as the search evaluates candidates."""
    best, least = vote, objective_of(slot, vote)
    tries = settings.search.population * settings.search.generations
    for k in range(tries):
        decision = explored(slot, vote, settings.epsilon, seed, number * tries + k)
        objective = objective_of(slot, decision)
        if objective < least:
            best, least = decision, objective
    return best, least


def _moves(slot, vote, settings, seed, number):
    problem = tuple(problem_of(slot))
    decision, m = vote.copy(), slot.gain.shape[1]
    load = np.empty(m)
    cost_of(problem, (0.0, np.zeros(m)), decision, load)
    single_moves(problem, decision, load, 1000)
    return decision, objective_of(slot, decision)


def _none(slot, vote, settings, seed, number):
    return vote, objective_of(slot, vote)


# What is searched, by the setting ``search_over``.
LEVY_OVER = {"decisions": _levy_over_decisions, "all": _levy_over_all}
CLASSIC_OVER = {"decisions": _classic_over_decisions, "all": _classic_over_all}

#: Refinements by name: here and in the settings' names is all there is to touch to add one.
REFINEMENTS = {
    "levy": _levy,
    "classic": _classic,
    "epsilon": _epsilon,
    "epsilon-selected": _epsilon_selected,
    "moves": _moves,
    "none": _none,
}
