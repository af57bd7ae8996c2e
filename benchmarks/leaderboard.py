"""The leaderboard: every method on the same frozen slots.

    python -m benchmarks.leaderboard                                  # rules on paper-large-v1 and square-km-v1
    python -m benchmarks.leaderboard --suites square-km-v1 --learners greedy,remote
    python -m benchmarks.leaderboard --sites sites.csv --users users.csv   # on a real city

Prints a table, writes it as JSON and draws it. The slots belong to the suites;
their draws have none in common with those of any training seed.
"""

import argparse
import sys
from pathlib import Path

import mec_env
from benchmarks.record import RESULTS, provenance, write_json
from benchmarks.tables import text_table
from mec_env.checks import known
from mec_env.suite import Suite, resolve_suite

DEFAULT_SUITES = "paper-large-v1,square-km-v1"
HEAD = ("method", "objective", "95 % interval", "time [s]", "energy [J]", "offloaded", "ms/slot")


def city_suite(sites, users, slots):
    """An ad-hoc suite on a city's files: one world, five episodes."""
    scenario = mec_env.city_scenario(sites, users, slots=slots)
    return Suite("city", scenario, (0,), tuple(range(5)))


def run(suite, names, progress):
    """Evaluate methods on a suite; (name, Evaluation) pairs, best first."""
    done = [(name, mec_env.evaluate(mec_env.RULES[name](), suite, progress)) for name in names]
    return sorted(done, key=lambda pair: pair[1].objective.mean())


def row(name, evaluation):
    """A method's line of the table, as numbers."""
    mean, low, high = evaluation.interval()
    return {
        "method": name,
        "objective": mean,
        "objective_interval": [low, high],
        "time": float(evaluation.time.mean()),
        "energy": float(evaluation.energy.mean()),
        "offloaded": float(evaluation.offloaded.mean()),
        "milliseconds": float(1e3 * sorted(evaluation.seconds)[len(evaluation.seconds) // 2]),
    }


def cells(r):
    """A method's line of the table, as text."""
    low, high = r["objective_interval"]
    return (
        r["method"], f"{r['objective']:.2f}", f"{low:.2f} to {high:.2f}", f"{r['time']:.2f}",
        f"{r['energy']:.2f}", f"{100 * r['offloaded']:.1f} %", f"{r['milliseconds']:.3f}",
    )  # fmt: skip


def draw(path, boards):
    """Objectives with their intervals, a panel per suite."""
    try:
        import matplotlib
    except ImportError:
        raise SystemExit('the plot needs matplotlib: pip install "mec-offloading[bench]"') from None
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(boards), figsize=(5.5 * len(boards), 3.6), squeeze=False)
    for axis, (suite, rows) in zip(axes[0], boards.items()):
        names = [r["method"] for r in rows][::-1]
        values = [r["objective"] for r in rows][::-1]
        spread = [
            [r["objective"] - r["objective_interval"][0] for r in rows][::-1],
            [r["objective_interval"][1] - r["objective"] for r in rows][::-1],
        ]
        axis.barh(names, values, xerr=spread, color="#4477aa", ecolor="#222222", capsize=3)
        axis.set_xscale("log")
        axis.set_title(suite)
        axis.set_xlabel("objective (lower is better)")
        axis.grid(axis="x", which="both", alpha=0.3)
        axis.set_axisbelow(True)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.tmp{path.suffix}")
    figure.savefig(temporary, dpi=130)
    temporary.replace(path)
    pyplot.close(figure)


def parse(arguments):
    """The command line, checked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--suites", default=DEFAULT_SUITES, help=f"names, default {DEFAULT_SUITES}")
    parser.add_argument(
        "--learners", default=",".join(mec_env.RULES), help="names, default all rules"
    )
    parser.add_argument("--sites", type=Path, help="CSV of a city's base stations, with --users")
    parser.add_argument("--users", type=Path, help="CSV of a city's users, with --sites")
    parser.add_argument("--worlds", type=int, help="only the first worlds of each suite")
    parser.add_argument("--slots", type=int, help="only the first slots of each episode")
    parser.add_argument("--out", type=Path, help="file name without its ending for JSON and plot")
    options = parser.parse_args(arguments)
    if (options.sites is None) != (options.users is None):
        parser.error("--sites and --users go together: one file each")
    for word in ("worlds", "slots"):
        value = getattr(options, word)
        if value is not None and value < 1:
            parser.error(f"--{word} {value}: must be at least 1")
    try:
        options.names = [
            known("learner", name, mec_env.RULES) for name in options.learners.split(",")
        ]
        if options.sites is not None:
            options.suites = [city_suite(options.sites, options.users, options.slots or 20)]
        else:
            options.suites = [
                resolve_suite(name).only(worlds=options.worlds, slots=options.slots)
                for name in options.suites.split(",")
            ]
    except (ValueError, OSError) as error:
        parser.error(str(error))
    if options.out is None:
        options.out = RESULTS / ("leaderboard-city" if options.sites else "leaderboard")
    return options


def main(arguments=None):
    """Run, print, record, draw."""
    options = parse(arguments)
    try:
        from tqdm import tqdm
    except ImportError:
        raise SystemExit(
            'the progress bar needs tqdm: pip install "mec-offloading[bench]"'
        ) from None
    boards = {}
    total = sum(suite.size for suite in options.suites) * len(options.names)
    with tqdm(total=total, unit="slot", file=sys.stderr) as bar:
        for suite in options.suites:
            bar.set_description(suite.name)
            boards[suite.name] = [row(*pair) for pair in run(suite, options.names, bar.update)]
    for suite in options.suites:
        s = suite.scenario
        print(
            f"\n{suite.name}: {s.iotds} devices, {s.mecs} servers, {len(suite.world_seeds)} worlds, "
            f"{suite.size} slots; objective per slot, lower is better\n"
        )
        print(text_table(HEAD, map(cells, boards[suite.name])))
    record = {"provenance": provenance("benchmarks.leaderboard"), "suites": boards}
    write_json(options.out.with_suffix(".json"), record)
    draw(options.out.with_suffix(".png"), boards)
    print(f"\nwritten: {options.out.with_suffix('.json')}, {options.out.with_suffix('.png')}")


if __name__ == "__main__":
    main()
