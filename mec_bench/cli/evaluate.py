"""``evaluate``: one learner, trained and judged, without a folder of cells."""

import json

import click

import mec_env
from mec_bench.cli.given import known_learners, scenario_of
from mec_env.judging.evaluation import join
from mec_env.judging.suite import SUITES, Suite, resolve_suite


@click.command()
@click.argument("learner")
@click.option("--suite", help="A frozen suite.")
@click.option("--scenario", help="Or a scenario, by name or file: worlds and slots of your own.")
@click.option("--worlds", default=2, show_default=True, type=click.IntRange(1))
@click.option(
    "--slots", type=click.IntRange(1), help="Of an episode.  [default: all, 20 of a scenario]"
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0))
@click.option(
    "--training-slots", type=click.IntRange(1), help="A world.  [default: the learner's own]"
)
@click.option("--trust", is_flag=True, help="Load saved models, which runs code that is in them.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def evaluate(learner, suite, scenario, worlds, slots, seed, training_slots, trust, as_json):
    """Train LEARNER on each world, judge it on slots that no training meets, and print a table.

    \b
    mec-env evaluate greedy --suite square-km-v1 --worlds 1 --slots 10
    mec-env evaluate sb3-ppo-prices --scenario mine.toml --worlds 1
    mec-env evaluate my_package.my_module:MyLearner --scenario square-km
    """
    from dirs_solver.learner import find_learner

    if (suite is None) == (scenario is None):
        raise click.UsageError(f"one of --suite ({', '.join(SUITES)}) and --scenario must be given")
    known_learners([learner], trust)
    if suite is not None:
        judged = resolve_suite(suite).only(worlds=worlds, slots=slots)
    else:
        chosen = scenario_of(scenario).replace(slots=slots or 20)
        judged = Suite(chosen.name, chosen, tuple(range(worlds)), (0,))
    parts = []
    for k, (_, world) in enumerate(judged.worlds()):
        policy = find_learner(learner, trust)().learn(world, seed, training_slots)
        parts.append(mec_env.evaluate(policy, judged.world(k), seed=seed))
    found = join(judged, parts)
    if not as_json:
        click.echo(found.summary())
        return
    objective, gap = found.interval(), found.interval(100.0 * found.gap)
    said = {
        "learner": learner,
        "suite": judged.name,
        "unit": judged.unit,
        "scores": found.objective.size,
    }
    said |= dict(zip(("objective", "objective_low", "objective_high"), objective))
    said |= dict(zip(("gap_percent", "gap_low", "gap_high"), gap))
    click.echo(json.dumps(said, indent=1))
