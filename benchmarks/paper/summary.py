"""The page that says what holds of the paper, written from the recorded results alone."""

import json
import os
from collections import Counter
from pathlib import Path

from benchmarks import RESULTS
from mec_bench.tables import markdown_table
from mec_env.whole_file import write_text

PAGE = RESULTS.parents[1] / "docs" / "what-holds-of-the-paper.md"
#: What a figure shows, in words.
SHOWN = {
    "fig3": (
        "Three panels of the loss by iteration, both agents alike: pre-training falls from 0.73 to 0.2,"
        " online training rises to 0.4 and stays there, without imitation it falls to 0.23"
    ),
    "fig4": (
        "Four panels of the search's fitness by iteration: the proposed search is ahead in the first 10"
        " iterations, the classic one after 400 over [a, f, p], and over decisions both reach the"
        " certified optimum"
    ),
    "fig5": (
        "Average reward by slot of the training: DIRS stays at 0.0305, epsilon-greedy with the best of"
        " its tries climbs to it from 0.029, the Lévy search stays at 0.029, epsilon-greedy as it acts"
        " falls to 0.027, and the certified optimum is at 0.0318"
    ),
    "fig6": (
        "Bars of DIRS's time and energy at three pairs of weights with the optimum's as lines: where"
        " energy weighs more, the optimum spends far more time and less energy than DIRS"
    ),
    "fig7": (
        "Objective by number of devices and, below, percent above the optimum: Local highest, DIRS"
        " below it, MADDPG, Random, Remote and the best link with admission close to the optimum"
    ),
}


def write(folder, titles, own, page=None):
    """Write the page from a folder of records; its path.

    Parameters
    ----------
    folder : Path
    titles : dict
        Entries by name: what could be recorded.
    own : dict
        Claims of entries by name, judged on the paper's numbers alone: what can be said
        of entries that aren't recorded yet.
    page : Path, optional
        In the documentation for the recorded results, beside any other folder's.
    """
    records = load(folder, titles)
    if page is None:
        page = PAGE if folder == RESULTS / "paper" else folder / PAGE.name
    page.parent.mkdir(parents=True, exist_ok=True)
    beyond = folder.parent / "dirs-threshold.json"
    beyond = json.loads(beyond.read_text(encoding="utf-8")) if beyond.exists() else None
    figures = Path(os.path.relpath(folder, page.parent)).as_posix()
    write_text(page, text(records, titles, own, beyond, figures))
    return page


def load(folder, titles):
    """Full records by name; quick ones don't count."""
    records = {}
    for name in titles:
        path = folder / f"{name}.json"
        if path.exists():
            records[name] = json.loads(path.read_text(encoding="utf-8"))
    return records


def text(records, titles, own=(), beyond=None, folder="."):
    """The page as Markdown; see :func:`write`.

    ``beyond`` is the record of the vote's threshold, ``folder`` where the figures lie, seen from
    the page.
    """
    judged = {name: record["claims"] for name, record in records.items()}
    printed = {**{name: claims for name, claims in dict(own).items() if name in titles}, **judged}
    counts = {
        who: Counter(c[who]["verdict"] for claims in of.values() for c in claims)
        for who, of in (("ours", judged), ("paper", printed))
    }
    lines = [
        "# What holds of the paper",
        "",
        "Made by `python -m benchmarks.paper summary` from `benchmarks/results/paper/`. Every verdict",
        "comes from a rule in `benchmarks/paper/`: on our numbers the",
        "95 % interval of the paired difference over worlds decides, on the paper's own its printed",
        "numbers as they stand. Where the text gives no tolerance, ours is named in the claim.",
        "Our numbers count what is recorded; the paper's own also the tables that aren't yet.",
        "",
    ]
    verdicts = ("holds", "does not hold", "can't be told")
    rows = [
        [who, *(str(counts[key][v]) for v in verdicts)]
        for who, key in (("our numbers", "ours"), ("the paper's own", "paper"))
    ]
    lines += [markdown_table(["claims by verdict", *verdicts], rows), ""]
    missing = [name for name in titles if name not in records]
    if missing:
        lines += ["Not recorded yet: " + ", ".join(f"`{name}` ({titles[name]})" for name in missing) + ".", ""]  # fmt: skip
    for name in titles:
        if name in records:
            lines += _section(name, records[name], folder)
        elif name in own:
            lines += [f"## {titles[name]}", "", "Not recorded yet; on the paper's own numbers:", ""]
            rows = [[c["says"], f"**{c['paper']['verdict']}**"] for c in own[name]]
            lines += [markdown_table(["the paper says", "its own numbers"], rows), ""]
            lines += [f"- {c['says']}: {c['paper']['why']}." for c in own[name]] + [""]
    if beyond is not None:
        lines += _threshold(beyond)
    return "\n".join(lines).rstrip() + "\n"


def _threshold(record):
    """What the paper's tasks hide: the vote where running locally is dear."""
    rows = record["threshold"]
    body = []
    for speed in sorted({row["local_speed"] for row in rows}, reverse=True):
        of = [row for row in rows if row["local_speed"] == speed]

        def mean(key, of=of):
            return sum(row[key] for row in of) / len(of)

        body.append(
            [
                f"{speed / 1e9:g} GHz", f"{mean('nrr'):.3f}", f"{mean('best_link_nrr'):.3f}",
                f"{100 * mean('offloaded'):.0f} %", f"{100 * mean('optimal_offloaded'):.0f} %",
            ]
        )  # fmt: skip
    head = ["devices' speed", "NRR of DIRS", "NRR of the best link", "DIRS offloads", "the optimum offloads"]  # fmt: skip
    return [
        "## Beyond the paper: the vote's threshold",
        "",
        "A device that no agent scores 0.5 or more runs its task itself. The paper's devices are as fast",
        "as a server's share, so that costs little there. The slower the devices, the dearer is the doubt:",
        "`paper-medium` with slower devices, DIRS with certified demonstrations.",
        "",
        markdown_table(head, body),
        "",
        f"`{record['provenance']['command']}`, revision {record['provenance']['revision']}.",
        "",
    ]


def _cells_from(record):
    """With which revisions the cells were worked out, where that isn't the record's own."""
    others = [r for r in record.get("cells_from", ()) if r != record["provenance"]["revision"]]
    return f"; from cells of revision {', '.join(others)}" if others else ""


def _section(name, record, folder):
    made = record["provenance"]
    lines = [f"## {record['title']}", ""]
    rows = [
        [c["says"], f"**{c['ours']['verdict']}**", f"**{c['paper']['verdict']}**"]
        for c in record["claims"]
    ]
    lines += [markdown_table(["the paper says", "our numbers", "its own numbers"], rows), ""]
    if name in SHOWN:
        lines += [f"![{SHOWN[name]}]({folder}/{name}.png)", ""]
    lines += [markdown_table(record["table"]["head"], record["table"]["rows"]), ""]
    lines += [record["table"]["note"], ""]
    if record["left_out"]:
        lines += ["Left out: " + "; ".join(f"{k} ({v})" for k, v in record["left_out"].items()) + ".", ""]  # fmt: skip
    lines += ["What the verdicts rest on:", ""]
    lines += [
        f"- {c['says']}: {c['ours']['why']}. Paper: {c['paper']['why']}." for c in record["claims"]
    ]
    lines += [
        "",
        (
            f"{record['worlds']} worlds; `{made['command']}`, revision {made['revision']}, "
            f"{made['machine']['processor']}, {made['date'][:10]}{_cells_from(record)}."
        ),
        "",
    ]
    return lines
