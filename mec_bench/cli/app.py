"""The group of all commands, each loaded when it is called."""

from importlib import import_module

import click

from mec_env.version import __version__

#: Command -> where it is, and what ``--help`` of the group says of it.
COMMANDS = {
    "scenarios": ("scenarios:scenarios", "The named scenarios, with their sizes."),
    "show": ("scenarios:show", "A scenario: parameters, a slot's certified bound, rules, a picture."),
    "new": ("scenarios:new", "Write a scenario's file to edit, with a comment for each field."),
    "evaluate": ("evaluate:evaluate", "Train one learner and judge it on a suite or a scenario."),
    "compare": ("compare:compare", "Learners on your scenario while fields vary: figure and tables."),
    "leaderboard": ("board:leaderboard", "Learners on the frozen suites."),
    "verify": ("board:verify", "Check anybody's result cells without their learners."),
    "report": ("board:report", "The page of a folder of cells, or a comparison's files again."),
    "migrate": ("board:migrate", "Write cells of an older layout anew."),
    "choose": ("board:choose", "Choose a learner's settings on worlds that no suite has."),
    "bench": ("bench:bench", "How fast this machine steps, observes and certifies."),
    "completion": ("completion:completion", "The script by which a shell completes mec-env."),
}  # fmt: skip


class Lazily(click.Group):
    """A group whose commands are imported when they are called; errors become one sentence."""

    def list_commands(self, ctx):
        return list(COMMANDS)

    def get_command(self, ctx, name):
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name][0].partition(":")
        return getattr(import_module(f"mec_bench.cli.{module}"), attribute)

    def resolve_command(self, ctx, args):
        if args and args[0] not in COMMANDS:
            from mec_env import checks

            try:
                checks.known("command", args[0], COMMANDS)
            except ValueError as error:
                ctx.fail(str(error))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx, formatter):
        # Their own help would load them all.
        with formatter.section("Commands"):
            formatter.write_dl([(name, said) for name, (_, said) in COMMANDS.items()])

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        except (OSError, ImportError) as error:
            raise click.ClickException(str(error)) from None


@click.group(
    cls=Lazily,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 all went well, 1 something failed, 2 the command line can't be.",
    # By itself the command prints its help and succeeds; click's own way exits 0 or 2 by version.
    invoke_without_command=True,
)
@click.version_option(__version__, prog_name="mec-env")
@click.pass_context
def app(ctx):
    """Task offloading in edge computing, with certified optima.

    \b
    mec-env scenarios                            what there is to play
    mec-env show square-km                       one of them, with its bound
    mec-env new mine.toml --base square-km       your own, to edit
    mec-env compare --scenario mine.toml --vary iotds=60,120,180 --out mine
    mec-env compare --quick                      a figure in two minutes
    mec-env leaderboard --quick                  the frozen suites, small
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
