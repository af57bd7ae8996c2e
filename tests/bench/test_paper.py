"""The paper's tables and figures: verdicts by hand, the paper's own numbers, a run and a killed run."""

import json
import math
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from benchmarks.paper import (
    __main__ as paper,
)
from benchmarks.paper import (
    figures_large,
    figures_medium,
    pieces,
    style,
    summary,
)
from benchmarks.paper import rules as rule
from benchmarks.paper import (
    tables as paper_tables,
)
from benchmarks.paper.plan import PAPER, Plan
from benchmarks.paper.rules import FAILS, HOLDS, UNKNOWN

ROOT = Path(__file__).parents[2]


def test_interval_by_hand():
    # 1, 2, 3: mean 2, deviation 1, t(0.975, 2) = 4.302653: half = 4.302653 / sqrt(3).
    mean, low, high = rule.interval([1.0, 2.0, 3.0])
    assert mean == 2.0
    assert (high - low) / 2 == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)
    assert rule.interval([5.0]) == (5.0, -math.inf, math.inf)


@pytest.mark.parametrize(
    "a, b, verdict",
    [
        ([1, 2, 3], [2, 3.1, 4], HOLDS),
        ([2, 3.1, 4], [1, 2, 3], FAILS),
        ([1, 2, 3], [2, 2, 2], UNKNOWN),
        # Far apart, but a single world has no spread.
        ([1], [100], UNKNOWN),
        ([1, 2], None, UNKNOWN),
        ([1, float("nan")], [3, 3], UNKNOWN),
    ],
)
def test_below(a, b, verdict):
    assert rule.below(a, b).verdict == verdict


def test_worlds_are_paired():
    # Worlds differ far more than the methods do; the pairs tell them apart.
    worlds = np.array([100.0, 200.0, 300.0])
    assert rule.below(worlds, worlds + [1.0, 1.1, 0.9]).verdict == HOLDS


@pytest.mark.parametrize(
    "a, b, verdict", [(1, 2, HOLDS), (2, 1, FAILS), (1, 1, UNKNOWN), (None, 1, UNKNOWN)]
)
def test_below_on_printed_numbers(a, b, verdict):
    assert rule.below(a, b, printed=True).verdict == verdict


@pytest.mark.parametrize(
    "values, verdict",
    [([0.19, 0.2, 0.21], HOLDS), ([0.4, 0.41, 0.42], FAILS), ([0.1, 0.2, 0.3], UNKNOWN)],
)
def test_within(values, verdict):
    assert rule.within(values, 0.15, 0.25, "loss").verdict == verdict


@pytest.mark.parametrize(
    "a, verdict",
    [([100, 201, 300], HOLDS), ([120, 241, 360], FAILS), ([90, 200, 330], UNKNOWN)],
)
def test_alike(a, verdict):
    assert rule.alike(a, [100, 200, 300], ("a", "b")).verdict == verdict


@pytest.mark.parametrize(
    "b, verdict",
    [([90, 91, 92], HOLDS), ([95, 96, 97.1], FAILS), ([90, 95, 92], UNKNOWN)],
)
def test_little_gained(b, verdict):
    assert rule.little_gained([90, 91, 92], b, ("a", "b"), 1.0).verdict == verdict


@pytest.mark.parametrize(
    "series, verdict",
    [
        ([[3, 3.1], [2, 2.1], [1, 1.1]], HOLDS),
        ([[3, 3.1], [2, 2.1], [2.5, 2.6]], FAILS),
        ([[3, 3.1], [2, 4], [1, 1.1]], UNKNOWN),
    ],
)
def test_falling(series, verdict):
    assert rule.falling(series, "abc").verdict == verdict


def test_every_takes_the_worst():
    verdicts = {word: rule.Verdict(word, word) for word in (HOLDS, FAILS, UNKNOWN)}
    assert rule.every([verdicts[HOLDS]] * 2).verdict == HOLDS
    assert rule.every([verdicts[HOLDS], verdicts[UNKNOWN]]).verdict == UNKNOWN
    assert rule.every([verdicts[UNKNOWN], verdicts[FAILS], verdicts[HOLDS]]).verdict == FAILS


def test_free_link_optimum_by_hand():
    # Two devices, one server of twice their speed, local cost 2: alone 0.5, both 4 / 2 = 2,
    # against 0.5 + 2 with one at home.
    assert rule.free_link_optimum(2, 1, 1.0, 2.0, 2.0) == pytest.approx(2.0)
    # Table I: 10 on each of 8 servers take 100 / 10 each, 100 at home 2 each.
    assert paper_tables.free_bound("paper-large") == pytest.approx(80 + 200)
    assert paper_tables.free_bound("paper-large-2Gcycles") == pytest.approx(560)
    assert paper_tables.free_bound("paper-large-0.5Gcycles") == pytest.approx(140)


@pytest.mark.parametrize(
    "reference, rounding, verdict",
    [(281, 0, HOLDS), (279.9, 0.2, HOLDS), (279, 0.2, FAILS), (None, 0, UNKNOWN)],
)
def test_attainable(reference, rounding, verdict):
    assert rule.attainable(reference, 280.0, "reference", rounding).verdict == verdict


def test_slots_to_a_level():
    curve = [0.1, 0.3, 0.2, 0.4, 0.4, 0.4]
    assert figures_medium.slots_to(curve, 0.3) == 50
    assert figures_medium.slots_to(curve, 0.5) == 300
    assert figures_medium.final_reward([0.0] * 10 + [1.0, 3.0]) == 2.0


def judged(worlds=3, **fields):
    """Made-up cells of trained worlds, each a little apart."""
    base = dict(
        objective=290.0, time=190.0, energy=100.0, nrr=0.97, optimum=283.0, bound_least=282.0
    )
    base = {**base, "seconds": 0.001, **fields}
    return [
        {
            "judged": {k: v * (1 + 1e-4 * w) for k, v in base.items()},
            "training_processor_seconds": 40.0 + w,
        }
        for w in range(worlds)
    ]


def verdicts(claims, who):
    return {c.says: getattr(c, who).verdict for c in claims}


def test_papers_own_tables_3_and_4_as_we_read_them():
    claims = paper_tables.table3_claims({k: judged() for k in paper_tables.TABLE3}, Plan())
    claims += paper_tables.table4_claims({k: judged() for k in paper_tables.TABLE4}, Plan())
    own = verdicts(claims, "paper")
    impossible = {k for k, v in own.items() if "can be reached" in k and v == FAILS}
    assert {k[k.index("(") + 1 : -1] for k in impossible} == {"gaussian", "levy", "D_50kB", "F_2e9"}
    implied = [
        paper_tables._implied(PAPER[t][k])
        for t, k in (("table3", "gaussian"), ("table3", "levy"), ("table4", "D_50kB"), ("table4", "F_2e9"))
    ]  # fmt: skip
    assert implied == pytest.approx([277.33, 278.01, 276.51, 559.06], abs=5e-3)
    # The text says that it rises; its own numbers fall.
    assert own["energy rises with D"] == FAILS
    assert (
        own["time rises with D"] == own["time rises with F"] == own["energy rises with F"] == HOLDS
    )
    assert own["the gaussian layout has a lower objective than the uniform one"] == HOLDS
    # Made-up worlds of no difference: nothing can be told of ours.
    assert verdicts(claims, "ours")["energy rises with D"] == UNKNOWN


def test_papers_own_table_2():
    cells = [{"train": 90.0 + w, "test": 89.0 + w, "test_usual": 80.0} for w in range(3)]
    results = {f"{n} {x}": cells for n in (64, 128, 256, 512) for x in ("L1", "LD")}
    own = list(verdicts(paper_tables.table2_claims(results, Plan()), "paper").values())
    assert own == [HOLDS, HOLDS, HOLDS, HOLDS, FAILS]


def test_table_5_without_and_with_rivals():
    claims = paper_tables.table5_claims({"DIRS": judged(optimum=303.9)}, Plan())
    own = verdicts(claims, "paper")
    assert own.pop("PSO is near-optimal (within 2 % of the certified optimum, ours)") == FAILS
    assert set(own.values()) == {HOLDS}
    assert set(verdicts(claims, "ours").values()) == {UNKNOWN}
    results = {"DIRS": judged(optimum=303.9)}
    results |= {
        name: judged(time=200.0, energy=90.0, seconds=0.1) for name in paper_tables.TABLE5[1:]
    }
    ours = verdicts(paper_tables.table5_claims(results, Plan()), "ours")
    assert ours["DIRS has the lowest time"] == ours["DIRS infers in the shortest time"] == HOLDS
    assert ours["DIRS has the lowest energy"] == FAILS
    assert ours["DIRS trains in the least time"] == UNKNOWN


def test_figure_6_reads_the_weights_right():
    results = {
        k: judged(time=t, energy=e)
        for k, t, e in zip(figures_large.FIG6, (160.0, 180.0, 340.0), (130.0, 100.0, 120.0))
    }
    claims = figures_large.fig6_claims(results, Plan())
    assert [c.ours.verdict for c in claims] == [HOLDS, FAILS]


def test_every_entry_has_cells_of_its_own():
    for name, entry in paper.ENTRIES.items():
        specs = [s for cells in entry.cells(Plan()).values() for s in cells]
        keys = {pieces.key_of(s) for s in specs}
        assert len(keys) == len(specs), name
        assert {s["world"] for s in specs} == set(range(5))
    assert {n for n in paper.ENTRIES["fig7"].cells(Plan()) if n.startswith("DIRS")} == {
        f"DIRS {n}" for n in (50, 75, 100, 125, 150, 175, 200)
    }


def test_key_holds_the_settings():
    a = Plan().training("x", "paper-medium")[0]
    b = Plan().training("x", "paper-medium", epsilon=0.2)[0]
    assert pieces.key_of(a) != pieces.key_of(b)
    assert pieces.key_of(a) == pieces.key_of(json.loads(json.dumps(a)))


def test_store_does_a_cell_once_and_mends_a_damaged_one(tmp_path, monkeypatch):
    done = []
    monkeypatch.setitem(pieces.KINDS, "made-up", lambda s, p: done.append(1) or {"x": (1, 2)})
    store = pieces.Store(tmp_path)
    spec = {"kind": "made-up", "label": "a", "world": 0}
    assert store.get(spec, None) == {"x": [1, 2]} == store.get(spec, None)
    assert len(done) == 1
    store.path(spec).write_text('{"spec"')
    assert store.get(spec, None) == {"x": [1, 2]}
    assert len(done) == 2
    monkeypatch.setattr(pieces, "provenance", lambda module: {"revision": "f00"})
    other = spec | {"world": 1}
    store.get(other, None)
    here = json.loads(store.path(spec).read_text())["provenance"]["revision"] or "unknown"
    assert store.revisions([other, spec, other]) == ["f00", here]


def test_a_packed_store_gives_back_what_was_kept_and_takes_more(tmp_path, monkeypatch):
    done = []
    monkeypatch.setitem(pieces.KINDS, "made-up", lambda s, p: done.append(s["world"]) or {"x": 0.1})
    folder = tmp_path / "cells"
    one, two, three = ({"kind": "made-up", "label": "a", "world": w} for w in range(3))
    for spec in (one, two):
        pieces.Store(folder).get(spec, None)
    kept = pieces.Store(folder).read(pieces.Store(folder).path(two).name)
    assert pieces.Store(folder).pack() == 2
    assert list(folder.glob("*")) == []
    store = pieces.Store(folder)
    assert store.read(store.path(two).name) == kept
    assert store.get(one, None) == {"x": 0.1} == store.get(three, None)
    assert done == [0, 1, 2]
    # Packed again: nothing is lost, and a file goes before a line of the same name.
    changed = {**kept, "result": {"x": 0.2}}
    store.path(two).write_text(json.dumps(changed))
    assert store.pack() == 3 == pieces.Store(folder).pack()
    assert [pieces.Store(folder).load(s) for s in (one, two, three)] == [
        {"x": 0.1}, {"x": 0.2}, {"x": 0.1}
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["fig4", "table2"])
def test_quick_run_prints_records_and_draws(name, tmp_path, capsys):
    paper.main([name, "--quick", "--worlds", "1", "--out", str(tmp_path)])
    text = capsys.readouterr().out
    assert "quick, proves nothing" in text
    assert "our numbers: can't be told" in text and "the paper’s own: " in text
    record = json.loads((tmp_path / f"{name}-quick.json").read_text())
    assert record["quick"] and record["worlds"] == 1
    assert record["provenance"]["command"].startswith("python -m benchmarks.paper")
    assert {c["ours"]["verdict"] for c in record["claims"]} == {UNKNOWN}
    files = {f for cells in record["cells"].values() for f in cells}
    assert files == {p.name for p in (tmp_path / "cells-quick").iterdir()}
    if name == "fig4":
        assert (tmp_path / "fig4-quick.png").read_bytes().startswith(b"\x89PNG")
    # A quick record is no result: the summary still misses it.
    page = summary.text(summary.load(tmp_path, {name: "T"}), {name: "T"})
    assert f"Not recorded yet: `{name}` (T)." in page


def test_the_intervals_of_curves_are_those_of_claims():
    curves = np.random.default_rng(0).normal(size=(5, 3))
    for k, half in enumerate(style.half_width(curves)):
        mean, low, high = rule.interval(curves[:, k])
        assert half == pytest.approx(high - mean) == pytest.approx(mean - low)
    assert (style.half_width(curves[:1]) == 0.0).all()


@pytest.mark.parametrize("name", [name for name, entry in paper.ENTRIES.items() if entry.draw])
def test_recorded_figures_draw_again_with_units_and_intervals(name):
    results, plan = paper.recorded(name, paper.FOLDER)
    figure = Figure(layout="constrained")
    paper.ENTRIES[name].draw(figure, results, plan)
    axes = figure.axes
    assert all(a.get_xlabel() for a in axes if name != "fig7") and axes[-1].get_xlabel()
    assert axes[0].get_ylabel()
    # A band or an error bar for each mean that is drawn.
    assert all(a.collections or a.containers for a in axes)
    if name == "fig7":
        upper, lower = axes
        assert lower.get_ylabel() == "above the optimum [%]"
        drawn = {line.get_label(): line.get_ydata() for line in lower.lines}
        objective = {line.get_label(): line.get_ydata() for line in upper.lines}
        best = objective.pop("certified optimum")
        assert drawn.keys() == objective.keys() and len(drawn) >= 5
        for label, values in objective.items():
            # A mean of ratios beside a ratio of means, of worlds that are alike.
            assert drawn[label] == pytest.approx(100.0 * (values / best - 1.0), rel=0.1, abs=0.2)


def test_killed_run_goes_on(tmp_path):
    command = [sys.executable, "-m", "benchmarks.paper", "fig4", "--quick", "--worlds", "2", "--out", str(tmp_path)]  # fmt: skip
    cells = tmp_path / "cells-quick"
    total = sum(map(len, paper.ENTRIES["fig4"].cells(Plan(2, True)).values()))
    first = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 100
    while first.poll() is None and time.monotonic() < deadline and not list(cells.glob("*.json")):
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    first.wait()
    kept = {p: p.stat().st_mtime_ns for p in cells.glob("*.json")}
    assert kept
    paper.main(command[3:])
    now = {p: p.stat().st_mtime_ns for p in cells.glob("*.json")}
    assert len(now) == total
    assert {p: now[p] for p in kept} == kept


def test_summary_counts_and_names_what_is_missing(tmp_path, capsys):
    record = {
        "title": "Table II: x", "worlds": 5, "left_out": {"PSO": "comes with the baselines"},
        "table": {"head": ["", "a"], "rows": [["b", "1.0"]], "note": "N."},
        "provenance": {"command": "python -m x", "revision": "r", "machine": {"processor": "p"}, "date": "2026-01-01"},
        "claims": [
            {"place": "V", "says": "it is so", "ours": {"verdict": HOLDS, "why": "w"}, "paper": {"verdict": FAILS, "why": "v"}}
        ],
    }  # fmt: skip
    (tmp_path / "table2.json").write_text(json.dumps(record))
    paper.main(["summary", "--out", str(tmp_path)])
    text = (tmp_path / "what-holds-of-the-paper.md").read_text()
    # One claim is recorded; of the other tables the paper's own numbers are judged.
    others = [
        c for n in ("table3", "table4", "table5") for c in paper.ENTRIES[n].claims({}, Plan())
    ]
    assert "| our numbers | 1 | 0 | 0 |" in text
    fails = sum(c.paper.verdict == FAILS for c in others)
    assert (
        f"| the paper's own | {sum(c.paper.verdict == HOLDS for c in others)} | {1 + fails} | "
        in text
    )
    assert "NRR x objective 277.33 is below the free-link optimum 280.00" in text
    assert "| it is so | **holds** | **does not hold** |" in text
    assert "revision r, p, 2026-01-01.\n" in text
    (tmp_path / "table2.json").write_text(json.dumps(record | {"cells_from": ["r", "s"]}))
    paper.main(["summary", "--out", str(tmp_path)])
    text = (tmp_path / "what-holds-of-the-paper.md").read_text()
    assert "revision r, p, 2026-01-01; from cells of revision s.\n" in text
    assert "`fig7` (Fig. 7" in text and "`table2` (" not in text


def test_refuses_no_worlds(capsys):
    with pytest.raises(SystemExit):
        paper.main(["fig4", "--worlds", "0"])
    assert "at least 1" in capsys.readouterr().err


def test_summary_shows_the_vote_s_threshold():
    row = dict(local_speed=2e8, nrr=0.6, best_link_nrr=0.9, offloaded=0.8, optimal_offloaded=1.0)
    made = {"command": "the command", "revision": "abc"}
    rows = [row, {**row, "nrr": 0.7, "world": 1}, {**row, "local_speed": 1e9}]
    page = summary.text({}, {}, (), {"threshold": rows, "provenance": made})
    assert (
        "| 1 GHz | 0.600 | 0.900 | 80 % | 100 % |\n| 0.2 GHz | 0.650 | 0.900 | 80 % | 100 % |"
        in page
    )
    assert "threshold" not in summary.text({}, {})
