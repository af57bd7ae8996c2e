"""The command lines of ``mec_bench``.

    python -m mec_bench leaderboard --quick
    python -m mec_bench leaderboard --suites square-km-v1 --learners greedy,certified
    python -m mec_bench verify FILE.json …
    python -m mec_bench migrate FILE.json …
    python -m mec_bench report --out FOLDER
    python -m mec_bench choose sb3-ppo --scenario paper-medium

Each says more with ``--help``.
"""

import sys


def main(arguments=None):
    """Hand the arguments to the command that they begin with."""
    from mec_bench import choose, commands

    calls = {
        "leaderboard": lambda rest: commands.main(rest, command="mec_bench leaderboard"),
        "verify": commands.check,
        "migrate": commands.migrate,
        "report": commands.report,
        "choose": choose.main,
    }
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if not arguments or arguments[0] not in calls:
        known = ", ".join(calls)
        asked = "" if not arguments or arguments[0] in ("-h", "--help") else f"{arguments[0]!r}: "
        print(
            __doc__ if not asked else f"mec_bench: {asked}must be one of {known}",
            file=sys.stderr if asked else sys.stdout,
        )
        raise SystemExit(2 if asked else 0)
    calls[arguments[0]](arguments[1:])


if __name__ == "__main__":
    main()
