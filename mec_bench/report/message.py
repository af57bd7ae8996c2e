"""What the numbers come to, in sentences made from them by rule."""

from mec_bench.report.wording import brackets, listed, milliseconds, percent

#: Suites on the paper's own task begin so.
PAPER = "paper-"


def leading(board, *kinds):
    """The board's best method of some kinds, or None."""
    return next((s for s in board.standings if s.kind in kinds and s.mean is not None), None)


def verdict(boards):
    """Who wins on the paper's own task; None if no learner met a simpler method there.

    A method that learns nothing is a rule or a search; the certified solver is
    neither, it is what all are measured by.

    Parameters
    ----------
    boards : list of mec_bench.standings.Board

    Returns
    -------
    str or None
    """
    lost, won, tied = [], [], []
    for board in boards:
        learner, simple = leading(board, "learner"), leading(board, "rule", "search")
        if not (board.suite.startswith(PAPER) and learner and simple):
            continue
        if board.separated(simple, learner):
            lost.append(board.label)
        elif board.separated(learner, simple):
            won.append(board.label)
        else:
            tied.append(board.label)
    parts = []
    if lost:
        parts.append(f"a method that learns nothing beats every learner on {listed(lost)}")
    if won:
        parts.append(f"a learner beats every method that learns nothing on {listed(won)}")
    if tied:
        parts.append(f"the best of either can't be told apart on {listed(tied)}")
    return f"On the paper's own task, {'; '.join(parts)}." if parts else None


def sentences(boards):
    """A sentence for each board that has something to compare: its best learner and simplest rivals.

    Parameters
    ----------
    boards : list of mec_bench.standings.Board

    Returns
    -------
    list of str
    """
    return [sentence for board in boards if (sentence := _sentence(board))]


def _sentence(board):
    learner, simple = leading(board, "learner"), leading(board, "rule", "search")
    solver = leading(board, "solver")
    if learner and simple:
        text = _compared(board, learner, simple)
    elif solver and (learner or simple):
        text = f"the best {'learner' if learner else 'that learns nothing'} is {_at(learner or simple)}"
    else:
        return None
    if solver:
        text += f". The certified solver is at {percent(solver.mean)}{_speed(solver, learner or simple)}"
    return f"{board.label}: {text}."


def _compared(board, learner, simple):
    if board.separated(simple, learner):
        by = _apart(board.difference(learner, simple))
        return f"{_at(simple)} learns nothing and beats the best learner, {_at(learner)}, by {by}"
    if board.separated(learner, simple):
        by = _apart(board.difference(simple, learner))
        return (
            f"{_at(learner)} learns and beats the best that learns nothing, {_at(simple)}, by {by}"
        )
    by = _apart(board.difference(learner, simple))
    return (
        f"{_at(learner)}, the best learner, and {_at(simple)}, the best that learns nothing, "
        f"can't be told apart: the difference is {by}"
    )


def _speed(solver, other):
    if not (solver.milliseconds and other.milliseconds):
        return ""
    return f" and takes {milliseconds(solver.milliseconds)} ms a decision, {other.method} {milliseconds(other.milliseconds)} ms"


def _apart(difference):
    return f"{percent(difference[0], '')} points {brackets(difference[1:])}".strip()


def _at(standing):
    return f"{standing.method} ({percent(standing.mean)})"
