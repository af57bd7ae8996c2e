"""The short of it, for a README: what the numbers come to, and ten methods on all suites at once."""

from mec_bench.report.markdown import escaped, headline
from mec_bench.report.wording import percent
from mec_bench.tables import markdown_table

#: Methods of each kind that are shown, ten in all.
SHOWN = {"solver": 1, "rule": 3, "search": 2, "learner": 4}


def overview(boards):
    """The sentences and a table of ten methods by suite.

    Parameters
    ----------
    boards : list of mec_bench.standings.Board

    Returns
    -------
    str
        Markdown.
    """
    head = ["Mean gap", "Sees", *(escaped(board.label) for board in boards)]
    rows = [_row(by_board, boards) for by_board in shown(boards)]
    note = (
        "The best of each kind by their mean rank over the suites: the best solver, three "
        "rules, two searches, four learners; of a learner with several settings the best of a suite."
    )
    parts = [*headline(boards), markdown_table(head, rows) if rows else "", note if rows else ""]
    return "\n\n".join(part for part in parts if part) + "\n"


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
