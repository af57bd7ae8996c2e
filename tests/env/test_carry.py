"""What passes from slot to slot is in one place: put back, a batch goes on as it did."""

import numpy as np
import pytest

from mec_env import Scenario, Simulator
from tests.helpers import UNEQUAL

ROWS = 3


def begun(scenario, seed=5):
    simulator = Simulator(scenario, ROWS)
    observed = np.empty((ROWS, simulator.observation_size), dtype=np.float32)
    for row in range(ROWS):
        simulator.seed(row, seed + row)
    simulator.reset(np.arange(ROWS), observed)
    return simulator, observed


def steps(simulator, observed, count, seed):
    rng = np.random.default_rng(seed)
    n, m = simulator.scenario.iotds, simulator.scenario.mecs
    seen = []
    for _ in range(count):
        actions = rng.integers(0, m + 1, (ROWS, n))
        results = simulator.step(actions, np.ones(ROWS, dtype=bool), observed)
        seen.append((observed.tobytes(), *(column.tobytes() for column in results)))
    return seen


@pytest.mark.parametrize("per_episode", [False, True])
def test_a_batch_goes_on_from_its_carry_alone(per_episode):
    scenario = Scenario(**UNEQUAL, layout_per_episode=per_episode)
    one, observed = begun(scenario)
    steps(one, observed, 4, seed=1)
    carry, there = one.carry, observed.copy()
    expected = steps(one, observed, 5, seed=2)

    other = Simulator(scenario, ROWS)
    again = np.empty_like(observed)
    other.resume(carry, again)
    np.testing.assert_array_equal(again, there)
    assert steps(other, again, 5, seed=2) == expected


def test_a_carry_is_a_copy():
    simulator, observed = begun(Scenario(**UNEQUAL))
    carry = simulator.carry
    steps(simulator, observed, 1, seed=0)
    assert (carry.slot == 0).all() and (simulator.carry.slot == 1).all()


def test_memoryless_slots_carry_no_numbers():
    simulator, _ = begun(Scenario(**UNEQUAL))
    assert simulator.carry.numbers.shape == (ROWS, 0)
