"""Environment speed, as ratios to plain numpy in the same process.

    python -m benchmarks.speed.environment            # all sizes, about 3 minutes
    python -m benchmarks.speed.environment --quick    # 180x8 alone

A step judges a decision per device, draws the next slot's fading and writes the
full observation. Two references, from ``benchmarks.speed.plain_numpy``: numpy on one row
and numpy on 64 rows at once. Ours and theirs are timed in turn, several times;
printed are medians. ``--threads`` counts the threads of ours; numpy has one.
"""

import argparse
import os
import statistics
import time

# The references must have one thread; BLAS reads this when numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import gymnasium
import numpy as np

import mec_env
from benchmarks import RESULTS
from benchmarks.speed.plain_numpy import NumpyEnvironment
from mec_bench.provenance import provenance, write_json
from mec_bench.tables import text_table
from mec_env.threads import available

SIZES = ((30, 2), (180, 8), (200, 10), (1000, 32), (10_000, 100))
BATCHES = (1, 64, 1024)
MOST_LINKS = 100_000_000  # a batch beyond it would need gigabytes


def per_step(step, rows, budget):
    """Seconds a row's step takes, from repeating a batch's step for ``budget`` seconds."""
    start = time.perf_counter()
    count = 0
    while count == 0 or time.perf_counter() - start < budget:
        step()
        count += 1
    return (time.perf_counter() - start) / count / rows


def in_turn(runs, rounds, budget):
    """Seconds a row's step takes in each round; all are warmed up, then they take turns.

    Parameters
    ----------
    runs : dict of name to (step, rows)
    rounds : int
    budget : float
        Of each in a round [s].

    Returns
    -------
    dict of name to list of float
    """
    seconds = {name: [] for name in runs}
    for step, rows in runs.values():
        per_step(step, rows, 0.0)
    for _ in range(rounds):
        for name, (step, rows) in runs.items():
            seconds[name].append(per_step(step, rows, budget))
    return seconds


def ours(scenario, rows, threads, rng):
    """A function that steps a batch of ours."""
    env = gymnasium.make_vec(
        "MEC-v0", num_envs=rows, vectorization_mode="vector_entry_point",
        scenario=scenario, threads=threads, slots=2**31 - 1,
    )  # fmt: skip
    env.reset(seed=0)
    actions = rng.integers(0, scenario.mecs + 1, (rows, scenario.iotds))
    return lambda: env.step(actions)


def reference(scenario, rows, rng):
    """A function that steps the numpy reference."""
    env = NumpyEnvironment(scenario, rows)
    actions = rng.integers(0, scenario.mecs + 1, (rows, scenario.iotds))
    return lambda: env.step(actions)


def single(scenario, rng):
    """A function that steps the single environment."""
    env = gymnasium.make("MEC-v0", scenario=scenario, slots=2**31 - 1).unwrapped
    env.reset(seed=0)
    action = rng.integers(0, scenario.mecs + 1, scenario.iotds)
    return lambda: env.step(action)


def measure(devices, servers, rounds, budget, threads):
    """Rows of one size: each batch on one thread and on ``threads``, in turn with the references."""
    rng = np.random.default_rng(0)
    scenario = mec_env.resolve(mecs=servers, iotds=devices)
    batches = [b for b in BATCHES if b * devices * servers <= MOST_LINKS]
    runs = {("numpy", 1, 1): (reference(scenario, 1, rng), 1)}
    if 64 in batches:
        runs[("numpy", 64, 1)] = (reference(scenario, 64, rng), 64)
    runs[("single", 1, 1)] = (single(scenario, rng), 1)
    for batch in batches:
        for count in dict.fromkeys((1, threads)):
            runs[("ours", batch, count)] = (ours(scenario, batch, count, rng), batch)
    seconds = in_turn(runs, rounds, budget)

    def ratio(slow, fast):
        if slow not in seconds or fast not in seconds:
            return None
        return statistics.median(a / b for a, b in zip(seconds[slow], seconds[fast]))

    rows = []
    for kind, batch, count in runs:
        key = (kind, batch, count)
        second = statistics.median(seconds[key])
        rows.append(
            {
                "devices": devices, "servers": servers, "what": kind, "batch": batch, "threads": count,
                "microseconds": second * 1e6,
                "steps_per_second": 1.0 / second,
                "decisions_per_second": devices / second,
                "nanoseconds_per_link": second * 1e9 / (devices * servers),
                "times_numpy_one_row": ratio(("numpy", 1, 1), key),
                "times_numpy_64_rows": ratio(("numpy", 64, 1), key),
                "times_one_thread": ratio((kind, batch, 1), key),
            }
        )  # fmt: skip
    return rows


HEAD = (
    "size",
    "what",
    "batch",
    "threads",
    "us/step",
    "steps/s",
    "decisions/s",
    "ns/link",
    "x row",
    "x 64 rows",
    "x 1 thread",
)


def cells(row):
    """A measured row as text."""
    ratios = (row["times_numpy_one_row"], row["times_numpy_64_rows"], row["times_one_thread"])
    return (
        f"{row['devices']}x{row['servers']}", row["what"], str(row["batch"]), str(row["threads"]),
        f"{row['microseconds']:.2f}", f"{row['steps_per_second']:,.0f}",
        f"{row['decisions_per_second']:,.0f}", f"{row['nanoseconds_per_link']:.2f}",
        *("" if ratio is None else f"{ratio:.2f}" for ratio in ratios),
    )  # fmt: skip


def main():
    """Measure, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="180x8 alone, fewer rounds")
    parser.add_argument("--rounds", type=int, default=7, help="times each is measured (default 7)")
    parser.add_argument("--threads", type=int, default=available(), help="default: all")
    parser.add_argument("--out", default=RESULTS / "throughput.json", help="where to record")
    arguments = parser.parse_args()
    record = {"provenance": provenance("benchmarks.speed.environment"), "rows": []}
    print(f"{record['provenance']['machine']}", flush=True)
    for devices, servers in ((180, 8),) if arguments.quick else SIZES:
        rounds = min(arguments.rounds, 3) if arguments.quick else arguments.rounds
        rows = measure(devices, servers, rounds, 0.1, arguments.threads)
        record["rows"] += rows
        print(text_table(HEAD, map(cells, rows)), flush=True)
    write_json(arguments.out, record)
    print(f"recorded in {arguments.out}")


if __name__ == "__main__":
    main()
