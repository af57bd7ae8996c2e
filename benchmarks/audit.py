"""How hard is each scenario? Every rule's distance from the certified bound.

    python -m benchmarks.audit            # writes docs/audit.md
    python -m benchmarks.audit --quick    # fewer slots, prints only

Percent above the certified bound, each rule raw and with exact admission at the
servers, and the links' share of the best decision's cost. A scenario that a
trivial rule nearly solves is no test of learning: the audit says which. One whose
coupling is weak is no test of far-sight: the audit says by how much the optimum of
each slot by itself falls behind hindsight. The other references of coupled scenarios are
those that ``python -m benchmarks.coupled`` measured.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

import mec_env
from benchmarks import RESULTS, coupled
from dirs_solver.references.playing import Training, objective
from dirs_solver.references.policies import Myopic
from mec_bench.provenance import provenance, write_json
from mec_bench.tables import markdown_table, text_table
from mec_env.judging.rules import RULES, Admitted
from mec_env.judging.suite import Suite
from mec_env.laws.coupling import coupling_of
from mec_env.whole_file import write_text

PAGE = Path(__file__).parent.parent / "docs" / "audit.md"
# Rules that look at nothing but one number per link or device: if one of them is near, learning is not needed.
TRIVIAL = ("local", "remote", "random", "nearest", "best-link")
WORLDS = 3
NEAR = 1.0  # percent above the bound that we call nearly solved


def scenarios():
    """The named scenarios, and the suites' own that have none."""
    found = dict(mec_env.SCENARIOS)
    found["city-like"] = mec_env.SUITES["city-like-v1"].scenario
    return found


def slots_of(scenario, slots):
    """Slots of an episode: ``slots``, or the scenario's own where they depend on each other."""
    return slots if coupling_of(scenario) == "none" else scenario.slots


def strength(scenario, worlds, slots):
    """How much far-sight is worth.

    Parameters
    ----------
    scenario : Scenario
    worlds : int
        An evaluation episode of each.
    slots : int
        Of an episode, as for :func:`slots_of`.

    Returns
    -------
    dict of str to float
        ``strength``, by how much the certified optimum of each slot by itself costs more than
        hindsight's decisions [percent], and what both are above the bound, ``hindsight`` and
        ``myopic`` [percent]; means over the episodes.
    """
    scenario = scenario.replace(slots=slots_of(scenario, slots))
    rows = []
    for world in range(worlds):
        episode = Training(scenario.replace(world_seed=world), 0, evaluation=True)
        known, cost = mec_env.hindsight(episode.recorded()), objective(Myopic(), episode)
        rows.append(
            (cost / known.objective, known.objective / known.lower_bound, cost / known.lower_bound)
        )
    means = 100.0 * (np.mean(rows, axis=0) - 1.0)
    return dict(zip(("strength", "hindsight", "myopic"), means.tolist()))


def strength_table(strengths, references):
    """Head and rows, the strongest coupling first.

    Parameters
    ----------
    strengths : dict of str to dict
        By scenario, as :func:`strength` has them.
    references : dict of str to dict
        By scenario, the columns of ``benchmarks.coupled.HEAD``, where they were measured.
    """
    more = coupled.HEAD[2:-1]
    head = ["scenario", "coupling strength", "hindsight's decisions", "myopic", *more]
    rows = []
    for name, found in sorted(strengths.items(), key=lambda item: -item[1]["strength"]):
        own = references.get(name, {})
        others = [f"{v:.2f}" if isinstance(v, float) else v or "–" for v in map(own.get, more)]
        # Rounding is no coupling: there is no minus nought.
        numbers = [f"{found[key]:.2f}" for key in ("strength", "hindsight", "myopic")]
        rows.append([name, *(n.replace("-0.00", "0.00") for n in numbers), *others])
    return head, rows


def audit(scenario, worlds, slots, progress):
    """Percent above the bound by rule, raw and admitted, and the links' share [percent]."""
    suite = Suite(
        scenario.name, scenario.replace(slots=slots_of(scenario, slots)), tuple(range(worlds)), (0,)
    )
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


def page(results, strengths, references, record):
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

## How much far-sight is worth

{markdown_table(*strength_table(strengths, references))}

Coupling strength: by how much the certified optimum of each slot by itself (*myopic*) costs more
than hindsight's decisions [percent]. It is 0 where no slot depends on what was decided before, but
for the little by which two searches of the same slot differ where none is exact. The other columns are percent above the bound that no policy can pass, whole episodes, an evaluation episode
of each of {WORLDS} worlds; what tunes or plans comes from [the references' own page](coupled.md),
two episodes of each, and stands for scenarios that were measured there.

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

    worlds, slots = (1, 4) if options.quick else (WORLDS, 20)
    chosen = scenarios()
    if options.scenarios:
        chosen = {name: chosen[name] for name in options.scenarios.split(",")}
    results = {}
    total = 2 * len(RULES) * worlds * sum(slots_of(s, slots) for s in chosen.values())
    strengths = {}
    with tqdm(total=total, unit="slot", file=sys.stderr) as bar:
        for name, scenario in chosen.items():
            bar.set_description(name)
            results[name] = audit(scenario, worlds, slots, bar.update)
            strengths[name] = strength(scenario, worlds, slots)
    print(text_table(*table(results)))
    for name, (gaps, _) in results.items():
        print(f"{name}: {verdict(gaps)}; coupling strength {strengths[name]['strength']:.2f} %")
    if not options.quick and not options.scenarios:
        record = provenance("benchmarks.audit")
        said = {"provenance": record, "scenarios": results, "strengths": strengths}
        write_json(RESULTS / "audit.json", said)
        rows = json.loads(coupled.PATH.read_text())["rows"] if coupled.PATH.exists() else []
        write_text(PAGE, page(results, strengths, dict(coupled.summary(rows)), record))


if __name__ == "__main__":
    main()
