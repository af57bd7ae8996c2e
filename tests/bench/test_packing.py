"""What is packed comes back: decisions to the last one, gaps to single precision, JSON whole."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mec_env
from mec_bench.json_text import json_text
from mec_bench.packing import pack, pack_gaps, unpack, unpack_gaps, unpack_version_1

ONE = mec_env.SUITES["ladder-30x2-v1"].only(worlds=1, episodes=1)


def suite(mecs, slots):
    cut = ONE.only(slots=slots)
    return replace(cut, scenario=cut.scenario.replace(mecs=mecs))


@settings(max_examples=40, deadline=None)
@given(
    mecs=st.sampled_from([1, 2, 15, 16, 255, 256, 300]),
    slots=st.integers(1, 9),
    seed=st.integers(0, 99),
)
def test_decisions_come_back_whatever_the_number_of_servers_and_slots(mecs, slots, seed):
    where = suite(mecs, slots)
    decided = np.random.default_rng(seed).integers(0, mecs + 1, (slots, where.scenario.iotds))
    assert np.array_equal(unpack(pack(decided, where), where), decided)


def test_two_decisions_go_to_a_byte_below_16_servers():
    import lzma

    where = suite(2, 3)
    decided = np.zeros((3, 30), int)
    decided[:, 0] = 1, 2, 0
    # Device by device: slots 0 and 1 in one byte, the earlier one low, slot 2 in another.
    assert lzma.decompress(pack(decided, where)) == bytes([0x21, 0x00]) + bytes(58)
    assert len(lzma.decompress(pack(decided, suite(16, 3)))) == 90
    with pytest.raises(ValueError, match="need 90"):
        unpack_version_1(pack(decided, where), where)


@given(st.lists(st.floats(-0.5, 1e6, width=32), min_size=1, max_size=50))
def test_gaps_of_single_precision_come_back_to_the_bit(gaps):
    assert unpack_gaps(pack_gaps(gaps), len(gaps)).tolist() == gaps


def test_a_gap_is_off_by_single_precision_at_most():
    gaps = np.random.default_rng(0).lognormal(-5, 4, 1000)
    assert unpack_gaps(pack_gaps(gaps), 1000) == pytest.approx(gaps, rel=2**-24, abs=0)


RECORDS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=25,
)


@given(RECORDS)
def test_json_text_says_what_json_says(record):
    assert json.loads(json_text(record)) == record


def test_an_array_without_objects_stands_on_one_line():
    record = {"a": [1, [2.5, None]], "b": [{"c": []}, {}], 3: True}
    assert json_text(record) == (
        '{\n "a": [1,[2.5,null]],\n "b": [\n  {\n   "c": []\n  },\n  {}\n ],\n "3": true\n}'
    )
