"""One link: its fitted power and rate against the closed form in 40 digits."""

import copy
import pickle

import mpmath
import numpy as np
import pytest

from mec_env.physics.link import SMALLEST_GAIN, closed_form, link, link_table
from tests.helpers import make_slot

TOLERANCE = 1e-10
# Columns: noise [W], P_max [W], phi_T [1/s], phi_E [1/J]
TASKS = [
    (1e-12, 1.5, 1.0, 1.0),
    (1e-12, 1.5, 1.5, 0.5),
    (1e-12, 1.5, 0.5, 1.5),
    (1e-12, 1.5, 1.0, 0.0),
    (1e-12, 1.5, 1.0, 1e-6),
    (1e-9, 0.1, 1.0, 20.0),
    (3.2e-13, 1e6, 1.0, 1.0),
    (1e-12, 1e30, 1.0, 1.0),
]


def exact(table, weight_time, weight_energy, gain, digits=40):
    """Spectral efficiency, power and weighted cost per bit and Hz, in 40 digits."""
    with mpmath.workdps(digits):
        c = mpmath.mpf(float(gain)) / mpmath.mpf(table.noise)
        cap = mpmath.mpf(table.max_power)
        power = cap
        if weight_energy > 0:
            x = c * mpmath.mpf(weight_time) / mpmath.mpf(weight_energy)
            s = 1 + mpmath.lambertw((x - 1) / mpmath.e).real
            power = min(cap, mpmath.expm1(s) / c)
        spectral = mpmath.log1p(power * c) / mpmath.log(2)
        return spectral, power, (weight_time + weight_energy * power) / spectral


def worst(task, gains, form):
    """Largest relative errors of efficiency, power and cost over some float32 gains."""
    table = link_table(*task)
    errors = np.zeros(3)
    for gain in np.asarray(gains, dtype=np.float32):
        spectral, power = form(table, gain)
        cost = (task[2] + task[3] * power) / spectral
        right = exact(table, *task[2:], gain)
        found = [abs(float(a / b - 1)) for a, b in zip((spectral, power, cost), right)]
        errors = np.maximum(errors, found)
    return errors


def log_gains(count, seed, low=-20.0, high=0.0):
    return 10.0 ** np.random.default_rng(seed).uniform(low, high, count)


@pytest.mark.parametrize("form", [link, closed_form], ids=["link", "closed_form"])
@pytest.mark.parametrize("task", TASKS, ids=str)
def test_rate_power_and_cost_match_mpmath_from_1e_minus_20_to_1(task, form):
    gains = np.concatenate([log_gains(400, 1), np.logspace(-20, 0, 41)])
    assert worst(task, gains, form).max() < TOLERANCE


@pytest.mark.parametrize("form", [link, closed_form], ids=["link", "closed_form"])
@pytest.mark.parametrize("task", [t for t in TASKS if t[3] >= 0.5 and t[1] < 1e30], ids=str)
def test_both_sides_of_the_power_cap_match_mpmath(task, form):
    # The cap gain itself, its nearest float32 numbers, and some per mille and per cent around.
    cap = np.float32(link_table(*task).cap_gain)
    near = [cap, np.nextafter(cap, np.float32(0)), np.nextafter(cap, np.float32(1))]
    around = float(cap) * (1 + np.linspace(-0.2, 0.2, 81))
    assert worst(task, np.concatenate([near, around]), form).max() < TOLERANCE


def test_the_cap_gain_is_where_the_free_optimum_meets_the_cap():
    for task in TASKS[:3]:
        table = link_table(*task)
        with mpmath.workdps(40):
            c = mpmath.mpf(table.cap_gain) / mpmath.mpf(task[0])
            x = c * mpmath.mpf(task[2]) / mpmath.mpf(task[3])
            free = mpmath.expm1(1 + mpmath.lambertw((x - 1) / mpmath.e).real) / c
        assert float(free) == pytest.approx(task[1], rel=1e-9)


def test_a_link_worked_by_hand():
    # c = h / sigma^2 = 1e-12 W / 1e-12 W = 1 per W and phi_T = phi_E = 1, so x = 1,
    # W0((1 - 1) / e) = 0, s = 1: p = (e^1 - 1) / 1 = 1.71828 W uncapped (P_max 5 W), and
    # log2(1 + 1.71828) = 1 / ln 2 = 1.442695 bit/s/Hz.
    table = link_table(1e-12, 5.0, 1.0, 1.0)
    gain = np.float32(1e-12)
    spectral, power = link(table, gain)
    # The float32 nearest 1e-12 is 4e-9 off.
    assert power == pytest.approx(1.718281828, rel=1e-8)
    assert spectral == pytest.approx(1.442695041, rel=1e-8)


def test_a_capped_link_worked_by_hand():
    # P_max 1 W is below 1.718 W, so p = 1 W and log2(1 + 1) = 1 bit/s/Hz.
    spectral, power = link(link_table(1e-12, 1.0, 1.0, 1.0), np.float32(1e-12))
    assert power == pytest.approx(1.0, rel=1e-12)
    assert spectral == pytest.approx(1.0, rel=1e-8)


def test_without_energy_in_the_objective_power_is_the_cap():
    table = link_table(1e-12, 1.5, 1.0, 0.0)
    for gain in log_gains(50, 2).astype(np.float32):
        assert link(table, gain)[1] == pytest.approx(1.5, rel=1e-12)


def test_only_the_ratio_of_the_weights_decides_the_power():
    gain = np.float32(3e-11)
    doubled = link(link_table(1e-12, 1.5, 2.0, 2.0), gain)
    assert doubled == link(link_table(1e-12, 1.5, 1.0, 1.0), gain)


@pytest.mark.parametrize("gain", [SMALLEST_GAIN, 2.0**127, 3.4028234e38])
def test_the_ends_of_the_table_are_served(gain):
    # Rates and powers at the ends of float32 are as right as elsewhere: no piece is missing.
    assert worst((1e-12, 1.5, 1.0, 1.0), [gain], link).max() < TOLERANCE


@pytest.mark.parametrize("task", TASKS, ids=str)
def test_cost_falls_with_gain(task):
    table = link_table(*task)
    costs = []
    for gain in np.sort(log_gains(2000, 3)).astype(np.float32):
        spectral, power = link(table, gain)
        costs.append((task[2] + task[3] * power) / spectral)
    costs = np.array(costs)
    assert (np.diff(costs) <= 1e-11 * costs[1:]).all()


def test_slot_link_cost_is_the_closed_form_per_link():
    # Per link, with its own data: a wrong link hides in an objective of which links are 2 %.
    rng = np.random.default_rng(4)
    gain = 10.0 ** rng.uniform(-20, 0, (12, 7))
    bits = rng.uniform(1e5, 2e6, 12)
    slot = make_slot(gain, data_bits=bits, bandwidth=2e6, weight_time=1.5, weight_energy=0.5)
    table = link_table(1e-12, 1.5, 1.5, 0.5)
    for i in range(12):
        for j in range(7):
            unit = exact(table, 1.5, 0.5, slot.gain[i, j])[2]
            assert abs(float(slot.link_cost[i, j] / (unit * bits[i] / 2e6) - 1)) < TOLERANCE


def test_a_copy_is_the_same_read_only_table():
    table = link_table(1e-12, 1.5, 1.0, 1.0)
    for again in (copy.deepcopy(table), pickle.loads(pickle.dumps(table))):
        assert again.coefficients is table.coefficients
        assert not again.coefficients.flags.writeable
