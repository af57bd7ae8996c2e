"""What the numbers come to, in sentences made from them by rule."""

from mec_bench.report.wording import brackets, listed, milliseconds, percent

#: What a learner is held against, and what one of each is called.
KINDS = {"rule": "rule", "search": "search", "solver": "certified solver"}


def leading(board, *kinds):
    """The board's best method of some kinds, or None."""
    return next((s for s in board.standings if s.kind in kinds and s.mean is not None), None)


def verdict(boards):
    """Which learner beats which kind of method, suite by suite; None if there is nothing to compare.

    The kinds are :func:`mec_bench.kinds.kind_of`'s. An oracle is no rival: it is shown the future.

    Parameters
    ----------
    boards : list of mec_bench.standings.Board

    Returns
    -------
    str or None
    """
    parts = []
    for kind, called in KINDS.items():
        won, lost, tied = [], [], []
        for board in boards:
            learner, other = leading(board, "learner"), leading(board, kind)
            if learner and other:
                if board.separated(learner, other):
                    won.append(f"{board.label} ({learner.method})")
                elif board.separated(other, learner):
                    lost.append(f"{board.label} ({other.method})")
                else:
                    tied.append(f"{board.label} ({other.method})")
        for found, says in (
            (won, f"beats every {called} on"),
            (lost, f"is beaten by a {called} on"),
            (tied, f"can't be told apart from the best {called} on"),
        ):
            if found:
                parts.append(f"{says} {listed(found)}")
    return f"The best learner {'; '.join(parts)}." if parts else None


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
        named = (
            "The certified solver"
            if solver.learner == "certified"
            else f"The solver {solver.method}"
        )
        text += f". {named} is at {percent(solver.mean)}{_speed(solver, learner or simple)}"
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
