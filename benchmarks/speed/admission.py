"""How long exact admission takes, and how many sets it looks at.

    python -m benchmarks.speed.admission [--instances 400]

One server is asked by 180 or 1,000 devices. Prints the median, the 99th percentile and the slowest
time per kind of instance; a time is the least of five runs, because other processes share the cores.
"""

import argparse
import time

import numpy as np

from benchmarks import RESULTS
from mec_bench.provenance import Record
from mec_env.optimum.admission import admit_kernel
from mec_env.optimum.subset import NODE_CAP, best_subset

MUST = {180: (30.0, 100.0), 1000: (np.inf, 500.0)}  # median and 99th percentile [µs]


def askers(kind, n, rng):
    """Link, local, weight and congestion of one server: (n, 1), (n,), (n,), (1,) in SI units."""
    cycles = np.full(n, 1e9) if "equal" in kind else rng.uniform(0.2e9, 3e9, n)
    speed = np.full(n, 1e9) if "equal" in kind else rng.uniform(0.5e9, 1.1e9, n)
    local = cycles / speed * (1 + 1e-27 * speed**3)
    bits = rng.uniform(0.1, 3.0, n) * 800e3
    capacity = rng.uniform(0.3, 2.0) * 1e10
    if kind == "square-km":  # far links: 0.01 to 2
        link = bits * 10 ** rng.uniform(-7.5, -6.0, n)
    elif kind == "all equal":
        link = np.full(n, 0.02)
    elif kind == "roomy":  # a server that keeps about half of its askers
        link, capacity = bits * 10 ** rng.uniform(-7.5, -6.0, n), capacity * n / 30
    elif kind == "four sizes":
        cycles = rng.integers(1, 5, n) * 0.5e9
        local = cycles / 1e9 * 2
        link = np.full(n, 0.02)
    else:  # 50 m: 2 % of the cost
        link = bits * rng.uniform(1e-8, 4e-8, n)
    return link[:, None], local, np.sqrt(cycles), np.array([1.0 / capacity])


def fastest(repeats, call, *arguments):
    """Least time of several calls [µs]."""
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        call(*arguments)
        best = min(best, time.perf_counter() - start)
    return 1e6 * best


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--instances", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    record = Record("benchmarks.speed.admission", RESULTS / "admission.json")
    print(f"{options.instances} instances each")
    print(
        f"{'kind':>16} {'askers':>6} {'median':>8} {'99 %':>8} {'max [µs]':>9} {'kept':>5} {'nodes 99 %':>10} {'max':>8}  must"
    )
    kinds = ["square-km", "square-50m", "equal, own links", "all equal", "roomy", "four sizes"]
    for n, (median_must, tail_must) in MUST.items():
        for kind in kinds:
            rng = np.random.default_rng(options.seed)
            times, nodes, kept = [], [], []
            everyone = np.ones(n, np.int64)
            for _ in range(options.instances):
                link, local, weight, congestion = askers(kind, n, rng)
                call = ((link, local, weight, congestion), everyone, NODE_CAP)
                if not times:
                    admit_kernel(*call)  # compile
                times.append(fastest(5, admit_kernel, *call))
                keep, looked_at, _ = best_subset(
                    local - link[:, 0], weight, congestion[0], NODE_CAP
                )
                nodes.append(looked_at)
                kept.append(keep.sum())
            median, tail = np.percentile(times, (50, 99))
            met = "met" if median <= median_must and tail <= tail_must else "MISSED"
            record.row(
                f"{kind:>16} {n:>6} {median:>8.1f} {tail:>8.1f} {max(times):>9.1f} {np.mean(kept):>5.0f}"
                f" {np.percentile(nodes, 99):>10.0f} {max(nodes):>8}  {met}",
                kind=kind, askers=n, median_us=median, tail_us=tail, slowest_us=max(times),
                most_nodes=max(nodes),
            )  # fmt: skip
    record.save()


if __name__ == "__main__":
    main()
