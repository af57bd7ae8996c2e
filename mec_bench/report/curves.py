"""Learning curves of a method, brought to one: the mean over worlds and seeds."""

import numpy as np

POINTS = 14


def mean_curve(cells, points=POINTS):
    """Mean objective on training slots against processor time.

    Each world's curve of each cell is read at common times, from the last first
    point to the first last point, straight between its points.

    Parameters
    ----------
    cells : list of dict
        Finished cells of one method.

    Returns
    -------
    dict or None
        ``seconds`` and ``objective``, lists, and ``low`` and ``high``, the least
        and greatest of the curves; None if there is nothing to draw.
    """
    runs = [
        run
        for cell in cells
        for world in cell.get("training") or []
        if (run := _plain(world.get("curve") or [])) is not None
    ]
    if not runs:
        return None
    start, end = max(t[0] for t, _ in runs), min(t[-1] for t, _ in runs)
    if start >= end:
        return None
    seconds = np.linspace(start, end, points)
    values = np.array([np.interp(seconds, t, objective) for t, objective in runs])
    return {
        "seconds": seconds.tolist(),
        "objective": values.mean(axis=0).tolist(),
        "low": values.min(axis=0).tolist(),
        "high": values.max(axis=0).tolist(),
    }


def _plain(curve):
    """Times and objectives of a curve's usable points, by time; None of fewer than two."""
    pairs = [
        (point[1], point[2])
        for point in curve
        if point[1] is not None and point[2] is not None and np.isfinite(point[1:3]).all()
    ]
    if len(pairs) < 2:
        return None
    pairs.sort(key=lambda pair: pair[0])
    times, objectives = np.array(pairs, dtype=np.float64).T
    return times, objectives
