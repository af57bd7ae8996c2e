"""Take the ingredients of ``priced`` away, one by one.

    python -m benchmarks.priced            # writes docs/priced.md, some ten minutes of one core
    python -m benchmarks.priced --quick    # one world, prints only

Percent above the certified bound on the frozen slots of square-km-v1, with 95 % bootstrap
intervals over its five worlds; then other tasks, among them those where the network fails.
"""

import argparse
from functools import partial

import numpy as np

import mec_env
from benchmarks import RESULTS
from benchmarks.priced import page, second
from benchmarks.priced.networks import Constant, ablations, learned
from dirs_solver.priced.learner import shipped
from dirs_solver.priced.policy import PricedPolicy
from mec_bench.provenance import provenance, write_json
from mec_bench.tables import text_table
from mec_env.judging.intervals import interval
from mec_env.judging.suite import Suite
from mec_env.whole_file import write_text

#: Kinds of policy, from a constant price that is asked raw to the whole of it.
LADDER = {
    "raw": dict(admission=False, retries=0, shifts=(0.0,), trust=(1.0,)),
    "admitted": dict(retries=0, shifts=(0.0,), trust=(1.0,)),
    "asked lower": dict(retries=0, trust=(1.0,)),
    "refused ask on": dict(trust=(1.0,)),
    "one broadcast": dict(trust=(1.0,), broadcasts=1),
    "two broadcasts": dict(trust=(1.0,), broadcasts=2),
}


def others():
    """Tasks beyond the suite: another scale, other fading laws, links that hardly differ."""
    km = mec_env.SCENARIOS["square-km"].replace(slots=40)
    yield "60 x 4", km.replace(iotds=60, mecs=4)
    yield "1000 x 8", km.replace(iotds=1000, slots=20)
    yield "1000 x 44", km.replace(iotds=1000, mecs=44, slots=10)
    yield "shadowing 8 dB", km.replace(channel="log-distance", shadowing=8.0)
    yield "Rician (lydroo), 200 m", km.replace(channel="lydroo", area=200.0)
    yield "no fading (are), 200 m", km.replace(channel="are", area=200.0)
    yield "square-50m", mec_env.SCENARIOS["square-50m"].replace(slots=40)


def measured(policy, suite, bounds=None):
    """Mean gap with its interval [percent], and the bounds for others."""
    found = mec_env.evaluate(policy, suite, bounds=bounds)
    numbers = [100.0 * x for x in interval(suite, found.gap, 0.95)]
    return numbers, (found.lower_bound, found.best)


def main():
    """Train, judge, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="little training, one world, print only"
    )
    options = parser.parse_args()
    suite = mec_env.SUITES["square-km-v1"]
    worlds, steps, seeds = 300, 4000, (0, 1, 2)
    if options.quick:
        suite, worlds, steps, seeds = suite.only(worlds=1, episodes=1, slots=20), 12, 100, (0,)

    ladder = []
    for name, fields in LADDER.items():
        row = [measured(PricedPolicy(n, **fields), suite)[0] for n in (Constant(), shipped())]
        ladder.append([name, *row])
        _say(name, row)

    lessons, trained = learned(worlds), []
    kinds = [
        partial(PricedPolicy, **LADDER[name]) for name in ("raw", "asked lower", "refused ask on")
    ]
    for name, network in ablations(lessons, steps):
        row = [measured(kind(network), suite)[0] for kind in kinds]
        trained.append([name, *row])
        _say(name, row)

    network = shipped()
    again = second.second_network(lessons, network, steps)
    anew = [
        [100.0 * x for x in interval(suite, second.gaps(suite, network, again, told), 0.95)]
        for told in (0, 1, 2)
    ]
    _say("second price", anew)

    elsewhere = []
    policies = {
        "constant": lambda: PricedPolicy(Constant()),
        "network": lambda: PricedPolicy(shipped(), trust=(1.0,)),
        "guarded": lambda: PricedPolicy(shipped()),
        "network, refused stay": lambda: PricedPolicy(shipped(), trust=(1.0,), retries=0),
        "guarded, one broadcast": lambda: PricedPolicy(shipped(), broadcasts=1),
    }
    for name, scenario in others():
        other, bounds, row = Suite(name, scenario, seeds, (0,)), None, []
        for made in policies.values():
            numbers, bounds = measured(made(), other, bounds)
            row.append(numbers)
        elsewhere.append([name, *row])
        _say(name, row)

    results = dict(
        ladder=ladder, trained=trained, second=anew, elsewhere=elsewhere, policies=list(policies)
    )
    print(text_table(*page.ladder_table(results)))
    if not options.quick:
        record = provenance("benchmarks.priced")
        write_json(RESULTS / "priced.json", {"provenance": record, **results})
        kept = page.recorded(page.PAGE.read_text(encoding="utf-8"))
        write_text(page.PAGE, f"{page.page(results, record)}\n{kept}")


def _say(name, row):
    print(f"{name}: {', '.join(f'{np.round(mean, 3)}' for mean, _, _ in row)}", flush=True)


if __name__ == "__main__":
    main()
