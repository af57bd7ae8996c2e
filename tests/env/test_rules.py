"""The rules, by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mec_env
from mec_env.judging import rules
from mec_env.judging.rules import RULES, Admitted, at_prices, capacity_rule, training_slots
from tests.helpers import random_slot


def slot(gain, **fields):
    gain = np.array(gain, dtype=float)
    n, m = gain.shape
    given = dict(
        distance=np.ones((n, m)),
        data_bits=np.full(n, 8e5),
        cycles=np.full(n, 1e9),
        local_speed=np.full(n, 1e9),
        server_speed=np.full(m, 1e10),
    )
    return mec_env.Slot(gain, **{**given, **fields})


def test_nearest_and_best_link():
    s = slot([[1e-6, 2e-6], [4e-6, 3e-6]], distance=[[5.0, 7.0], [8.0, 2.0]])
    assert RULES["nearest"]().decide(s).tolist() == [1, 2]
    assert RULES["best-link"]().decide(s).tolist() == [2, 1]
    assert RULES["local"]().decide(s).tolist() == [0, 0]


def test_capacity_rule_keeps_the_needier_out():
    # Three devices of 1e9 cycles/s on a server of 2e9: two fit. F = 3, 1, 2 Gcycles: the first stays out.
    s = slot(np.full((3, 1), 1e-6), cycles=[3e9, 1e9, 2e9], server_speed=[2e9])
    assert capacity_rule(s, [1, 1, 1]).tolist() == [0, 1, 1]


def test_capacity_rule_breaks_ties_by_gain():
    # Equal tasks: the smallest gain stays out.
    s = slot([[2e-6], [1e-6], [3e-6]], server_speed=[2e9])
    assert capacity_rule(s, [1, 1, 1]).tolist() == [1, 0, 1]


def test_capacity_rule_counts_each_server_apart():
    s = slot(np.full((4, 2), 1e-6) * [[1], [2], [3], [4]], server_speed=[1e9, 3e9])
    assert capacity_rule(s, [1, 1, 2, 2]).tolist() == [0, 1, 2, 2]
    assert capacity_rule(s, [0, 0, 0, 0]).tolist() == [0, 0, 0, 0]


def test_capacity_rule_counts_each_device_s_own_speed():
    # In order of F the speeds are 1.0, 0.6, 1.2, 0.8, 0.2 Gcycles/s, their sums 1.0, 1.6, 2.8, 3.6:
    # three fit in 3.0. The last one's 0.2 would fit beside them, but needier devices go first.
    s = slot(
        np.full((5, 1), 1e-6),
        cycles=[4e9, 1e9, 5e9, 3e9, 2e9],
        local_speed=[0.8e9, 1.0e9, 0.2e9, 1.2e9, 0.6e9],
        server_speed=[3e9],
    )
    assert capacity_rule(s, [1, 1, 1, 1, 1]).tolist() == [0, 1, 0, 1, 1]
    # Without the device of 0.8 that stays out, the one of 0.2 is let in: 2.8 + 0.2 fills it.
    assert capacity_rule(s, [0, 1, 1, 1, 1]).tolist() == [0, 1, 1, 1, 1]


def test_capacity_rule_on_unequal_servers_and_gains():
    # Server 1 has 1.5 Gcycles/s, asked by devices 0, 2, 4; server 2 has 0.9, asked by 1, 3.
    # Devices 0 and 4 have equal tasks: 4 has the larger gain to server 1, and 0 the larger one to
    # server 2, which it doesn't ask. 4 takes 0.5, 0 another 0.9, which leaves 0.1 for the needier 2.
    # Device 3 needs less than 1 and takes 0.6 of 0.9; 1 asks for 0.4 more.
    s = slot(
        [[2e-6, 9e-6], [1e-6, 9e-6], [8e-6, 1e-6], [1e-6, 1e-6], [3e-6, 1e-6]],
        cycles=[1e9, 3e9, 2e9, 2e9, 1e9],
        local_speed=[0.9e9, 0.4e9, 0.3e9, 0.6e9, 0.5e9],
        server_speed=[1.5e9, 0.9e9],
    )
    assert capacity_rule(s, [1, 2, 1, 2, 1]).tolist() == [1, 0, 0, 2, 1]
    # A server of 1.0 has room for one of the two equals, the one with the better link to it.
    tight = replace(s, server_speed=np.array([1.0e9, 0.9e9]))
    assert capacity_rule(tight, [1, 2, 1, 2, 1]).tolist() == [0, 0, 0, 2, 1]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_capacity_rule_keeps_the_longest_run_of_the_least_needy(seed):
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 9), rng.integers(1, 4)
    s = slot(
        10.0 ** rng.uniform(-9, -5, (n, m)),
        cycles=rng.choice([1e9, 2e9, 3e9], n),
        local_speed=rng.integers(1, 9, n) * 2.0**27,
        server_speed=rng.integers(1, 25, m) * 2.0**27,
    )
    asked = rng.integers(0, m + 1, n)
    kept = capacity_rule(s, asked)
    assert np.all((kept == asked) | (kept == 0))
    for j in range(m):
        # From the least needy on; among equal tasks from the best link on.
        queue = sorted(np.flatnonzero(asked == j + 1), key=lambda i: (s.cycles[i], -s.gain[i, j]))
        fits = np.cumsum(s.local_speed[queue]) <= s.server_speed[j]
        assert (kept[queue] == np.where(fits, j + 1, 0)).all()


def test_remote_is_nearest_under_the_capacity_rule():
    s = slot(np.full((12, 1), 1e-6) * np.arange(1, 13)[:, None])
    # Ten devices of 1e9 cycles/s fill 1e10; the two smallest gains run locally.
    assert RULES["remote"]().decide(s).tolist() == [0, 0] + [1] * 10


def test_random_spreads_evenly_before_the_rule():
    s = slot(np.full((3000, 2), 1e-6), server_speed=[1e14, 1e14])
    rule = RULES["random"]()
    rule.reset(3)
    counts = np.bincount(rule.decide(s), minlength=3)
    # 1000 each, standard deviation sqrt(3000 * 1/3 * 2/3) = 25.8.
    assert np.all(np.abs(counts - 1000) < 5 * 25.8)


def test_greedy_never_worse_than_its_first_choice():
    # Equal tasks, free links: the k-th device on a server adds (2k - 1) * 0.1 s against 2 (1 s, 1 J)
    # locally, so each of two servers takes 10 (the 11th would add 2.1).
    s = slot(np.full((30, 2), 1.0))
    counts = np.bincount(RULES["greedy"]().decide(s), minlength=3)
    assert counts.tolist() == [10, 10, 10]


@pytest.mark.parametrize("name", RULES)
def test_decisions_are_valid(name):
    env = mec_env.MECEnv(scenario="square-km")
    env.reset(seed=0)
    rule = RULES[name]()
    assert rule.name == name
    if hasattr(rule, "prepare"):
        rule.prepare(env.scenario)
    decision = rule.decide(env.slot)
    assert env.action_space.contains(decision)


def km(slots=5):
    return mec_env.SUITES["square-km-v1"].only(worlds=1, episodes=1, slots=slots)


def gap(policy):
    return mec_env.evaluate(policy, km()).gap.mean()


def test_prices_by_hand():
    # Free links, weight sqrt(1e9) = 31623: at 3e-5 a root of a cycle a server asks 0.949 against
    # 2 locally, at 7e-5 it asks 2.21. Server 2 is dearer, so nobody takes it.
    s = slot(np.full((4, 2), 1.0))
    assert at_prices(s, np.array([3e-5, 4e-5])).tolist() == [1, 1, 1, 1]
    assert at_prices(s, np.array([7e-5, 7e-5])).tolist() == [0, 0, 0, 0]


def test_what_is_known_orders_the_rules():
    # The slot's own prices know more than constant ones, those more than best links with admission.
    slot_price, constant = gap(RULES["slot-price"]()), gap(Admitted(RULES["constant-price"]()))
    best_link = gap(Admitted(RULES["best-link"]()))
    assert gap(RULES["certified"]()) <= slot_price < constant < best_link
    assert slot_price < 0.001
    assert constant < 0.03


def test_channel_blind_never_sees_the_slot_s_gains():
    rule = RULES["channel-blind"]()
    scenario = next(km().worlds())[1]
    rule.prepare(scenario)
    first = next(km().slots())
    other = replace(first, gain=first.gain[::-1])
    assert np.array_equal(rule.decide(first), rule.decide(other))


def test_calibration_draws_training_slots_alone():
    scenario = next(km().worlds())[1]
    judged = [s.cycles for s in km().slots()]
    for s in training_slots(scenario, 20):
        assert not any(np.intersect1d(s.cycles, cycles).size for cycles in judged)


def test_admitted_passes_on_preparation():
    rule = Admitted(RULES["constant-price"]())
    assert rule.name == "constant-price+admission"
    assert not hasattr(Admitted(RULES["local"]()), "prepare")
    rule.prepare(next(km().worlds())[1])
    assert rule.decide(next(km().slots())).shape == (180,)


def test_a_random_rule_begins_as_with_seed_0():
    slot = random_slot(np.random.default_rng(0), 20, 3)
    begun, reset = mec_env.RULES["random"](), mec_env.RULES["random"]()
    reset.reset(0)
    np.testing.assert_array_equal(begun.decide(slot), reset.decide(slot))
    reset.reset(1)
    assert not np.array_equal(begun.decide(slot), reset.decide(slot))


def test_an_admitted_rule_is_reset_and_prepared_as_its_own():
    class Watched:
        name = "watched"

        def __init__(self):
            self.calls = []

        def reset(self, seed):
            self.calls.append(("reset", seed))

        def prepare(self, scenario):
            self.calls.append(("prepare", scenario.name))

        def decide(self, slot):
            return np.ones(slot.gain.shape[0], dtype=int)

    rule = Watched()
    admitted = Admitted(rule)
    admitted.prepare(mec_env.Scenario(name="here"))
    admitted.reset(3)
    assert (
        rule.calls == [("prepare", "here"), ("reset", 3)] and admitted.name == "watched+admission"
    )
    assert not hasattr(Admitted(mec_env.RULES["local"]()), "reset")


def test_the_capacity_rule_takes_any_integers_and_gives_its_own():
    slot = random_slot(np.random.default_rng(1), 30, 2)
    given = np.full(30, 2, dtype=np.uint8)
    kept = capacity_rule(slot, given)
    assert kept.dtype == np.int64 and (given == 2).all()


def test_an_untold_random_rule_draws_as_of_seed_0():
    s = slot(np.full((50, 4), 1e-6), server_speed=[1e14] * 4)
    told, again = RULES["random"](), RULES["random"]()
    told.reset(0)
    decisions = told.decide(s)
    assert again.decide(s).tolist() == decisions.tolist()
    again.reset(1)
    assert again.decide(s).tolist() != decisions.tolist()
    # A key that no seed of an environment can have.
    plain = np.random.default_rng([0, 2**64 - 1]).integers(0, 5, 50)
    assert decisions.tolist() == plain.tolist()


def test_only_the_random_rule_draws():
    assert [name for name, rule in RULES.items() if getattr(rule, "draws", False)] == ["random"]


def test_the_random_rule_s_choices_are_under_the_capacity_rule():
    # Each of three servers has room for one device of 1e9 cycles/s.
    s = slot(np.full((60, 3), 1e-6), server_speed=[1e9] * 3)
    counts = np.bincount(RULES["random"]().decide(s), minlength=4)
    assert counts.tolist() == [57, 1, 1, 1]


def test_greedy_takes_the_cheapest_of_links_and_joins_a_load_by_its_square():
    # A cost that no link adds to: weights sqrt(F) = 2e4, 1e4, 1e4; on a server of 4e8 cycles/s the
    # first adds 4e8 / 4e8 = 1, the second (2 * 2e4 * 1e4 + 1e8) / 4e8 = 1.25, after it the third
    # (2 * 3e4 * 1e4 + 1e8) / 4e8 = 1.75.
    decision = rules._greedy(
        np.array([[0.0], [0.0], [0.0]]),
        np.array([1.5, 1.5, 1.5]),
        np.array([2e4, 1e4, 1e4]),
        np.array([1.0 / 4e8]),
    )
    assert decision.tolist() == [1, 1, 0]
    # As dear as at home is at home: the first would pay 1.0 for 1.0.
    decision = rules._greedy(
        np.array([[0.0], [0.5]]), np.array([1.0, 1.5]), np.array([2e4, 1e4]), np.array([1.0 / 4e8])
    )
    assert decision.tolist() == [0, 1]
    # Links of 0.3 and 0.2 and equal servers: the second; once it is loaded, the first.
    decision = rules._greedy(
        np.array([[0.3, 0.2], [0.3, 0.2]]),
        np.array([9.0, 9.0]),
        np.array([2e4, 2e4]),
        np.array([1.0 / 4e8, 1.0 / 4e8]),
    )
    assert decision.tolist() == [2, 1]


def test_greedy_prefers_the_lower_of_two_equal_servers():
    decision = rules._greedy(np.zeros((1, 2)), np.ones(1), np.ones(1), np.full(2, 0.5))
    assert decision.tolist() == [1]


def test_prices_add_to_the_own_link_and_a_tie_stays_at_home():
    # Roots of 1e9 cycles: at 1e-5 a root 0.316. The links cost the same, the prices decide.
    s = slot(np.full((2, 2), 1.0))
    assert at_prices(s, np.array([4e-5, 3e-5])).tolist() == [2, 2]
    # What a server asks for is as much as at home.
    price = (s.local_cost[0] - s.link_cost[0, 0]) / s.tasks.root_cycles[0]
    asked = s.link_cost[0, 0] + s.tasks.root_cycles[0] * price
    free = type(
        "S", (), dict(gain=s.gain, link_cost=s.link_cost, tasks=s.tasks, congestion=s.congestion)
    )
    free.local_cost = np.full(2, asked)
    assert at_prices(free, np.array([price, 2 * price])).tolist() == [0, 0]


class Certify:
    """Notes what it is called with; the prices of its k-th call are k."""

    def __init__(self):
        self.calls = []

    def __call__(self, slot, **fields):
        self.calls.append((slot, fields))
        k = len(self.calls)
        prices = np.full(slot.server_speed.size, float(k))
        return type("C", (), dict(prices=prices, decision=np.full(slot.gain.shape[0], k)))


def test_certified_starts_from_the_last_slots_prices_until_it_is_reset(monkeypatch):
    noted = Certify()
    monkeypatch.setattr(rules, "certify", noted)
    s = slot(np.full((2, 1), 1e-6))
    rule = RULES["certified"]()
    assert [rule.decide(s)[0] for _ in range(2)] == [1, 2]
    rule.reset(0)
    rule.decide(s)
    assert all(given is s for given, _ in noted.calls)
    assert [fields["prices"] for _, fields in noted.calls] == [None, [1.0], None]


def test_constant_prices_are_means_of_a_hundred_slots_each_started_from_the_last(monkeypatch):
    noted = Certify()
    monkeypatch.setattr(rules, "certify", noted)
    rule = RULES["constant-price"]()
    scenario = mec_env.SCENARIOS["paper-medium"]
    rule.prepare(scenario)
    # 1 to 100 have the mean 50.5.
    assert rule._prices.tolist() == [50.5, 50.5]
    started = [fields["prices"] for _, fields in noted.calls]
    assert started[0] is None
    assert [prices.tolist() for prices in started[1:]] == [[k, k] for k in range(1, 100)]


def test_training_slots_are_the_first_of_the_episode_of_seed_0():
    scenario = mec_env.SCENARIOS["square-km"]
    slots = list(training_slots(scenario))
    assert len(slots) == 100
    env = mec_env.MECEnv(scenario)
    env.reset(seed=0)
    for s in slots[:3]:
        assert np.array_equal(s.gain, env.slot.gain) and np.array_equal(s.cycles, env.slot.cycles)
        env.step([0] * scenario.iotds)
    assert len(list(training_slots(scenario, 3))) == 3


def test_channel_blind_decides_by_the_mean_of_log_gains(monkeypatch):
    first, second = (slot([[a, b]]) for a, b in ((1e-8, 1e-6), (1e-6, 1e-6)))
    monkeypatch.setattr(rules, "training_slots", lambda scenario: [first, second])
    noted = Certify()
    monkeypatch.setattr(rules, "certify", noted)
    rule = RULES["channel-blind"]()
    rule.prepare(None)
    assert rule.decide(second).tolist() == [1]
    # Between 1e-8 and 1e-6 that is 1e-7; the rest of the slot is its own.
    ((seen, fields),) = noted.calls
    assert seen.gain[0] == pytest.approx([1e-7, 1e-6], rel=1e-6)
    assert np.array_equal(seen.cycles, second.cycles) and fields == {}


def test_admitted_passes_on_a_seed_and_admits_what_the_rule_says(monkeypatch):
    s = slot(np.full((50, 4), 1e-6), server_speed=[1e14] * 4)
    rule = Admitted(RULES["random"]())
    rule.reset(5)
    plain = RULES["random"]()
    plain.reset(5)
    monkeypatch.setattr(rules, "admit", lambda given, decision: (given, decision.tolist()))
    assert rule.decide(s) == (s, plain.decide(s).tolist())
    assert not hasattr(Admitted(RULES["greedy"]()), "reset")
