"""Decisions and what they come to: equations (1) to (13) worked by hand, and their laws."""

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mec_env import Scenario, Slot, outcome
from mec_env.laws.channels import path_gain
from tests.helpers import fields_of, make_slot, random_slot

SEEDS = st.integers(0, 2**32 - 1)
COMMON = settings(max_examples=40, deadline=None)


def decide(rng, slot):
    n, m = slot.gain.shape
    return rng.integers(0, m + 1, n)


# --- worked by hand ---------------------------------------------------------------


def test_equation_1_offload_time():
    # h = 3e-12, sigma^2 = 1e-12 W, p = 1 W: r = 1 MHz * log2(1 + 3) = 2 Mbit/s.
    # T = D / r + F / f = 0.8 Mbit / 2 Mbit/s + 1 Gcycle / 4 Gcycles/s = 0.4 s + 0.25 s.
    slot = make_slot([[3e-12]])
    o = outcome(slot, [1], power=[1.0], cpu=[4e9])
    assert o.time == pytest.approx(0.65, rel=1e-7)


def test_equation_2_uplink_rate():
    # p h / sigma^2 = 0.5 W * 14e-12 / 1e-12 W = 7: r = 2 MHz * log2(8) = 6 Mbit/s; all
    # cycles at 10 Gcycles/s are 0.1 s, so sending 1.2 Mbit takes T - 0.1 s = 0.2 s.
    slot = make_slot([[14e-12]], bandwidth=2e6, data_bits=[1.2e6])
    o = outcome(slot, [1], power=[0.5], cpu=[1e10])
    assert o.time - 0.1 == pytest.approx(0.2, rel=1e-7)


def test_equation_2_at_a_gain_where_log2_of_one_plus_loses_digits():
    # p h / sigma^2 = 1 W * 1e-22 / 1e-12 W = 1e-10: r = 1 MHz * 1e-10 / ln 2 to 5e-11
    # relative = 1.442695e-4 bit/s, so 0.8 Mbit take 8e5 / 1.442695e-4 = 5.545177e9 s.
    slot = make_slot([[1e-22]])
    o = outcome(slot, [1], power=[1.0], cpu=[1e10])
    gain = float(np.float32(1e-22))
    by_series = 8e5 / (1e6 * (gain / 1e-12 - (gain / 1e-12) ** 2 / 2) / math.log(2))
    assert o.time == pytest.approx(by_series + 0.1, rel=1e-12)


def test_equation_3_path_gain():
    # beta_0 / d^2 = 1e-3 / (20 m)^2 = 2.5e-6, before fading.
    assert path_gain(Scenario(), 20.0) == pytest.approx(2.5e-6, rel=1e-12)


def test_equations_4_and_5_each_device_runs_once():
    # Three devices, three places: none is charged twice or left out.
    # Local: 1 Gcycle / 1 Gcycles/s = 1 s. Each server: one device, 0.1 s, and the link.
    slot = make_slot([[1e-6, 1e-7], [1e-6, 1e-7], [1e-6, 1e-7]])
    o = outcome(slot, [0, 1, 2])
    links = slot.link_cost[1, 0] + slot.link_cost[2, 1]
    # 1 s + 2 * 0.1 s, 1 s * 1 W of local energy, and the links' weighted cost.
    assert o.objective == pytest.approx(1.0 + 0.2 + 1.0 + links, rel=1e-12)


def test_equation_6_shares_fill_the_server():
    # F = 1, 4, 9 Gcycles: shares as 1 : 2 : 3 of 12 Gcycles/s are 2, 4, 6 Gcycles/s, and the
    # compute times 0.5 + 1.0 + 1.5 = 3 s = (1 + 2 + 3)^2 Gcycles / 12 Gcycles/s.
    slot = make_slot(np.full((3, 1), 1e-6), cycles=[1e9, 4e9, 9e9], server_speed=[12e9])
    o = outcome(slot, [1, 1, 1])
    assert o.cpu == pytest.approx([2e9, 4e9, 6e9], rel=1e-12)
    given = outcome(slot, [1, 1, 1], power=o.power, cpu=o.cpu)
    sending = outcome(slot, [1, 1, 1], power=o.power, cpu=[1e9, 1e9, 1e9]).time - 14.0
    assert o.time - sending == pytest.approx(3.0, rel=1e-9)
    assert given.time == pytest.approx(o.time, rel=1e-12)


def test_equation_7_power_is_capped():
    # At h = 1e-16 the free optimum is far above 1.5 W (x = 1e-4, s = sqrt(2e-4) roughly,
    # p = 141 W), so the device sends at P_max; its own CPU takes 1e-27 * (1e9)^3 = 1 W.
    slot = make_slot([[1e-16], [1e-6]])
    o = outcome(slot, [1, 0])
    assert o.power == pytest.approx([1.5, 1.0], rel=1e-12)
    assert o.cpu[1] == 1e9


def test_equation_8_local_time():
    # 3 Gcycles / 0.6 Gcycles/s = 5 s and 1 Gcycle / 1 Gcycles/s = 1 s.
    slot = make_slot([[1e-6], [1e-6]], cycles=[3e9, 1e9], local_speed=[0.6e9, 1e9])
    assert outcome(slot, [0, 0]).time == pytest.approx(6.0, rel=1e-12)


def test_equation_9_energy():
    # Local: 5 s at 1e-27 * (0.6e9)^3 = 0.216 W is 1.08 J.
    # Sending: 0.8 Mbit at 2 Mbit/s is 0.4 s, at 0.5 W (6e-12 * 0.5 / 1e-12 = 3) 0.2 J.
    slot = make_slot([[1e-6], [6e-12]], cycles=[3e9, 1e9], local_speed=[0.6e9, 1e9])
    assert outcome(slot, [0, 0]).energy == pytest.approx(1.08 + 1.0, rel=1e-12)
    o = outcome(slot, [0, 1], power=[1.0, 0.5])
    assert o.energy == pytest.approx(1.08 + 0.2, rel=1e-7)


def test_equations_10_and_11_weighted_sum():
    # Two local devices: 6 s and 2.08 J, as above; 1.5 * 6 + 0.5 * 2.08 = 10.04.
    slot = make_slot(
        [[1e-6], [1e-6]],
        cycles=[3e9, 1e9],
        local_speed=[0.6e9, 1e9],
        weight_time=1.5,
        weight_energy=0.5,
    )
    assert outcome(slot, [0, 0]).objective == pytest.approx(10.04, rel=1e-12)
    # 5 s (1.5 + 0.5 * 0.216) and 1 s (1.5 + 0.5 * 1).
    assert slot.local_cost == pytest.approx([8.04, 2.0], rel=1e-12)


def test_equations_12_and_13_best_power_and_shares_together():
    # c = 1 / W: p = e - 1 = 1.718282 W (test_link), r = 1 MHz / ln 2 = 1.442695 Mbit/s,
    # 0.8 Mbit take 0.554518 s and 0.952818 J. Two such devices share 10 Gcycles/s
    # equally: 1 Gcycle at 5 Gcycles/s is 0.2 s each.
    slot = make_slot([[1e-12], [1e-12]], max_power=5.0)
    o = outcome(slot, [1, 1])
    assert o.power == pytest.approx([1.7182818] * 2, rel=1e-7)
    assert o.cpu == pytest.approx([5e9] * 2, rel=1e-12)
    assert o.time == pytest.approx(2 * (0.55451774 + 0.2), rel=1e-7)
    assert o.energy == pytest.approx(2 * 0.95281771, rel=1e-7)
    # (13): per server and device the objective adds up of links and the CPU term.
    assert o.objective == pytest.approx(slot.link_cost.sum() + 4e9 / 1e10, rel=1e-12)


def test_each_device_uses_its_own_link():
    # Very unequal gains: swapping devices or servers in the look-up changes the energy by far.
    slot = make_slot([[1e-6, 1e-13], [1e-15, 1e-9]], data_bits=[1e5, 2e6])
    for decision in ([1, 2], [2, 1], [1, 1], [2, 2]):
        o = outcome(slot, decision)
        time = energy = 0.0
        for i, j in enumerate(decision):
            c = slot.gain[i, j - 1] / 1e-12
            seconds = slot.data_bits[i] / (1e6 * math.log1p(o.power[i] * c) / math.log(2))
            sharers = decision.count(j)
            time += seconds + 1e9 / (1e10 / sharers)
            energy += seconds * o.power[i]
        assert o.time == pytest.approx(time, rel=1e-10)
        assert o.energy == pytest.approx(energy, rel=1e-10)


# --- laws -------------------------------------------------------------------------


@COMMON
@given(SEEDS)
def test_shares_sum_to_the_servers_speed(seed):
    rng = np.random.default_rng(seed)
    slot = random_slot(rng)
    decision = decide(rng, slot)
    o = outcome(slot, decision)
    for j in set(decision[decision > 0]):
        assert o.cpu[decision == j].sum() == pytest.approx(slot.server_speed[j - 1], rel=1e-12)
    local = decision == 0
    assert (o.cpu[local] == slot.local_speed[local]).all()
    assert (o.power[local] == slot.local_power[local]).all()
    assert (o.power <= slot.max_power * (1 + 1e-9)).all()


@pytest.mark.parametrize("weights", [(1.0, 1.0), (1.5, 0.5), (1.0, 0.0)])
def test_best_powers_and_shares_beat_1000_random_feasible_ones(weights):
    rng = np.random.default_rng(11)
    slot = random_slot(rng, 8, 3, weight_time=weights[0], weight_energy=weights[1])
    decision = decide(rng, slot)
    best = outcome(slot, decision)
    for _ in range(1000):
        # Some far away, some close by: both sides of the best are tried.
        near = 10.0 ** rng.uniform(-4, 0)
        power = best.power * np.exp(near * rng.normal(size=8))
        power = np.minimum(power, slot.max_power)
        cpu = best.cpu * np.exp(near * rng.normal(size=8))
        for j in range(1, 4):
            here = decision == j
            if here.any():
                cpu[here] *= slot.server_speed[j - 1] / cpu[here].sum()
        assert outcome(slot, decision, power=power).objective >= best.objective * (1 - 1e-12)
        assert outcome(slot, decision, cpu=cpu).objective >= best.objective * (1 - 1e-12)
        both = outcome(slot, decision, power=power, cpu=cpu)
        assert both.objective >= best.objective * (1 - 1e-12)


@COMMON
@given(SEEDS)
def test_its_own_powers_and_shares_give_the_same_outcome(seed):
    rng = np.random.default_rng(seed)
    slot = random_slot(rng)
    decision = decide(rng, slot)
    best = outcome(slot, decision)
    again = outcome(slot, decision, power=best.power, cpu=best.cpu)
    for name in ("objective", "time", "energy"):
        assert getattr(again, name) == pytest.approx(getattr(best, name), rel=1e-10)


@COMMON
@given(SEEDS)
def test_time_and_energy_add_up_of_links_servers_and_local_runs(seed):
    rng = np.random.default_rng(seed)
    slot = random_slot(rng)
    decision = decide(rng, slot)
    total = 0.0
    load = np.zeros(slot.server_speed.size)
    for i, j in enumerate(decision):
        total += slot.local_cost[i] if j == 0 else slot.link_cost[i, j - 1]
        if j > 0:
            load[j - 1] += np.sqrt(slot.cycles[i])
    total += slot.weight_time * (load**2 / slot.server_speed).sum()
    o = outcome(slot, decision)
    assert o.objective == pytest.approx(total, rel=1e-12)
    assert o.objective == slot.weight_time * o.time + slot.weight_energy * o.energy


@COMMON
@given(SEEDS)
def test_moving_a_device_changes_only_two_servers_and_its_own_time(seed):
    rng = np.random.default_rng(seed)
    slot = random_slot(rng)
    before = decide(rng, slot)
    after = before.copy()
    i = rng.integers(before.size)
    after[i] = rng.integers(0, slot.server_speed.size + 1)
    a, b = outcome(slot, before), outcome(slot, after)
    elsewhere = (before != before[i]) & (before != after[i])
    assert (a.cpu[elsewhere] == b.cpu[elsewhere]).all()
    others = np.arange(before.size) != i
    assert (a.power[others] == b.power[others]).all()


@COMMON
@given(SEEDS)
def test_permuting_devices_permutes_everything(seed):
    rng = np.random.default_rng(seed)
    slot = random_slot(rng)
    decision, order = decide(rng, slot), rng.permutation(slot.cycles.size)
    fields = fields_of(slot)
    for name in ("gain", "distance", "data_bits", "cycles", "local_speed"):
        fields[name] = fields[name][order]
    a, b = outcome(slot, decision), outcome(Slot(**fields), decision[order])
    assert (a.power[order] == b.power).all()
    assert a.cpu[order] == pytest.approx(b.cpu, rel=1e-12)
    assert (slot.link_cost[order] == Slot(**fields).link_cost).all()
    assert (a.time, a.energy) == pytest.approx((b.time, b.energy), rel=1e-12)


@COMMON
@given(SEEDS)
def test_permuting_servers_permutes_everything(seed):
    rng = np.random.default_rng(seed)
    slot = random_slot(rng)
    decision, order = decide(rng, slot), rng.permutation(slot.server_speed.size)
    fields = fields_of(slot)
    fields["gain"], fields["distance"] = slot.gain[:, order], slot.distance[:, order]
    fields["server_speed"] = slot.server_speed[order]
    # Server order[k] is now called k.
    renamed = np.concatenate([[0], np.argsort(order) + 1])
    a, b = outcome(slot, decision), outcome(Slot(**fields), renamed[decision])
    assert (a.power == b.power).all()
    assert a.cpu == pytest.approx(b.cpu, rel=1e-12)
    assert (a.time, a.energy) == pytest.approx((b.time, b.energy), rel=1e-12)


@COMMON
@given(SEEDS)
def test_doubling_cycles_and_all_speeds_leaves_time_alone(seed):
    rng = np.random.default_rng(seed)
    slot = random_slot(rng)
    decision = decide(rng, slot)
    fields = fields_of(slot)
    for name in ("cycles", "local_speed", "server_speed"):
        fields[name] = 2.0 * fields[name]
    a, b = outcome(slot, decision), outcome(Slot(**fields), decision)
    assert a.time == pytest.approx(b.time, rel=1e-12)
    assert (a.power[decision > 0] == b.power[decision > 0]).all()


@COMMON
@given(SEEDS)
def test_a_better_gain_never_costs_more(seed):
    rng = np.random.default_rng(seed)
    slot = random_slot(rng)
    better = Slot(**{**fields_of(slot), "gain": slot.gain * rng.uniform(1, 3, slot.gain.shape)})
    assert (better.link_cost <= slot.link_cost * (1 + 1e-11)).all()


# --- slots and their border -------------------------------------------------------


def test_a_slot_is_read_only_and_has_its_own_arrays():
    gain = np.full((2, 2), 1e-6)
    slot = make_slot(gain)
    gain[:] = 1.0
    assert slot.gain[0, 0] == np.float32(1e-6)
    for copied in (slot, copy.deepcopy(slot), pickle.loads(pickle.dumps(slot))):
        o = outcome(copied, [1, 2])
        for array in (copied.gain, copied.distance, copied.cycles, copied.data_bits,
                      copied.local_speed, copied.server_speed, copied.link_cost,
                      copied.local_cost, o.power, o.cpu):  # fmt: skip
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 1.0
    with pytest.raises(AttributeError):
        slot.gain = gain


def test_gains_are_float32_numbers_in_float64():
    slot = make_slot([[0.1]])
    assert slot.gain.dtype == np.float64
    assert slot.gain[0, 0] == float(np.float32(0.1)) != 0.1


@pytest.mark.parametrize(
    "fields, words",
    [
        (dict(gain=[1e-6]), r"gain: shape \(1,\), must be \(devices, servers\)"),
        (dict(gain=[[1e-40]]), "gain: holds 1e-40, .* at least 1.18e-38"),
        (dict(gain=[[1e40]]), r"gain: holds 1e\+40"),
        (dict(gain=[[np.nan]]), "gain: holds nan"),
        (dict(gain=[[-1e-6]]), "gain: holds -1e-06"),
        (dict(distance=[[-1.0]]), "distance: holds -1"),
        (dict(distance=[[np.inf]]), "distance: holds inf"),
        (dict(cycles=[0.0]), "cycles: holds 0"),
        (dict(cycles=[1e9, 1e9]), r"cycles: shape \(2,\), must be \(1,\)"),
        (dict(server_speed=[1e9, 1e9]), r"server_speed: shape \(2,\), must be \(1,\)"),
        (dict(noise=0.0), "noise = 0.0: must be a finite number above 0"),
        (dict(weight_time=0.0), "weight_time = 0.0"),
        (dict(weight_energy=-1.0), "weight_energy = -1.0"),
        (dict(max_power=np.nan), "max_power = nan"),
    ],
)
def test_a_bad_slot_is_refused(fields, words):
    with pytest.raises(ValueError, match=words):
        make_slot(**{"gain": [[1e-6]], **fields})


@pytest.mark.parametrize(
    "decision, given, words",
    [
        ([0], {}, r"decision: shape \(1,\), must be \(2,\)"),
        ([0, 3], {}, r"decision\[1\] = 3: must be from 0 \(local\) to 2"),
        ([-1, 0], {}, r"decision\[0\] = -1"),
        ([0.0, 1.0], {}, "decision: dtype float64, must be integers from 0 to 2"),
        ([1, 0], dict(power=[1.6, 1.0]), r"power\[0\] = 1.6: must be above 0 and at most 1.5"),
        ([1, 0], dict(power=[0.0, 1.0]), r"power\[0\] = 0"),
        ([1, 0], dict(power=[np.nan, 1.0]), r"power\[0\] = nan"),
        ([1, 0], dict(power=[1.0]), r"power: shape \(1,\), must be \(2,\)"),
        ([1, 0], dict(cpu=[np.inf, 1.0]), r"cpu\[0\] = inf"),
        (
            [1, 1],
            dict(cpu=[6e9, 5e9]),
            r"cpu: shares of server 1 sum to 1.1e\+10 .* at most 1e\+10",
        ),
    ],
)
def test_a_bad_decision_is_refused(decision, given, words):
    with pytest.raises(ValueError, match=words):
        outcome(make_slot(np.full((2, 2), 1e-6)), decision, **given)


def test_given_powers_of_local_devices_do_not_count():
    slot = make_slot([[1e-6], [1e-6]])
    o = outcome(slot, [0, 1], power=[np.nan, 1.0], cpu=[-5.0, 1e10])
    assert o.power[0] == pytest.approx(1.0) and o.cpu[0] == 1e9 and np.isfinite(o.objective)
