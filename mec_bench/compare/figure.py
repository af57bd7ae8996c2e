"""The figure of a comparison: objectives with the certified bound, and the distance from it below."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import NullFormatter

from mec_bench.compare.points import text_of
from mec_env.limits import LIMITS

#: Told apart by people who see few colours, and in grey by their markers.
COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#997700", "#555555")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
STYLES = ("-", "--", "-.")
_WIDTH, _HEIGHT = 4.6, 6.0
#: Objectives that lie further apart than this, as a ratio, are drawn on a scale of decades.
_FAR = 20.0
_NAMES = {"iotds": "number of devices", "mecs": "number of servers"}


def figure_of(asked, entries):
    """A matplotlib Figure: a column for each value of the second field that varies.

    The upper panels show the mean objective with 95 % intervals over worlds, and the certified
    bound as a line that no method passes; the lower ones how far above it each learner is [%], on a
    scale that shows 0.01 % as well as 100 %.

    Parameters
    ----------
    asked : mec_bench.compare.asked.Asked
    entries : list of mec_bench.compare.curve.Entry
    """
    columns = list(dict.fromkeys(entry.at[1:] for entry in entries)) or [()]
    figure = Figure(figsize=(1.0 + _WIDTH * len(columns), _HEIGHT), layout="constrained")
    panels = figure.subplots(
        2, len(columns), squeeze=False, sharex="col", sharey="row", height_ratios=(1, 1)
    )
    for k, rest in enumerate(columns):
        here = [entry for entry in entries if entry.at[1:] == rest]
        places = _places(asked, here)
        for j, learner in enumerate(asked.learners):
            own = [entry for entry in here if entry.learner == learner]
            _draw(panels[0, k], own, places, "objective", j)
            _draw(panels[1, k], own, places, "gap", j)
        _draw_bound(panels[0, k], here, places)
        _dress(asked, panels[:, k], places, rest, first=k == 0)
    lines, _ = panels[0, 0].get_legend_handles_labels()
    handles = [*lines, Patch(color="#888888", alpha=0.3, linewidth=0, label="95 % interval")]
    figure.legend(
        handles=handles, loc="outside lower center", ncols=min(len(handles), 4), frameon=False
    )
    return figure


def _places(asked, entries):
    """Where the values of the first field stand: numbers where they are, texts one beside the other."""
    values = list(dict.fromkeys(_first(entry, asked) for entry in entries))
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)
    return {text_of(v): float(v) if numbers else float(k) for k, v in enumerate(values)}


def _first(entry, asked):
    value = entry.at[0] if entry.at else asked.scenario
    return value if isinstance(value, (int, float, str)) else text_of(value)


def _draw(panel, entries, places, what, j):
    shown = [(entry, getattr(entry, what)) for entry in entries]
    shown = [(entry, numbers) for entry, numbers in shown if numbers is not None]
    if not shown:
        return
    x = np.array([places[_key(entry, places)] for entry, _ in shown])
    mean = np.array([numbers[0] for _, numbers in shown])
    ends = [(m if low is None else low, m if high is None else high) for _, (m, low, high) in shown]
    low, high = np.array(ends).T
    style = dict(
        color=COLOURS[j % len(COLOURS)],
        marker=MARKERS[j % len(MARKERS)],
        linestyle=STYLES[j // len(COLOURS) % len(STYLES)],
        # A light edge keeps markers apart where lines nearly coincide.
        markeredgecolor="white",
        markeredgewidth=0.6,
    )
    panel.plot(x, mean, label=entries[0].learner, markersize=6, linewidth=1.4, **style)
    panel.fill_between(x, low, high, color=style["color"], alpha=0.15, linewidth=0)


def _key(entry, places):
    return text_of(entry.at[0]) if entry.at else next(iter(places))


def _draw_bound(panel, entries, places):
    bounds = {_key(entry, places): entry.bound for entry in entries if entry.bound is not None}
    if bounds:
        x = [places[key] for key in bounds]
        panel.plot(
            x, list(bounds.values()), "k:", linewidth=1.6, label="certified bound", marker="_"
        )


def _dress(asked, panels, places, rest, first):
    upper, lower = panels
    if rest:
        upper.set_title(f"{_label(asked.fields[1])} = {text_of(rest[0])}")
    heights = [v for line in upper.lines for v in line.get_ydata()]
    if heights and min(heights) > 0.0 and max(heights) > _FAR * min(heights):
        upper.set_yscale("log")
    lower.set_yscale("symlog", linthresh=0.1, linscale=0.3)
    lower.set_ylim(bottom=0.0)
    lower.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    lower.yaxis.set_minor_formatter(NullFormatter())
    for panel in panels:
        panel.grid(color="#dddddd", linewidth=0.6)
        panel.set_axisbelow(True)
        panel.spines[["top", "right"]].set_visible(False)
    if first:
        unit = "a slot" if asked.unit == "slot" else "an episode"
        upper.set_ylabel(f"objective of {unit}\n[s and J, weighted]")
        lower.set_ylabel("above the bound [%]")
    lower.set_xlabel(_label(asked.fields[0]) if asked.fields else "scenario")
    as_text = list(places.values()) == [float(k) for k in range(len(places))]
    if as_text or len(places) <= 8:
        lower.set_xticks(list(places.values()), list(places))


def _label(field):
    if field in _NAMES:
        return _NAMES[field]
    unit = LIMITS[field].unit if field in LIMITS else ""
    return f"{field} [{unit}]" if unit else field
