"""Check cells without their learners: every number again from the decisions and the suite's seeds.

What can be worked out again is the slots, the objectives, the gaps, times and energies. How
long a training or a decision took can't; of that a cell is its author's word.
"""

import hashlib
import json
import math
from collections import defaultdict
from pathlib import Path

import numpy as np

import mec_env
from mec_bench.cell import VERSION, hash_of, suite_hash, suite_of
from mec_bench.run import bounds_of
from mec_bench.store import unpack

#: Relative difference that rounding on another machine may make.
TOLERANCE = 1e-9


class Refused(ValueError):
    """A cell that is not what it says."""


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
    verdicts, groups = {}, defaultdict(list)
    for file in map(Path, files):
        try:
            record = _read(file)
            groups[suite_of(record)].append((file, record))
        except (Refused, ValueError, OSError) as error:
            verdicts[file] = str(error)
            tell()
    for suite, cells in groups.items():
        # A suite's slots are drawn once for all cells that were judged on them.
        slots = list(suite.slots())
        for file, record in cells:
            try:
                _check(file, record, suite, slots)
                verdicts[file] = None
            except (Refused, ValueError, OSError) as error:
                verdicts[file] = str(error)
            tell()
    return {file: verdicts[Path(file)] for file in map(Path, files)}


def _read(file):
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"the file is no JSON ({error})") from None
    if not isinstance(record, dict) or record.get("kind") != "cell":
        raise Refused("the file is no cell of the leaderboard: kind must be 'cell'")
    if record.get("version") != VERSION:
        raise Refused(f"version = {record.get('version')!r}: must be {VERSION}")
    if record.get("status") != "done":
        raise Refused(f"status = {record.get('status')!r}: there is nothing to check in a cell that failed")  # fmt: skip
    kinds = {
        "learner": str, "suite": str, "suite_hash": str, "worlds": int, "episodes": int, "slots": int,
        "seed": int, "settings": dict, "settings_hash": str, "objective": list, "gap": list, "decisions": dict,
    }  # fmt: skip
    for key, kind in kinds.items():
        if not isinstance(record.get(key), kind):
            raise Refused(f"{key} = {record.get(key)!r}: must be there, of type {kind.__name__}")
    for key in ("file", "sha256"):
        if not isinstance(record["decisions"].get(key), str):
            raise Refused(f"decisions.{key}: must be there, of type str")
    return record


def _check(file, record, suite, slots):
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
    for key in ("objective", "gap"):
        if len(record[key]) != suite.size:
            raise Refused(
                f"{key}: has {len(record[key])} numbers, the suite has {suite.size} slots"
            )
    decisions = _decisions(file, record, suite)
    outcomes = [mec_env.outcome(slot, decision) for slot, decision in zip(slots, decisions)]
    objective = np.array([o.objective for o in outcomes])
    _same("objective", record["objective"], objective)
    # The gap is a difference: its rounding is that of the ratio.
    gap = objective / bounds_of(suite)[0] - 1.0
    _same("gap", 1.0 + np.asarray(record["gap"], dtype=float), 1.0 + gap)
    totals = {
        "time": np.mean([o.time for o in outcomes]),
        "energy": np.mean([o.energy for o in outcomes]),
        "offloaded": np.mean(decisions > 0),
    }
    for key, value in totals.items():
        if not _close(record.get(key), value):
            raise Refused(f"{key} = {record.get(key)!r}: the decisions come to {value:.9g}")


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
    decisions = unpack(data, suite)
    if decisions.max() > suite.scenario.mecs:
        k, i = np.unravel_index(decisions.argmax(), decisions.shape)
        raise Refused(
            f"decision of device {i} in slot {k} = {decisions[k, i]}: "
            f"must be 0 (local) to {suite.scenario.mecs}"
        )
    return decisions


def _same(key, said, found):
    for k, (a, b) in enumerate(zip(said, found)):
        if not _close(a, b):
            raise Refused(f"{key} of slot {k} = {a!r}: the decision comes to {float(b)!r}")


def _close(a, b):
    return isinstance(a, (int, float)) and math.isclose(a, b, rel_tol=TOLERANCE)
