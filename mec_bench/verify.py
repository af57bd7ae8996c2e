"""Check cells without their learners: every number again from the decisions and the suite's seeds.

Slots, objectives, gaps, times and energies can be worked out again. The time of a training or of a
decision can't; for that a cell has only its author's word.
"""

import hashlib
import json
import math
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import mec_env
from mec_bench.cell import VERSIONS, hash_of, suite_hash, suite_of
from mec_bench.packing import SINGLE, unpack_gaps
from mec_bench.run import bounds_of
from mec_bench.scores import MEANS, shape_of
from mec_bench.store import decisions_of

#: Relative difference that rounding on another machine may make.
TOLERANCE = 1e-9
_FIELDS = {
    "learner": str, "suite": str, "suite_hash": str, "worlds": int, "episodes": int, "slots": int,
    "seed": int, "settings": dict, "settings_hash": str, "decisions": dict,
}  # fmt: skip
#: What a cell says of its decisions, by version.
_SAID = {1: {"objective": list, "gap": list}, 2: {"means": dict, "gaps": str}}


class Refused(ValueError):
    """A cell that is not what it says."""


@dataclass(frozen=True, eq=False)
class Found:
    """What decisions come to, worked out again.

    Attributes
    ----------
    objective, lower_bound, gap, nrr, time, energy, offloaded : (S,) float64
        By slot, as ``mec_bench.scores.MEANS`` has them.
    """

    objective: np.ndarray
    lower_bound: np.ndarray
    time: np.ndarray
    energy: np.ndarray
    offloaded: np.ndarray

    @property
    def gap(self):
        """(objective - bound) / bound."""
        return self.objective / self.lower_bound - 1.0

    @property
    def nrr(self):
        """bound / objective."""
        return self.lower_bound / self.objective


def verify(files, tell=lambda: None):
    """Check cells.

    Parameters
    ----------
    files : list of path
        The JSON files; each one's decisions lie beside it.
    tell : callable
        Called after every file.

    Returns
    -------
    dict
        File -> None, or a sentence that says why the cell is refused.
    """
    return each_cell(files, check, tell)


def each_cell(files, work, tell=lambda: None):
    """Do something with each of many cells, those of a suite together.

    Parameters
    ----------
    files : list of path
    work : callable
        work(file, record, judge) -> a verdict; judge(decisions) -> Found. It may raise
        ``Refused``, ValueError or OSError.
    tell : callable
        Called after every file.

    Returns
    -------
    dict
        File -> what ``work`` returned, or a sentence that says why the cell is refused.
    """
    verdicts, groups = {}, defaultdict(list)
    for file in map(Path, files):
        try:
            record = _read(file)
            groups[suite_of(record)].append((file, record))
        except (ValueError, OSError) as error:
            verdicts[file] = str(error)
            tell()
    for suite, cells in groups.items():
        judge = _judge_of(suite)
        for file, record in cells:
            try:
                verdicts[file] = work(file, record, judge)
            except (ValueError, OSError) as error:
                verdicts[file] = str(error)
            tell()
    return {file: verdicts[Path(file)] for file in map(Path, files)}


def check(file, record, judge):
    """Check a cell's record and the decisions beside it; what they come to, in ``Found``.

    Raises
    ------
    Refused, ValueError
        In one sentence.
    """
    agree(record, judge(read(file, record)))


def read(file, record):
    """The decisions (S, N) of a cell that is what it says of its suite and its files.

    Raises
    ------
    Refused, ValueError
        In one sentence.
    """
    suite = suite_of(record)
    counts = {
        "worlds": len(suite.world_seeds), "episodes": len(suite.episode_seeds), "slots": suite.scenario.slots
    }  # fmt: skip
    for key, there in counts.items():
        if record[key] != there:
            raise Refused(f"{key} = {record[key]}: the suite {record['suite']} has {there}")
    if record["suite_hash"] != suite_hash(suite):
        raise Refused("suite_hash: is not that of the suite's slots; the cell was run on others")
    if record["settings_hash"] != hash_of(record["settings"]):
        raise Refused("settings_hash: is not that of the settings")
    return _decisions(file, record, suite)


def agree(record, found):
    """Refuse a record that says other numbers than its decisions come to.

    Parameters
    ----------
    record : dict
    found : Found

    Raises
    ------
    Refused, ValueError
        Naming the first number that differs.
    """
    (_agree_version_1 if record["version"] == 1 else _agree)(record, found)


def _agree(record, found):
    shape = shape_of(record)
    for name in MEANS:
        # A gap is a difference: its rounding is that of the ratio.
        more = 1.0 if name == "gap" else 0.0
        means = getattr(found, name).reshape(shape).mean(axis=2)
        said = record["means"].get(name)
        if not _is_table(said, means.shape):
            raise Refused(f"means.{name}: must be {shape[0]} lists of {shape[1]} numbers, one for each episode of each world")  # fmt: skip
        for (world, episode), value in np.ndenumerate(means):
            a = said[world][episode]
            if not _close(a, value, more):
                raise Refused(f"means.{name} of world {world}, episode {episode} = {a!r}: the decisions come to {float(value)!r}")  # fmt: skip
    said = unpack_gaps(record["gaps"], len(found.gap))
    allowed = TOLERANCE * (1.0 + found.gap) + SINGLE * np.abs(found.gap)
    # What is not a number is not within any distance.
    wrong = np.flatnonzero(~(np.abs(said - found.gap) <= allowed))
    if len(wrong):
        k = wrong[0]
        raise Refused(f"gap of slot {k} = {said[k]!r}: the decision comes to {found.gap[k]!r}")


def _agree_version_1(record, found):
    for name, more in (("objective", 0.0), ("gap", 1.0)):
        said, values = record[name], getattr(found, name)
        if len(said) != len(values):
            raise Refused(f"{name}: has {len(said)} numbers, the suite has {len(values)} slots")
        for k, (a, b) in enumerate(zip(said, values)):
            if not _close(a, b, more):
                raise Refused(f"{name} of slot {k} = {a!r}: the decision comes to {float(b)!r}")
    for name in ("time", "energy", "offloaded"):
        value = getattr(found, name).mean()
        if not _close(record.get(name), value):
            raise Refused(f"{name} = {record.get(name)!r}: the decisions come to {value:.9g}")


def _read(file):
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"the file is no JSON ({error})") from None
    if not isinstance(record, dict) or record.get("kind") != "cell":
        raise Refused("the file is no cell of the leaderboard: kind must be 'cell'")
    version = record.get("version")
    if version not in VERSIONS:
        raise Refused(f"version = {version!r}: must be {' or '.join(map(str, VERSIONS))}")
    if record.get("status") != "done":
        raise Refused(f"status = {record.get('status')!r}: there is nothing to check in a cell that failed")  # fmt: skip
    for key, kind in {**_FIELDS, **_SAID[version]}.items():
        if not isinstance(record.get(key), kind):
            raise Refused(f"{key} = {record.get(key)!r}: must be there, of type {kind.__name__}")
    for key in ("file", "sha256"):
        if not isinstance(record["decisions"].get(key), str):
            raise Refused(f"decisions.{key}: must be there, of type str")
    return record


def _judge_of(suite):
    """A function of decisions (S, N) that says what they come to when the suite is played with them."""

    def judge(decisions):
        found = mec_env.evaluate(decisions, suite, bounds=bounds_of(suite))
        return Found(found.objective, found.lower_bound, found.time, found.energy, found.offloaded)

    return judge


def _decisions(file, record, suite):
    name = record["decisions"]["file"]
    if Path(name).name != name:
        raise Refused(f"decisions.file = {name!r}: must lie beside the JSON file")
    try:
        data = (file.parent / name).read_bytes()
    except OSError:
        raise Refused(f"decisions.file = {name!r}: is not there") from None
    if hashlib.sha256(data).hexdigest() != record["decisions"]["sha256"]:
        raise Refused(f"{name}: is not the file that the cell was written with (SHA-256 differs)")
    decisions = decisions_of(record, data)
    if decisions.max() > suite.scenario.mecs:
        k, i = np.unravel_index(decisions.argmax(), decisions.shape)
        raise Refused(
            f"decision of device {i} in slot {k} = {decisions[k, i]}: "
            f"must be 0 (local) to {suite.scenario.mecs}"
        )
    return decisions


def _is_table(said, shape):
    return (
        isinstance(said, list)
        and len(said) == shape[0]
        and all(isinstance(row, list) and len(row) == shape[1] for row in said)
    )


def _close(a, b, more=0.0):
    """Whether a number that was said is the one found, both with ``more`` added."""
    return isinstance(a, (int, float)) and math.isclose(more + a, more + b, rel_tol=TOLERANCE)
