"""Choose a learner's settings, on worlds that no suite has.

    python -m mec_bench.choose sb3-ppo --scenario paper-medium --budget 36
    python -m mec_bench.choose pso --scenario paper-large --slots 20

Tries the chosen settings and each of the candidates in the learner's settings file, trains
each on the same worlds with the same time of one core, judges it on slots of those worlds that
it didn't train on, and records all of it in the folder ``--out``, ``choices`` by default. What is chosen
is written into the settings file by hand.
"""

import argparse
import time
from pathlib import Path

import mec_env
from dirs_solver import find_learner
from dirs_solver.shared.tuned import candidates_of
from mec_bench.limits import one_core
from mec_bench.provenance import Record
from mec_bench.run import slots_for
from mec_env.judging.suite import Suite

#: Worlds of the choice; the suites' worlds are 0 to 4.
WORLDS = (1000, 1001)


def budgeted(seconds):
    """A ``progress`` for ``learn`` that ends a training after seconds of one core's time."""
    start = time.process_time()
    return lambda report: time.process_time() - start >= seconds


def main(arguments=None):
    """Try every candidate, print and record."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("learner")
    parser.add_argument("--scenario", default="paper-medium")
    parser.add_argument("--budget", type=float, default=36.0, help="seconds of one core a world")
    parser.add_argument("--worlds", type=int, default=len(WORLDS))
    parser.add_argument("--slots", type=int, default=100, help="that each world is judged on")
    parser.add_argument("--out", type=Path, default=Path("choices"), help="folder for the record")
    options = parser.parse_args(arguments)
    one_core()
    scenario = mec_env.SCENARIOS[options.scenario].replace(slots=options.slots)
    suite = Suite("choice", scenario, WORLDS[: options.worlds], (0,))
    record = Record("mec_bench.choose", options.out / f"{options.learner}-{options.scenario}.json")
    bounds, tried = [None] * options.worlds, []
    for changed in candidates_of(options.learner):
        gaps, done = [], []
        for k, (world, here) in enumerate(suite.worlds()):
            learner, clock = find_learner(options.learner)(changed), budgeted(options.budget)
            seen = []

            def progress(report, clock=clock, seen=seen):
                seen.append(report.done)
                return clock(report)

            slots = slots_for(learner, None, options.budget)
            policy = learner.learn(here, world, slots, progress)
            judged = mec_env.evaluate(policy, suite.world(k), bounds=bounds[k])
            bounds[k] = judged.lower_bound, judged.best
            gaps.append(float(judged.gap.mean()))
            done.append(seen[-1] if seen else 0)
        tried.append((sum(gaps) / len(gaps), changed))
        record.row(
            f"{options.learner} {options.scenario}: gap {100 * tried[-1][0]:7.3f} %, "
            f"{done} slots, with {changed or 'the chosen settings'}",
            gap=tried[-1][0], gaps=gaps, trained=done, changed=str(changed),
        )  # fmt: skip
    least, changed = min(tried, key=lambda row: row[0])
    print(f"least: {100 * least:.3f} % with {changed or 'the chosen settings'}")
    record.save()


if __name__ == "__main__":
    main()
