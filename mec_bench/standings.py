"""From cells to standings: what each method reaches on a suite, how surely, and its rank.

A cell is one learner on one suite with one seed (see ``mec_bench.cell``). The
score of a slot is its gap, (objective - certified bound) / bound (``mec_bench.scores``). A run's scores
are averaged over each world; from that matrix, seeds by worlds, come the
interquartile mean and the mean, and their intervals (``mec_bench.bootstrap``).
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import mec_env
from mec_bench.bootstrap import Redraw, iqm, percentiles
from mec_bench.kinds import kind_of
from mec_bench.naming import names_of
from mec_bench.scores import scores_of

#: Gaps at which performance profiles are read: five to a decade, from 0.001 % to 1,000 %.
TAUS = np.logspace(-5, 1, 91)
_NEEDED = (
    "learner", "information", "suite", "suite_hash", "worlds", "episodes", "slots", "seed",
    "version", "settings_hash", "status",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Standing:
    """One method on one suite. Without a finished cell all its numbers are None.

    Attributes
    ----------
    method : str
        The learner's name, with what sets it apart where several settings of it
        were run (``mec_bench.naming``).
    learner, information, settings_hash : str
    kind : str
        As :func:`mec_bench.kinds.kind_of` tells it.
    rank : int
        1 + the number of better methods that are separated from it, but never
        less than the rank of the method before it.
    iqm, mean : float
        Of the gap.
    iqm_interval, mean_interval : (low, high) or None
        95 %; None where nothing could be redrawn.
    behind : (difference, low, high) or None
        Mean gap minus the mean gap of the next better method on the same slots.
    nrr : float
        Mean of bound / objective.
    objective, time, energy, offloaded : float
        Means over slots; [s] and [J] summed over devices, offloaded a share.
    training_seconds, milliseconds : float
        Processor time of training for a world, wall time of a decision.
    parameter_count : int or None
    exchanged : float or None
        Bytes a slot that agents tell each other besides their actions.
    profile : (T,) float64
        Share of slots whose gap is at most each of ``TAUS``.
    cells, failed : list of dict
        Finished cells, from which the numbers are, by seed; and failed cells.
    """

    method: str
    learner: str
    information: str
    settings_hash: str
    kind: str
    cells: list
    failed: list
    rank: int | None = None
    iqm: float | None = None
    iqm_interval: tuple | None = None
    mean: float | None = None
    mean_interval: tuple | None = None
    behind: tuple | None = None
    nrr: float | None = None
    objective: float | None = None
    time: float | None = None
    energy: float | None = None
    offloaded: float | None = None
    training_seconds: float | None = None
    milliseconds: float | None = None
    parameter_count: int | None = None
    exchanged: float | None = None
    profile: np.ndarray | None = None

    @property
    def deterministic(self):
        """Whether one cell stands for all seeds."""
        return bool(self.cells) and bool(self.cells[0].get("deterministic"))


@dataclass(frozen=True, eq=False)
class Board:
    """All methods on one suite, best first; those without a finished cell last.

    Attributes
    ----------
    suite, suite_hash : str
    label : str
        The suite's name, with its size where only a part of it was run.
    worlds, episodes, slots : int
        Slots are those of an episode.
    bound : float or None
        Mean certified bound over the suite's slots.
    standings : list of Standing
    """

    suite: str
    suite_hash: str
    label: str
    worlds: int
    episodes: int
    slots: int
    bound: float | None
    standings: list
    pairs: "Pairs" = field(repr=False)

    def difference(self, a, b):
        """Mean gap of ``a`` less that of ``b`` on the same slots: (difference, low, high).

        ``low`` and ``high`` are None where nothing could be redrawn.
        """
        return self.pairs.difference(a, b)

    def separated(self, a, b):
        """Whether ``a`` is better than ``b`` with the interval of the difference below 0."""
        return self.pairs.separated(a, b)


class Pairs:
    """Differences of methods on one suite, from their redrawn mean gaps by name."""

    def __init__(self, units):
        self.units, self.redrawn = units, {}

    def difference(self, a, b):
        """As of :meth:`Board.difference`."""
        ours, theirs = self.redrawn[a.method], self.redrawn[b.method]
        bounds = None if ours is None else percentiles(ours - theirs, self.units)
        return a.mean - b.mean, *(bounds or (None, None))

    def separated(self, a, b):
        """As of :meth:`Board.separated`."""
        high = self.difference(a, b)[2]
        return high is not None and high < 0.0


def load_cells(folder):
    """The cells of a folder, by file name; other files are passed over.

    Raises
    ------
    ValueError
        For a file that is not JSON, or a cell that lacks a field.
    """
    found = []
    for path in sorted(Path(folder).glob("*.json")):
        try:
            cell = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{path}: is not JSON ({error})") from None
        if not isinstance(cell, dict) or cell.get("kind") != "cell":
            continue
        missing = [key for key in _NEEDED if key not in cell]
        if missing:
            raise ValueError(f"{path}: a cell must have {', '.join(missing)}")
        found.append(cell)
    return found


def boards(cells):
    """The boards of cells: one per suite, in the order of ``mec_env.SUITES``.

    Cells that judged other slots (a part of the suite, another hash) make a
    board of their own.

    Parameters
    ----------
    cells : list of dict

    Returns
    -------
    list of Board

    Raises
    ------
    ValueError
        For a finished cell without one finite number for each slot of its suite.
    """
    groups = {}
    for cell in cells:
        key = tuple(cell[k] for k in ("suite", "worlds", "episodes", "slots", "suite_hash"))
        groups.setdefault(key, []).append(cell)
    known = list(mec_env.SUITES)

    def place(key):
        # Whole suites before parts of them.
        return (
            known.index(key[0]) if key[0] in known else len(known),
            key[0],
            [-k for k in key[1:4]],
        )

    labels = [_label(*key[:4]) for key in groups]
    return [
        _board(key, groups[key], labels.count(_label(*key[:4])) > 1)
        for key in sorted(groups, key=place)
    ]


def ranks(separated):
    """Ranks of methods in order, best mean first.

    A method's rank is 1 + the number of methods before it that are separated
    from it, but never less than the rank before it: a wide interval earns no
    better place.

    Parameters
    ----------
    separated : (K, K) bool
        Whether method i, before j, is better than j beyond doubt.

    Returns
    -------
    list of int
    """
    out = []
    for k in range(len(separated)):
        out.append(max(1 + sum(bool(separated[i][k]) for i in range(k)), out[-1] if out else 1))
    return out


def profile(gaps, taus=TAUS):
    """Share of slots with gap <= tau, for each of ``taus`` (T,)."""
    gaps = np.sort(np.ravel(gaps))
    return np.searchsorted(gaps, taus, side="right") / len(gaps)


def _label(suite, worlds, episodes, slots):
    whole = mec_env.SUITES.get(suite)
    if whole is None or (worlds, episodes, slots) == (
        len(whole.world_seeds),
        len(whole.episode_seeds),
        whole.scenario.slots,
    ):
        return suite
    return f"{suite} (part: {worlds} × {episodes} × {slots})"


def _board(key, cells, several):
    suite, worlds, episodes, slots, suite_hash = key
    label = _label(*key[:4]) + (f" #{suite_hash[:6]}" if several else "")
    units = next((u for u in (worlds, episodes, slots) if u > 1), 1)
    redraw = Redraw(units, runs_shared=worlds == 1)
    methods = {}
    for cell in cells:
        methods.setdefault((cell["learner"], cell["settings_hash"]), []).append(cell)
    names = names_of({key: own[0].get("settings") for key, own in methods.items()})
    done, empty, pairs = [], [], Pairs(units)
    for (learner, settings_hash), own in methods.items():
        fields = dict(
            method=names[learner, settings_hash],
            learner=learner,
            information=own[0]["information"],
            settings_hash=settings_hash,
            kind=kind_of(learner, own),
            cells=_finished(own),
            failed=[cell for cell in own if cell["status"] != "done"],
        )
        if fields["cells"]:
            done.append(_numbers(fields, redraw, pairs))
        else:
            empty.append(Standing(**fields))
    done.sort(key=lambda numbers: (numbers["mean"], numbers["method"]))
    done = _ranked(done, pairs)
    bound = None
    if done:
        bound = _scores(done[0].cells[0]).mean("lower_bound")
    return Board(
        suite, suite_hash, label, worlds, episodes, slots, bound, done + empty, pairs
    )  # fmt: skip


def _finished(cells):
    """Finished cells, one a seed and the latest of each; a single one of a deterministic method."""
    latest = {}
    for cell in sorted(cells, key=lambda c: (c.get("provenance") or {}).get("date") or ""):
        if cell["status"] == "done":
            latest[cell["seed"]] = cell
    ordered = [latest[seed] for seed in sorted(latest)]
    return ordered[:1] if ordered and ordered[0].get("deterministic") else ordered


def _scores(cell):
    try:
        return scores_of(cell)
    except ValueError as error:
        where = f"{cell['learner']} on {cell['suite']}, seed {cell['seed']}"
        raise ValueError(f"{where}: {error}") from None


def _by_unit(scores, units):
    """Mean gap of each world; of a single world's episodes, or of a single episode's slots."""
    gap = scores.means["gap"]
    for means in (gap.mean(axis=1), gap.ravel()):
        if len(means) == units:
            return means
    return scores.gap


def _numbers(fields, redraw, pairs):
    """A method's numbers; its redrawn mean gaps go to ``pairs``."""
    cells, name = fields["cells"], fields["method"]
    found = [_scores(cell) for cell in cells]
    scores = np.array([_by_unit(one, redraw.units) for one in found])
    again = redraw.scores(scores, name)
    means = pairs.redrawn[name] = None if again is None else again.mean(axis=1)

    def mean(name):
        values = [value for one in found if (value := one.mean(name)) is not None]
        return float(np.mean(values)) if values else None

    def taken(key, middle=np.mean):
        values = [cell[key] for cell in cells if cell.get(key) is not None]
        return float(middle(values)) if values else None

    counts = [cell["parameter_count"] for cell in cells if cell.get("parameter_count") is not None]
    return fields | dict(
        iqm=float(iqm(scores.ravel())),
        iqm_interval=None if again is None else percentiles(iqm(again), redraw.units),
        mean=float(scores.mean()),
        mean_interval=percentiles(means, redraw.units),
        nrr=mean("nrr"),
        objective=mean("objective"),
        time=mean("time"),
        energy=mean("energy"),
        offloaded=mean("offloaded"),
        training_seconds=taken("training_seconds"),
        milliseconds=taken("milliseconds", np.median),
        parameter_count=max(counts) if counts else None,
        exchanged=taken("exchanged"),
        profile=profile([one.gap for one in found]),
    )


def _ranked(done, pairs):
    standings = [Standing(**numbers) for numbers in done]
    places = ranks([[pairs.separated(a, b) for b in standings] for a in standings])
    placed = []
    for k, (numbers, rank) in enumerate(zip(done, places)):
        behind = pairs.difference(standings[k], standings[k - 1]) if k else None
        placed.append(Standing(**numbers, rank=rank, behind=behind))
    return placed
