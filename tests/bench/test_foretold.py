"""Decisions of coupled slots come back from few bytes, and from no others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mec_env
from mec_bench import foretold, run
from mec_bench.cell import Cell
from mec_bench.packing import layout_of, packed, unpack_any
from mec_bench.store import Store, read_decisions
from mec_bench.verify import verify
from mec_env.judging.suite import Suite

COUPLED = ("follow-me", "harvest", "rush-hour")


def suite(name, iotds=7, mecs=3, slots=4, worlds=2):
    scenario = mec_env.SCENARIOS[name].replace(iotds=iotds, mecs=mecs, slots=slots)
    return Suite(name, scenario, tuple(range(worlds)), (0, 1), unit="episode")


def said(bits, contexts=None):
    """Bytes that bits come to, each in its own context or in those given."""
    contexts = range(len(bits)) if contexts is None else contexts
    coder, data = foretold._coder(reads=False), np.zeros(99, np.uint8)
    book = np.tile(np.array([1 << 15, 0]), (len(bits), 1))
    for bit, context in zip(bits, contexts, strict=True):
        foretold._bit(coder, data, book, context, bit)
    return data[: coder[foretold._AT]].tobytes(), book


def test_eight_even_bits_are_a_byte_in_which_a_one_is_the_lower_half():
    # 1 takes the lower half of what is left: bits 1, 0, 1, 1, 0, 0, 1, 0 end in 0b01001101.
    assert said([True, False, True, True, False, False, True, False])[0] == bytes([0b01001101])
    assert said([False] * 7)[0] == b""


def test_a_bit_is_likelier_where_it_was_said_before():
    # (2 (65536 - 32768)) // 3 = 21845 more, then (2 (65536 - 54613)) // 5 = 4369 more.
    assert said([True], [0])[1].tolist() == [[54613, 1]]
    assert said([True, True], [0, 0])[1][0].tolist() == [58982, 2]
    # A zero takes (2 * 32768) / 3 = 21845.33 away, rounded up.
    assert said([False], [0])[1].tolist() == [[10922, 1]]


def test_a_context_is_a_ratio_in_steps_of_a_tenth():
    # Edges are 1.1^-11 … 1.1^11: 12 are at 1 or below it, all 23 below 3, none below 0.3.
    above = [foretold._step(cost, 1.0) for cost in (0.3, 1.05, 3.0, np.inf)]
    assert above == [0, 12, 23, 23]
    assert foretold._step(0.0, 0.0) == 0 and foretold._step(1.0, 0.0) == 23
    assert [foretold._use(more) for more in (-9, -4, 0, 8, 9)] == [0, 0, 4, 12, 12]


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from((*COUPLED, "square-km")),
    iotds=st.integers(1, 9),
    mecs=st.sampled_from([1, 2, 5]),
    slots=st.integers(1, 5),
    seed=st.integers(0, 99),
)
def test_any_decisions_come_back(name, iotds, mecs, slots, seed):
    where = suite(name, iotds, mecs, slots)
    decided = np.random.default_rng(seed).integers(0, mecs + 1, (where.size, iotds))
    assert np.array_equal(foretold.retell(foretold.foretell(decided, where), where), decided)


@pytest.mark.parametrize("name", COUPLED)
@pytest.mark.parametrize("policy", ["certified", "hindsight"])
def test_what_is_decided_well_takes_less_than_forty_kilobytes_a_suite(name, policy):
    where = Suite(name, mec_env.SCENARIOS[name], (0,), (0, 1))
    if policy == "hindsight":
        decided = np.concatenate([mec_env.hindsight(e).decisions for e in where.episodes()])
    else:
        decided = mec_env.evaluate(mec_env.RULES["certified"](), where).decision
    # Two of a suite's twenty episodes.
    assert len(foretold.foretell(decided, where)) < 40_000 * 2 / 20


@pytest.mark.parametrize("name", COUPLED)
def test_what_is_damaged_or_of_other_slots_is_refused(name):
    where = suite(name, iotds=20, slots=6)
    decided = np.random.default_rng(0).integers(0, 4, (where.size, 20))
    data = foretold.foretell(decided, where)
    for k in (0, 5, len(data) // 2):
        wrong = bytearray(data)
        wrong[k] ^= 8
        with pytest.raises(ValueError, match="damaged, or other slots"):
            foretold.retell(bytes(wrong), where)
    for wrong in (data[:-1], data + b"\0"):
        with pytest.raises(ValueError, match="damaged, or other slots"):
            foretold.retell(wrong, where)
    with pytest.raises(ValueError, match="7 bytes, must be 8 or more"):
        foretold.retell(data[:7], where)
    faster = Suite(name, where.scenario.replace(bandwidth=3e6), where.world_seeds, (0, 1))
    with pytest.raises(ValueError, match="damaged, or other slots"):
        foretold.retell(data, faster)


def test_episodes_alone_are_written_in_the_third_layout():
    assert (layout_of("slot"), layout_of("episode")) == (2, 3)
    where, slots = suite("harvest"), mec_env.SUITES["square-km-v1"].only(1, 1, 2)
    decided = np.ones((where.size, 7), np.int64)
    assert packed(decided, where) == foretold.foretell(decided, where)
    many = np.ones((2, 180), np.int64)
    assert np.array_equal(unpack_any(packed(many, slots), slots, 2), many)
    with pytest.raises(ValueError, match=r"decisions.layout = 4: must be 1, 2 or 3"):
        unpack_any(b"", slots, 4)


def test_a_cell_of_episodes_holds_and_says_its_layout(tmp_path):
    cut = mec_env.SUITES["follow-me-v1"].only(worlds=1, episodes=1)
    record, data = run.run(Cell("greedy", cut), "c")
    (tmp_path / "cell.decisions-v2.xz").write_bytes(b"what another layout left")
    kept = Store(tmp_path).write("cell", record, data)
    assert kept["version"] == 2 and kept["decisions"]["layout"] == 3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cell.decisions-v3.bin", "cell.json"]
    assert read_decisions(kept, tmp_path).shape == (100, 180)
    assert verify([tmp_path / "cell.json"]) == {tmp_path / "cell.json": None}
