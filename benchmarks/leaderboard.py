"""The leaderboard of this repository: :mod:`mec_bench.commands` with its recorded results.

    python -m benchmarks.leaderboard --quick

The same as ``python -m mec_bench leaderboard``, but that results are kept in
``benchmarks/results``.
"""

from benchmarks import RESULTS
from mec_bench import commands


def main(arguments=None):
    """Run, verify, migrate or report."""
    commands.main(arguments, out=RESULTS, command="python -m benchmarks.leaderboard")


if __name__ == "__main__":
    main()
