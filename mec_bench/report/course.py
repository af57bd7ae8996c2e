"""What a slot costs as an episode goes on, where tasks are coupled in time."""

import numpy as np

import mec_env
from mec_bench.report.pick import UNREADABLE

#: Points of a course, each a mean over some slots: as many as a screen tells apart.
POINTS = 20
#: A method whose mean gap is larger has no course: it would be off the axis of all others.
MOST = 0.5


def costs_by_slot(episodes, decisions):
    """Mean objective of each slot (T,), as decisions are replayed.

    Parameters
    ----------
    episodes : list of mec_env.Episode
        A suite's, T slots of N devices each.
    decisions : (E T, N) int
        Of all their slots, one episode after the other.
    """
    decided = np.asarray(decisions).reshape(len(episodes), episodes[0].slots, -1)
    return np.mean([episode.replay(own) for episode, own in zip(episodes, decided)], axis=0)


def courses(board, decisions):
    """Mean objectives over parts of an episode, by method.

    Parameters
    ----------
    board : mec_bench.standings.Board
    decisions : callable
        decisions(cell) -> (S, N) int.

    Returns
    -------
    dict of str to list of float
        ``POINTS`` numbers of four digits, means over all episodes, by a method's first run; empty
        where a score is a slot's.
    """
    suite = mec_env.SUITES.get(board.suite)
    if suite is None or suite.unit != "episode":
        return {}
    found, episodes = {}, list(suite.episodes())
    for standing in board.standings:
        if standing.mean is None or standing.mean > MOST:
            continue
        try:
            costs = costs_by_slot(episodes, decisions(standing.cells[0]))
        except UNREADABLE:
            # Cells are other people's: one that can't be replayed is not worth a report.
            continue
        means = [float(part.mean()) for part in np.array_split(costs, POINTS)]
        found[standing.method] = [float(f"{mean:.4g}") for mean in means]
    return found
