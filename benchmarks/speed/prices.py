"""What prices, admission and features cost, as ratios to a step with decisions in the same process.

    python -m benchmarks.speed.prices            # 180x8, some two minutes
    python -m benchmarks.speed.prices --quick    # fewer rounds, prints only

All steps have one thread and are timed in turn, several times; printed are medians. Then one slot
decided by the shipped ``priced``: features, the network for every server, asks, refusals, admission.
"""

import argparse
import statistics

import numpy as np

import mec_env
from benchmarks import RESULTS
from benchmarks.speed.environment import in_turn
from dirs_solver.priced.learner import shipped
from dirs_solver.priced.policy import PricedPolicy
from mec_bench.provenance import provenance, write_json
from mec_bench.tables import text_table

SCENARIOS = ("paper-large", "square-km")
BATCHES = (1, 64)
#: What is timed besides decisions: the view's keywords.
KINDS = {
    "prices": dict(actions="prices", admission=False),
    "prices, admission": dict(actions="prices"),
    "and features": dict(actions="prices", observe="features", nominal="calibrated"),
    "and refused ask on": dict(
        actions="prices", observe="features", nominal="calibrated", retries=3
    ),
    "and two broadcasts": dict(
        actions="prices", observe="features", nominal="calibrated", retries=3, broadcasts=2
    ),
}


def stepper(scenario, batch, options):
    """A function that steps so many rows with actions that stay the same."""
    rng, slots = np.random.default_rng(0), 2**31 - 1
    if batch == 1:
        env = mec_env.MECEnv(scenario, slots=slots, **options)
    else:
        env = mec_env.MECVectorEnv(batch, scenario, slots=slots, threads=1, **options)
    env.reset(seed=0)
    if options:
        # About the nominal prices, at which a device in three asks.
        action = rng.uniform(-0.1, 0.1, env.action_space.shape).astype(np.float32)
    else:
        action = rng.integers(0, scenario.mecs + 1, env.action_space.shape)
    return lambda: env.step(action)


def decider(scenario):
    """A function that lets ``priced`` decide a slot, features and the next slot's draw included."""
    policy = PricedPolicy(shipped())
    policy.prepare(scenario)
    env = mec_env.MECParallelEnv(
        scenario, slots=2**31 - 1, actions="prices", observe="features", nominal=policy.nominal,
        span=policy.span, retries=policy.retries,
    )  # fmt: skip
    seen = [env.reset(seed=0)[0]]

    def decide():
        seen[0] = env.step({agent: policy.act(agent, own) for agent, own in seen[0].items()})[0]

    return decide


def measure(name, rounds, budget):
    """Rows of one scenario."""
    scenario, rows = mec_env.SCENARIOS[name], []
    for batch in BATCHES:
        runs = {"decisions": stepper(scenario, batch, {})}
        runs |= {kind: stepper(scenario, batch, options) for kind, options in KINDS.items()}
        if batch == 1:
            runs["priced decides"] = decider(scenario)
        counted = {kind: (step, batch) for kind, step in runs.items()}
        seconds = in_turn(counted, rounds, budget)
        for kind, own in seconds.items():
            ratio = statistics.median(a / b for a, b in zip(own, seconds["decisions"]))
            row = dict(scenario=name, batch=batch, what=kind, ratio=ratio)
            rows.append(row | {"microseconds": 1e6 * statistics.median(own)})
    return rows


def main():
    """Measure, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds, print only")
    options = parser.parse_args()
    record = {"provenance": provenance("benchmarks.speed.prices"), "rows": []}
    print(f"{record['provenance']['machine']}", flush=True)
    for name in SCENARIOS:
        record["rows"] += measure(name, 3 if options.quick else 11, 0.1)
    head = ("scenario", "batch", "what", "us/row", "x decisions")
    cells = [
        (r["scenario"], str(r["batch"]), r["what"], f"{r['microseconds']:.1f}", f"{r['ratio']:.2f}")
        for r in record["rows"]
    ]
    print(text_table(head, cells))
    if not options.quick:
        write_json(RESULTS / "prices-speed.json", record)


if __name__ == "__main__":
    main()
