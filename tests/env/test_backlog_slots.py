"""Tasks that wait at servers: slots worked out by hand, and nobody lost on the way."""

import numpy as np
import pytest

from mec_env import SCENARIOS, certify, outcome
from mec_env.laws.rewards import REWARDS
from mec_env.simulator.episode import begun

RUSH_HOUR = SCENARIOS["rush-hour"]


def tiny(**fields):
    given = dict(iotds=4, mecs=2, slots=6, cycles=1e9, slot_seconds=1.0, server_speed=3.5e9)
    return RUSH_HOUR.replace(**{**given, **fields})


def step(simulator, observed, decision):
    return simulator.step(np.array([decision]), np.ones(1, bool), observed)


def test_two_that_join_behind_two_wait_for_seven_turns():
    # A server of 3.5e9 cycles/s ends 3 whole tasks of 1e9 cycles in 1 s: a turn takes 1/3 s. Two that
    # join behind 2 take (3 + 4) turns; then 2 + 2 - 3 = 1 waits. Behind nobody one takes one turn.
    s = tiny()
    simulator, observed = begun(s, 0, 0, False)
    while not simulator._carry.numbers[0, 2:6].all():
        step(simulator, observed, [0, 0, 0, 0])
        if simulator.slot_index[0] >= 5:
            simulator.reset(np.zeros(1, int), observed)
    simulator._carry.numbers[0, :2] = 2.0, 0.0
    simulator._forget()
    slot = simulator.slot()
    sent = slot.sending_cost[[0, 1, 2], [0, 0, 1]].sum()
    decision = np.array([1, 1, 2, 0])
    got = step(simulator, observed, decision)
    expected = sent + s.weight_time * (7 + 1) / 3 + slot.local_cost[3]
    assert got.objective[0] == pytest.approx(expected, rel=1e-9)
    assert outcome(slot, decision).objective == pytest.approx(expected, rel=1e-9)
    assert simulator._carry.numbers[0, :2].tolist() == [1.0, 0.0]
    assert got.waiting[0] == 1.0


def test_nobody_has_a_task_costs_nothing():
    simulator, observed = begun(tiny(arrival_low=0.0, arrival_high=0.0), 1, 0, False)
    slot = simulator.slot()
    found = certify(slot)
    assert found.objective == 0.0 and found.lower_bound <= 0.0
    got = step(simulator, observed, [1, 2, 1, 2])
    assert got.objective[0] == 0.0 and got.reward[0] == 0.0 and got.offloaded[0] == 0.0
    assert np.isfinite(observed).all()


@pytest.mark.parametrize("reward", REWARDS)
def test_every_reward_of_an_empty_slot_is_finite(reward):
    simulator, observed = begun(tiny(arrival_low=0.0, arrival_high=0.0, reward=reward), 1, 0, False)
    assert np.isfinite(step(simulator, observed, [1, 2, 1, 2]).reward[0])


def test_who_joins_is_ended_or_waits():
    simulator, observed = begun(tiny(iotds=9, server_speed=1.2e9, arrival_low=0.7), 3, 0, False)
    rng, before = np.random.default_rng(1), np.zeros(2)
    for _ in range(5):
        facts = simulator.slot().coupled.facts
        decision = rng.integers(0, 3, 9)
        sent = np.where(facts["present"], decision, 0)
        joins = np.bincount(sent, minlength=3)[1:]
        got = step(simulator, observed, decision)
        after = np.maximum(before + joins - facts["served"], 0)
        ended = np.minimum(before + joins, facts["served"])
        assert (before + joins == ended + after).all() and got.waiting[0] == after.sum()
        assert got.offloaded[0] == pytest.approx(joins.sum() / 9)
        before = simulator._carry.numbers[0, :2].copy()
        assert before.tolist() == after.tolist()


def test_a_wave_and_its_noise_begin_independently():
    s = RUSH_HOUR.replace(iotds=8, mecs=2, slots=3)
    simulator, observed = begun(s, 0, 0, False)
    states, phases = [], []
    for seed in range(500):
        simulator.seed(0, seed)
        simulator.reset(np.zeros(1, int), observed)
        rest = simulator.carry.numbers[0, 10:]
        states.extend(rest[: s.clusters])
        phases.extend(rest[s.clusters : 2 * s.clusters])
    angle = 2 * np.pi * np.array(phases)
    # 3,000 pairs: five deviations of a correlation of 0.
    for turn in (np.sin(angle), np.cos(angle), np.maximum(0, np.sin(angle))):
        assert abs(np.corrcoef(states, turn)[0, 1]) < 5 / np.sqrt(len(states))
    assert np.std(states) == pytest.approx(1.0, abs=0.07)
    assert np.mean(phases) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(
    "field, value",
    [
        ("arrival_low", -0.1),
        ("arrival_high", 1.1),
        ("wave_memory", 1.0),
        ("wave_noise", -1.0),
        ("wave_slots", 1),
        ("burst_on", 0.5),
        ("burst_off", float("nan")),
        ("arrivals", "poisson"),
        ("server_speed", 0.9e9),
        ("cycles", [1e9, 2e9, 1e9, 1e9]),
        ("arrivals_file", "requests.csv"),
    ],
)
def test_what_cant_be_is_refused_by_its_name(field, value):
    with pytest.raises(ValueError, match=field):
        tiny(**{field: value})


def test_a_low_rate_above_the_high_one_is_refused():
    with pytest.raises(ValueError, match=r"arrival_low = 0\.9: must be at most arrival_high"):
        tiny(arrival_low=0.9, arrival_high=0.2)
