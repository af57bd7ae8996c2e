"""The page that says what holds of the paper, written from the recorded results alone."""

import json
import os
from collections import Counter
from pathlib import Path

from benchmarks.tables import markdown_table

PAGE = Path(__file__).parent.parent / "docs" / "what-holds-of-the-paper.md"


def write(folder, titles, rivals, page=None):
    """Write the page from a folder of records; its path.

    Parameters
    ----------
    folder : Path
    titles : dict
        Entries by name: what could be recorded.
    rivals : dict
        The paper's other learners by name.
    page : Path, optional
        In the documentation for the recorded results, beside any other folder's.
    """
    records = load(folder, titles)
    if page is None:
        page = PAGE if folder == Path(__file__).parent / "results" / "paper" else folder / PAGE.name
    page.parent.mkdir(parents=True, exist_ok=True)
    temporary = page.with_name(f"{page.name}.{os.getpid()}.tmp")
    temporary.write_text(text(records, titles), encoding="utf-8")
    os.replace(temporary, page)
    return page


def load(folder, titles):
    """Full records by name; quick ones don't count."""
    records = {}
    for name in titles:
        path = folder / f"{name}.json"
        if path.exists():
            records[name] = json.loads(path.read_text(encoding="utf-8"))
    return records


def text(records, titles):
    """The page as Markdown."""
    claims = [claim for record in records.values() for claim in record["claims"]]
    counts = {who: Counter(c[who]["verdict"] for c in claims) for who in ("ours", "paper")}
    lines = [
        "# What holds of the paper",
        "",
        "Made by `python -m benchmarks.paper summary` from `benchmarks/results/paper/`. Every verdict",
        "comes from a rule in `benchmarks/paper_*.py`: on our numbers the",
        "95 % interval of the paired difference over worlds decides, on the paper's own its printed",
        "numbers as they stand. Where the text gives no tolerance, ours is named in the claim.",
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
    for name, record in records.items():
        lines += _section(name, record)
    return "\n".join(lines).rstrip() + "\n"


def _section(name, record):
    made = record["provenance"]
    lines = [f"## {record['title']}", ""]
    rows = [
        [c["says"], f"**{c['ours']['verdict']}**", f"**{c['paper']['verdict']}**"]
        for c in record["claims"]
    ]
    lines += [markdown_table(["the paper says", "our numbers", "its own numbers"], rows), ""]
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
        f"{record['worlds']} worlds; `{made['command']}`, revision {made['revision']}, "
        f"{made['machine']['processor']}, {made['date'][:10]}.",
        "",
    ]
    return lines
