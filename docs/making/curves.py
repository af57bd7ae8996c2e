"""A learner's recorded training as a small picture, in colours that show on light and dark."""

import json
import math
from pathlib import Path

from dirs_solver import LEARNERS
from mec_bench.report.curves import mean_curve

ROOT = Path(__file__).parents[2]
CELLS = ROOT / "benchmarks" / "results" / "cells"
#: Suites whose curve of a learner is shown, the first that has one.
CURVES = ("square-km-v1", "paper-large-v1", "paper-medium-v1")


def curve_of(name):
    """The suite, and the mean curve of a learner's recorded training on it; None if there is none.

    Objectives are over the mean bound of the suite's slots in the same world.
    """
    for suite in CURVES:
        files = CELLS.glob(f"{suite}--{name}--s*.json")
        cells = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(files)]
        found = mean_curve([over_bounds(cell) for cell in cells if cell["status"] == "done"])
        if found is not None:
            return suite, found
    return None


def over_bounds(cell):
    """A cell whose curves are over each world's mean bound."""
    training = []
    for run, bounds in zip(cell.get("training") or [], cell["means"]["lower_bound"]):
        bound = sum(bounds) / len(bounds)
        points = [
            [p[0], p[1], None if p[2] is None else p[2] / bound] for p in run.get("curve") or []
        ]
        training.append({"curve": points})
    return {"training": training}


def drawn(name, suite, found):
    """A curve as SVG, in colours that show on light and dark; its title says it in words."""
    seconds = found["seconds"]
    values, lows, highs = found["objective"], found["low"], found["high"]
    low, high = min(lows), max(highs)
    left, top, width, height = 62.0, 12.0, 500.0, 130.0

    def at(second, value):
        x = left + width * (second - seconds[0]) / (seconds[-1] - seconds[0])
        return f"{x:.1f},{top + height * math.log(high / value) / math.log(high / low):.1f}"

    line = " ".join(at(*pair) for pair in zip(seconds, values))
    band = [*zip(seconds, highs), *reversed([*zip(seconds, lows)])]
    title = (
        f"{name} on {suite}: training slots cost {values[0]:.3f} times the suite's mean bound after "
        f"{seconds[0]:.2g} s, {values[-1]:.3f} times after {seconds[-1]:.3g} s"
    )
    text = 'font-family="sans-serif" font-size="12" fill="#8a8f98"'
    bottom = top + height
    return "\n".join(
        (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 580 180" role="img">',
            f"<title>{title}</title>",
            f'<path d="M{left} {top}V{bottom}H{left + width}" fill="none" stroke="#8a8f98"/>',
            f'<polygon points="{" ".join(at(*pair) for pair in band)}" fill="#17a398" opacity="0.25"/>',
            f'<polyline points="{line}" fill="none" stroke="#17a398" stroke-width="2"/>',
            f'<text x="{left - 6}" y="{top + 9}" text-anchor="end" {text}>{high:.3f}</text>',
            f'<text x="{left - 6}" y="{bottom}" text-anchor="end" {text}>{low:.3f}</text>',
            f'<text x="{left}" y="{bottom + 18}" {text}>{seconds[0]:.3g} s</text>',
            f'<text x="562" y="{bottom + 18}" text-anchor="end" {text}>{seconds[-1]:.3g} s</text>',
            "</svg>\n",
        )
    )


def curves():
    """File name -> SVG text of every recorded curve."""
    found = {name: curve_of(name) for name in LEARNERS}
    return {f"curve-{name}.svg": drawn(name, *f) for name, f in found.items() if f is not None}
