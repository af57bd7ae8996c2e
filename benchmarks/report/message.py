"""What the numbers come to, in sentences made from them by rule."""

from benchmarks.report.wording import interval, percent, points

#: Suites on the paper's own task begin so.
PAPER = "paper-"


def sentences(boards):
    """The verdict on the paper's task, then one sentence a suite, where there is something to compare.

    Parameters
    ----------
    boards : list of benchmarks.standings.Board

    Returns
    -------
    list of str
    """
    duels = [(board, *_duel(board)) for board in boards]
    spoken = [_suite(*duel) for duel in duels]
    return [*_verdict(duels), *(sentence for sentence in spoken if sentence)]


def best(board, *kinds):
    """The board's best method of some kinds, or None."""
    return next((s for s in board.standings if s.kind in kinds and s.mean is not None), None)


def _duel(board):
    """Best learner, best rule or search, and the certified solver; each may be None."""
    return best(board, "learner"), best(board, "rule", "search"), best(board, "solver")


def _verdict(duels):
    fought = [
        (board, learner, simple)
        for board, learner, simple, _ in duels
        if board.suite.startswith(PAPER) and learner and simple
    ]
    if not fought:
        return []
    lost = [b.label for b, learner, simple in fought if b.separated(simple, learner)]
    won = [b.label for b, learner, simple in fought if b.separated(learner, simple)]
    if len(lost) == len(fought):
        text = f"a method that learns nothing beats every learner on {_count(lost, fought)}"
    elif len(won) == len(fought):
        text = f"a learner beats every method that learns nothing on {_count(won, fought)}"
    else:
        text = (
            f"a method that learns nothing beats every learner on {_count(lost, fought)}, "
            f"and a learner beats every such method on {_count(won, fought)}"
        )
    return [f"On the paper's own task, {text}."]


def _count(some, of):
    if len(of) == 1:
        return "the one suite of it that was run" if some else "none of the one suite that was run"
    if not some:
        return f"none of its {len(of)} suites"
    return f"{'all' if len(some) == len(of) else len(some)} of its {len(of)} suites"


def _suite(board, learner, simple, solver):
    shown = [s for s in (learner, simple, solver) if s]
    if len(shown) < 2 or not (learner or simple):
        return None
    parts = []
    if learner and simple:
        parts.append(_compare(board, learner, simple))
    else:
        lone = learner or simple
        name = "learner" if learner else "method that learns nothing"
        parts.append(f"the best {name}, {_at(lone)}")
    if solver:
        first = learner or simple
        speed = ""
        if solver.milliseconds and first.milliseconds:
            speed = (
                f", in {solver.milliseconds:.3g} ms a decision "
                f"({first.method}: {first.milliseconds:.3g} ms)"
            )
        parts.append(f"the certified solver is at {percent(solver.mean)}{speed}")
    return f"{board.label}: {'; '.join(parts)}."


def _compare(board, learner, simple):
    difference = board.difference(learner, simple)
    apart = f"{points(difference[0])} points {interval(difference[1:])}".strip()
    if board.separated(simple, learner):
        return f"{_at(simple)}, learns nothing and beats the best learner, {_at(learner)} ({apart})"
    if board.separated(learner, simple):
        return (
            f"the best learner, {_at(learner)}, beats every method that learns nothing, "
            f"the next of which is {_at(simple)} ({apart})"
        )
    return (
        f"the best learner, {_at(learner)}, and the best method that learns nothing, "
        f"{_at(simple)}, can't be told apart ({apart})"
    )


def _at(standing):
    return f"{standing.method} at {percent(standing.mean)}"
