"""The leaderboard: every method on the same frozen slots, verified and drawn.

    python -m mec_bench leaderboard --quick                          # small suites, three minutes
    python -m mec_bench leaderboard --suites square-km-v1 --learners greedy,certified
    python -m mec_bench leaderboard --suites paper-large-v1 --learners dirs,sb3-ppo --seeds 3 --budget 480
    python -m mec_bench leaderboard --learners my_package.my_module:MyLearner
    python -m mec_bench leaderboard --sites sites.csv --users users.csv   # on a real city
    python -m mec_bench leaderboard --scheduler tcp://10.0.0.1:8786  # on a Dask cluster
    python -m mec_bench leaderboard verify FILE.json …               # check anybody's cells
    python -m mec_bench leaderboard migrate FILE.json …              # cells of an older layout
    python -m mec_bench leaderboard report                           # the page from the cells that are there

A learner is a built-in name, a rule's, a name that an installed project registered in the entry
point group ``mec_env.learners``, or ``module:Class``; ``module:function`` is an act function,
and a file that ends in .zip a saved Stable-Baselines3 model; ``NAME?setting=value`` changes a
setting. A learner is trained on each world of a suite, then judged on slots of that world that
no training meets. One learner on one suite with one seed is a cell, two files in the folder
``cells``; what is there is skipped, so a run that was killed goes on where it stood.
"""

import argparse
import os
import shlex
import sys
import time
from pathlib import Path

import mec_env
from mec_bench.cell import Cell
from mec_bench.cli.given import known_learners
from mec_bench.report.columns import BY_KEY
from mec_bench.standings import boards
from mec_bench.store import Store
from mec_bench.sweep import cluster, processes, sweep
from mec_bench.tables import text_table
from mec_env.judging.suite import Suite, resolve_suite

#: Where results are kept unless the caller has a place of its own.
OUT = Path("leaderboard")
COMMAND = "python -m mec_bench leaderboard"
DEFAULT_SUITES = "paper-large-v1,square-km-v1"
#: Columns of the terminal's table.
SHOWN = (
    "method", "rank", "iqm", "mean", "nrr", "objective", "training", "decision", "seeds", "failed"
)  # fmt: skip
#: What ``--quick`` runs: small, and one learner of each kind.
QUICK = {
    "suites": "paper-medium-v1,ladder-30x2-v1",
    "learners": f"{','.join(mec_env.RULES)},dirs,sb3-ppo",
    "budget": 50.0,
    "out": "leaderboard-quick",
}


def city_suite(sites, users, slots):
    """An ad-hoc suite on a city's files: one world, five episodes."""
    scenario = mec_env.city_scenario(sites, users, slots=slots)
    return Suite("city", scenario, (0,), tuple(range(5)))


def cells_of(options):
    """The cells that a command line asks for, those of a suite together."""
    cells = []
    for suite in options.suites:
        for name in options.names:
            for seed in range(options.seeds):
                limits = options.training_slots, options.budget, options.time_limit, options.trust
                cell = Cell(name, suite, seed, *limits)
                # Where nothing is random one seed says it all.
                if seed == 0 or not cell.deterministic:
                    cells.append(cell)
    return cells


def run(options):
    """Run what is missing; all cells, and those of this run that failed."""
    from tqdm import tqdm

    cells, store = cells_of(options), Store(options.out / "cells")
    store.check(cells)
    missing = cells if options.force else [cell for cell in cells if not store.done(cell)]
    print(f"{len(cells)} cells, {len(cells) - len(missing)} of them there", file=sys.stderr)
    if options.scheduler or options.dask:
        workers = cluster(options.scheduler, options.dask)
    else:
        workers = processes(min(options.jobs, max(len(missing), 1)))
    frame = "{l_bar}{bar}| {n:.2f}/{total} cells [{elapsed}, {remaining} left] {postfix}"
    with tqdm(total=len(missing), bar_format=frame, file=sys.stderr) as bar:
        # A log file needs no line every half second.
        pause, last = (0.0 if sys.stderr.isatty() else 15.0), time.monotonic()

        def show(done, total, lines):
            nonlocal last
            bar.n = done
            if done < total and time.monotonic() - last < pause:
                return
            last = time.monotonic()
            bar.set_postfix_str("; ".join(lines), refresh=False)
            bar.refresh()

        return cells, sweep(missing, store, workers, options.command, show) if missing else []


def parse(arguments, out=OUT, command=COMMAND):
    """The command line of a run, checked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    whole = {"type": int, "metavar": "NUMBER"}
    parser.add_argument("--suites", help=f"names, default {DEFAULT_SUITES}")
    parser.add_argument("--learners", help="names, default all rules")
    parser.add_argument("--quick", action="store_true", help="small suites, a few learners")
    parser.add_argument("--sites", type=Path, help="CSV of a city's base stations, with --users")
    parser.add_argument("--users", type=Path, help="CSV of a city's users, with --sites")
    parser.add_argument("--seeds", default=1, **whole, help="runs of each learner, default 1")
    parser.add_argument("--worlds", **whole, help="only the first worlds of each suite")
    parser.add_argument("--slots", **whole, help="only the first slots of each episode")
    parser.add_argument("--training-slots", **whole, help="a world, default the learner's own")
    parser.add_argument(
        "--budget", type=float, metavar="SECONDS", help="of one core to train a cell"
    )
    parser.add_argument("--time-limit", type=float, metavar="SECONDS", help="a cell may take")
    parser.add_argument(
        "--jobs", default=os.cpu_count(), **whole, help="processes, default one a core"
    )
    parser.add_argument("--dask", **whole, help="workers of a Dask cluster made here")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster that is there")
    parser.add_argument(
        "--trust", action="store_true", help="load saved models, which runs code that is in them"
    )
    parser.add_argument("--force", action="store_true", help="run again what is there")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help=f"default {out}")
    options = parser.parse_args(arguments)
    if (options.sites is None) != (options.users is None):
        parser.error("--sites and --users go together: one file each")
    if options.scheduler and options.dask:
        parser.error("--scheduler and --dask: one of them, there is one cluster")
    for word in ("seeds", "worlds", "slots", "training_slots", "jobs", "dask"):
        value = getattr(options, word)
        if value is not None and value < 1:
            parser.error(f"--{word.replace('_', '-')} {value}: must be at least 1")
    for word in ("budget", "time_limit"):
        value = getattr(options, word)
        if value is not None and not value > 0:
            parser.error(f"--{word.replace('_', '-')} {value}: must be above 0")
    usual = {
        "suites": DEFAULT_SUITES,
        "learners": ",".join(mec_env.RULES),
        "budget": None,
        "out": out,
    }
    for word, value in (usual | QUICK if options.quick else usual).items():
        if getattr(options, word) is None:
            setattr(options, word, value)
    options.out = Path(options.out)
    try:
        # A learner that can't be had should say so before hours of others'.
        options.names = known_learners(options.learners.split(","), options.trust)
        if options.sites is not None:
            options.suites = [city_suite(options.sites, options.users, options.slots or 20)]
        else:
            options.suites = [
                resolve_suite(name).only(worlds=options.worlds, slots=options.slots)
                for name in options.suites.split(",")
            ]
    except (ValueError, OSError, ImportError) as error:
        parser.error(str(error))
    options.command = shlex.join([*command.split(), *arguments])
    return options


def main(arguments=None, out=OUT, command=COMMAND):
    """Run, verify, migrate or report."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if arguments[:1] == ["verify"]:
        check(arguments[1:])
    elif arguments[:1] == ["migrate"]:
        migrate(arguments[1:])
    elif arguments[:1] == ["report"]:
        report(arguments[1:], out)
    else:
        sweep_and_report(parse(arguments, out, command))


def sweep_and_report(options):
    """Run, print and draw."""
    try:
        cells, failed = run(options)
    except (OSError, ImportError) as error:
        raise SystemExit(f"leaderboard: {error}") from None
    kept = Store(options.out / "cells").read()
    print_boards([kept[cell.name] for cell in cells])
    for cell in failed:
        print(f"failed: {cell.learner}, seed {cell.seed}: {kept[cell.name]['error']}")
    print()
    report(["--out", str(options.out)])


def print_boards(cells):
    """Methods of each suite, best first."""
    head = [BY_KEY[key].title for key in SHOWN]
    for board in boards(cells):
        print(f"\n{board.label}: {board.worlds} worlds of {board.episodes} x {board.slots} slots\n")
        rows = []
        for standing in board.standings:
            parts = [BY_KEY[key].entry(standing) for key in SHOWN]
            rows.append([f"{part.text} {part.note}".strip() for part in parts])
        print(text_table(head, rows))


def report(arguments, out=OUT):
    """``report``: the page and the Markdown from the cells of a folder."""
    from mec_bench.report import write

    parser = argparse.ArgumentParser(prog="leaderboard report", description=report.__doc__)
    parser.add_argument(
        "--out",
        type=Path,
        default=out,
        metavar="FOLDER",
        help=f"that holds the cells, default {out}",
    )
    parser.add_argument(
        "--readme",
        type=Path,
        metavar="FILE",
        help="whose part between the markers is replaced; the tables go to docs/leaderboard.md beside it",
    )
    options = parser.parse_args(arguments)
    try:
        for file in write(options.out / "cells", options.out, readme=options.readme):
            print(f"written: {file}")
    except (OSError, ValueError) as error:
        raise SystemExit(f"leaderboard: {error}") from None


def check(arguments):
    """``verify``: say of each file whether it holds; 1 if one doesn't."""
    from mec_bench.verify import verify

    _each_file("verify", check, arguments, verify, ("holds", "hold"))


def migrate(arguments):
    """``migrate``: write cells of an older layout anew, verified before and after; 1 if one can't be."""
    from mec_bench.migrate import migrate as write_anew

    small = ("small", "pack decisions anew too, where that saves bytes")
    _each_file("migrate", migrate, arguments, write_anew, ("migrated", "migrated"), small)


def _each_file(name, described, arguments, work, words, flag=None):
    """Print of each file how it went, and how many there are of either; exit with 1 if one is refused."""
    parser = argparse.ArgumentParser(prog=f"leaderboard {name}", description=described.__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    if flag is not None:
        parser.add_argument(f"--{flag[0]}", action="store_true", help=flag[1])
    options = vars(parser.parse_args(arguments))
    verdicts = work(options.pop("files"), **options)
    for file, why in verdicts.items():
        print(f"{file.name}: {words[0] if why is None else f'REFUSED, {why}'}")
    refused = sum(why is not None for why in verdicts.values())
    print(f"{len(verdicts) - refused} {words[1]}, {refused} refused")
    if refused:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
