"""What the references are above the bound of hindsight, for every scenario coupled in time.

    python -m benchmarks.coupled [follow-me ...] [--worlds 3] [--episodes 2] [--seconds 60]

Everything is tuned on training episodes of worlds 10 to 13 and played on evaluation episodes of
worlds 0, 1, 2. Rows are kept as they come: interrupted, it goes on where it stood, and rows of
other numbers are made again. The page docs/coupled.md is made from all rows kept.
"""

import argparse
import hashlib
import json
import time
from pathlib import Path

import numpy as np

import mec_env
from benchmarks import RESULTS
from dirs_solver import find_learner
from dirs_solver.references.playing import Training, objective
from dirs_solver.references.policies import COUPLINGS, coupled
from mec_bench.provenance import provenance, write_json
from mec_bench.tables import markdown_table, text_table
from mec_env.laws.coupling import coupling_of
from mec_env.whole_file import write_text

PATH = RESULTS / "coupled.json"
PAGE = Path(__file__).parents[1] / "docs" / "coupled.md"
#: First world that is tuned on; the evaluation's worlds are 0, 1, ….
TUNED_ON = 10
BEST_RULE = "best tuned rule"
HEAD = ["scenario", "myopic", BEST_RULE, "its name", "planning", "learned rule", "planning knows", "hindsight"]  # fmt: skip


def scenarios():
    """Names of the scenarios that couple something in time."""
    return [name for name, s in mec_env.SCENARIOS.items() if coupling_of(s) != "none"]


def scenario_key(scenario):
    """What tells scenarios of one name apart, once one changes."""
    return hashlib.sha256(repr(scenario).encode()).hexdigest()[:12]


def references(scenario, seconds):
    """The learners by which a scenario is measured, as ``find_learner`` knows them."""
    rules = COUPLINGS[coupled("tuned-rule", scenario)][0].rules
    return [
        "myopic",
        "hindsight",
        *(f"tuned-rule?rule={rule}" for rule in rules),
        "planning",
        "planning-knows",
        f"learned-rule?seconds={seconds:g}",
    ]


def bounds_of(episodes):
    """Bounds of hindsight (E,) of episodes."""
    return np.array([mec_env.hindsight(e.recorded()).lower_bound for e in episodes])


def measured(name, scenario, episodes, bounds):
    """A reference tuned and played: percent above the bound of each episode, and what it took."""
    began = time.perf_counter()
    learner = find_learner(name)()
    policy = learner.learn(scenario.replace(world_seed=TUNED_ON), seed=0)
    tuned = time.perf_counter()
    costs = []
    for episode in episodes:
        if hasattr(policy, "prepare"):
            policy.prepare(episode.scenario)
        costs.append(objective(policy, episode))
    return {
        "above": (100.0 * (np.array(costs) / bounds - 1.0)).tolist(),
        "found": learner._found,
        "tuning_seconds": round(tuned - began, 2),
        "playing_seconds": round(time.perf_counter() - tuned, 2),
    }


def _kind(row):
    return row["reference"].partition("?seconds")[0]


def summary(rows):
    """A line of the table for each scenario all of whose references are there.

    Parameters
    ----------
    rows : list of dict
        With ``scenario``, ``reference`` and ``above``, percent by episode.

    Returns
    -------
    list of (str, dict)
        Scenario, and percent above the bound by the table's columns.
    """
    lines = []
    for scenario in dict.fromkeys(row["scenario"] for row in rows):
        means = {r["reference"]: np.mean(r["above"]) for r in rows if r["scenario"] == scenario}
        by_kind = {name.partition("?")[0]: mean for name, mean in means.items()}
        rules = {n.partition("=")[2]: m for n, m in means.items() if n.startswith("tuned-rule")}
        if not {"myopic", "hindsight", "planning", "planning-knows", "learned-rule"} <= set(
            by_kind
        ):
            continue
        best = min(rules, key=rules.__getitem__)
        lines.append(
            (
                scenario,
                {
                    "myopic": by_kind["myopic"],
                    BEST_RULE: rules[best],
                    "its name": best,
                    "planning": by_kind["planning"],
                    "learned rule": by_kind["learned-rule"],
                    "planning knows": by_kind["planning-knows"],
                    "hindsight": by_kind["hindsight"],
                },
            )
        )
    return lines


def table(rows):
    """Head and cells."""

    def said(value):
        return value if isinstance(value, str) else f"{value:.2f}"

    return HEAD, [
        [name, *map(said, (found[key] for key in HEAD[1:]))] for name, found in summary(rows)
    ]


def searched(rows):
    """How long each scenario's learned rule was searched, in words."""
    return ", ".join(
        f"{row['scenario']} {row['reference'].partition('seconds=')[2]}"
        for row in rows
        if row["reference"].startswith("learned-rule")
    )


def page(rows, record):
    """The Markdown page."""
    machine = record["machine"]
    return f"""# References for tasks coupled in time

Percent above the bound of hindsight, which no policy can pass; means over evaluation episodes, lower
is better. *Myopic* takes the certified optimum of every slot by itself. A *rule* adds one number to
it, tuned on training episodes of other worlds; of the coupling's rules the one that is best on these
very episodes is shown, which is generous to rules. *Planning*
adds what an expected program for each device says of the slots ahead. The *learned rule* has six to
ten numbers, searched by CMA-ES. *Planning knows* is shown the episode to come, and *hindsight*
replays the decisions that come with the bound: neither is a policy.

{markdown_table(*table(rows))}

Seconds of search for the learned rule: {searched(rows)}. Last command: `{record["command"]}`, {record["date"][:10]}, {machine["processor"]}, load {machine["load"]}.
"""


def main():
    """Measure what is not there yet, print the table, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenarios", nargs="*", default=scenarios())
    parser.add_argument("--worlds", type=int, default=3)
    parser.add_argument("--episodes", type=int, default=2, help="of each world")
    parser.add_argument("--seconds", type=float, default=60.0, help="search of the learned rule")
    options = parser.parse_args()
    numbers = {"worlds": options.worlds, "episodes": options.episodes}
    record = provenance("benchmarks.coupled")
    rows = json.loads(PATH.read_text())["rows"] if PATH.exists() else []
    for name in options.scenarios:
        scenario = mec_env.SCENARIOS[mec_env.checks.known("scenario", name, mec_env.SCENARIOS)]
        content = scenario_key(scenario)
        episodes = [
            Training(scenario.replace(world_seed=world), seed, True)
            for world in range(options.worlds)
            for seed in range(options.episodes)
        ]
        bounds = None
        for reference in references(scenario, options.seconds):
            key = {"scenario": name, "reference": reference, "content": content, **numbers}
            if any(key.items() <= row.items() for row in rows):
                continue
            bounds = bounds_of(episodes) if bounds is None else bounds
            row = {**key, **measured(reference, scenario, episodes, bounds)}
            row["bounds"], row["load"] = (
                bounds.tolist(),
                provenance("benchmarks.coupled")["machine"]["load"],
            )
            # One row a scenario and reference, however long its search is.
            rows = [r for r in rows if (r["scenario"], _kind(r)) != (name, _kind(row))]
            rows.append(row)
            write_json(PATH, {"provenance": record, "rows": rows})
            print(f"{name} {reference}: {np.mean(row['above']):.2f} % ({row['tuning_seconds']} + {row['playing_seconds']} s) {row['found']}", flush=True)  # fmt: skip
    print(text_table(*table(rows)))
    write_text(PAGE, page(rows, record))


if __name__ == "__main__":
    main()
