"""``compare``: any learners on any scenario while one or two of its fields vary."""

import json
import os
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace

import click

from mec_bench.cli.given import known_learners, scenario_of

#: What ``--quick`` runs: rules alone, which need no extra, in less than two minutes.
QUICK = {
    "scenario": "square-km",
    "learners": "greedy,constant-price,low-price,certified",
    "vary": ("iotds=60,120,180",),
    "worlds": 2,
    "slots": 5,
    "out": "compare-quick",
}
USUAL = {
    "scenario": "square-km",
    "learners": "greedy,low-price,certified",
    "vary": (),
    "worlds": 3,
    "slots": 20,
    "out": "compare",
}


@click.command()
@click.option(
    "--scenario", metavar="NAME|FILE", help="Named, or a TOML file.  [default: square-km]"
)
@click.option("--sites", type=Path, help="Or a city: CSV of its base stations, with --users.")
@click.option("--users", type=Path, help="CSV of a city's users, with --sites.")
@click.option(
    "--learners", metavar="A,B,…", help="Built-in, module:Class, a saved model, an entry point."
)
@click.option(
    "--vary", multiple=True, metavar="FIELD=V1,V2", help="iotds=50,75,...,200; twice for a grid."
)
@click.option(
    "--worlds", type=click.IntRange(1), help="Worlds that each point is judged on.  [default: 3]"
)
@click.option(
    "--seeds", default=1, show_default=True, type=click.IntRange(1), help="Runs of each learner."
)
@click.option("--slots", type=click.IntRange(1), help="Judged in each world.  [default: 20]")
@click.option(
    "--budget",
    type=click.FloatRange(0, min_open=True),
    help="Seconds of one core to train a learner for a point.",
)
@click.option(
    "--training-slots", type=click.IntRange(1), help="A world.  [default: the learner's own]"
)
@click.option(
    "--time-limit", type=click.FloatRange(0, min_open=True), help="Seconds that a cell may take."
)
@click.option(
    "--jobs",
    default=os.cpu_count(),
    type=click.IntRange(1),
    help="Processes.  [default: one a core]",
)
@click.option("--dask", type=click.IntRange(1), help="Workers of a Dask cluster made here.")
@click.option("--scheduler", metavar="ADDRESS", help="Of a Dask cluster that is there.")
@click.option("--trust", is_flag=True, help="Load saved models, which runs code that is in them.")
@click.option("--force", is_flag=True, help="Run again what is there.")
@click.option("--quick", is_flag=True, help="Rules on square-km, three numbers of devices.")
@click.option("--out", type=Path, metavar="FOLDER", help="For cells and files.  [default: compare]")
@click.option(
    "--json", "as_json", is_flag=True, help="Print numbers for programs instead of a table."
)
def compare(**options):
    """Learners on one scenario while FIELD takes each value; a figure, CSV, LaTeX and a page.

    Each learner is trained on each world of each point, then judged on slots that no training
    meets, beside the certified bound. Results are cells in FOLDER, as the leaderboard's are: what is
    there is skipped, so a comparison that was killed goes on where it stood.

    \b
    mec-env compare --quick
    mec-env compare --scenario square-km --vary iotds=60,120,180 \\
        --learners greedy,priced,sb3-ppo-prices --budget 60 --out by-devices
    mec-env compare --scenario mine.toml --vary mecs=4,8,12 --vary bandwidth=5e5,1e6
    \b
    The paper's Fig. 7 (objective by number of devices, ten servers on 50 m):
    mec-env compare --scenario paper-xlarge --vary iotds=50,75,...,200 \\
        --learners dirs,maddpg,remote,random,local --worlds 5 --out fig7
    """
    given = prepared(options)
    asked, suites = asked_of(given)
    for point in asked.points:
        if point["problem"]:
            click.echo(f"left out: {_where(asked, point)}: {point['problem']}", err=True)
    if not suites:
        raise ValueError("vary: no point is left that can be")
    failed = _run(asked, suites, given)
    _tell(asked, given)
    if failed or any(point["problem"] for point in asked.points):
        raise SystemExit(1)


def prepared(options):
    """The options of a command line with what is usual, or quick, where they say nothing."""
    words = sys.argv[1:] if Path(sys.argv[0]).stem.startswith("mec-env") else _words(options)
    given = SimpleNamespace(**options)
    for word, value in (QUICK if given.quick else USUAL).items():
        if getattr(given, word) in (None, ()):
            setattr(given, word, value)
    given.out, given.command = Path(given.out), shlex.join(["mec-env", *words])
    return given


def asked_of(given):
    """What was asked for, checked, and the suites of its points."""
    import mec_env
    from mec_bench.compare.asked import Asked
    from mec_bench.compare.points import axis_of, points_of

    if (given.sites is None) != (given.users is None):
        raise ValueError("--sites and --users go together: one file each")
    if given.scheduler and given.dask:
        raise ValueError("--scheduler and --dask: one of them, there is one cluster")
    base = scenario_of(given.scenario)
    if given.sites is not None:
        base = mec_env.city_scenario(given.sites, given.users)
    learners = known_learners([name.strip() for name in given.learners.split(",")], given.trust)
    axes = [axis_of(text) for text in given.vary]
    points = points_of(base, axes, given.worlds, given.slots)
    suites = [point.suite for point in points if point.suite is not None]
    from mec_bench.commands import cells_of

    cells = cells_of(_options(given, suites, learners)) if suites else []
    said = [
        {
            "at": [_plain(value) for _, value in point.at],
            "cells": {
                name: [c.name for c in cells if c.suite == point.suite and c.learner == name]
                for name in learners
                if point.suite is not None
            },
            "problem": point.problem,
        }
        for point in points
    ]
    unit = suites[0].unit if suites else "slot"
    asked = Asked(
        base.name, unit, [axis.field for axis in axes], said, learners, given.worlds, given.seeds,
        given.slots, given.budget, given.command,
    )  # fmt: skip
    return asked, suites


def _options(given, suites, learners):
    """The options that a sweep takes, as the leaderboard's command line has them."""
    keys = "seeds training_slots budget time_limit trust force scheduler dask jobs command out"
    chosen = {key: getattr(given, key) for key in keys.split()}
    return SimpleNamespace(suites=suites, names=learners, **chosen)


def _run(asked, suites, given):
    """Run what is missing; whether something failed, now or before."""
    from mec_bench.commands import run
    from mec_bench.store import Store

    asked.save(given.out)
    run(_options(given, suites, asked.learners))
    kept = Store(given.out / "cells").read()
    names = {name for point in asked.points for own in point["cells"].values() for name in own}
    bad = [kept[name] for name in sorted(names) if kept.get(name, {}).get("status") == "failed"]
    for cell in bad:
        click.echo(f"failed: {cell['learner']} on {cell['suite']}: {cell['error']}", err=True)
    return bool(bad)


def _tell(asked, given):
    from mec_bench.compare.curve import entries_of
    from mec_bench.compare.write import NUMBERS, _numbers, print_table, write
    from mec_bench.store import Store

    files = write(asked, given.out)
    if given.as_json:
        entries = entries_of(asked, Store(given.out / "cells").read())
        rows = [
            {
                **dict(zip(asked.fields, entry.at)), "learner": entry.learner, "failed": entry.failed,
                **{k: float(v) for k, v in zip(NUMBERS, _numbers(entry)) if v != ""},
            }
            for entry in entries
        ]  # fmt: skip
        click.echo(json.dumps({"rows": rows, "files": [str(file) for file in files]}, indent=1))
        return
    click.echo(print_table(asked, given.out))
    for file in files:
        click.echo(f"written: {file}")
    if len(files) < 4:
        click.echo('a figure needs matplotlib: pip install "mec-offloading[bench]"', err=True)


def _where(asked, point):
    from mec_bench.compare.points import text_of

    at = zip(asked.fields, point["at"])
    return ", ".join(f"{field} = {text_of(value)}" for field, value in at) or asked.scenario


def _plain(value):
    return value if isinstance(value, (int, float, str, bool)) else json.loads(json.dumps(value))


def _words(options):
    """The command line of a call from Python, as a shell would have it."""
    words = ["compare"]
    for key, value in options.items():
        flag = f"--{'json' if key == 'as_json' else key.replace('_', '-')}"
        if value is True:
            words.append(flag)
        elif isinstance(value, tuple):
            words += [word for one in value for word in (flag, str(one))]
        elif value not in (None, False):
            words += [flag, str(value)]
    return words
