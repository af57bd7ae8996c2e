"""The exact optimum of whoever doesn't know what comes, by value iteration: tiny moving users and queues."""

import itertools

import numpy as np
import pytest

from dirs_solver.references import backlog as queues
from dirs_solver.references import moving as users
from mec_env.optimum.hindsight.backlog import BacklogProblem
from mec_env.optimum.hindsight.backlog import solve as solve_backlog
from mec_env.optimum.hindsight.moving import MovingProblem
from mec_env.optimum.hindsight.moving import solve as solve_moving


def optimal(choices):
    """Of (cost now, cost to come), the least sum."""
    return min(cost + later for cost, later in choices)


def myopic(choices):
    """What the least cost now comes to."""
    return sum(min(choices))


#: One device, two servers, a load of 1: cost of each link and at home, each task with probability one half.
TASKS = (((0.5, 1.2), 3.0), ((1.6, 0.9), 1.4))
MIGRATION, CONGESTION = 0.8, 0.3


def moving_value(slots, decide):
    """Expected cost (2,) of ``slots`` slots by the server that holds the service."""
    later = np.zeros(2)
    for _ in range(slots):
        found = np.zeros(2)
        for holder, (links, home) in itertools.product(range(2), TASKS):
            choices = [(home, later[holder])]
            for j, link in enumerate(links):
                choices.append((link + CONGESTION + MIGRATION * (j != holder), later[j]))
            found[holder] += 0.5 * decide(choices)
        later = found
    return later


def test_a_slot_of_a_user_that_moves_is_worked_out_by_hand():
    # Held by the first: 0.8 of 0.8, 2.3, 3.0; then 1.4, at home, of 1.9, 2.0, 1.4: mean 1.1.
    # Held by the second: 1.5 of 1.6, 1.5, 3.0; then 1.2 of 2.7, 1.2, 1.4: mean 1.35.
    assert moving_value(1, optimal) == pytest.approx([1.1, 1.35])


def test_planning_for_users_that_move_is_value_iteration():
    link = np.array([links for links, _ in TASKS]).reshape(2, 1, 2)
    home, weight = np.array([[home] for _, home in TASKS]), np.ones((2, 1))
    price, migration = np.full(2, CONGESTION), np.array([MIGRATION])
    worth = np.zeros((1, 2))
    for _ in range(5):
        step = np.empty((1, 2))
        users._look_back(link, home, weight, price, migration, worth, step)
        worth = step
    assert worth[0] == pytest.approx(moving_value(5, optimal), rel=1e-12)


def test_hindsight_of_a_user_that_moves_is_below_the_causal_optimum_and_myopic_above_it():
    slots, bounds = 5, []
    for drawn in itertools.product(TASKS, repeat=slots):
        problem = MovingProblem(
            link=np.array([links for links, _ in drawn]).reshape(slots, 1, 2),
            local=np.array([home for _, home in drawn]).reshape(slots, 1),
            weight=np.ones((slots, 1)),
            congestion=np.full(2, CONGESTION),
            migration=np.array([MIGRATION]),
            holder=np.array([1]),
        )
        bounds.append(solve_moving(problem).lower_bound)
    best = moving_value(slots, optimal)[1]
    assert np.mean(bounds) < 0.999 * best
    assert best < 0.99 * moving_value(slots, myopic)[1]


#: Two devices, each with a task with probability one half, and a server that ends one a slot.
LINK, HOME = np.array([0.1, 0.4]), np.array([2.5, 2.0])
TURN, SERVED = 0.5, 1


def queue_choices(present, waiting, later):
    """(cost now, cost to come) of every decision of the devices with a task."""
    for sent in itertools.product(*((0, 1) if there else (0,) for there in present)):
        n = sum(sent)
        cost = TURN * (n * waiting + n * (n + 1) / 2)
        cost += sum(LINK[i] if sent[i] else HOME[i] for i in range(2) if present[i])
        yield cost, later[max(0, waiting + n - SERVED)]


def queue_value(slots, decide):
    """Expected cost (slots + 1,) of ``slots`` slots by the tasks that wait."""
    # One slot leaves one more waiting at most.
    later = np.zeros(2 * slots + 2)
    for _ in range(slots):
        found = np.zeros(later.size - 1)
        for waiting, present in itertools.product(
            range(found.size), itertools.product((0, 1), repeat=2)
        ):
            found[waiting] += 0.25 * decide(list(queue_choices(present, waiting, later)))
        later = found
    return later


def test_a_slot_of_a_queue_is_worked_out_by_hand():
    # None waits: 0; 0.1 + 0.5; 0.4 + 0.5; both 0.5 + 1.5, of 2.6, 3.4 and 4.5. Mean 0.875.
    # One waits: 0; 0.1 + 1; 0.4 + 1; both 0.5 + 2.5, of 3.1, 3.9 and 4.5. Mean 1.375.
    assert queue_value(1, optimal)[:2] == pytest.approx([0.875, 1.375])


def test_planning_for_queues_is_value_iteration_where_nothing_is_uncertain():
    horizon, worth = 4, np.zeros((1, 4))
    queues._look_back(
        LINK.reshape(1, 2, 1), HOME.reshape(1, 2), 0, np.ones((horizon, 2)), np.zeros(1),
        np.array([TURN]), np.array([SERVED]), worth,
    )  # fmt: skip
    later = np.zeros(12)
    for _ in range(horizon):
        later = np.array([optimal(queue_choices((1, 1), u, later)) for u in range(later.size - 1)])
    # States above the table's top are not looked into.
    assert worth[0, :3] == pytest.approx(later[:3] - later[0], rel=1e-12)


def test_hindsight_of_a_queue_is_below_the_causal_optimum_and_myopic_above_it():
    slots, bounds = 4, []
    for drawn in itertools.product((False, True), repeat=2 * slots):
        problem = BacklogProblem(
            link=np.tile(LINK.reshape(1, 2, 1), (slots, 1, 1)),
            local=np.tile(HOME, (slots, 1)),
            present=np.array(drawn).reshape(slots, 2),
            wait=np.array([TURN]),
            served=np.array([SERVED]),
        )
        bounds.append(solve_backlog(problem).lower_bound)
    best = queue_value(slots, optimal)[0]
    assert np.mean(bounds) < 0.999 * best
    assert best < 0.99 * queue_value(slots, myopic)[0]
