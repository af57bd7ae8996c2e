"""The files of a comparison: table, figure, CSV, LaTeX, and a page that needs nothing else."""

import base64
import csv
import html
import io
from pathlib import Path

from mec_bench.compare.curve import entries_of
from mec_bench.compare.points import text_of
from mec_bench.store import Store
from mec_bench.tables import text_table
from mec_env.whole_file import whole_file, write_text

FIGURES = ("png", "pdf", "svg")
NUMBERS = (
    "objective", "objective_low", "objective_high", "bound", "gap_percent", "gap_low", "gap_high",
    "nrr", "time", "energy", "offloaded", "training_seconds", "milliseconds", "exchanged",
)  # fmt: skip
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#222}
img{max-width:100%;height:auto}.scroll{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .7rem;border-bottom:1px solid #ddd;text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left}code{background:#f3f3f3;padding:.1rem .3rem}
.failed{color:#a00}
"""


def write(asked, folder):
    """Make all files of a comparison from the cells in its folder.

    Parameters
    ----------
    asked : mec_bench.compare.asked.Asked
    folder : path
        That holds ``cells``.

    Returns
    -------
    list of Path
        The files, the figures last; without matplotlib there are no figures.
    """
    folder = Path(folder)
    cells = Store(folder / "cells").read()
    entries = entries_of(asked, cells)
    pictures = _pictures(asked, entries)
    texts = {
        "compare.csv": csv_of(asked, entries),
        "compare.tex": latex_of(asked, entries),
        "compare.html": page_of(asked, entries, pictures.get("svg")),
    }
    for name, text in texts.items():
        write_text(folder / name, text)
    for kind, data in pictures.items():
        with whole_file(folder / f"compare.{kind}") as out:
            out.write(data)
    return [folder / name for name in (*texts, *(f"compare.{kind}" for kind in pictures))]


def table_of(asked, entries):
    """Head and rows as text: a row a point and learner."""
    head = ["learner", *asked.fields, "objective", "95 %", "above the bound", "95 %", "note"]
    rows = []
    for entry in entries:
        at = [text_of(value) for value in entry.at]
        shown = [_number(entry.objective), _span(entry.objective)]
        shown += [_number(entry.gap, " %"), _span(entry.gap)]
        rows.append([entry.learner, *at, *shown, entry.failed or ""])
    return head, rows


def print_table(asked, folder):
    """The table as text for a terminal."""
    return text_table(*table_of(asked, entries_of(asked, Store(Path(folder) / "cells").read())))


def csv_of(asked, entries):
    """All numbers, a row a point and learner; empty where there is none."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow([*asked.fields, "learner", "kind", "information", "seeds", *NUMBERS, "failed"])
    for entry in entries:
        s, at = entry.standing, [text_of(value) for value in entry.at]
        said = ["", "", 0] if s is None else [s.kind, s.information, len(s.cells)]
        rows.writerow([*at, entry.learner, *said, *_numbers(entry), entry.failed or ""])
    return out.getvalue()


def latex_of(asked, entries):
    """Two tables for ``booktabs``: objectives with half widths of their intervals, and gaps."""
    points = list(dict.fromkeys(entry.at for entry in entries))
    by = {(entry.at, entry.learner): entry for entry in entries}
    bounds = {entry.at: entry.bound for entry in entries if entry.bound is not None}
    lines = [f"% {asked.command}".replace("\n", " "), r"% needs \usepackage{booktabs}"]
    unit = "a slot" if asked.unit == "slot" else "an episode"
    for what, caption in (
        ("objective", f"Mean objective of {unit}, with 95\\,\\% intervals over worlds."),
        ("gap", "Percent above the certified bound."),
    ):
        bound = ["certified bound"] if what == "objective" else []
        head = [*asked.fields, *asked.learners, *bound]
        lines += [r"\begin{table}", r"\centering", rf"\caption{{{caption}}}"]
        lines += [rf"\begin{{tabular}}{{{'r' * len(head)}}}", r"\toprule"]
        lines += [" & ".join(_tex(name) for name in head) + r" \\", r"\midrule"]
        for at in points:
            row = [_tex(text_of(value)) for value in at]
            row += [_tex_number(getattr(by[at, name], what)) for name in asked.learners]
            row += [f"{bounds[at]:.4g}" if at in bounds else "--"] if bound else []
            lines.append(" & ".join(row) + r" \\")
        lines += [r"\bottomrule", r"\end{tabular}", r"\end{table}"]
    return "\n".join(lines) + "\n"


def page_of(asked, entries, picture):
    """One HTML file with figure and table; everything in it is text, nothing in it runs."""
    head, rows = table_of(asked, entries)
    varied = " and ".join(asked.fields) or "nothing"
    title = f"{asked.scenario}: {varied} varied"
    image = ""
    if picture is not None:
        said = f"objective and distance from the certified bound by {varied}, one line a learner"
        data = base64.b64encode(picture).decode()
        image = f'<p><img alt="{said}" src="data:image/svg+xml;base64,{data}"></p>'
    cells = "\n".join(
        "<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>" for row in rows
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>
<h1>{html.escape(title)}</h1>
<p>{asked.worlds} worlds of {asked.slots} slots, {asked.seeds} seed{"s" if asked.seeds > 1 else ""};
{f"{asked.budget:g} s of one core train a learner for a point" if asked.budget else "learners train as long as they take for right"}.
Intervals are of 95 %, by redrawing worlds. No decision costs less than the certified bound.</p>
{image}
<div class="scroll"><table><thead><tr>{"".join(f"<th>{html.escape(h)}</th>" for h in head)}</tr></thead>
<tbody>{cells}</tbody></table></div>
<p>Made by <code>{html.escape(asked.command)}</code>.</p>
</body></html>
"""


def _pictures(asked, entries):
    try:
        from mec_bench.compare.figure import figure_of
    except ImportError:
        return {}
    import matplotlib

    found = {}
    # Fixed names of what is inside make the same numbers the same file.
    with matplotlib.rc_context({"svg.hashsalt": "compare", "svg.fonttype": "path"}):
        figure = figure_of(asked, entries)
        for kind in FIGURES:
            out = io.BytesIO()
            dated = {"png": {}, "pdf": {"CreationDate": None}, "svg": {"Date": None}}[kind]
            figure.savefig(out, format=kind, dpi=160, metadata=dated)
            found[kind] = out.getvalue()
    return found


def _numbers(entry):
    s = entry.standing
    if s is None:
        return [""] * len(NUMBERS)
    found = [*entry.objective, entry.bound, *entry.gap, s.nrr, s.time, s.energy, s.offloaded]
    found += [s.training_seconds, s.milliseconds, s.exchanged]
    return ["" if value is None else repr(float(value)) for value in found]


def _number(numbers, unit=""):
    return "" if numbers is None else f"{numbers[0]:.4g}{unit}"


def _span(numbers):
    if numbers is None or numbers[1] is None:
        return ""
    return f"{numbers[1]:.4g} to {numbers[2]:.4g}"


def _tex(text):
    for plain, escaped in (("\\", r"\textbackslash "), ("&", r"\&"), ("%", r"\%"), ("_", r"\_"),
                           ("#", r"\#"), ("$", r"\$"), ("{", r"\{"), ("}", r"\}"),
                           ("~", r"\~{}"), ("^", r"\^{}")):  # fmt: skip
        text = text.replace(plain, escaped)
    return text


def _tex_number(numbers):
    if numbers is None:
        return "--"
    if numbers[1] is None:
        return f"{numbers[0]:.4g}"
    return rf"${numbers[0]:.4g} \pm {_short((numbers[2] - numbers[1]) / 2)}$"


def _short(value):
    """Two digits, without an exponent where there need be none."""
    return f"{float(f'{value:.2g}'):g}"
