"""A scenario from a real city: two CSV files of latitudes and longitudes."""

import math
import os
from os import PathLike
from typing import Any

from mec_env import checks
from mec_env.scenario.coordinates import read_coordinates
from mec_env.scenario.named import resolve
from mec_env.scenario.scenario import Scenario

EARTH_RADIUS = 6_371_000.0
# Wider than any city: such a span means a wrong column or a stray point.
MAX_SPAN = 200_000.0


def city_scenario(
    sites: PathLike[str] | str,
    users: PathLike[str] | str,
    latitude: str | tuple[str, str] | None = None,
    longitude: str | tuple[str, str] | None = None,
    missing: str = "refuse",
    **fields: Any,
) -> Scenario:
    """Devices where a city's users are, servers at its base stations.

    Degrees (WGS84) become metres by the equirectangular projection about the
    middle of all points, good to 0.1 % within a city. Tasks, speeds and the
    path-loss exponent are those of ``square-km`` unless given.

    Parameters
    ----------
    sites, users : path
        CSV files with a header and columns of latitude and longitude [degrees],
        in any order and among any others; see
        :func:`mec_env.scenario.coordinates.read_coordinates` for what is read.
    latitude, longitude : str or (str, str), optional
        Names of the columns where they are not the usual ones; a pair names those
        of the sites and of the users.
    missing : {"refuse", "drop"}
        Whether a row without a position is an error, or is left out and counted in
        a warning.
    **fields
        Scenario fields to replace.

    Returns
    -------
    Scenario

    Raises
    ------
    OSError
        For a file that is missing or can't be read.
    ValueError
        For a missing column, an empty file, a field that is no number or no
        coordinate, or files that don't belong to one city.

    Examples
    --------
    >>> scenario = city_scenario("sites.csv", "users.csv", slots=50)  # doctest: +SKIP
    """
    latitudes, longitudes = _pair("latitude", latitude), _pair("longitude", longitude)
    servers, devices = (
        read_coordinates(path, latitudes[k], longitudes[k], missing)
        for k, path in enumerate((sites, users))
    )
    points = _across_the_meridian(servers + devices)
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


def _pair(name, value):
    """A column's name in the sites' file and in the users'."""
    pair = tuple(value) if checks.is_list(value) else (value, value)
    if len(pair) != 2 or not all(word is None or isinstance(word, str) for word in pair):
        raise ValueError(f"{name} = {value!r}: must be a column's name or a pair of names")
    return pair


def _across_the_meridian(points):
    """Points on one side of the 180th meridian or, told by their span, on both."""
    lon = [p[1] for p in points]
    if max(lon) - min(lon) <= 180.0:
        return points
    return [(a, b + 360.0 if b < 0.0 else b) for a, b in points]
