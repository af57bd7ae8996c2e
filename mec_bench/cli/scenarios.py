"""``scenarios``, ``show``, ``new``: the tasks that there are, one of them, and one of your own."""

import json
from pathlib import Path

import click

import mec_env
from mec_bench.cli.described import commented_toml, rows_of
from mec_bench.cli.given import scenario_of
from mec_bench.tables import text_table
from mec_env.laws.coupling import coupling_of

_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.command()
@_JSON
def scenarios(as_json):
    """The named scenarios, with their sizes and what couples their slots.

    \b
    mec-env scenarios
    mec-env scenarios --json
    """
    head = ("scenario", "servers", "devices", "map", "channel", "slots", "coupled by", "reward")
    rows = [
        (
            name, s.mecs, s.iotds, f"{s.area[0]:g} x {s.area[1]:g} m", s.channel, s.slots,
            coupling_of(s), s.reward,
        )
        for name, s in mec_env.SCENARIOS.items()
    ]  # fmt: skip
    if as_json:
        click.echo(json.dumps([dict(zip(head, row)) for row in rows], indent=1))
    else:
        click.echo(text_table(head, [[str(entry) for entry in row] for row in rows]))


@click.command()
@click.argument("scenario", metavar="NAME|FILE")
@click.option("--slots", default=5, show_default=True, help="That rules and bounds are judged on.")
@click.option("--picture", type=Path, metavar="FILE.png", help="Draw the first slot there.")
@_JSON
def show(scenario, slots, picture, as_json):
    """A scenario's parameters with units, a sample slot's certified bound, and how far rules are off.

    \b
    mec-env show square-km
    mec-env show mine.toml --picture mine.png
    """
    from mec_bench.cli.audit import audit_of, draw, meaning_of

    chosen = scenario_of(scenario)
    found = audit_of(chosen, slots)
    if picture is not None:
        draw(chosen, picture)
    if as_json:
        fields = {name: value for name, value, _, _ in rows_of(chosen)}
        click.echo(json.dumps({"scenario": fields, **found}, indent=1))
        return
    rows = [[name, value, unit] for name, value, unit, _ in rows_of(chosen)]
    click.echo(text_table(["field", "value", "unit"], rows))
    slot = found["slot"]
    click.echo(
        f"\nsample slot: certified bound {slot['lower_bound']:.6g}, best decision found "
        f"{slot['objective']:.6g} ({slot['gap_percent']:.2g} % above it), all at home "
        f"{slot['local']:.6g}; {100 * slot['offloaded']:.0f} % of the devices offload"
    )
    if coupling_of(chosen) != "none":
        click.echo(
            "Slots depend on earlier decisions: the bound below is hindsight's, of episodes."
        )
    over = f"mean of {slots} slots" if coupling_of(chosen) == "none" else f"{slots} slots together"
    does = {name: meaning_of(name) for name in found["rules"]}
    width = max(map(len, does.values()))
    rules = [[n, f"{gap:.2f} %", does[n].ljust(width)] for n, gap in found["rules"].items()]
    click.echo(f"\nHow far rules are above the bound, {over}:\n")
    click.echo(text_table(["rule", "above", ""], rules))
    if picture is not None:
        click.echo(f"\nwritten: {picture}")


@click.command()
@click.argument("file", type=Path)
@click.option("--base", default="square-km", show_default=True, help="Scenario to begin from.")
@click.option("--sites", type=Path, help="CSV of a city's base stations, with --users.")
@click.option("--users", type=Path, help="CSV of a city's users, with --sites.")
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def new(file, base, sites, users, force):
    """Write a scenario to FILE (TOML), each field with its meaning and unit, to be edited.

    \b
    mec-env new mine.toml
    mec-env new harbour.toml --sites sites.csv --users users.csv
    mec-env compare --scenario mine.toml --vary iotds=60,120,180
    """
    from mec_env.whole_file import write_text

    if (sites is None) != (users is None):
        raise click.UsageError("--sites and --users go together: one file each")
    if file.exists() and not force:
        raise click.ClickException(f"{file}: is there already, --force overwrites it")
    if sites is not None:
        chosen = mec_env.city_scenario(sites, users)
    else:
        chosen = scenario_of(base).replace(name=file.stem)
    write_text(file, commented_toml(chosen))
    click.echo(f"written: {file}")
