"""A scenario from a real city: two CSV files of latitudes and longitudes."""

import csv
import math
import os

from mec_env.scenario.named import resolve

EARTH_RADIUS = 6_371_000.0
# Wider than any city: such a span means a wrong column or a stray point.
MAX_SPAN = 200_000.0

_LATITUDE = ("latitude", "lat")
_LONGITUDE = ("longitude", "lon", "lng", "long")


def city_scenario(sites, users, **fields):
    """Devices where a city's users are, servers at its base stations.

    Degrees (WGS84) become metres by the equirectangular projection about the
    middle of all points, good to 0.1 % within a city. Tasks, speeds and the
    path-loss exponent are those of ``square-km`` unless given.

    Parameters
    ----------
    sites, users : path
        CSV files with a header and columns of latitude and longitude [degrees],
        in any order and among any others.
    **fields
        Scenario fields to replace.

    Returns
    -------
    Scenario

    Raises
    ------
    ValueError
        For a missing column, an empty file, a field that is no number or no
        coordinate, or files that don't belong to one city.

    Examples
    --------
    >>> scenario = city_scenario("sites.csv", "users.csv", slots=50)  # doctest: +SKIP
    """
    servers, devices = read_coordinates(sites), read_coordinates(users)
    points = servers + devices
    lat = [p[0] for p in points]
    lon = [p[1] for p in points]
    middle = math.radians(0.5 * (min(lat) + max(lat)))
    metres = math.radians(1.0) * EARTH_RADIUS
    xy = [((b - min(lon)) * metres * math.cos(middle), (a - min(lat)) * metres) for a, b in points]
    width = max(p[0] for p in xy)
    height = max(p[1] for p in xy)
    if max(width, height) > MAX_SPAN:
        raise ValueError(
            f"{os.fspath(sites)} and {os.fspath(users)}: points span "
            f"{max(width, height) / 1000:.0f} km, at most {MAX_SPAN / 1000:.0f} km make a city; "
            "are latitude and longitude swapped in one file?"
        )
    given = dict(
        name="city",
        mecs=len(servers),
        iotds=len(devices),
        # A single point, or points in a line, still need an area.
        area=(max(width, 1.0), max(height, 1.0)),
        device_layout="given",
        server_layout="given",
        server_positions=tuple(xy[: len(servers)]),
        device_positions=tuple(xy[len(servers) :]),
    )
    return resolve("square-km", **{**given, **fields})


def read_coordinates(path):
    """Latitudes and longitudes of a CSV file.

    Returns
    -------
    list of (float, float)
        Latitude and longitude [degrees] of each row.
    """
    name = os.fspath(path)
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            return _coordinates(name, csv.reader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{name}: is no CSV file in UTF-8 ({error})") from None


def _coordinates(name, rows):
    header = [column.strip().lower() for column in next(rows, [])]
    columns = []
    for words in (_LATITUDE, _LONGITUDE):
        found = [header.index(word) for word in words if word in header]
        if not found:
            raise ValueError(
                f"{name}: no column {words[0]!r} among {', '.join(header) or 'no columns'}"
            )
        columns.append(found[0])
    points = [
        _coordinate(name, rows.line_num, row, columns)
        for row in rows
        if any(cell.strip() for cell in row)
    ]
    if not points:
        raise ValueError(f"{name}: has no rows, at least one position is needed")
    return points


def _coordinate(name, line, row, columns):
    values = []
    for column, what, limit in zip(columns, ("latitude", "longitude"), (90.0, 180.0)):
        text = row[column].strip() if column < len(row) else ""
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise ValueError(f"{name}, line {line}: {what} = {text!r}: must be a number in degrees")
        if abs(value) > limit:
            swapped = "; are latitude and longitude swapped?" if what == "latitude" else ""
            raise ValueError(
                f"{name}, line {line}: {what} = {value:g}: must be from {-limit:g} to {limit:g} "
                f"degrees{swapped}"
            )
        values.append(value)
    return tuple(values)
