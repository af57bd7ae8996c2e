"""certify_batch answers, row by row and to the last bit, what certify answers for every argument."""

import numpy as np
import pytest

import mec_env
from tests.helpers import make_slot, random_slot

DEVICES, SERVERS = 9, 3
FIELDS = ("decision", "objective", "lower_bound", "gap", "exact", "prices")


def drawn(name, seed):
    """The first slot of a named scenario, of the tests' size."""
    env = mec_env.MECEnv(name, iotds=DEVICES, mecs=SERVERS)
    env.reset(seed=seed)
    return env.slot


def mixed():
    """Slots of one size and of many kinds: unequal and equal tasks, bad links, other physics."""
    rng = np.random.default_rng(7)
    size = DEVICES, SERVERS
    return [
        *(random_slot(rng, *size) for _ in range(4)),
        make_slot(10.0 ** rng.uniform(-9, -5, size)),
        make_slot(np.full(size, 1e-6)),
        random_slot(rng, *size, gain=np.full(size, 1e-20)),
        random_slot(rng, *size, weight_energy=0.0, max_power=0.1),
        *(drawn(name, seed) for name in ("square-km", "paper-large") for seed in range(2)),
    ]


SLOTS = mixed()
#: Of other slots, as a warm start has them.
ROWS = np.array([c.prices for c in mec_env.certify_batch(SLOTS)])[::-1].copy()


def alike(one, other):
    """Whether two certificates have the same numbers of the same types."""
    for field in FIELDS:
        a, b = getattr(one, field), getattr(other, field)
        if type(a) is not type(b) or not np.array_equal(a, b):
            return False
    return one.decision.dtype == other.decision.dtype == np.int64


def alone(effort="fast", prices=None, time_limit=None):
    """What certify says of each slot; ``prices`` has a row for each."""
    rows = prices if prices is not None else [None] * len(SLOTS)
    return [mec_env.certify(s, effort, row, time_limit) for s, row in zip(SLOTS, rows)]


@pytest.mark.parametrize("threads", [None, 1, 2, 50])
@pytest.mark.parametrize("effort", ["fast", "tight", "exact"])
def test_each_row_is_the_slot_alone(effort, threads):
    batch = mec_env.certify_batch(SLOTS, effort, threads=threads)
    assert isinstance(batch, list) and len(batch) == len(SLOTS)
    assert all(map(alike, batch, alone(effort)))
    assert len({c.objective for c in batch}) == len(SLOTS), "slots unlike each other"
    if effort == "exact":
        assert all(c.exact for c in batch)


@pytest.mark.parametrize("effort", ["fast", "tight", "exact"])
def test_prices_of_one_row_start_every_slot(effort):
    batch = mec_env.certify_batch(SLOTS, effort, ROWS[0])
    assert all(map(alike, batch, alone(effort, [ROWS[0]] * len(SLOTS))))


@pytest.mark.parametrize("effort", ["fast", "tight", "exact"])
def test_prices_of_a_row_each_start_their_own(effort):
    before = ROWS.copy()
    batch = mec_env.certify_batch(SLOTS, effort, ROWS, threads=2)
    assert all(map(alike, batch, alone(effort, ROWS)))
    assert np.array_equal(ROWS, before)
    # Where one starts shows in the prices that one ends at.
    cold = mec_env.certify_batch(SLOTS, effort)
    assert any(not np.array_equal(a.prices, b.prices) for a, b in zip(batch, cold))


def test_without_time_an_exact_certificate_is_the_fast_one_with_swaps():
    batch = mec_env.certify_batch(SLOTS, "exact", time_limit=0.0)
    assert all(map(alike, batch, alone("exact", time_limit=0)))
    assert all(map(alike, batch, mec_env.certify_batch(SLOTS, "tight")))


def test_a_limit_that_is_not_reached_changes_nothing():
    batch = mec_env.certify_batch(SLOTS, "exact", time_limit=600.0)
    assert all(map(alike, batch, mec_env.certify_batch(SLOTS, "exact")))


def test_any_iterable_of_slots_does():
    expected = mec_env.certify_batch(SLOTS)
    for slots in (iter(SLOTS), tuple(SLOTS), (slot for slot in SLOTS)):
        assert all(map(alike, mec_env.certify_batch(slots), expected))
    (only,) = mec_env.certify_batch(SLOTS[:1], threads=2)
    assert alike(only, expected[0])


@pytest.mark.parametrize("slots", [[], (), iter(())], ids=["list", "tuple", "iterator"])
def test_no_slots_have_no_certificates(slots):
    assert mec_env.certify_batch(slots, "exact", prices=[1.0], threads=2) == []


def test_slots_of_two_sizes_are_refused():
    other = random_slot(np.random.default_rng(0), DEVICES + 1, SERVERS)
    with pytest.raises(ValueError, match=r"sizes \[\(9, 3\), \(10, 3\)\], all must have one size"):
        mec_env.certify_batch([*SLOTS, other])


@pytest.mark.parametrize(
    "keywords, says",
    [
        (dict(effort="quick"), "effort"),
        (dict(effort=None), "effort"),
        (dict(prices=np.ones(SERVERS + 1)), "prices"),
        (dict(prices=np.ones((len(SLOTS) + 1, SERVERS))), "prices"),
        (dict(prices=np.ones((SERVERS, len(SLOTS)))), "prices"),
        (dict(prices=[-1.0, 0.0, 0.0]), "prices"),
        (dict(prices=[np.nan, 0.0, 0.0]), "prices"),
        (dict(prices=[np.inf, 0.0, 0.0]), "prices"),
        (dict(time_limit=-1.0), "time_limit = -1.0: must be a finite number of 0 or more"),
        (dict(time_limit=float("nan")), "time_limit = nan"),
        (dict(time_limit="a minute"), "time_limit = 'a minute'"),
    ],
    ids=str,
)
@pytest.mark.parametrize("effort", ["fast", "exact"])
def test_both_refuse_the_same_arguments(keywords, says, effort):
    keywords = {"effort": effort, **keywords}
    with pytest.raises(ValueError, match=says):
        mec_env.certify_batch(SLOTS, **keywords)
    with pytest.raises(ValueError, match=says):
        mec_env.certify(SLOTS[0], **keywords)


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2", True])
def test_threads_are_a_number_of_them(threads):
    with pytest.raises(ValueError, match=r"threads = .*: must be an integer of at least 1"):
        mec_env.certify_batch(SLOTS, threads=threads)
