"""How fast and how near certificates are: python -m benchmarks.speed.certificate [gaps] [speed] [exact].

The reference is what one would write with scipy: L-BFGS-B on the smoothed dual, in numpy with one
BLAS thread, at falling temperatures, each started from the last one's prices. Ratios are of
medians of runs that alternate in one process.
"""

import os

# One thread for the reference; BLAS reads these when numpy is imported.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import sys
import time

import numpy as np
from scipy.optimize import minimize

from benchmarks import RESULTS
from mec_bench.problems import Problems
from mec_bench.provenance import Record
from mec_env.optimum.certificate import certify_problem, certify_problems
from mec_env.optimum.problem import Problem

TEMPERATURES = (0.1, 0.03, 0.01, 0.003, 0.001, 3e-4)
SCENARIOS = ("square-km", "square-50m", "paper-large")
#: Devices, servers and worlds; and how often each call is timed on each world.
TIMED = ((180, 8, 10, 5), (1000, 32, 3, 3), (10_000, 100, 1, 3))
GAPS = ((180, 8, 50), (1000, 32, 10), (10_000, 100, 3))
#: Slots of a batch; worlds that are proved, and scenarios with the seconds that a proof may take.
BATCH, PROVED, LIMITS = 256, 20, (("square-km", 1), ("square-50m", 25))


def scipy_dual(problem):
    """Return prices by L-BFGS-B on the smoothed dual."""
    link, local, weight, congestion = problem
    cost = np.column_stack([local, link])
    prices = np.zeros(congestion.size)

    def negative(prices, temperature):
        np.multiply(weight[:, None], prices, out=cost[:, 1:])
        cost[:, 1:] += link
        low = cost.min(axis=1)
        share = np.exp((low[:, None] - cost) / temperature)
        total = share.sum(axis=1)
        value = (low - temperature * np.log(total)).sum() - (prices**2 / (4 * congestion)).sum()
        load = (weight / total) @ share[:, 1:]
        return -value, prices / (2 * congestion) - load

    for temperature in TEMPERATURES:
        prices = minimize(
            negative,
            prices,
            args=(temperature,),
            jac=True,
            method="L-BFGS-B",
            bounds=[(0, None)] * prices.size,
        ).x
    return prices


def medians(calls, runs):
    """Return the median seconds of each call, in turns, after one turn that doesn't count."""
    seconds = np.empty((runs + 1, len(calls)))
    for run in range(runs + 1):
        for k, call in enumerate(calls):
            start = time.perf_counter()
            call()
            seconds[run, k] = time.perf_counter() - start
    return np.median(seconds[1:], axis=0)


def speed(record):
    print(
        "name         N x M        scipy ms   cold ms (times)   warm ms (times)   tight ms   ns/link"
    )
    for devices, servers, worlds, runs in TIMED:
        for name in SCENARIOS:
            rows = []
            for seed in range(worlds):
                world = Problems(name, seed, devices, servers)
                prices = certify_problem(world.next()).prices
                p = world.next()
                rows.append(
                    medians(
                        [
                            lambda p=p: scipy_dual(p),
                            lambda p=p: certify_problem(p),
                            lambda p=p, prices=prices: certify_problem(p, prices=prices),
                            lambda p=p: certify_problem(p, "tight"),
                        ],
                        runs,
                    )
                )
            scipy, cold, warm, tight = 1e3 * np.median(rows, axis=0)
            record.row(
                f"{name:12} {devices:6}x{servers:<4} {scipy:9.2f} {cold:9.3f} ({scipy / cold:4.0f})"
                f"  {warm:9.3f} ({scipy / warm:4.0f}) {tight:9.3f} {1e6 * cold / devices / servers:9.1f}",
                scenario=name, devices=devices, servers=servers, scipy_ms=scipy, cold_ms=cold,
                warm_ms=warm, tight_ms=tight, times_cold=scipy / cold, times_warm=scipy / warm,
            )  # fmt: skip
    slots = [Problems("square-km", seed).next() for seed in range(BATCH)]
    batch = Problem(*(np.array(part) for part in zip(*slots)))
    one, two = medians(
        [
            lambda: certify_problems(batch, threads=1),
            lambda: certify_problems(batch, threads=2),
        ],
        5,
    )
    record.row(
        f"batch of {BATCH} at 180x8: {1e6 * one / BATCH:.0f} us a slot on 1 thread, "
        f"{1e6 * two / BATCH:.0f} on 2",
        batch=BATCH, one_thread_us=1e6 * one / BATCH, two_threads_us=1e6 * two / BATCH,
    )  # fmt: skip


def gaps(record):
    for devices, servers, worlds in GAPS:
        for name in SCENARIOS:
            found = []
            for seed in range(worlds):
                world = Problems(name, seed, devices, servers)
                prices = certify_problem(world.next()).prices
                p = world.next()
                found.append(
                    [
                        certify_problem(p).gap,
                        certify_problem(p, prices=prices).gap,
                        certify_problem(p, "tight").gap,
                    ]
                )
            means, worst = 100 * np.mean(found, axis=0), 100 * np.max(found, axis=0)
            record.row(
                f"{name:12} {devices:6}x{servers:<4} mean gap % fast {means[0]:.3g} "
                f"warm {means[1]:.3g} tight {means[2]:.3g}   worst {worst.round(16)}",
                scenario=name, devices=devices, servers=servers, worlds=worlds,
                mean_percent=means.tolist(), worst_percent=worst.tolist(),
            )  # fmt: skip


def exact(record):
    certify_problem(Problems("square-km", 99).next(), "exact")
    for name, limit in LIMITS:
        seconds, above, proved = [], [], 0
        for seed in range(PROVED):
            p = Problems(name, seed).next()
            start = time.perf_counter()
            c = certify_problem(p, "exact", time_limit=limit)
            seconds.append(time.perf_counter() - start)
            proved += c.exact
            above.append(certify_problem(p, "tight").objective / c.objective - 1)
        record.row(
            f"{name:12} 180x8 proved {proved} of {PROVED} in {limit} s: median "
            f"{np.median(seconds):.3f} s, slowest {max(seconds):.3f} s; "
            f"tight is {100 * np.mean(above):.4f} % above",
            scenario=name, proved=proved, of=PROVED, limit=limit, seconds=seconds,
            tight_percent_above=100 * np.mean(above),
        )  # fmt: skip


def main():
    """Run the parts named, all by default, and record each."""
    for part in sys.argv[1:] or ("gaps", "speed", "exact"):
        record = Record("benchmarks.speed.certificate", RESULTS / f"certificate-{part}.json")
        {"gaps": gaps, "speed": speed, "exact": exact}[part](record)
        record.save()


if __name__ == "__main__":
    main()
