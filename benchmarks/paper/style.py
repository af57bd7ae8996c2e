"""How the paper's figures are drawn: one style, means with 95 % intervals over worlds, lines told apart."""

import numpy as np

from mec_bench.compare.figure import COLOURS, MARKERS

#: Matplotlib's settings of every figure; colours and markers are those of ``mec-env compare``.
SETTINGS = {
    "figure.constrained_layout.use": True, "font.size": 10, "axes.titlesize": 10,
    "axes.grid": True, "axes.axisbelow": True, "grid.color": "#dddddd", "grid.linewidth": 0.6,
    "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False,
    "lines.linewidth": 1.4, "lines.markersize": 5,
}  # fmt: skip
#: Of the line that no method passes, and of what the paper prints.
BOUND = dict(color="#000000", linestyle=":", linewidth=1.6)
PRINTED = dict(color="#777777", linestyle="--", linewidth=1.0)


def half_width(values, confidence=0.95):
    """Half of Student's interval of the mean over worlds, of values (W, ...); 0 of a single world.

    What :func:`benchmarks.paper.rules.interval` finds of one number a world, for whole curves.
    """
    from scipy.special import stdtrit

    worlds = len(values)
    if worlds == 1:
        return np.zeros(np.shape(values)[1:])
    t = stdtrit(worlds - 1, 0.5 + confidence / 2.0)
    return t * np.std(values, axis=0, ddof=1) / np.sqrt(worlds)


def line(axis, x, values, j, label, marks=True, **style):
    """Draw the mean of values (W, K) over worlds at x (K,), its interval as a band, as line number j.

    Where lines lie upon each other, later ones are thinner with smaller marks, so that all show.
    """
    values = np.asarray(values, dtype=np.float64)
    middle, half = values.mean(axis=0), half_width(values)
    style = dict(color=COLOURS[j % len(COLOURS)], linewidth=2.2 - 0.18 * j) | style
    if marks:
        style = dict(marker=MARKERS[j % len(MARKERS)], markersize=8.0 - 0.7 * j) | style
    axis.plot(x, middle, label=label, **style)
    axis.fill_between(
        x, middle - half, middle + half, color=style["color"], alpha=0.18, linewidth=0
    )


def key(figure, axis, most=4):
    """The lines' names below the panels."""
    handles, labels = axis.get_legend_handles_labels()
    columns = min(len(labels), most)
    figure.legend(handles, labels, loc="outside lower center", ncols=columns)
