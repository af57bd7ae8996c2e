"""The short of it, for a README: what the numbers come to, and ten methods on all suites at once."""

import mec_env
from mec_bench.report.markdown import escaped
from mec_bench.report.message import verdict
from mec_bench.report.wording import percent
from mec_bench.tables import markdown_table

#: Methods of each kind that are shown, ten in all.
SHOWN = {"solver": 1, "rule": 3, "search": 2, "learner": 4}
#: Ten again where there are suites of both units: of those that score slots, and of episodes.
SLOTS = {"solver": 1, "rule": 1, "search": 1, "learner": 4}
EPISODES = {"rule": 1, "search": 1, "learner": 1}
NOTE = (
    "The best of each kind by their mean rank over the suites of a table; of a learner with several "
    "settings the best of a suite."
)


def overview(boards):
    """The sentence of what it comes to, and tables of ten methods by suite.

    A suite with fewer than ten methods has its column on the board alone. Suites that score slots and
    suites that score episodes are apart, for few methods are on both.

    Parameters
    ----------
    boards : list of mec_bench.standings.Board

    Returns
    -------
    str
        Markdown.
    """
    full = [board for board in boards if _methods(board) >= 10] or boards
    slots = [board for board in full if not _of_episodes(board)]
    episodes = [board for board in full if _of_episodes(board)]
    both = slots and episodes
    parts = [escaped(verdict(boards) or "")]
    tables = _table(slots, SLOTS if both else SHOWN) + _table(episodes, EPISODES if both else SHOWN)
    parts += [*tables, NOTE if tables else ""]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(boards, counts):
    found = shown(boards, counts)
    if not found:
        return []
    head = ["Mean gap", "Sees", *(escaped(board.label) for board in boards)]
    return [markdown_table(head, [_row(by_board, boards) for by_board in found])]


def _methods(board):
    return sum(standing.mean is not None for standing in board.standings)


def _of_episodes(board):
    suite = mec_env.SUITES.get(board.suite)
    return suite is not None and suite.unit == "episode"


def shown(boards, counts=SHOWN):
    """The methods of the table, best first: for each a dict from the board's place to its Standing.

    A method counts for a learner's name: its best settings on each board. Those that are on
    more boards come before others of their kind.
    """
    learners = {}
    for k, board in enumerate(boards):
        for standing in board.standings:
            if standing.mean is not None:
                learners.setdefault(standing.learner, {}).setdefault(k, standing)
    taken = []
    for kind, count in counts.items():
        # A search that has been trained anywhere is a learner.
        own = [by for by in learners.values() if _kind(by) == kind]
        taken += sorted(own, key=lambda by: (-len(by), _mean_rank(by), _name(by)))[:count]
    return sorted(taken, key=lambda by: (_mean_rank(by), _name(by)))


def _kind(by_board):
    kinds = {standing.kind for standing in by_board.values()}
    return "learner" if "learner" in kinds else next(iter(kinds))


def _mean_rank(by_board):
    return sum(standing.rank for standing in by_board.values()) / len(by_board)


def _name(by_board):
    return next(iter(by_board.values())).learner


def _row(by_board, boards):
    some = next(iter(by_board.values()))
    gaps = [by_board[k].mean if k in by_board else None for k in range(len(boards))]
    texts = (percent(gap).replace("<", "&lt;") for gap in gaps)
    return [escaped(some.learner), some.information, *texts]
