"""Latitudes and longitudes from CSV files as people have them."""

import csv
import io
import math
import os
import re
import warnings

from mec_env import checks

# The usual names of a column, as GPS tools, mobile operators and GTFS (stops.txt) write them.
USUAL = {
    "latitude": ("latitude", "lat", "stop_lat"),
    "longitude": ("longitude", "lon", "lng", "long", "stop_lon"),
}
LARGEST = {"latitude": 90.0, "longitude": 180.0}
SEPARATORS = ",;\t|"
# What tables write where they have no number.
NOTHING = {"", "na", "n/a", "nan", "null", "none", "-"}
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
    name = os.fspath(path)
    lines = _lines(name)
    above = 0
    while above < len(lines) and _is_no_row(lines[above]):
        above += 1
    try:
        rows, columns = _columns(name, lines[above:], latitude, longitude)
        points, left_out = [], 0
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            point = _point(f"{name}, line {above + rows.line_num}", row, columns, missing)
            if point is None:
                left_out += 1
            else:
                points.append(point)
    except csv.Error as error:
        raise ValueError(f"{name}: is no CSV file ({error})") from None
    if not points:
        which = f"; {left_out} have none" if left_out else ""
        raise ValueError(f"{name}: has no rows, at least one position is needed{which}")
    if left_out:
        warnings.warn(
            f"{name}: {left_out} of {left_out + len(points)} rows have no position and are left out",
            stacklevel=2,
        )
    return points


def _lines(name):
    """The lines of a text file, with their ends."""
    try:
        with open(name, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        raise FileNotFoundError(f"{name}: there is no such file") from None
    except IsADirectoryError:
        raise IsADirectoryError(f"{name}: is a folder, must be a CSV file") from None
    except OSError as error:
        raise type(error)(f"{name}: can't be read ({error.strerror})") from None
    # Windows-1252 comes last: it takes nearly anything.
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "cp1252"):
        try:
            return list(io.StringIO(data.decode(encoding), newline=""))
        except UnicodeDecodeError:
            continue
    raise ValueError(f"{name}: is no CSV file in UTF-8, UTF-16 or Windows-1252")


def _is_no_row(line):
    """Whether a line above the header is empty, a comment or a spreadsheet's ``sep=;``."""
    text = line.strip()
    return not text or text.startswith("#") or re.fullmatch(r'"?sep=."?', text, re.IGNORECASE)


def _columns(name, lines, latitude, longitude):
    """A reader of the rows below the header, and what stands where in them."""
    asked = {"latitude": latitude, "longitude": longitude}
    words = {
        what: USUAL[what] if word is None else (str(word).strip().lower(),)
        for what, word in asked.items()
    }
    headers = []
    for separator in SEPARATORS:
        rows = csv.reader(iter(lines), delimiter=separator)
        header = [cell.strip().lower() for cell in next(rows, [])]
        found = {
            what: [header.index(word) for word in names if word in header]
            for what, names in words.items()
        }
        if all(found.values()):
            return rows, ({what: at[0] for what, at in found.items()}, len(header))
        headers.append((len(header), header, found))
    _, header, found = max(headers, key=lambda item: item[0])
    what = next(what for what in found if not found[what])
    raise ValueError(
        f"{name}: no column {words[what][0]!r} among {', '.join(header) or 'no columns'}; "
        f"name it with {what}="
    )


def _point(where, row, columns, missing):
    """Latitude and longitude of a row; None if it has none and may be left out."""
    positions, width = columns
    if any(cell.strip() for cell in row[width:]):
        raise ValueError(
            f"{where}: {len(row)} cells under {width} columns; cells with commas need quotes or "
            "another separator"
        )
    texts = {what: row[k].strip() if k < len(row) else "" for what, k in positions.items()}
    if missing == "drop" and any(text.lower() in NOTHING for text in texts.values()):
        return None
    return tuple(_degrees(where, what, text) for what, text in texts.items())


def _degrees(where, what, text):
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
