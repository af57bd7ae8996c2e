"""What a slot costs as an episode goes on, where tasks are coupled in time."""

import lzma

import numpy as np

import mec_env

#: Points of a course, each a mean over some slots: as many as a screen tells apart.
POINTS = 20
#: A method whose mean gap is larger has no course: it would be off the axis of all others.
MOST = 0.5


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
            decided = np.asarray(decisions(standing.cells[0]))
            shape = (len(episodes), suite.scenario.slots, suite.scenario.iotds)
            pairs = zip(episodes, decided.reshape(shape), strict=True)
            costs = np.mean([episode.replay(own) for episode, own in pairs], axis=0)
        except (OSError, ValueError, KeyError, TypeError, EOFError, lzma.LZMAError):
            # Cells are other people's: one that can't be replayed is not worth a report.
            continue
        means = [float(part.mean()) for part in np.array_split(costs, POINTS)]
        found[standing.method] = [float(f"{mean:.4g}") for mean in means]
    return found
