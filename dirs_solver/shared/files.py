"""Files of weights and training states: arrays and a JSON header, whole or not at all.

Each is one safetensors file whose header holds the JSON. Loading it runs no code, and there are no
two files that could disagree.
"""

import hashlib
import json
import os

from mec_env.whole_file import whole_file

#: Of the files' layout; a file of another version is refused.
VERSION = 1
_ENTRY = "dirs"


def save(path, kind, header, arrays):
    """Write a file under a temporary name, then rename it.

    Parameters
    ----------
    path : path
    kind : str
        What the file holds, such as ``dirs-policy``.
    header : dict
        For JSON.
    arrays : dict of numpy arrays
    """
    from safetensors import numpy as safetensors

    arrays = {name: _contiguous(array) for name, array in arrays.items()}
    text = json.dumps({"kind": kind, "version": VERSION, **header}, sort_keys=True)
    # One entry holds it all: safetensors writes several in an order that changes from run to run.
    metadata = {_ENTRY: f"{_digest(text, arrays)} {text}"}
    with whole_file(path) as file:
        file.write(safetensors.save(arrays, metadata))


def load(path, kind):
    """Read a file back.

    Returns
    -------
    header : dict
    arrays : dict of numpy arrays

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        In one sentence, for a file that is truncated, corrupted, of another kind
        or of another version.
    """
    from safetensors import SafetensorError
    from safetensors import numpy as safetensors

    path = os.fspath(path)
    with open(path, "rb") as file:
        data = file.read()
    try:
        length = int.from_bytes(data[:8], "little")
        if len(data) < 8 or length > len(data) - 8:
            raise ValueError("it is cut short")
        digest, _, text = json.loads(data[8 : 8 + length])["__metadata__"][_ENTRY].partition(" ")
        arrays = safetensors.load(data)
        if digest != _digest(text, arrays):
            raise ValueError("its contents don't match their checksum")
        header = json.loads(text)
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        reason = str(error).replace("\n", " ")
        raise ValueError(f"{path}: truncated, corrupted or not a file of DIRS ({reason})") from None
    if header["kind"] != kind:
        raise ValueError(f"{path}: holds {header['kind']!r}, must be a file of {kind!r}")
    if header["version"] != VERSION:
        raise ValueError(
            f"{path}: written in version {header['version']}, this program reads {VERSION}"
        )
    return header, arrays


def same(path, what, found, wanted):
    """Complain in one sentence if a file was written for something else."""
    if found != wanted:
        raise ValueError(f"{path}: was written for {what} {found}, not {wanted}")


def _contiguous(array):
    # ascontiguousarray alone would turn a number, such as Adam's step, into a vector of one.
    return array.copy() if array.ndim == 0 else array if array.flags.c_contiguous else array.copy()


def _digest(text, arrays):
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.tobytes() if array.ndim == 0 else memoryview(array).cast("B"))
    return digest.hexdigest()
