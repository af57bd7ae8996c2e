"""The tables as Markdown, and their place in a page of the documentation."""

import re
from pathlib import Path

from mec_bench.report.columns import BY_KEY
from mec_bench.report.message import sentences, verdict
from mec_bench.report.wording import MISSING
from mec_bench.tables import markdown_table
from mec_env.whole_file import write_text

BEGIN, END = "<!-- leaderboard:begin -->", "<!-- leaderboard:end -->"
_SHOWN = (
    "method", "rank", "information", "iqm", "mean", "nrr", "training", "decision", "exchanged",
    "seeds", "failed",
)  # fmt: skip


def markdown(boards):
    """A heading and a table per suite, under the sentences of what they come to.

    Parameters
    ----------
    boards : list of mec_bench.standings.Board

    Returns
    -------
    str
    """
    parts = headline(boards)
    head = [BY_KEY[key].title for key in _SHOWN]
    for board in boards:
        rows = [[_words(key, standing) for key in _SHOWN] for standing in board.standings]
        parts += [f"### {escaped(board.label)}", markdown_table(head, rows)]
    parts.append(
        "Gap: distance from the certified lower bound, with 95 % bootstrap intervals over worlds "
        "and seeds. NRR: bound / objective. Told: bytes a slot that agents tell each other besides "
        "their actions. Methods share a rank unless the interval of their "
        "paired difference excludes 0."
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def headline(boards):
    """The verdict over all suites and a sentence for each suite: two parts of Markdown."""
    listed = "\n".join(f"- {escaped(sentence)}" for sentence in sentences(boards))
    return [escaped(verdict(boards) or ""), listed]


def insert(path, text):
    """Replace what stands between the leaderboard's markers in a file.

    Raises
    ------
    ValueError
        If the file doesn't have each marker once, in order.
    """
    path = Path(path)
    whole = path.read_text(encoding="utf-8")
    before, begin, rest = whole.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end) or whole.count(BEGIN) > 1 or whole.count(END) > 1:
        raise ValueError(f"{path}: must have the lines {BEGIN} and {END}, once each and in order")
    write_text(path, f"{before}{BEGIN}\n\n{text.strip()}\n\n{END}{after}")


def _words(key, standing):
    _, text, note = BY_KEY[key].entry(standing)
    if key == "failed" and text == "0":
        text = MISSING
    text = f"{text} {note}".strip()
    return escaped(text) if key in ("method", "information") else text.replace("<", "&lt;")


def escaped(text):
    """Text that Markdown shows as it is: a name can neither break a table nor bring in HTML."""
    text = re.sub(r"\s+", " ", text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_|!\[\]])", r"\\\1", text)
