"""``completion``: the script by which a shell completes what is typed."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell):
    """Print the script by which SHELL completes ``mec-env``.

    \b
    mec-env completion bash > ~/.local/share/bash-completion/completions/mec-env
    """
    from mec_bench.cli.app import app

    kind = get_completion_class(shell)
    click.echo(kind(app, {}, "mec-env", "_MEC_ENV_COMPLETE").source())
