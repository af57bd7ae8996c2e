"""What tasks coupled in time cost, as ratios to a memoryless step in the same process.

    python -m benchmarks.speed.couplings            # 180x8, about a minute
    python -m benchmarks.speed.couplings --quick    # fewer rounds, prints only

All steps take decisions on one thread and are timed in turn, several times; printed are medians.
"""

import argparse
import statistics

import mec_env
from benchmarks import RESULTS
from benchmarks.speed.environment import in_turn
from benchmarks.speed.prices import stepper
from mec_bench.provenance import provenance, write_json
from mec_bench.tables import text_table

#: The memoryless scenario that the others are built on.
PLAIN = "square-km"
COUPLED = ("follow-me", "harvest", "rush-hour")
BATCHES = (64, 1024)


def measure(batch, rounds, budget):
    """Rows of one batch size."""
    runs = {
        name: (stepper(mec_env.SCENARIOS[name], batch, {}), batch) for name in (PLAIN, *COUPLED)
    }
    seconds = in_turn(runs, rounds, budget)
    return [
        dict(
            scenario=name, batch=batch, microseconds=1e6 * statistics.median(own),
            ratio=statistics.median(a / b for a, b in zip(own, seconds[PLAIN])),
        )
        for name, own in seconds.items()
    ]  # fmt: skip


def main():
    """Measure, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds, print only")
    options = parser.parse_args()
    record = {"provenance": provenance("benchmarks.speed.couplings"), "rows": []}
    print(f"{record['provenance']['machine']}", flush=True)
    for batch in BATCHES:
        record["rows"] += measure(batch, 3 if options.quick else 15, 0.2)
    cells = [
        (r["scenario"], str(r["batch"]), f"{r['microseconds']:.1f}", f"{r['ratio']:.2f}")
        for r in record["rows"]
    ]
    print(text_table(("scenario", "batch", "us/row", "x memoryless"), cells))
    if not options.quick:
        write_json(RESULTS / "couplings-speed.json", record)


if __name__ == "__main__":
    main()
