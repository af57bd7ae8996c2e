"""Every table and figure of the paper by one command each.

    python -m benchmarks.paper table3            # runs, prints, draws, records
    python -m benchmarks.paper fig4 --quick      # in two minutes; shows that it works, proves nothing
    python -m benchmarks.paper all --worlds 5
    python -m benchmarks.paper draw              # the figures again, from what is recorded
    python -m benchmarks.paper pack              # what is recorded into one small archive
    python -m benchmarks.paper summary           # writes docs/what-holds-of-the-paper.md from what is recorded

Each prints our numbers beside the paper's and the certified optimum's, and says of every
claim in the paper's text whether it holds, does not hold or can't be told, on our numbers
and on the paper's own. Work is kept cell by cell: a killed run goes on where it stood.
"""

import argparse
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import RESULTS
from benchmarks.paper import figures_large, figures_medium, style, summary, tables
from benchmarks.paper.pieces import Store
from benchmarks.paper.plan import LATER, Plan, rival
from mec_bench.provenance import provenance, write_json
from mec_bench.tables import text_table
from mec_env.whole_file import whole_file

#: Where the recorded results are.
FOLDER = RESULTS / "paper"


@dataclass(frozen=True)
class Entry:
    """A table or figure of the paper.

    Attributes
    ----------
    title : str
    cells : callable
        Plan -> the cells of each variant, a list by world.
    rows : callable
        Results, Plan -> head, rows, note.
    claims : callable
        Results, Plan -> list of Claim.
    draw : callable, optional
        Figure, results, Plan.
    rivals : tuple of str
        The paper's other learners in it.
    size : (float, float)
        Of the figure, inches.
    """

    title: str
    cells: Callable
    rows: Callable
    claims: Callable
    draw: Callable | None = None
    rivals: tuple[str, ...] = ()
    size: tuple[float, float] = (6.4, 4.2)

    def missing(self):
        """The paper's learners whose extra is not installed."""
        return [name for name in self.rivals if rival(name) is None]


def _table(number, title, **fields):
    home = vars(tables)
    parts = (home[f"table{number}_{part}"] for part in ("cells", "rows", "claims"))
    return Entry(title, *parts, **fields)


def _figure(number, title, **fields):
    home = vars(figures_large if number > 5 else figures_medium)
    parts = (home[f"fig{number}_{part}"] for part in ("cells", "rows", "claims", "draw"))
    return Entry(title, *parts, **fields)


ENTRIES = {
    "table2": _table(2, "Table II: imitation accuracy by demonstrations and loss"),
    "table3": _table(3, "Table III: layouts of the devices"),
    "table4": _table(4, "Table IV: data sizes and cycles"),
    "table5": _table(5, "Table V: algorithms at 200 x 10", rivals=tables.TABLE5[1:]),
    "fig3": _figure(3, "Fig. 3: losses of the agents", size=(11, 3.6)),
    "fig4": _figure(4, "Fig. 4: proposed and classic Lévy search", size=(14, 3.8)),
    "fig5": _figure(5, "Fig. 5: average reward", size=(6.4, 4.6)),
    "fig6": _figure(6, "Fig. 6: weights of time and energy"),
    "fig7": _figure(
        7, "Fig. 7: objective by number of devices", rivals=("MADDPG",), size=(6.4, 6.4)
    ),
}


def run(name, plan, out):
    """Work out what is missing of an entry, print, draw and record it; the record."""
    entry, store = ENTRIES[name], Store(out / ("cells-quick" if plan.quick else "cells"))
    results = _work(name, entry.cells(plan), store)
    head, rows, note = entry.rows(results, plan)
    claims = [claim.to_dict() for claim in entry.claims(results, plan)]
    left_out = dict.fromkeys(entry.missing(), LATER)
    _print(entry, plan, head, rows, note, claims, left_out)
    record = {
        "name": name,
        "title": entry.title,
        "provenance": provenance("benchmarks.paper"),
        "quick": plan.quick,
        "worlds": plan.worlds,
        "seeds": {
            "worlds": list(range(plan.worlds)),
            "training": "the world's",
            "judged": plan.judged,
        },
        "left_out": left_out,
        "table": {"head": head, "rows": rows, "note": note},
        "claims": claims,
        "cells_from": store.revisions(s for specs in entry.cells(plan).values() for s in specs),
        "cells": {k: [store.path(s).name for s in specs] for k, specs in entry.cells(plan).items()},
    }
    write_json(out / f"{stem(name, plan)}.json", record)
    if entry.draw is not None:
        _draw(out / f"{stem(name, plan)}.png", entry, results, plan)
    return record


def stem(name, plan):
    """File name of an entry's record; a quick one never replaces a full one."""
    return f"{name}-quick" if plan.quick else name


def _work(name, variants, store):
    """Every cell of every variant, world by world: a killed run has whole worlds."""
    from tqdm import tqdm

    results = {variant: [] for variant in variants}
    order = [
        (variant, specs[w])
        for w in range(len(next(iter(variants.values()))))
        for variant, specs in variants.items()
    ]
    with tqdm(order, desc=name, unit="cell", file=sys.stderr) as bar:
        for variant, spec in bar:
            tell = _teller(bar, f"{variant}, world {spec['world']}")
            results[variant].append(store.get(spec, tell))
    return results


def _teller(bar, label):
    """A callback that shows what a cell is doing, as often as the bar redraws."""
    bar.set_postfix_str(label)

    def tell(what):
        bar.set_postfix_str(f"{label}: {what}", refresh=False)
        bar.update(0)

    return tell


def _print(entry, plan, head, rows, note, claims, left_out):
    kind = "quick, proves nothing" if plan.quick else "full"
    print(f"\n{entry.title}; {plan.worlds} worlds, {kind}\n")
    print(text_table(head, rows))
    print(f"\n{note}")
    for name, why in left_out.items():
        print(f"left out: {name} ({why})")
    print()
    for claim in claims:
        print(f"{claim['place']}: {claim['says']}")
        for who in ("ours", "paper"):
            verdict = claim[who]
            print(f"    {'our numbers' if who == 'ours' else 'the paper’s own'}: {verdict['verdict']} ({verdict['why']})")  # fmt: skip


def _draw(path, entry, results, plan):
    try:
        import matplotlib
    except ImportError:
        raise SystemExit(
            'the figure needs matplotlib: pip install "mec-offloading[bench]"'
        ) from None
    matplotlib.use("Agg")
    from matplotlib import pyplot
    from PIL import Image

    with pyplot.rc_context(style.SETTINGS):
        figure = pyplot.figure(figsize=entry.size)
        entry.draw(figure, results, plan)
        path.parent.mkdir(parents=True, exist_ok=True)
        drawn = io.BytesIO()
        figure.savefig(drawn, dpi=110)
    pyplot.close(figure)
    # A palette, which a figure's few colours fit: a quarter of the bytes.
    image = Image.open(drawn).convert("RGB").quantize(64, dither=Image.Dither.NONE)
    with whole_file(path) as file:
        image.save(file, "PNG", optimize=True)


def recorded(name, out):
    """Results of an entry from its record and the cells that it names, and the plan they followed."""
    record = json.loads((out / f"{name}.json").read_text(encoding="utf-8"))
    store = Store(out / "cells")
    results = {
        variant: [store.read(file)["result"] for file in files]
        for variant, files in record["cells"].items()
    }
    return results, Plan(record["worlds"])


def parse(arguments):
    """The command line, checked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=[*ENTRIES, "all", "draw", "pack", "summary"])
    parser.add_argument("--quick", action="store_true", help="small, in two minutes")
    parser.add_argument("--worlds", type=int, help="default 5, with --quick 2")
    parser.add_argument(
        "--out", type=Path, help=f"folder of records and cells, default {FOLDER.name}/"
    )
    options = parser.parse_args(arguments)
    if options.worlds is None:
        options.worlds = 2 if options.quick else 5
    if options.worlds < 1:
        parser.error(f"--worlds {options.worlds}: must be at least 1")
    options.out = options.out or FOLDER
    return options


def main(arguments=None):
    """Run, print, draw, record."""
    options = parse(arguments)
    if options.name == "summary":
        titles = {name: entry.title for name, entry in ENTRIES.items()}
        # Tables print numbers, which can be judged before ours are there.
        own = {
            name: [claim.to_dict() for claim in entry.claims({}, Plan())]
            for name, entry in ENTRIES.items()
            if entry.draw is None
        }
        print(f"written: {summary.write(options.out, titles, own)}")
        return
    if options.name == "pack":
        store = Store(options.out / "cells")
        print(f"written: {store.archive}, {store.pack()} cells")
        return
    if options.name == "draw":
        for name, entry in ENTRIES.items():
            if entry.draw is not None and (options.out / f"{name}.json").is_file():
                _draw(options.out / f"{name}.png", entry, *recorded(name, options.out))
                print(f"written: {options.out / name}.png")
        return
    import torch

    torch.set_num_threads(1)
    plan = Plan(options.worlds, options.quick)
    for name in ENTRIES if options.name == "all" else [options.name]:
        run(name, plan, options.out)
        print(f"\nwritten: {options.out / stem(name, plan)}.json")


if __name__ == "__main__":
    main()
