"""A network whose devices move as a file says, with servers where they pass or at given sites."""

from collections.abc import Mapping
from datetime import datetime
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from mec_env import checks
from mec_env.scenario.coordinates import read_coordinates
from mec_env.scenario.scenario import Scenario
from mec_env.scenario.trace_files import read_trace
from mec_env.scenario.traces import LONGEST_GAP, TOP_SPEED
from mec_env.whole_file import write_text


class TraceNetwork(NamedTuple):
    """Devices' positions over an episode and the servers' positions, on one map.

    Attributes
    ----------
    positions : (T, N, 2) array
        Of the devices [m].
    server_xy : (M, 2) array
        [m].
    area : (float, float)
        Width and height of the map [m]; its corner is (0, 0).
    start : float
        The first slot's time [s] since the trace's first.
    ids : tuple of str
        The devices' names in the file.
    """

    positions: np.ndarray
    server_xy: np.ndarray
    area: tuple
    start: float
    ids: tuple


def trace_network(
    path,
    mecs,
    iotds,
    slots,
    slot_seconds,
    start=None,
    sites=None,
    *,
    longest_gap=LONGEST_GAP,
    top_speed=TOP_SPEED,
    area=None,
    margin=0.0,
    seed=0,
    site_columns=None,
    **columns,
):
    """The network of a trace's window.

    Parameters
    ----------
    path : path
        See :func:`mec_env.scenario.trace_files.read_trace`.
    mecs, iotds, slots : int
        Numbers of servers, devices and slots.
    slot_seconds : float
        Length of a slot [s].
    start : float, str or datetime, optional
        Begin of the first slot: seconds since the trace's first fix, or a time; by default the
        earliest start at which the most ids cover the window.
    sites : path, optional
        Latitudes and longitudes of sites that may have a server, as :func:`mec_env.city_scenario`
        reads them. Servers are at the sites that are nearest to the most positions; between equals
        the file's order decides. By default servers are at the centres of all positions by k-means.
    longest_gap, top_speed, area, margin
        As for :meth:`mec_env.scenario.traces.Trace.window`.
    seed : int
        For the start of k-means.
    site_columns : (str, str), optional
        Names of the sites' columns of latitude and longitude.
    **columns
        Names of the trace's columns, and ``missing``, for ``read_trace``.

    Returns
    -------
    TraceNetwork

    Raises
    ------
    OSError, ValueError
        As the functions above; also for fewer sites than ``mecs``, or sites beside a trace in
        metres of its own.
    """
    trace = read_trace(path, **columns)
    mecs = checks.integer("mecs", mecs, 1)
    checks.integer("iotds", iotds, 1)
    if start is None:
        start = trace.busiest(slots, slot_seconds, longest_gap, top_speed)
    given = dict(start=start, devices=iotds, longest_gap=longest_gap, top_speed=top_speed)
    if sites is None:
        window = trace.window(slots, slot_seconds, **given, area=area, margin=margin)
        servers = _centres(window.positions.reshape(-1, 2), mecs, seed)
    else:
        points = _sites(sites, site_columns, trace)
        if len(points) < mecs:
            raise ValueError(f"{sites}: has {len(points)} sites, mecs = {mecs} need as many")
        positions = trace.sample(slots, slot_seconds, **given).reshape(-1, 2)
        chosen = points[_passed(points, positions)[:mecs]]
        window = trace.window(
            slots, slot_seconds, **given, area=area, margin=margin, besides=chosen
        )
        servers = chosen - window.corner
        outside = ((servers < 0.0) | (servers > window.area)).any(axis=1)
        if outside.any() and area is not None:
            x, y = servers[outside][0]
            raise ValueError(
                f"{sites}: a site is at ({x:.1f}, {y:.1f}) m, outside of the area of "
                f"{window.area[0]:g} m by {window.area[1]:g} m"
            )
    return TraceNetwork(
        window.positions,
        np.clip(servers, 0.0, window.area),
        window.area,
        window.start,
        window.ids,
    )


def _centres(points, count, seed):
    # Kernels load numba, which reading a file doesn't need.
    from mec_env.draws import streams
    from mec_env.laws.kmeans import kmeans

    stream = streams.Stream(streams.seed_key(seed), streams.SERVER_POSITIONS)
    return kmeans(points, count, stream)


def _sites(path, columns, trace):
    """Sites (K, 2) in the trace's plane [m]."""
    if trace.projection is None:
        raise ValueError(
            f"{trace.name}: has x and y, sites = {str(path)!r} has degrees; the trace must have "
            "latitudes and longitudes too"
        )
    latitude, longitude = np.array(read_coordinates(path, *(columns or ()))).T
    return trace.projection.metres(latitude, longitude)


def _passed(sites, positions):
    """Places of the sites, those to which the most positions are nearest first."""
    from scipy.spatial import cKDTree

    nearest = cKDTree(sites).query(positions)[1]
    return np.argsort(-np.bincount(nearest, minlength=len(sites)), kind="stable")


def trace_scenario(
    path: PathLike[str] | str,
    mecs: int,
    iotds: int,
    slots: int,
    slot_seconds: float,
    window_file: PathLike[str] | str,
    start: float | str | datetime | None = None,
    sites: PathLike[str] | str | None = None,
    *,
    network: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Scenario:
    """A Scenario whose devices move as a file of positions says.

    The window's positions on the map are written to a file of their own, with a row for each device
    and slot. The scenario names this file, so it does not depend on how the long file is read.

    Parameters
    ----------
    path, mecs, iotds, slots, slot_seconds, start, sites
        As for :func:`trace_network`.
    window_file : path
        CSV file to be written: id, time [s], x and y [m].
    network : mapping, optional
        Other arguments of :func:`trace_network`.
    **fields
        Scenario fields, such as ``channel="suzuki"``.

    Returns
    -------
    Scenario

    Raises
    ------
    OSError, ValueError
        As :func:`trace_network` and Scenario do.
    """
    found = trace_network(path, mecs, iotds, slots, slot_seconds, start, sites, **(network or {}))
    lines = ["id,time,x,y"]
    for t, places in enumerate(found.positions):
        for name, (x, y) in zip(found.ids, places):
            lines.append(f'"{name}",{t * slot_seconds!r},{float(x)!r},{float(y)!r}')
    write_text(window_file, "\n".join(lines) + "\n")
    given: dict[str, Any] = dict(
        name="trace", motion="trace", trace=str(window_file), mecs=mecs, iotds=iotds, slots=slots,
        slot_seconds=float(slot_seconds), area=tuple(float(side) for side in found.area),
        device_layout="given", device_positions=_pairs(found.positions[0]),
        server_layout="given", server_positions=_pairs(found.server_xy),
    )  # fmt: skip
    return Scenario(**{**given, **fields})


def _pairs(points):
    return tuple((float(x), float(y)) for x, y in points)
