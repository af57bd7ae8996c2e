"""Interquartile means, and intervals by redrawing worlds and runs."""

import zlib

import numpy as np

from mec_env.judging.intervals import tail

DRAWS = 10_000
CONFIDENCE = 0.95


def iqm(values):
    """Interquartile mean along the last axis: the mean of the middle half.

    A value that lies across a quartile counts with the share of it that is
    inside, so any number of values will do: of (1, 2, 3, 4, 100) it is
    (0.75·2 + 3 + 0.75·4) / 2.5 = 3.

    Parameters
    ----------
    values : (..., K) float, K at least 1

    Returns
    -------
    (...) float64
    """
    values = np.sort(np.asarray(values, dtype=np.float64), axis=-1)
    edges = np.clip(np.arange(values.shape[-1] + 1) / values.shape[-1], 0.25, 0.75)
    return values @ np.diff(edges) * 2.0


class Redraw:
    """The bootstrap of a suite: the same units redrawn for every method, so that methods pair.

    A method's scores are a matrix (R, U): R runs (seeds; 1 for a rule without
    randomness) by U units. Units are the suite's worlds; where it has a single
    world, that world's episodes; where that is a single one too, its slots. Then
    an interval speaks of that world or episode alone. Of a single unit nothing
    can be redrawn, and there is no interval.

    One redraw takes U units with replacement, the same ones for all methods of
    the suite, and in each unit taken R of its runs with replacement. Runs in
    different worlds are trained apart, so they are redrawn apart (the strata);
    episodes and slots of one world share their runs, so there one redraw of runs
    serves all units. Methods' runs are redrawn independently of each other.

    Parameters
    ----------
    units : int
        U.
    runs_shared : bool
        True where the units are not worlds.
    draws : int
        B, the number of redraws.
    """

    def __init__(self, units, runs_shared=False, draws=DRAWS):
        self.units, self.runs_shared, self.draws = units, runs_shared, draws
        self._taken = np.random.default_rng(0).integers(units, size=(draws, 1, units))

    def scores(self, scores, name):
        """Redrawn scores (B, R·U), or None of a single unit.

        Parameters
        ----------
        scores : (R, U) float
        name : str
            The method's: seeds the redraws of its runs, so that they do not
            depend on which other methods there are.
        """
        scores = np.asarray(scores, dtype=np.float64)
        # A single episode that is one score has no slots to redraw.
        if self.units == 1 or scores.shape[-1] == 1:
            return None
        runs = len(scores)
        rng = np.random.default_rng([1, zlib.crc32(name.encode())])
        width = 1 if self.runs_shared else self.units
        run = rng.integers(runs, size=(self.draws, runs, width))
        return scores[run, self._taken].reshape(self.draws, -1)


def percentiles(statistics, units, confidence=CONFIDENCE):
    """Percentile interval (low, high) of redrawn statistics (B,); None of None.

    Expanded by the number of units, as :func:`mec_env.judging.intervals.tail` says.
    """
    if statistics is None:
        return None
    out = 100.0 * tail(units, confidence)
    low, high = np.percentile(statistics, (out, 100.0 - out))
    return float(low), float(high)
