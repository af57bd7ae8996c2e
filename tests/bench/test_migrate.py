"""Migration: a cell of version 1 becomes one of version 2, or stays as it is and says why."""

import json

import numpy as np
import pytest

import mec_env
from mec_bench import commands, run
from mec_bench.__main__ import main
from mec_bench.cell import Cell
from mec_bench.packing import unpack_version_1
from mec_bench.standings import boards, load_cells
from mec_bench.store import Store, read_decisions
from mec_bench.verify import verify
from tests.bench.synthetic_cells import write_version_1

SUITE = mec_env.SUITES["square-km-v1"].only(worlds=2, episodes=2, slots=3)


@pytest.fixture
def old(tmp_path):
    """A folder of two cells of version 1."""
    for name in ("greedy", "random"):
        write_version_1(tmp_path / f"{name}.json", SUITE, *run.run(Cell(name, SUITE), "c"))
    return tmp_path


def test_a_migrated_cell_holds_and_stands_where_it_stood(old, capsys):
    before = boards(load_cells(old))[0].standings
    decided = unpack_version_1((old / "greedy.decisions.xz").read_bytes(), SUITE)
    files = sorted(map(str, old.glob("*.json")))
    main(["migrate", *files])
    assert "2 migrated, 0 refused" in capsys.readouterr().out
    assert sorted(p.name for p in old.iterdir()) == [
        "greedy.decisions-v2.xz", "greedy.json", "random.decisions-v2.xz", "random.json",
    ]  # fmt: skip
    assert set(verify(files).values()) == {None}
    kept = Store(old).read()["greedy"]
    assert kept["version"] == 2 and "objective" not in kept
    assert np.array_equal(read_decisions(kept, old), decided)
    for a, b in zip(before, boards(load_cells(old))[0].standings):
        assert (a.method, a.rank, a.profile.tolist()) == (b.method, b.rank, b.profile.tolist())
        for name in ("iqm", "iqm_interval", "mean", "mean_interval", "nrr", "objective", "time"):
            assert getattr(a, name) == pytest.approx(getattr(b, name), rel=1e-12)
    # Twice is once.
    texts = [(old / f"{name}.json").read_text() for name in ("greedy", "random")]
    with pytest.raises(SystemExit):
        commands.main(["migrate", *files])
    assert "is of version 2 already" in capsys.readouterr().out
    assert [(old / f"{name}.json").read_text() for name in ("greedy", "random")] == texts


def test_decisions_are_packed_anew_only_where_that_saves_bytes(old):
    decided = unpack_version_1((old / "greedy.decisions.xz").read_bytes(), SUITE)
    files = sorted(old.glob("*.json"))
    main(["migrate", *map(str, files)])
    before = {file: json.loads(file.read_text()) for file in files}
    sizes = {p.name: p.stat().st_size for p in old.iterdir()}
    commands.main(["migrate", "--small", *map(str, files)])
    assert set(verify(files).values()) == {None}
    for file in files:
        kept = json.loads(file.read_text())
        was, now = (cell["decisions"]["file"] for cell in (before[file], kept))
        assert (old / now).stat().st_size <= sizes[was]
        assert now == was or not (old / was).exists()
        assert {**kept, "decisions": None} == {**before[file], "decisions": None}
    assert np.array_equal(read_decisions(Store(old).read()["greedy"], old), decided)
    # Greedy's decisions are nearly foretold; nobody foretells what is random.
    assert json.loads((old / "greedy.json").read_text())["decisions"]["layout"] == 3


def test_a_cell_that_is_refused_stays_as_it_is(old, capsys):
    file = old / "greedy.json"
    record = json.loads(file.read_text())
    record["objective"][3] *= 0.99
    file.write_text(json.dumps(record))
    before = {p.name: p.read_bytes() for p in old.iterdir()}
    with pytest.raises(SystemExit) as stop:
        commands.main(["migrate", str(file)])
    assert stop.value.code == 1
    assert "greedy.json: REFUSED, objective of slot 3 = " in capsys.readouterr().out
    assert {p.name: p.read_bytes() for p in old.iterdir()} == before


def test_a_migration_that_was_killed_leaves_a_cell_that_holds(old, monkeypatch):
    from mec_bench import migrate, store

    def killed(path, record):
        raise KeyboardInterrupt

    file = old / "greedy.json"
    with monkeypatch.context() as patch:
        patch.setattr(store, "write_json", killed)
        with pytest.raises(KeyboardInterrupt):
            migrate.migrate([file])
    assert (old / "greedy.decisions-v2.xz").is_file() and verify([file]) == {file: None}
    assert migrate.migrate([file]) == {file: None}
    assert json.loads(file.read_text())["version"] == 2
