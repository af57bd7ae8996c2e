"""Cells in a folder: a record and its decisions, each file whole or not at all."""

import hashlib
import json
import os
import shutil
from pathlib import Path

from mec_bench.cell import suite_of
from mec_bench.packing import layout_in, unpack_any
from mec_bench.provenance import write_json
from mec_env.whole_file import whole_file

#: How the names of decisions end. A layout of its own has a name of its own: a migration that
#: is killed leaves the old pair of files whole.
SUFFIXES = {1: ".decisions.xz", 2: ".decisions-v2.xz", 3: ".decisions-v3.bin"}
#: Free space to be left for other files [bytes].
_SPARE = 64 * 2**20


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
        # A decision takes a byte at most, or two; gaps, means and curves less than 100 bytes a slot.
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

        Decisions that a cell of this name had in another layout are removed at the end.

        Parameters
        ----------
        name : str
        record : dict
        decisions : bytes or None
            As :func:`mec_bench.packing.packed` or ``smallest`` makes them; None for a cell that failed.

        Returns
        -------
        dict
            The record as it is kept.

        Raises
        ------
        OSError
            In one sentence, for example if the disk is full.
        """
        try:
            return self._write(name, record, decisions)
        except OSError as error:
            raise OSError(
                f"{self.folder}: {name} can't be kept ({error.strerror or error}): make room, "
                "the same command then goes on with the cells that are missing"
            ) from None

    def _write(self, name, record, decisions):
        self.folder.mkdir(parents=True, exist_ok=True)
        if decisions is not None:
            layout = layout_in(decisions)
            file = self.folder / f"{name}{SUFFIXES[layout]}"
            with whole_file(file) as out:
                out.write(decisions)
            digest = hashlib.sha256(decisions).hexdigest()
            said = {"layout": layout} if layout != record["version"] else {}
            record = {**record, "decisions": {"file": file.name, "sha256": digest, **said}}
        write_json(self.folder / f"{name}.json", record)
        if decisions is not None:
            for other in SUFFIXES.keys() - {layout}:
                (self.folder / f"{name}{SUFFIXES[other]}").unlink(missing_ok=True)
        return record

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


def decisions_of(record, data):
    """Decisions (S, N) int64 of a cell's record, from the bytes of its decisions' file.

    Raises
    ------
    ValueError
        If they are damaged or don't fit the record's suite.
    """
    layout = record["decisions"].get("layout", record["version"])
    return unpack_any(data, suite_of(record), layout)


def read_decisions(record, folder):
    """Decisions (S, N) int64 of a cell's record, whose file lies in ``folder``."""
    return decisions_of(record, (Path(folder) / record["decisions"]["file"]).read_bytes())
