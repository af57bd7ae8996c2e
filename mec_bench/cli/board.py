"""The leaderboard's commands, whose command lines are those of :mod:`mec_bench.commands`."""

import click

#: Their own parser reads them, ``--help`` too.
_RAW = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}


def _handed_on(name, said, call):
    @click.command(name, context_settings=_RAW, help=said, add_help_option=False)
    @click.argument("words", nargs=-1, type=click.UNPROCESSED)
    def command(words):
        call(list(words))

    return command


def _leaderboard(words):
    from mec_bench import commands

    commands.main(words, command="mec-env leaderboard")


def _verify(words):
    from mec_bench import commands

    commands.check(words)


def _migrate(words):
    from mec_bench import commands

    commands.migrate(words)


def _choose(words):
    from mec_bench import choose

    choose.main(words)


def _report(words):
    from pathlib import Path

    from mec_bench import commands
    from mec_bench.compare.asked import FILE, Asked

    folder = next((word for word in words if (Path(word) / FILE).is_file()), None)
    if folder is None:
        commands.report(words)
        return
    from mec_bench.compare.write import print_table, write

    asked = Asked.load(folder)
    files = write(asked, folder)
    click.echo(print_table(asked, folder))
    for file in files:
        click.echo(f"written: {file}")


leaderboard = _handed_on("leaderboard", "Learners on the frozen suites.", _leaderboard)
verify = _handed_on("verify", "Check anybody's result cells.", _verify)
migrate = _handed_on("migrate", "Write cells of an older layout anew.", _migrate)
report = _handed_on("report", "The page of a folder of cells, or a comparison's files.", _report)
choose = _handed_on("choose", "Choose a learner's settings.", _choose)
