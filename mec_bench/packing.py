"""Decisions and gaps as few bytes, and back: what a cell holds a number of for every slot.

Decisions of version 2 stand device by device, each device's slots in a row, two to a byte
where there are fewer than 16 servers; those of version 1 slot by slot, one to a byte. Both are
compressed as xz. Where a score is an episode's, so that a cell has twenty and a hundred times as
many slots, decisions are of version 3 (:mod:`mec_bench.foretold`), a third of version 2 or less. What
is recorded for good may be of either, whichever is smaller. Gaps are single precision, their bytes
sorted by weight, compressed and in base64.
"""

import base64
import binascii
import lzma
import zlib

import numpy as np

#: Decisions have no bytes that mean more than others by their place.
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6, "lc": 0, "lp": 0, "pb": 0}]
#: How every xz file begins.
_XZ = b"\xfd7zXZ\x00"
#: Of what a file of decisions may ask for to be unpacked [bytes].
_MEMORY = 2**27
#: Relative error of a number kept in single precision.
SINGLE = 2.0**-24


def pack(decisions, suite):
    """Decisions (S, N) of a suite, compressed, in the layout of version 2."""
    by_device = np.asarray(decisions).T.astype(_dtype(suite))
    if _halves(suite):
        by_device = np.pad(by_device, ((0, 0), (0, by_device.shape[1] % 2)))
        by_device = by_device[:, ::2] | by_device[:, 1::2] << 4
    return lzma.compress(np.ascontiguousarray(by_device).tobytes(), filters=_FILTERS)


def unpack(data, suite):
    """Decisions (S, N) int64 of a suite, from what :func:`pack` made.

    Raises
    ------
    ValueError
        If they are damaged or don't fit the suite; no more is unpacked than fits.
    """
    devices, slots = suite.scenario.iotds, suite.size
    dtype, columns = _dtype(suite), (slots + 1) // 2 if _halves(suite) else slots
    raw = _decompressed(data, devices * columns * dtype.itemsize)
    by_device = np.frombuffer(raw, dtype).reshape(devices, columns)
    if _halves(suite):
        by_device = np.stack([by_device & 15, by_device >> 4], axis=2).reshape(devices, -1)
    return by_device[:, :slots].T.astype(np.int64)


def layout_of(unit):
    """The version of the layout in which decisions are written, by their suite's unit of score."""
    return 3 if unit == "episode" else 2


def layout_in(data):
    """The version of the layout that packed decisions are of, 2 or 3, by how they begin."""
    return 2 if data.startswith(_XZ) else 3


def smallest(decisions, suite):
    """Decisions (S, N) of a suite, compressed, in the layout that takes fewer bytes."""
    from mec_bench.foretold import foretell

    return min(pack(decisions, suite), foretell(decisions, suite), key=len)


def packed(decisions, suite):
    """Decisions (S, N) of a suite, compressed, in the layout of :func:`layout_of`."""
    if layout_of(suite.unit) == 2:
        return pack(decisions, suite)
    # Playing along loads numba, which the numbers of a cell don't need.
    from mec_bench.foretold import foretell

    return foretell(decisions, suite)


def unpack_any(data, suite, layout):
    """Decisions (S, N) int64 of a suite, in any layout that was ever written.

    Raises
    ------
    ValueError
        For an unknown layout; else as :func:`unpack`.
    """
    if layout == 3:
        from mec_bench.foretold import retell

        return retell(data, suite)
    if layout not in (1, 2):
        raise ValueError(f"decisions.layout = {layout!r}: must be 1, 2 or 3")
    return (unpack_version_1 if layout == 1 else unpack)(data, suite)


def unpack_version_1(data, suite):
    """Decisions (S, N) int64 from a cell of version 1: slot by slot, a byte each, or two.

    Raises
    ------
    ValueError
        As :func:`unpack`.
    """
    dtype = _dtype(suite)
    raw = _decompressed(data, suite.size * suite.scenario.iotds * dtype.itemsize)
    return np.frombuffer(raw, dtype).reshape(suite.size, -1).astype(np.int64)


def pack_gaps(gaps):
    """Gaps (S,) as text, in single precision."""
    planes = np.asarray(gaps).astype("<f4").view(np.uint8).reshape(-1, 4).T
    return base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode()


def unpack_gaps(text, slots):
    """Gaps (S,) float64 from what :func:`pack_gaps` made.

    Raises
    ------
    ValueError
        If they are damaged or not ``slots`` many; no more is unpacked than fits.
    """
    try:
        reader = zlib.decompressobj()
        raw = reader.decompress(base64.b64decode(text, validate=True), 4 * slots + 1)
    except (binascii.Error, zlib.error, TypeError, ValueError) as error:
        raise ValueError(f"gaps are damaged ({error})") from None
    if len(raw) != 4 * slots or not reader.eof:
        raise ValueError(f"gaps are damaged, or not those of {slots} slots")
    planes = np.frombuffer(raw, np.uint8).reshape(4, slots)
    return np.ascontiguousarray(planes.T).view("<f4").ravel().astype(np.float64)


def _halves(suite):
    return suite.scenario.mecs < 16


def _dtype(suite):
    return np.dtype("<u1" if suite.scenario.mecs < 256 else "<u2")


def _decompressed(data, wanted):
    reader = lzma.LZMADecompressor(memlimit=_MEMORY)
    try:
        raw = reader.decompress(data, wanted + 1)
    except (lzma.LZMAError, EOFError) as error:
        raise ValueError(f"decisions are damaged ({error})") from None
    if not reader.eof and len(raw) <= wanted:
        raise ValueError("decisions are damaged (the file is cut short)")
    if len(raw) != wanted:
        some = "more" if len(raw) > wanted else f"{len(raw)}"
        raise ValueError(f"decisions hold {some} bytes, the suite's slots need {wanted}")
    return raw
