"""The ascent climbs what it is given, returns the best certified bound and minds the clock."""

import time

import numpy as np
import pytest

from mec_env.optimum.hindsight.ascent import ascend

TARGET = np.array([[3.0, 0.0], [0.5, 7.0], [1e-3, 2.0]])


def hill(prices):
    """Concave, best at TARGET over prices >= 0: its peak's second entry would lie at -1."""
    peak = np.where(TARGET > 0.0, TARGET, -1.0)
    return 10.0 - ((prices - peak) ** 2).sum()


def soft_hill(prices, heat):
    peak = np.where(TARGET > 0.0, TARGET, -1.0)
    return hill(prices) - heat, -2.0 * (prices - peak)


@pytest.mark.parametrize("scale", [1.0, np.array([0.1, 10.0]), np.full((3, 2), 5.0)])
def test_the_best_prices_of_a_known_hill_are_found(scale):
    bound, prices = ascend(soft_hill, hill, np.ones((3, 2)), scale, (1.0, 0.1), 100)
    assert prices == pytest.approx(TARGET, abs=1e-4)
    assert bound == hill(prices) == pytest.approx(9.0)


def test_heats_are_taken_in_their_order():
    seen = []

    def soft(prices, heat):
        if heat not in seen:
            seen.append(heat)
        return soft_hill(prices, heat)

    ascend(soft, hill, np.ones((3, 2)), 1.0, (3.0, 2.0, 1.0), 5)
    assert seen == [3.0, 2.0, 1.0]


def test_the_best_certified_bound_is_kept_where_the_soft_one_misleads():
    start = TARGET.copy()

    def misled(prices, heat):
        return -((prices - 50.0) ** 2).sum(), -2.0 * (prices - 50.0)

    bound, prices = ascend(misled, hill, start, 1.0, (1.0, 0.1), 20)
    assert bound == hill(start) and (prices == start).all()


def test_prices_are_never_negative():
    asked = []

    def soft(prices, heat):
        asked.append(prices.min())
        return soft_hill(prices, heat)

    ascend(soft, hill, np.full((3, 2), 9.0), 1.0, (1.0,), 50)
    assert min(asked) == 0.0


def test_a_deadline_gone_by_leaves_the_start():
    def never(prices, heat):
        raise AssertionError("the clock was not looked at")

    start = np.ones((3, 2))
    bound, prices = ascend(never, hill, start, 1.0, (1.0,), 50, time.perf_counter() - 1.0)
    assert bound == hill(start) and (prices == start).all()


def test_a_deadline_within_a_run_ends_it():
    calls = []

    def slow(prices, heat):
        calls.append(heat)
        time.sleep(0.01)
        # A valley so narrow that L-BFGS takes many steps.
        away = (prices - TARGET) * np.logspace(0, 3, 6).reshape(3, 2)
        return -(away**2).sum(), -2.0 * away * np.logspace(0, 3, 6).reshape(3, 2)

    ascend(slow, hill, np.ones((3, 2)), 1.0, (2.0, 1.0), 10_000, time.perf_counter() + 0.02)
    assert 1 <= len(calls) < 20 and set(calls) == {2.0}
