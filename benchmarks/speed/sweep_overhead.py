"""What the leaderboard's machinery costs: judging a rule, a cell's overhead, Dask against processes.

    python -m benchmarks.speed.sweep_overhead

A sweep is timed with its start and end. Its workers are started anew every time, by both kinds.
"""

import statistics
import tempfile
import time

import mec_env
from benchmarks import RESULTS
from mec_bench.cell import Cell
from mec_bench.provenance import Record
from mec_bench.store import Store
from mec_bench.sweep import cluster, processes, sweep
from mec_env.judging.suite import resolve_suite

#: Of each measurement; the median counts.
REPEATS = 3
#: Suite that rules are judged on, numbers of cells whose sweeps' difference is theirs, and
#: numbers of worlds and seeds that the two kinds of workers train.
JUDGED, CELLS, TRAINED = "paper-large-v1", (2, 42), (2, 8)


def timed(call):
    """Wall seconds of a call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def swept(cells, workers):
    """Wall seconds of a sweep into a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        return timed(
            lambda: sweep(cells, Store(folder), workers, "benchmarks.speed.sweep_overhead")
        )


def median(call):
    """Median wall seconds of several calls."""
    return statistics.median(call() for _ in range(REPEATS))


def rules(record):
    """Slots a second of a rule on a suite of 1,000 slots."""
    suite = resolve_suite(JUDGED)
    for name in ("local", "nearest", "best-link", "greedy", "remote", "random"):
        mec_env.evaluate(mec_env.RULES[name](), suite.only(worlds=1, slots=2))
        seconds = median(lambda name=name: timed(lambda: mec_env.evaluate(mec_env.RULES[name](), suite)))  # fmt: skip
        rate = suite.size / seconds
        record.row(f"judging {name} on {suite.name}: {rate:,.0f} slots/s", rule=name, slots_per_second=rate)  # fmt: skip


def overhead(record):
    """Seconds a cell that has nothing to do."""
    suite = mec_env.SUITES["paper-medium-v1"].only(worlds=1, episodes=1, slots=1)
    few, many = ([Cell("random", suite, seed) for seed in range(count)] for count in CELLS)
    start = median(lambda: swept(few, processes(1)))
    each = (median(lambda: swept(many, processes(1))) - start) / (len(many) - len(few))
    record.row(
        f"overhead {each:.3f} s a cell; starting a process and its first cells {start:.1f} s",
        overhead=each, start=start,
    )  # fmt: skip


def dask(record):
    """Wall time of the same cells, whole trainings, with two workers of either kind."""
    worlds, seeds = TRAINED
    suite = mec_env.SUITES["paper-medium-v1"].only(worlds=worlds, episodes=1)
    cells = [Cell("dirs", suite, seed) for seed in range(seeds)]
    ours, theirs = [], []
    for _ in range(REPEATS):
        ours.append(swept(cells, processes(2)))
        theirs.append(swept(cells, cluster(count=2)))
    pool, ratio = statistics.median(ours), statistics.median(t / o for t, o in zip(theirs, ours))
    record.row(
        f"{len(cells)} cells, 2 workers: processes {pool:.1f} s, Dask {ratio:.3f} of that",
        processes=pool, dask_ratio=ratio,
    )  # fmt: skip


def main():
    """Measure, print and record."""
    record = Record("benchmarks.speed.sweep_overhead", RESULTS / "sweeping.json")
    for part in (rules, overhead, dask):
        part(record)
    record.save()


if __name__ == "__main__":
    main()
