"""The leaderboard: every method on the same frozen slots.

    python -m benchmarks.leaderboard                                  # rules on paper-large-v1 and square-km-v1
    python -m benchmarks.leaderboard --suites square-km-v1 --learners greedy,remote
    python -m benchmarks.leaderboard --suites paper-large-v1 --learners dirs,certified
    python -m benchmarks.leaderboard --sites sites.csv --users users.csv   # on a real city

Learners are trained first, one per world of a suite: world k with seed k. They are
built-in names, names that an installed project registered in the entry point group
``mec_env.learners``, or ``module:Class``.

Prints a table, writes it as JSON and draws it. The slots belong to the suites;
their draws have none in common with those of any training seed.
"""

import argparse
import math
import sys
import time
from pathlib import Path

import mec_env
from benchmarks.record import RESULTS, provenance, write_json
from benchmarks.tables import text_table
from dirs_solver.learner import find_learner, learner_names
from mec_env.checks import known
from mec_env.evaluation import join
from mec_env.suite import Suite, resolve_suite

DEFAULT_SUITES = "paper-large-v1,square-km-v1"
HEAD = (
    "method", "objective", "95 % interval", "above bound", "NRR", "time [s]", "energy [J]",
    "offloaded", "ms/slot", "training [s]",
)  # fmt: skip


def city_suite(sites, users, slots):
    """An ad-hoc suite on a city's files: one world, five episodes."""
    scenario = mec_env.city_scenario(sites, users, slots=slots)
    return Suite("city", scenario, (0,), tuple(range(5)))


def run(suite, names, bar, training_slots=None):
    """Judge methods on a suite; (name, Evaluation, training seconds), best first."""
    done, bounds = [], None
    for name in names:
        bar.set_description(f"{suite.name} {name}")
        if name in mec_env.RULES:
            seconds = 0.0
            evaluation = mec_env.evaluate(mec_env.RULES[name](), suite, bar.update, bounds)
        else:
            evaluation, seconds = learned(name, suite, bar, training_slots)
        # A suite of one's own is certified once, for the first method.
        bounds = evaluation.lower_bound, evaluation.best
        done.append((name, evaluation, seconds))
    return sorted(done, key=lambda judged: judged[1].objective.mean())


def learned(name, suite, bar, training_slots):
    """Train a learner on each world of a suite and judge it there; mean seconds of training."""
    records, seconds = [], []
    for k, (world_seed, scenario) in enumerate(suite.worlds()):

        def show(report, k=k):
            # What a learner reports beyond its stage is its own affair.
            found = {word: getattr(report, word, math.nan) for word in ("objective", "gap")}
            numbers = [f"{word} {v:.4g}" for word, v in found.items() if not math.isnan(v)]
            bar.set_description(
                f"{suite.name} {name} world {k}: {report.stage} {report.done}/{report.total} "
                + ", ".join(numbers)
            )

        start = time.perf_counter()
        policy = find_learner(name)().learn(scenario, world_seed, training_slots, show)
        seconds.append(time.perf_counter() - start)
        records.append(mec_env.evaluate(policy, suite.world(k), bar.update))
    return join(suite, records), sum(seconds) / len(seconds)


def row(name, evaluation, seconds):
    """A method's line of the table, as numbers."""
    mean, low, high = evaluation.interval()
    return {
        "method": name,
        "objective": mean,
        "objective_interval": [low, high],
        "gap": float(evaluation.gap.mean()),
        "nrr": float(evaluation.nrr.mean()),
        "nrr_paper": float(evaluation.nrr_paper.mean()),
        "time": float(evaluation.time.mean()),
        "energy": float(evaluation.energy.mean()),
        "offloaded": float(evaluation.offloaded.mean()),
        "training_seconds": seconds,
        "milliseconds": float(1e3 * sorted(evaluation.seconds)[len(evaluation.seconds) // 2]),
    }


def cells(r):
    """A method's line of the table, as text."""
    low, high = r["objective_interval"]
    return (
        r["method"], f"{r['objective']:.2f}", f"{low:.2f} to {high:.2f}",
        f"{100 * r['gap']:.2f} %", f"{r['nrr']:.4f}", f"{r['time']:.2f}",
        f"{r['energy']:.2f}", f"{100 * r['offloaded']:.1f} %", f"{r['milliseconds']:.3f}",
        f"{r['training_seconds']:.1f}" if r["training_seconds"] else "",
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
    parser.add_argument(
        "--training-slots", type=int, help="slots each learner trains on, default its own"
    )
    parser.add_argument("--out", type=Path, help="file name without its ending for JSON and plot")
    options = parser.parse_args(arguments)
    if (options.sites is None) != (options.users is None):
        parser.error("--sites and --users go together: one file each")
    for word in ("worlds", "slots", "training_slots"):
        value = getattr(options, word)
        if value is not None and value < 1:
            parser.error(f"--{word.replace('_', '-')} {value}: must be at least 1")
    try:
        options.names = options.learners.split(",")
        for name in options.names:
            if ":" not in name:
                known("learner", name, [*mec_env.RULES, *learner_names()])
            if name not in mec_env.RULES:
                # A learner that can't be had should say so before hours of others'.
                find_learner(name)
        if options.sites is not None:
            options.suites = [city_suite(options.sites, options.users, options.slots or 20)]
        else:
            options.suites = [
                resolve_suite(name).only(worlds=options.worlds, slots=options.slots)
                for name in options.suites.split(",")
            ]
    except (ValueError, OSError, ImportError) as error:
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
            judged = run(suite, options.names, bar, options.training_slots)
            boards[suite.name] = [row(*method) for method in judged]
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
