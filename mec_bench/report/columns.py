"""The columns of the table, for the page and for Markdown: what to show and what to sort by."""

from typing import NamedTuple

from mec_bench.report.wording import brackets, milliseconds, number, percent, points


class Entry(NamedTuple):
    """What stands in one place of the table.

    Attributes
    ----------
    value : number, str or None
        To sort by; None comes last.
    text, note : str
        To read; the note is the smaller print.
    """

    value: object
    text: str
    note: str = ""


class Column(NamedTuple):
    """A column: its key, title, what it means, and the Entry of a Standing."""

    key: str
    title: str
    meaning: str
    entry: object


def _gap(value, bounds):
    return Entry(value, percent(value), brackets(bounds))


def _behind(s):
    if s.behind is None:
        return Entry(None, "–")
    difference, *bounds = s.behind
    return Entry(difference, points(difference), brackets(bounds))


def _seeds(s):
    if not s.cells:
        return Entry(None, "–")
    return Entry(len(s.cells), "any" if s.deterministic else str(len(s.cells)))


COLUMNS = (
    Column(
        "rank", "Rank",
        "1 + the number of better methods whose paired difference to it has an interval that "
        "excludes 0; never less than the rank of the method before it",
        lambda s: Entry(s.rank, number(s.rank)),
    ),
    Column("method", "Method", "The learner's name", lambda s: Entry(s.method, s.method)),
    Column(
        "iqm", "Gap (IQM)",
        "Interquartile mean of the gap over worlds and seeds, with its 95 % interval",
        lambda s: _gap(s.iqm, s.iqm_interval),
    ),
    Column(
        "mean", "Gap (mean)", "Mean gap, with its 95 % interval",
        lambda s: _gap(s.mean, s.mean_interval),
    ),
    Column(
        "behind", "Behind next",
        "Mean gap less that of the next better method on the same slots, in percentage points, "
        "with its 95 % interval",
        _behind,
    ),
    Column(
        "information", "Sees",
        "global: the whole slot; local: each server its own column of gains and the tasks",
        lambda s: Entry(s.information, s.information),
    ),
    Column(
        "nrr", "NRR", "Normalised reward rate: mean of certified bound / objective",
        lambda s: Entry(s.nrr, number(s.nrr, ".4f")),
    ),
    Column(
        "objective", "Objective", "Mean objective of a slot: weighted time and energy, summed",
        lambda s: Entry(s.objective, number(s.objective, ".2f")),
    ),
    Column(
        "training", "Training [s]", "Processor time of training for one world",
        # A rule has nothing to train.
        lambda s: Entry(s.training_seconds, number(s.training_seconds or None, ".1f")),
    ),
    Column(
        "decision", "Decision [ms]", "Median wall time of a decision",
        lambda s: Entry(s.milliseconds, milliseconds(s.milliseconds)),
    ),
    Column(
        "parameters", "Weights", "Number of trained weights",
        lambda s: Entry(s.parameter_count, number(s.parameter_count, ",")),
    ),
    Column(
        "exchanged", "Told [B]", "Bytes a slot that agents tell each other besides their actions",
        lambda s: Entry(s.exchanged, number(s.exchanged or None, ",.0f")),
    ),
    Column("seeds", "Seeds", "Runs with different seeds; any: it draws nothing", _seeds),
    Column(
        "failed", "Failed", "Runs that failed",
        lambda s: Entry(len(s.failed), str(len(s.failed))),
    ),
)  # fmt: skip

BY_KEY = {column.key: column for column in COLUMNS}
