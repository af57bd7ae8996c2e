"""Latitudes and longitudes from CSV files as people have them."""

import math
import warnings

from mec_env import checks
from mec_env.scenario.table import NOTHING, Table, find

# The usual names of a column, as GPS tools, mobile operators and GTFS (stops.txt) write them.
USUAL = {
    "latitude": ("latitude", "lat", "stop_lat"),
    "longitude": ("longitude", "lon", "lng", "long", "stop_lon"),
}
LARGEST = {"latitude": 90.0, "longitude": 180.0}
MISSING = ("refuse", "drop")


def read_coordinates(path, latitude=None, longitude=None, missing="refuse"):
    """Latitudes and longitudes of a CSV file.

    Separated by commas, semicolons, tabs or bars, with decimal points or commas,
    in UTF-8, UTF-16 (with its mark) or Windows-1252; lines that begin with ``#``
    may stand above the header.

    Parameters
    ----------
    path : path
    latitude, longitude : str, optional
        Names of the columns, in any case; by default ``latitude``, ``lat`` or
        ``stop_lat``, and ``longitude``, ``lon``, ``lng``, ``long`` or ``stop_lon``.
    missing : {"refuse", "drop"}
        Whether a row without a position is an error or is left out; a warning
        then says how many were.

    Returns
    -------
    list of (float, float)
        Latitude and longitude [degrees] of each row.

    Raises
    ------
    OSError
        For a file that is missing or can't be read; its kind tells why.
    ValueError
        For what is no table, a missing column, no rows, or a cell that is no
        coordinate, naming file and line.
    """
    checks.known("missing", missing, MISSING)
    given = {"latitude": latitude, "longitude": longitude}
    table = Table(path, lambda header: find(header, USUAL, given))
    name = table.name
    points, left_out = [], 0
    for line, cells in table:
        if missing == "drop" and any(text.lower() in NOTHING for text in cells.values()):
            left_out += 1
        else:
            points.append(
                tuple(degrees(table.where(line), what, text) for what, text in cells.items())
            )
    if not points:
        which = f"; {left_out} have none" if left_out else ""
        raise ValueError(f"{name}: has no rows, at least one position is needed{which}")
    if left_out:
        warnings.warn(
            f"{name}: {left_out} of {left_out + len(points)} rows have no position and are left out",
            stacklevel=2,
        )
    return points


def degrees(where, what, text):
    """A cell's latitude or longitude [degrees]; ``where`` and ``what`` name it in messages."""
    try:
        # A decimal comma is told from a separator of thousands: degrees have none.
        value = float(text.replace(",", ".") if text.count(",") == 1 else text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        hint = '; missing="drop" leaves such rows out' if text.lower() in NOTHING else ""
        raise ValueError(f"{where}: {what} = {text!r}: must be a number in degrees{hint}")
    if abs(value) > LARGEST[what]:
        swapped = "; are latitude and longitude swapped?" if what == "latitude" else ""
        raise ValueError(
            f"{where}: {what} = {value:g}: must be from {-LARGEST[what]:g} to "
            f"{LARGEST[what]:g} degrees{swapped}"
        )
    return value
