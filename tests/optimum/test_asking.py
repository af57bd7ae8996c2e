"""Asking again, against plain Python that tries every subset of a server's askers."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mec_env.optimum.asking import ask_again, ask_next


@st.composite
def problems(draw):
    n, m = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    numbers = np.random.default_rng(draw(st.integers(0, 2**32)))
    link, local = numbers.uniform(0.0, 1.5, (n, m)), numbers.uniform(0.5, 2.0, n)
    weight, congestion = numbers.uniform(0.3, 1.5, n), numbers.uniform(0.05, 0.5, m)
    return (link, local, weight, congestion), numbers


def objective(problem, decision):
    link, local, weight, congestion = problem
    cost = 0.0
    for i, choice in enumerate(decision):
        cost += link[i, choice - 1] if choice else local[i]
    for j, q in enumerate(congestion):
        cost += q * sum(weight[i] for i, choice in enumerate(decision) if choice == j + 1) ** 2
    return cost


def best_of(group, saving, weight, q):
    """The subset of a group that costs least, of all."""
    subsets = (s for k in range(len(group) + 1) for s in itertools.combinations(group, k))
    return min(
        subsets, key=lambda s: q * sum(weight[i] for i in s) ** 2 - sum(saving[i] for i in s)
    )


def admitted(problem, holders, askers, pays):
    """The decision after every server kept the best of its holders and of those that ask."""
    link, local, weight, congestion = problem
    after = list(holders)
    for j, q in enumerate(congestion):
        group = [i for i in range(len(local)) if j + 1 in (holders[i], askers[i])]
        worth = {i: local[i] if holders[i] == j + 1 else pays[i] for i in group}
        saving = {i: worth[i] - link[i, j] for i in group}
        kept = best_of(group, saving, weight, q)
        for i in group:
            if i in kept and holders[i] != j + 1:
                after[i] = j + 1
    # A seat is lost by who is not kept, unless it got one elsewhere.
    for j, q in enumerate(congestion):
        group = [i for i in range(len(local)) if j + 1 in (holders[i], askers[i])]
        worth = {i: local[i] if holders[i] == j + 1 else pays[i] for i in group}
        kept = best_of(group, {i: worth[i] - link[i, j] for i in group}, weight, q)
        for i in group:
            if holders[i] == j + 1 and i not in kept and after[i] == j + 1:
                after[i] = 0
    return after


def asks_after_loads(problem, decision, reserve):
    """Who asks where after the loads were told, what each pays, and how many numbers were told."""
    link, local, weight, congestion = problem
    m = len(congestion)
    load = [sum(weight[i] for i, c in enumerate(decision) if c == j + 1) for j in range(m)]
    askers, pays, told = [], [], m
    for i, choice in enumerate(decision):
        w, now, factor = weight[i], local[i], 1.0
        if choice:
            j = choice - 1
            saves = congestion[j] * ((load[j]) ** 2 - (load[j] - w) ** 2)
            now, factor = min(now, link[i, j] + (1.0 - reserve) * saves), 1.0 + reserve
        options = {0: now}
        for j in range(m):
            if j != choice - 1:
                adds = congestion[j] * ((load[j] + w) ** 2 - load[j] ** 2)
                options[j + 1] = link[i, j] + factor * adds
        wanted = min(options, key=options.get)
        askers.append(wanted)
        pays.append(now)
        told += bool(choice and wanted)
    return askers, pays, told


def first_decision(problem, numbers):
    """A random decision after exact admission, as a broadcast follows it."""
    n, m = problem[0].shape
    asked = numbers.integers(0, m + 1, n)
    return np.array(admitted(problem, [0] * n, asked, problem[1]), np.int64)


def reference_next(problem, prices, decision, refused):
    link, local, weight, _ = problem
    askers = []
    for i, choice in enumerate(decision):
        options = {0: local[i]}
        for j in range(len(prices)):
            if not choice and not refused[i, j]:
                options[j + 1] = link[i, j] + prices[j] * weight[i]
        askers.append(0 if choice else min(options, key=options.get))
    return askers


# --- after a broadcast -------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(problems(), st.sampled_from([0.0, 0.05, 0.3, 1.0]))
def test_a_broadcast_does_what_plain_python_does(given_problem, reserve):
    problem, numbers = given_problem
    before = first_decision(problem, numbers)
    askers, pays, told = asks_after_loads(problem, before, reserve)
    after = before.copy()
    assert ask_again(problem, after, reserve) == told
    assert after.tolist() == admitted(problem, before, askers, pays)
    # One number a server, and one each of those that would leave a seat.
    seated = sum(before[i] > 0 and askers[i] > 0 for i in range(len(before)))
    assert told == len(problem[3]) + seated


@settings(max_examples=200, deadline=None)
@given(problems(), st.sampled_from([0.0, 0.05]))
def test_a_server_is_never_dearer_for_what_it_chose_among(given_problem, reserve):
    # All ask at once, so that a whole decision may cost more. Each server's own choice may not:
    # those that it keeps, at what they would cost elsewhere, against its holders alone.
    problem, numbers = given_problem
    link, local, weight, congestion = problem
    before = first_decision(problem, numbers)
    askers, pays, _ = asks_after_loads(problem, before, reserve)
    after = before.copy()
    ask_again(problem, after, reserve)
    for j, q in enumerate(congestion):
        group = [i for i in range(len(local)) if j + 1 in (before[i], askers[i])]
        went = [i for i in group if before[i] == j + 1 and after[i] not in (0, j + 1)]
        if went:
            continue  # who left by itself was not refused

        holders = {i for i in group if before[i] == j + 1}
        now, then = (
            sum((local if before[i] == j + 1 else pays)[i] for i in group if i not in kept)
            + sum(link[i, j] for i in kept)
            + q * sum(weight[i] for i in kept) ** 2
            for kept in ({i for i in group if after[i] == j + 1}, holders)
        )
        assert now <= then + 1e-12


@settings(max_examples=200, deadline=None)
@given(problems(), st.sampled_from([0.0, 0.05]))
def test_if_one_device_alone_moves_home_or_in_nothing_gets_dearer(given_problem, reserve):
    problem, numbers = given_problem
    before = first_decision(problem, numbers)
    askers, _, _ = asks_after_loads(problem, before, reserve)
    assume(np.count_nonzero(askers) == 1)
    after = before.copy()
    ask_again(problem, after, reserve)
    assert objective(problem, after) <= objective(problem, before) + 1e-12


def test_a_device_leaves_a_full_server_worked_by_hand():
    # q = 1, weights 1, both devices on the first server, where links cost nothing, local 10. Load 2:
    # leaving saves 2·2 - 1 = 3, and the empty server costs 1 or, by the second's link, 1.5. Both
    # want to go and tell that they pay 3 now. The first alone saves 3 - 1 = 2 there, the second
    # alone 2.5 - 1, both together 5.5 - 4: the first is kept.
    problem = (np.array([[0.0, 0.0], [0.0, 0.5]]), np.full(2, 10.0), np.ones(2), np.ones(2))
    decision = np.array([1, 1])
    # Two loads and two payments.
    assert ask_again(problem, decision, 0.0) == 4
    assert decision.tolist() == [2, 1]
    # With a reserve of 1/2 they pay 1.5 and would be asked 1.5: nobody leaves, only loads are told.
    still = np.array([1, 1])
    assert ask_again(problem, still, 0.5) == 2
    assert still.tolist() == [1, 1]


def test_a_device_at_home_hears_of_room_worked_by_hand():
    # The server's load is 0; one device at home costs 1 there, link 0.25 and 0.5 · 1² together .75.
    problem = (np.array([[0.25]]), np.array([1.0]), np.ones(1), np.array([0.5]))
    decision = np.zeros(1, np.int64)
    # A device at home tells no payment: the server knows its local cost.
    assert ask_again(problem, decision, 0.0) == 1
    assert decision.tolist() == [1]
    assert ask_again(problem, decision, 0.0) == 1
    assert decision.tolist() == [1]


# --- after a refusal ------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(problems(), st.floats(0.0, 1.0))
def test_refused_devices_ask_on_as_plain_python_does(given_problem, price):
    problem, numbers = given_problem
    link, local, _, _ = problem
    n, m = link.shape
    prices = price * numbers.random(m)
    decision, refused = np.zeros(n, np.int64), np.zeros((n, m), bool)
    asked_before = set()
    for _ in range(n * m + 1):
        before, told = decision.copy(), refused.copy()
        askers = reference_next(problem, prices, before, told)
        went_on = ask_next(problem, prices, decision, refused)
        assert went_on == any(askers)
        expected = admitted(problem, before, askers, local)
        assert decision.tolist() == expected
        asks = {(i, j) for i, j in enumerate(askers) if j}
        # Nobody asks a server that refused it.
        assert not asks & asked_before
        asked_before |= {(i, j) for i, j in asks if decision[i] != j}
        asked_before |= {(i, before[i]) for i in range(n) if before[i] and not decision[i]}
        # Seats change hands only to lower the cost.
        assert objective(problem, decision) <= objective(problem, before) + 1e-12
        assert {(i, j + 1) for i, j in zip(*np.nonzero(refused))} == asked_before
        if not went_on:
            break
    assert not went_on, "the asking ends, since every ask is kept or is the last of its kind"


def test_a_refused_device_asks_its_second_server_worked_by_hand():
    problem = (
        np.array([[0.0, 0.2], [0.1, 0.15]]), np.array([2.0, 2.0]), np.ones(2), np.ones(2),
    )  # fmt: skip
    prices, decision, refused = np.array([0.1, 0.2]), np.zeros(2, np.int64), np.zeros((2, 2), bool)
    # Asked 0.1 and 0.4 by one, 0.2 and 0.35 by the other: both ask the first. Together they cost
    # 4 + 0.1, the one alone with the other at home 1 + 2: the dearer link goes.
    assert ask_next(problem, prices, decision, refused)
    assert decision.tolist() == [1, 0] and refused.tolist() == [[False, False], [True, False]]
    assert ask_next(problem, prices, decision, refused)
    assert decision.tolist() == [1, 2]
    assert not ask_next(problem, prices, decision, refused)
    assert decision.tolist() == [1, 2]


@pytest.mark.parametrize("price", [0.0, 5.0])
def test_without_refusals_the_second_round_changes_nothing(price):
    # Servers of no congestion to speak of: all who come are kept.
    rng = np.random.default_rng(0)
    problem = (rng.random((6, 3)), np.full(6, 2.0), np.ones(6), np.full(3, 1e-9))
    decision, refused = np.zeros(6, np.int64), np.zeros((6, 3), bool)
    prices = np.full(3, price)
    assert ask_next(problem, prices, decision, refused) == (price == 0.0)
    first = decision.copy()
    assert first.tolist() == (problem[0].argmin(axis=1) + 1 if price == 0.0 else first * 0).tolist()
    assert not ask_next(problem, prices, decision, refused)
    assert (decision == first).all() and not refused.any()
