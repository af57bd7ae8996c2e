"""A scenario from a real city: two CSV files of latitudes and longitudes."""

import os
from os import PathLike
from typing import Any

import numpy as np

from mec_env import checks
from mec_env.scenario.coordinates import read_coordinates
from mec_env.scenario.named import resolve
from mec_env.scenario.projection import EARTH_RADIUS, MAX_SPAN, Projection
from mec_env.scenario.scenario import Scenario

__all__ = ["EARTH_RADIUS", "MAX_SPAN", "city_scenario"]


def city_scenario(
    sites: PathLike[str] | str,
    users: PathLike[str] | str,
    latitude: str | tuple[str, str] | None = None,
    longitude: str | tuple[str, str] | None = None,
    missing: str = "refuse",
    **fields: Any,
) -> Scenario:
    """A Scenario with devices where a city's users are and servers at its base stations.

    Degrees (WGS84) become metres by the equirectangular projection about the
    middle of all points, good to 0.1 % within a city. Tasks, speeds and the
    path-loss exponent are those of ``square-km`` unless given.

    Parameters
    ----------
    sites, users : path
        CSV files with a header and columns of latitude and longitude [degrees], in any order and
        among any other columns; :func:`mec_env.scenario.coordinates.read_coordinates` says what is
        read.
    latitude, longitude : str or (str, str), optional
        Names of the columns, if they are not the usual ones. A pair gives the name in the sites'
        file and the name in the users' file.
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
    latitude, longitude = np.array(servers + devices).T
    metres = Projection.of(latitude, longitude).metres(latitude, longitude)
    xy = [tuple(point) for point in metres.tolist()]
    width, height = metres.max(axis=0).tolist()
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
