"""How hard is each scenario? Every rule's distance from the certified bound.

    python -m benchmarks.audit            # writes docs/audit.md
    python -m benchmarks.audit --quick    # fewer slots, prints only

Percent above the certified bound, each rule raw and with exact admission at the
servers, and the links' share of the best decision's cost. A scenario that a
trivial rule nearly solves is no test of learning: the audit says which.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

import mec_env
from benchmarks import RESULTS
from mec_bench.provenance import provenance, write_json
from mec_bench.tables import markdown_table, text_table
from mec_env.judging.rules import RULES, Admitted
from mec_env.judging.suite import Suite
from mec_env.whole_file import write_text

PAGE = Path(__file__).parent.parent / "docs" / "audit.md"
# Rules that look at nothing but one number per link or device: if one of them is near, learning is not needed.
TRIVIAL = ("local", "remote", "random", "nearest", "best-link")
NEAR = 1.0  # percent above the bound that we call nearly solved


def scenarios():
    """The named scenarios, and the suites' own that have none."""
    found = dict(mec_env.SCENARIOS)
    found["city-like"] = mec_env.SUITES["city-like-v1"].scenario
    return found


def audit(scenario, worlds, slots, progress):
    """Percent above the bound by rule, raw and admitted, and the links' share [percent]."""
    suite = Suite(scenario.name, scenario.replace(slots=slots), tuple(range(worlds)), (0,))
    gaps = {}
    bounds = None
    for name, rule in RULES.items():
        for label, policy in ((name, rule()), (f"{name}+admission", Admitted(rule()))):
            evaluation = mec_env.evaluate(policy, suite, progress, bounds=bounds)
            bounds = evaluation.lower_bound, evaluation.best
            gaps[label] = float(100 * np.mean(evaluation.gap))
    shares = []
    for slot in suite.slots():
        certificate = mec_env.certify(slot)
        offloads = np.flatnonzero(certificate.decision)
        links = slot.link_cost[offloads, certificate.decision[offloads] - 1].sum()
        shares.append(100 * links / certificate.objective)
    return gaps, float(np.mean(shares))


def verdict(gaps):
    """The best trivial rule, and whether it nearly solves the scenario."""
    name = min(
        (label for label in gaps if label.removesuffix("+admission") in TRIVIAL), key=gaps.get
    )
    word = "nearly solved by" if gaps[name] < NEAR else "best trivial rule"
    return f"{word} {name}, {gaps[name]:.2f} %"


def table(results):
    """Head and rows: a line per scenario."""
    head = ["scenario", "links' share", *RULES]
    rows = []
    for name, (gaps, share) in results.items():
        cells = [f"{gaps[rule]:.2f} / {gaps[f'{rule}+admission']:.2f}" for rule in RULES]
        rows.append([name, f"{share:.0f} %", *cells])
    return head, rows


def page(results, record):
    """The Markdown page."""
    head, rows = table(results)
    verdicts = markdown_table(
        ["scenario", "verdict"], [[name, verdict(gaps)] for name, (gaps, _) in results.items()]
    )
    large = results["paper-large"][0]
    km = results["square-km"][0]
    return f"""# Audit: how hard is each scenario?

**The paper's own task is nearly solved by a trivial rule.** On `paper-large` the best
link followed by exact admission at each server is {large["best-link+admission"]:.2f} % above the
certified bound, and the paper's own *Remote* is {large["remote"]:.2f} % above it. A learner that is
"within 1 %" there has shown nothing. On `square-km` the same rules are
{km["best-link+admission"]:.1f} % and {km["remote"]:.0f} % off: there learning counts.
The reason: with equal tasks and links of 1 % of the cost, all that matters is how many devices
a server takes. The k-th one adds (2k - 1) F / F_max = (2k - 1) 0.1 s against the 2 it costs
locally, so ten are best; and ten is just what the capacity rule of *Remote* lets in (F_max / f_0).

{verdicts}

Nearly solved: below {NEAR:g} % above the bound. Trivial rules: {", ".join(TRIVIAL)}.

## Percent above the certified bound, raw / with exact admission

{markdown_table(head, rows)}

Links' share: of the certified decision's cost, what transmission takes. `channel-blind`
decides for links of average gain (it knows the map and the tasks, not the fading);
`constant-price` has one calibrated price per server, `low-price` the same some deviations too
cheap; `slot-price` rounds at the slot's own
optimal prices; `certified` is the certificate's decision. Calibrated rules saw 100
training slots of each world.

Made by `{record["command"]}`, revision {record["revision"]}, {record["machine"]["processor"]}.
"""


def main():
    """Audit, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few slots, print only")
    parser.add_argument("--scenarios", help="names, default all")
    options = parser.parse_args()
    from tqdm import tqdm

    worlds, slots = (1, 4) if options.quick else (3, 20)
    chosen = scenarios()
    if options.scenarios:
        chosen = {name: chosen[name] for name in options.scenarios.split(",")}
    results = {}
    with tqdm(
        total=len(chosen) * 2 * len(RULES) * worlds * slots, unit="slot", file=sys.stderr
    ) as bar:
        for name, scenario in chosen.items():
            bar.set_description(name)
            results[name] = audit(scenario, worlds, slots, bar.update)
    print(text_table(*table(results)))
    for name, (gaps, _) in results.items():
        print(f"{name}: {verdict(gaps)}")
    if not options.quick and not options.scenarios:
        record = provenance("benchmarks.audit")
        write_json(RESULTS / "audit.json", {"provenance": record, "scenarios": results})
        write_text(PAGE, page(results, record))


if __name__ == "__main__":
    main()
