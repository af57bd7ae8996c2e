"""Gain laws: worked by hand at a distance, and their bounds."""

import math

import numpy as np
import pytest

from mec_env import SCENARIOS, MECEnv, Scenario
from mec_env.laws.channels import LAWS, path_gain
from mec_env.laws.fading import FADINGS, gain_range


def law(name, **fields):
    return Scenario(channel=name, **fields)


def test_rayleigh_at_a_distance():
    # 1e-3 * (20 m)^-2 = 2.5e-6; with exponent 3.5 and 100 m: 1e-3 * 1e-7 = 1e-10.
    assert path_gain(law("rayleigh"), 20.0) == pytest.approx(2.5e-6)
    assert path_gain(law("rayleigh", path_loss_exponent=3.5), 100.0) == pytest.approx(1e-10)
    assert path_gain(law("rayleigh", reference_gain=0.5), 10.0) == pytest.approx(5e-3)


def test_are_at_a_distance():
    # (20 m)^-2 = 2.5e-3, whatever the reference gain and the exponent.
    changed = law("are", reference_gain=7.0, path_loss_exponent=4.0)
    assert path_gain(changed, 20.0) == pytest.approx(2.5e-3)


def test_droo_at_a_distance():
    # c / (4 pi f) = 3e8 m/s / (4 pi 915e6 Hz) = 0.02609097 m; at 10 m 2.609097e-3, to
    # the 2.8: exp(2.8 * ln 2.609097e-3) = exp(2.8 * -5.948751) = 5.836773e-8, times 3.
    assert path_gain(law("droo"), 10.0) == pytest.approx(1.751032e-7, rel=1e-6)


def test_lydroo_at_a_distance():
    # The same 2.609097e-3, to the 3rd: 1.776114e-8, times 3 = 5.328343e-8.
    assert path_gain(law("lydroo"), 10.0) == pytest.approx(5.328343e-8, rel=1e-6)


def test_log_distance_at_a_distance():
    # 1e-3 * (10 m)^-3 = 1e-6; shadowing of +20 dB is a factor 100, -10 dB a tenth.
    scenario = law("log-distance", path_loss_exponent=3.0, shadowing=8.0)
    assert path_gain(scenario, 10.0) == pytest.approx(1e-6)
    gains = path_gain(scenario, np.array([10.0, 10.0]), np.array([20.0, -10.0]))
    assert gains == pytest.approx([1e-4, 1e-7])


@pytest.mark.parametrize("name", sorted(LAWS))
def test_below_one_metre_counts_as_one_metre(name):
    near = path_gain(law(name), np.array([0.0, 1e-9, 0.5, 1.0, 1.001]))
    assert (near[:4] == near[3]).all() and near[4] < near[3]


@pytest.mark.parametrize("name", sorted(LAWS))
def test_every_law_has_a_fading(name):
    assert LAWS[name].fading in FADINGS
    assert LAWS[name].line_of_sight == (0.3 if name == "lydroo" else 0.0)


@pytest.mark.parametrize("name", sorted(LAWS))
@pytest.mark.parametrize("area", [1.0, 50.0, 1000.0, (2000.0, 30.0)])
def test_drawn_gains_keep_within_the_range(name, area):
    scenario = law(name, area=area, shadowing=8.0, mecs=4, iotds=50, slots=1000)
    low, high = gain_range(scenario)
    env = MECEnv(scenario)
    env.reset(seed=5)
    for _ in range(60):
        gain = env.slot.gain
        assert low <= gain.min() and gain.max() <= high * (1 + 1e-6)
        env.step(np.zeros(50, dtype=int))


def test_the_range_by_hand():
    # Nearest: 1 m, farthest: the diagonal of 30 m x 40 m, 50 m. ARE does not fade.
    assert gain_range(law("are", area=(30.0, 40.0))) == pytest.approx((1 / 2500, 1.0))
    # Rayleigh: times the smallest and largest exponential number of 24 bits,
    # -ln(1 - 2^-24) = 5.96e-8 and -ln(2^-24) = 16.636.
    low, high = gain_range(law("rayleigh", area=(30.0, 40.0)))
    assert low <= 1e-3 / 2500 * 2.0**-24 and low == pytest.approx(1e-3 / 2500 * 5.96e-8, rel=0.02)
    assert high >= 1e-3 * 24 * math.log(2) and high == pytest.approx(1e-3 * 16.636, rel=0.02)


@pytest.mark.parametrize(
    "fields",
    [
        dict(path_loss_exponent=20.0),
        dict(path_loss_exponent=200.0),
        dict(reference_gain=1e40),
        dict(reference_gain=1e-31),
        dict(channel="log-distance", shadowing=1e5),
        dict(area=1e200),
    ],
)
def test_gains_that_float32_cannot_hold_are_refused(fields):
    with pytest.raises(ValueError, match=r"path_loss_exponent = .* are allowed"):
        MECEnv(**fields)


@pytest.mark.parametrize("name", SCENARIOS)
def test_named_scenarios_keep_a_margin_from_the_ends_of_float32(name):
    low, high = gain_range(SCENARIOS[name])
    assert 1e-30 < low < high < 1e3


def test_log_distance_shadowing_belongs_to_the_world_and_has_its_deviation():
    scenario = law("log-distance", shadowing=8.0, mecs=20, iotds=500, path_loss_exponent=2.0)
    env = MECEnv(scenario)
    env.reset(seed=0)
    first = env.slot
    env.step(np.zeros(500, dtype=int))
    assert (env.slot.gain == first.gain).all()
    bare = path_gain(scenario.replace(shadowing=0.0), first.distance)
    decibels = 10 * np.log10(first.gain / bare)
    # 10,000 links: the mean's standard error is 0.08 dB, the deviation's 0.057 dB.
    assert abs(decibels.mean()) < 0.3 and decibels.std() == pytest.approx(8.0, abs=0.25)
