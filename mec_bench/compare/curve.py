"""From cells to curves: what each learner comes to at each point, and how surely."""

from dataclasses import dataclass

import numpy as np

from mec_bench.bootstrap import Redraw, percentiles
from mec_bench.compare.points import text_of
from mec_bench.scores import scores_of
from mec_bench.standings import boards


@dataclass(frozen=True, eq=False)
class Entry:
    """A learner at a point.

    Attributes
    ----------
    at : tuple
        A value for each field that varies.
    learner : str
    standing : mec_bench.standings.Standing or None
        Its gap, ranks and costs; None where no cell of it is done.
    objective : (mean, low, high) or None
        With a 95 % interval, whose ends are None where nothing could be redrawn.
    bound : float or None
        Mean certified bound on the same slots: no method is below it.
    failed : str or None
        Why a cell, or the point, came to nothing.
    """

    at: tuple
    learner: str
    standing: object = None
    objective: tuple | None = None
    bound: float | None = None
    failed: str | None = None

    @property
    def gap(self):
        """(mean, low, high) of the distance above the bound [%], or None."""
        if self.standing is None:
            return None
        ends = self.standing.mean_interval or (None, None)
        return tuple(None if v is None else 100.0 * v for v in (self.standing.mean, *ends))


def entries_of(asked, cells):
    """The Entries of a comparison, point by point, in the order of its learners.

    Parameters
    ----------
    asked : mec_bench.compare.asked.Asked
    cells : dict
        Records by the name of their files, as ``Store.read`` gives them.

    Raises
    ------
    ValueError
        For a finished cell without finite numbers.
    """
    found = []
    for point in asked.points:
        names = {name for own in point["cells"].values() for name in own}
        board = boards([cells[name] for name in sorted(names) if name in cells])
        standings = {s.learner: s for b in board for s in b.standings}
        for learner in asked.learners:
            # A range is shown as text, and a point must be a key.
            at = tuple(v if isinstance(v, (int, float, str)) else text_of(v) for v in point["at"])
            if point["problem"]:
                found.append(Entry(at, learner, failed=point["problem"]))
                continue
            own = [cells[name] for name in point["cells"].get(learner, ()) if name in cells]
            found.append(_entry(at, learner, own, standings.get(learner), board))
    return found


def _entry(at, learner, own, standing, board):
    failed = [cell["error"] for cell in own if cell["status"] != "done"]
    why = failed[0] if failed else None if own else "has not run yet"
    if standing is None or standing.mean is None:
        return Entry(at, learner, failed=why)
    return Entry(at, learner, standing, _objective(standing), board[0].bound, why)


def _objective(standing):
    """Mean objective of a method with its interval, redrawn over worlds (or episodes of one)."""
    found = [scores_of(cell).means["objective"] for cell in standing.cells]
    over_worlds = found[0].shape[0] > 1
    units = [means.mean(axis=1) if over_worlds else means.ravel() for means in found]
    redraw = Redraw(len(units[0]), runs_shared=not over_worlds)
    again = redraw.scores(np.array(units), standing.method)
    means = None if again is None else again.mean(axis=1)
    return float(np.mean(units)), *(percentiles(means, redraw.units) or (None, None))
