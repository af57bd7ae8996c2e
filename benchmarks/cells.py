"""Cells of the leaderboard: one learner, one suite, one seed, and what it came to.

A cell is two files: ``NAME.json`` with the numbers and where they come from, and
``NAME.decisions.xz`` with every decision, from which anybody can work the numbers out
again (:mod:`benchmarks.verify`). The name holds a hash of the settings, so other
settings are another cell.
"""

import hashlib
import json
import lzma
import os
import shutil
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from benchmarks.record import write_json
from dirs_solver.learner import find_learner
from mec_env.rules import RULES
from mec_env.suite import Suite

#: Of the cells' layout.
VERSION = 1
#: Free space to be left for other files [bytes].
_SPARE = 64 * 2**20


@dataclass(frozen=True)
class Cell:
    """What is to be run.

    Attributes
    ----------
    learner : str
        As :func:`dirs_solver.find_learner` takes it.
    suite : Suite
        A frozen one, or a part of one (``Suite.only``).
    seed : int
        Of the training and of policies that draw random numbers.
    training_slots : int, optional
        Slots that the learner trains on in each world, by default its own number.
    budget : float, optional
        Time of one core for the training of all worlds together [s].
    time_limit : float, optional
        Wall time after which the cell has failed [s].
    trust : bool
        Whether a file that the learner is loaded from may run code.
    """

    learner: str
    suite: Suite
    seed: int = 0
    training_slots: int | None = None
    budget: float | None = None
    time_limit: float | None = None
    trust: bool = False

    @property
    def kind(self):
        """The learner's class."""
        return find_learner(self.learner, self.trust)

    @cached_property
    def settings(self):
        """All that its numbers depend on, but for the code: dict for JSON.

        Read once, for the name hangs on them and is asked for all the time.
        """
        found = getattr(self.kind(), "settings", {})
        found = found.to_dict() if hasattr(found, "to_dict") else dict(found)
        given = {"training_slots": self.training_slots, "budget": self.budget}
        return {**found, **{k: v for k, v in given.items() if v is not None and not self.rule}}

    @property
    def rule(self):
        """Whether it learns nothing."""
        return self.learner in RULES

    @property
    def deterministic(self):
        """Whether every seed gives the same: a rule that draws no random numbers."""
        return self.rule and not getattr(RULES[self.learner], "draws", False)

    @property
    def name(self):
        """Of its files, without ending."""
        learner = "".join(c if c.isalnum() or c in "-_." else "-" for c in self.learner)
        return f"{self.suite_name}--{learner}--s{self.seed}--{hash_of(self.settings)}"

    @property
    def suite_name(self):
        """The suite's, with what is left of a cut one."""
        suite = self.suite
        if not suite.name.endswith("(part)"):
            return suite.name
        left = len(suite.world_seeds), len(suite.episode_seeds), suite.scenario.slots
        return f"{suite.frozen}-part-{'x'.join(map(str, left))}"

    def head(self):
        """What every file of this cell says, whether it went well or not."""
        suite, settings = self.suite, self.settings
        return {
            "kind": "cell",
            "version": VERSION,
            "learner": self.learner,
            "information": getattr(self.kind, "information", "global"),
            "deterministic": self.deterministic,
            "suite": suite.frozen or suite.name,
            "suite_hash": suite_hash(suite),
            "worlds": len(suite.world_seeds),
            "episodes": len(suite.episode_seeds),
            "slots": suite.scenario.slots,
            "seed": self.seed,
            "settings": settings,
            "settings_hash": hash_of(settings),
            "budget": None if self.rule else self.budget,
        }


def hash_of(settings):
    """Twelve hexadecimal digits of a dict."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]


@lru_cache(maxsize=64)
def suite_hash(suite):
    """The suite's content hash, worked out once a process."""
    return suite.content_hash()


class Store:
    """Cells in a folder, each written whole or not at all.

    Parameters
    ----------
    folder : path
    """

    def __init__(self, folder):
        self.folder = Path(folder)

    def check(self, cells):
        """Complain now, not after hours of training, if the cells' files can't be kept here.

        Raises
        ------
        OSError
            In one sentence.
        """
        probe = self.folder / f".probe.{os.getpid()}.tmp"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"probe")
            probe.unlink()
            free = shutil.disk_usage(self.folder).free
        except OSError as error:
            raise OSError(f"{self.folder}: cells can't be written there ({error})") from None
        # A decision takes a byte at most, or two; numbers and provenance as much as 100 bytes a slot.
        needed = sum(cell.suite.size * (2 * cell.suite.scenario.iotds + 100) for cell in cells)
        if free < needed + _SPARE:
            raise OSError(
                f"{self.folder}: {free / 2**20:.0f} MB are free, "
                f"{(needed + _SPARE) / 2**20:.0f} MB may be needed"
            )

    def done(self, cell):
        """Whether a cell is there, well or failed."""
        try:
            kept = json.loads((self.folder / f"{cell.name}.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return False
        decisions = kept.get("decisions")
        return decisions is None or (self.folder / decisions["file"]).is_file()

    def write(self, name, record, decisions):
        """Keep a cell: the decisions first, so that a record never lacks them.

        Parameters
        ----------
        name : str
        record : dict
        decisions : bytes or None
            As :func:`pack` makes them; None for a cell that failed.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if decisions is not None:
            file = self.folder / f"{name}.decisions.xz"
            temporary = file.with_name(f"{file.name}.tmp")
            temporary.write_bytes(decisions)
            os.replace(temporary, file)
            digest = hashlib.sha256(decisions).hexdigest()
            record = {**record, "decisions": {"file": file.name, "sha256": digest}}
        write_json(self.folder / f"{name}.json", record)

    def read(self):
        """All cells of the folder, by name; what is no cell is passed over."""
        found = {}
        for file in sorted(self.folder.glob("*.json")):
            try:
                record = json.loads(file.read_text(encoding="utf-8"))
            except json.JSONDecodeError:
                continue
            if isinstance(record, dict) and record.get("kind") == "cell":
                found[file.stem] = record
        return found


def pack(decisions):
    """Decisions (S, N), compressed: the raw numbers, one byte each, or two, little end first."""
    return lzma.compress(np.ascontiguousarray(decisions).astype(_type(decisions.dtype)).tobytes())


def unpack(data, suite):
    """Decisions (S, N) int64 of a suite, from what :func:`pack` made.

    Raises
    ------
    ValueError
        If they are damaged or don't fit the suite; no more is unpacked than fits.
    """
    dtype = _type(np.uint8 if suite.scenario.mecs < 256 else np.uint16)
    wanted = suite.size * suite.scenario.iotds * dtype.itemsize
    reader = lzma.LZMADecompressor()
    try:
        raw = reader.decompress(data, wanted + 1)
    except (lzma.LZMAError, EOFError) as error:
        raise ValueError(f"decisions are damaged ({error})") from None
    if not reader.eof and len(raw) <= wanted:
        raise ValueError("decisions are damaged (the file is cut short)")
    if len(raw) != wanted:
        some = "more" if len(raw) > wanted else f"{len(raw)}"
        raise ValueError(f"decisions hold {some} bytes, the suite's slots need {wanted}")
    return np.frombuffer(raw, dtype).reshape(suite.size, -1).astype(np.int64)


def read_decisions(record, folder):
    """Decisions (S, N) int64 of a cell's record."""
    return unpack((Path(folder) / record["decisions"]["file"]).read_bytes(), suite_of(record))


def suite_of(record):
    """The suite that a cell's record speaks of.

    Raises
    ------
    ValueError
        For a name that no frozen suite has.
    """
    from mec_env.suite import resolve_suite

    whole = resolve_suite(record["suite"])
    return whole.only(record["worlds"], record["episodes"], record["slots"])


def _type(dtype):
    return np.dtype("<u1" if np.dtype(dtype).itemsize == 1 else "<u2")
