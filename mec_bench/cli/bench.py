"""``bench``: how fast this machine steps, observes and certifies a scenario."""

import json
import time

import click
import numpy as np

import mec_env
from mec_bench.cli.given import scenario_of
from mec_bench.tables import text_table

#: Each figure is the median of so many rounds, each as long as this [s].
ROUNDS, SECONDS = 5, 0.3


@click.command()
@click.option("--scenario", default="paper-large", show_default=True, metavar="NAME|FILE")
@click.option(
    "--num-envs", default=64, show_default=True, type=click.IntRange(1), help="Rows of the batch."
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def bench(scenario, num_envs, as_json):
    """Slots a second of this machine: one environment, a batch, and a certificate.

    Medians of five rounds after a warm-up. The machine's load is part of the answer: run it twice.

    \b
    mec-env bench
    mec-env bench --scenario square-km --num-envs 1024
    """
    chosen = scenario_of(scenario).replace(slots=2**31 - 1)
    env, batch = mec_env.MECEnv(scenario=chosen), mec_env.MECVectorEnv(num_envs, scenario=chosen)
    env.reset(seed=0)
    batch.reset(seed=0)
    rng = np.random.default_rng(0)
    one = rng.integers(0, chosen.mecs + 1, chosen.iotds)
    many = rng.integers(0, chosen.mecs + 1, (num_envs, chosen.iotds))
    slot = env.slot
    found = {
        "step, one environment": _rate(lambda: env.step(one)),
        f"step, a batch of {num_envs}": num_envs * _rate(lambda: batch.step(many)),
        "certificate of a slot": _rate(lambda: mec_env.certify(slot)),
    }
    if as_json:
        click.echo(json.dumps({"scenario": chosen.name, "slots_per_second": found}, indent=1))
        return
    rows = [[what, f"{rate:,.0f}", f"{1e6 / rate:,.1f}"] for what, rate in found.items()]
    click.echo(f"{chosen.name}: {chosen.iotds} devices, {chosen.mecs} servers\n")
    click.echo(text_table(["what", "slots a second", "us a slot"], rows))


def _rate(work):
    """Calls a second, the median of some rounds."""
    work()
    rates = []
    for _ in range(ROUNDS):
        count, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < SECONDS:
            work()
            count += 1
        rates.append(count / (time.perf_counter() - begin))
    return float(np.median(rates))
