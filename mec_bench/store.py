"""Cells in a folder: a record and its decisions, each file whole or not at all."""

import hashlib
import json
import lzma
import os
import shutil
from pathlib import Path

import numpy as np

from mec_bench.cell import suite_of
from mec_bench.provenance import write_json
from mec_env.whole_file import whole_file

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
            with whole_file(file) as out:
                out.write(decisions)
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


def _type(dtype):
    return np.dtype("<u1" if np.dtype(dtype).itemsize == 1 else "<u2")
