"""Verification: what holds is let through, whatever was changed is named and refused."""

import json
import lzma

import numpy as np
import pytest

import mec_env
from mec_bench import run
from mec_bench.cell import Cell, hash_of
from mec_bench.packing import pack, pack_gaps, unpack
from mec_bench.scores import scores_of
from mec_bench.store import Store
from mec_bench.verify import verify
from tests.bench.synthetic_cells import write_version_1

SUITE = mec_env.SUITES["square-km-v1"].only(worlds=2, episodes=1, slots=3)


@pytest.fixture(scope="module")
def honest():
    return run.run(Cell("random", SUITE), "c")


@pytest.fixture
def kept(honest, tmp_path):
    """A folder with one cell: its JSON file, and a function that writes it anew, changed."""
    store = Store(tmp_path)
    store.write("cell", *honest)
    file = tmp_path / "cell.json"

    def change(**fields):
        file.write_text(json.dumps(json.loads(file.read_text()) | fields))

    return file, change


@pytest.fixture
def kept_version_1(honest, tmp_path):
    """The same in the layout of version 1."""
    file = write_version_1(tmp_path / "old.json", SUITE, *honest)

    def change(**fields):
        file.write_text(json.dumps(json.loads(file.read_text()) | fields))

    return file, change


def says(file):
    return verify([file])[file]


def test_an_honest_cell_holds(kept, kept_version_1):
    assert says(kept[0]) is None
    assert says(kept_version_1[0]) is None


def numbers(record, key, k, value):
    changed = list(record[key])
    changed[k] = value
    return {key: changed}


def means(record, name, world, value):
    changed = {key: [list(row) for row in rows] for key, rows in record["means"].items()}
    changed[name][world][0] = value(changed[name][world][0]) if callable(value) else value
    return {"means": changed}


def gaps(record, k, more):
    changed = scores_of(record).gap
    changed[k] += more
    return {"gaps": pack_gaps(changed)}


#: What is wrong in a cell of either version.
WRONG = [
    (lambda r: {"suite_hash": "0" * 64}, "suite_hash: is not that of the suite's slots"),
    (lambda r: {"suite": "square-kn-v1"}, "did you mean 'square-km-v1'"),
    (lambda r: {"suite": "paper-large-v1"}, "suite_hash: is not that"),
    (lambda r: {"worlds": 9}, "worlds = 9: the suite square-km-v1 has 5"),
    (lambda r: {"slots": 2}, "suite_hash"),
    (lambda r: {"settings": {"rate": 1}}, "settings_hash: is not that of the settings"),
    (lambda r: {"kind": "bench"}, "kind must be 'cell'"),
    (lambda r: {"version": 0}, "version = 0: must be 1"),
    (lambda r: {"version": 3}, "version = 3: must be 1 or 2"),
    (lambda r: {"status": "failed"}, "nothing to check"),
    (lambda r: {"decisions": {"file": "../cell.decisions.xz", "sha256": ""}}, "must lie beside"),
    (lambda r: {"decisions": {"file": "none.xz", "sha256": ""}}, "'none.xz': is not there"),
    (lambda r: {"decisions": {"file": "none.xz"}}, "decisions.sha256"),
]  # fmt: skip


@pytest.mark.parametrize(
    "change, why",
    [
        *WRONG,
        (lambda r: means(r, "objective", 1, lambda x: x * (1 - 1e-7)), "means.objective of world 1, episode 0 = "),
        (lambda r: means(r, "objective", 0, float("nan")), "means.objective of world 0, episode 0 = nan"),
        (lambda r: means(r, "objective", 0, "12"), "means.objective of world 0, episode 0 = '12'"),
        (lambda r: means(r, "gap", 1, lambda x: x - 1e-6), "means.gap of world 1, episode 0 = "),
        (lambda r: means(r, "lower_bound", 0, lambda x: x * (1 + 1e-7)), "means.lower_bound of world 0"),
        (lambda r: means(r, "nrr", 0, lambda x: x * (1 + 1e-7)), "means.nrr of world 0"),
        (lambda r: means(r, "time", 0, lambda x: x * 0.9), "means.time of world 0"),
        (lambda r: means(r, "energy", 0, None), "means.energy of world 0, episode 0 = None"),
        (lambda r: means(r, "offloaded", 1, 2.0), "means.offloaded of world 1, episode 0 = 2.0"),
        (lambda r: {"means": r["means"] | {"objective": [[1.0]]}}, "means.objective: must be 2 lists of 1 numbers"),
        (lambda r: {"means": {}}, "means.objective: must be 2 lists of 1 numbers"),
        (lambda r: {"means": None}, "means = None: must be there, of type dict"),
        (lambda r: gaps(r, 4, 1e-5), "gap of slot 4 = "),
        (lambda r: gaps(r, 0, float("nan")), "gap of slot 0 = "),
        (lambda r: {"gaps": pack_gaps(scores_of(r).gap[:-1])}, "not those of 6 slots"),
        (lambda r: {"gaps": pack_gaps(np.zeros(10**6))}, "not those of 6 slots"),
        (lambda r: {"gaps": "no base64"}, "gaps are damaged"),
        (lambda r: {"gaps": None}, "gaps = None: must be there, of type str"),
    ],
)  # fmt: skip
def test_what_was_changed_is_named(kept, honest, change, why):
    file, write = kept
    write(**change(honest[0]))
    assert why in says(file)


@pytest.mark.parametrize(
    "change, why",
    [
        *WRONG,
        (lambda r: numbers(r, "objective", 4, r["objective"][4] * (1 - 1e-7)), "objective of slot 4 = "),
        (lambda r: numbers(r, "objective", 0, float("nan")), "objective of slot 0 = nan"),
        (lambda r: numbers(r, "objective", 0, "12"), "objective of slot 0 = '12'"),
        (lambda r: numbers(r, "gap", 2, r["gap"][2] - 1e-6), "gap of slot 2 = "),
        (lambda r: {"objective": r["objective"][:-1]}, "objective: has 5 numbers, the suite has 6 slots"),
        (lambda r: {"objective": None}, "objective = None: must be there"),
        (lambda r: {"time": r["time"] * 0.9}, "time = "),
        (lambda r: {"energy": None}, "energy = None"),
        (lambda r: {"offloaded": 2.0}, "offloaded = 2.0"),
    ],
)  # fmt: skip
def test_what_was_changed_in_a_cell_of_version_1_is_named(kept_version_1, change, why):
    file, write = kept_version_1
    write(**change(json.loads(file.read_text())))
    assert why in says(file)


def test_other_decisions_are_refused(kept, honest, tmp_path):
    record, data = honest
    file, _ = kept
    decided = unpack(data, SUITE).astype(np.uint8)

    def put(decisions, signed=True):
        packed = decisions if isinstance(decisions, bytes) else pack(decisions, SUITE)
        if signed:
            Store(tmp_path).write("cell", record, packed)
        else:
            (tmp_path / "cell.decisions-v2.xz").write_bytes(packed)
        return says(file)

    other = decided.copy()
    other[5, 7] = 1 if other[5, 7] != 1 else 0
    assert "SHA-256 differs" in put(other, signed=False)
    assert "means.objective of world 1" in put(other)
    other[5, 7] = 9
    assert "decision of device 7 in slot 5 = 9: must be 0 (local) to 8" in put(other)
    assert "need" in put(decided[:-2])
    assert "damaged" in put(b"nothing")
    # A bomb of zeros is not unpacked to its end.
    assert "hold more" in put(lzma.compress(bytes(10**8)))
    assert put(decided) is None


def test_files_that_are_no_cells(tmp_path):
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text("[1]")
    (tmp_path / "c.json").write_bytes(b"\xff\xfe")
    verdicts = verify([tmp_path / name for name in ("a.json", "b.json", "c.json", "d.json")])
    assert [why.split(" (")[0] for why in verdicts.values()][:3] == [
        "the file is no JSON",
        "the file is no cell of the leaderboard: kind must be 'cell'",
        "the file is no JSON",
    ]
    assert "d.json" in verdicts[tmp_path / "d.json"]


def test_settings_have_a_hash():
    assert hash_of({"a": 1, "b": 2}) == hash_of({"b": 2, "a": 1}) != hash_of({"a": 1})


def test_a_city_of_one_s_own_is_no_suite(honest, tmp_path):
    Store(tmp_path).write("cell", {**honest[0], "suite": "city"}, honest[1])
    assert "suite" in says(tmp_path / "cell.json")
