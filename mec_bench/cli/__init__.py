"""``mec-env``, the command: scenarios, a comparison of your own, the leaderboard, this machine's speed.

One file a group of commands; :mod:`mec_bench.cli.app` knows their names and loads one when it is
called, so that ``--help`` waits for nothing.
"""

import os
import sys


def main(arguments=None):
    """The console script ``mec-env``."""
    try:
        from mec_bench.cli.app import app
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        print('mec-env needs click: pip install "mec-offloading[bench]"', file=sys.stderr)
        raise SystemExit(1) from None
    # A console script lacks it: a learner's module in the working directory is found as by
    # ``python -m``, but at the end, so that nothing installed is hidden by a file that is there.
    if not {"", os.getcwd()} & set(sys.path):
        sys.path.append(os.getcwd())
    try:
        app(arguments, prog_name="mec-env")
    except SystemExit as end:
        # Who calls from Python goes on where all went well.
        if end.code:
            raise
