"""Files of who was where and when, as people have them."""

import math
import warnings
from array import array

import numpy as np

from mec_env import checks
from mec_env.scenario import clock
from mec_env.scenario.coordinates import MISSING, USUAL, degrees
from mec_env.scenario.projection import MAX_SPAN, Projection, one_side
from mec_env.scenario.table import NOTHING, NoColumn, Table, find
from mec_env.scenario.traces import Trace

WHO_AND_WHEN = {
    "id": (
        "id",
        "vehicle_id",
        "device_id",
        "user_id",
        "node_id",
        "person_id",
        "vehicle",
        "device",
        "user",
        "node",
    ),
    "time": clock.USUAL_TIMES,
}
ON_A_PLANE = {"x": ("x", "vehicle_x", "x_m"), "y": ("y", "vehicle_y", "y_m")}
#: Two fixes of an id at one time that lie no further apart are one fix [m].
SAME_PLACE = 1.0


def read_trace(
    path,
    *,
    id=None,  # noqa: A002 -- the column's own name
    time=None,
    x=None,
    y=None,
    latitude=None,
    longitude=None,
    missing="refuse",
):
    """Read who was where and when from a CSV file.

    Separators, encodings and lines above the header are those of
    :func:`mec_env.scenario.coordinates.read_coordinates`. Rows may stand in any
    order. Fixes of an id at one time count once, the first of them, if they lie
    within 1 m. Ids with a single fix are left out; a warning says how many.

    Parameters
    ----------
    path : path
    id, time : str, optional
        Names of the columns, in any case; by default such as ``id``,
        ``vehicle_id``, ``user``, and ``timestamp``, ``time``, ``t``. Times are
        seconds or ISO 8601, all with a zone (of whatever offset) or all without.
    x, y : str, optional
        Metres on a plane, by default ``x`` and ``y``.
    latitude, longitude : str, optional
        Degrees (WGS84), which become metres about the middle of all fixes; they
        are preferred where a file has both.
    missing : {"refuse", "drop"}
        Whether a row without a position is an error, or is left out and counted in
        a warning.

    Returns
    -------
    Trace

    Raises
    ------
    OSError
        For a file that is missing or can't be read.
    ValueError
        For a missing column, a row without an id, a time or a position, an id in
        two places at once, fixes more than 200 km apart, or a file in which no id
        has two fixes; with the line where one is at fault.
    """
    checks.known("missing", missing, MISSING)
    given = dict(id=id, time=time, x=x, y=y, latitude=latitude, longitude=longitude)
    table = Table(path, lambda header: _columns(header, given))
    axes = ("latitude", "longitude") if "latitude" in table.columns else ("x", "y")
    read = degrees if axes[0] == "latitude" else _metres(table)
    times, who, numbers = clock.Clock(table), array("q"), {}
    values, lines, left_out = array("d"), array("q"), 0
    for line, cells in table:
        if missing == "drop" and any(cells[axis].lower() in NOTHING for axis in axes):
            left_out += 1
            continue
        if not cells["id"]:
            raise ValueError(f"{table.where(line)}: id = '': must name a device")
        times.read(line, cells)
        who.append(numbers.setdefault(cells["id"], len(numbers)))
        values.extend(read(table.where(line), axis, cells[axis]) for axis in axes)
        lines.append(line)
    if not lines:
        which = f"; {left_out} have no position" if left_out else ""
        raise ValueError(f"{table.name}: has no rows, at least two fixes are needed{which}")
    if left_out:
        warnings.warn(
            f"{table.name}: {left_out} of {left_out + len(lines)} rows have no position and are "
            "left out",
            stacklevel=2,
        )
    return _trace(table.name, axes, numbers, np.array(who), times, values, np.array(lines))


def _trace(name, axes, numbers, who, times, values, lines):
    """The trace of rows in a file's order."""
    seconds, first = times.since_first()
    values = np.frombuffer(values, dtype=np.float64).reshape(-1, 2)
    projection = None
    if axes[0] == "latitude":
        projection = Projection.of(values[:, 0], values[:, 1])
        xy = projection.metres(values[:, 0], values[:, 1])
        apart = np.stack((values[:, 0], one_side(values[:, 1])), axis=-1)
    else:
        xy = apart = values
    span = float(np.ptp(xy, axis=0).max())
    if span > MAX_SPAN:
        stray = int(np.abs(apart - np.median(apart, axis=0)).max(axis=1).argmax())
        raise ValueError(
            f"{name}: fixes span {span / 1000:.0f} km, at most {MAX_SPAN / 1000:.0f} km make a "
            f"map; line {lines[stray]} is the furthest out, {axes[0]} = {values[stray, 0]:g}, "
            f"{axes[1]} = {values[stray, 1]:g}"
        )
    if axes[0] == "x" and 0.0 < span < 1.0 and np.abs(xy).max() <= 180.0:
        warnings.warn(
            f"{name}: fixes span {span:.2g} m; if x and y are degrees, name them with longitude= "
            "and latitude=",
            stacklevel=3,
        )
    labels = list(numbers)
    # By id, then time, then place in the file.
    order = np.lexsort((np.arange(who.size), seconds, who))
    who, seconds, xy, lines = who[order], seconds[order], xy[order], lines[order]
    new = np.ones(who.size, dtype=bool)
    new[1:] = (np.diff(who) != 0) | (np.diff(seconds) != 0.0)
    # Each row's first fix at its time.
    kept = np.flatnonzero(new)[np.cumsum(new) - 1]
    apart = np.hypot(*(xy - xy[kept]).T)
    for k in np.flatnonzero(apart > SAME_PLACE)[:1]:
        raise ValueError(
            f"{name}, line {lines[k]}: id {labels[who[k]]!r} is {apart[k]:.0f} m from where "
            f"line {lines[kept[k]]} has it at the same time, at most {SAME_PLACE:g} m is taken "
            "for one place"
        )
    who, seconds, xy = who[new], seconds[new], xy[new]
    cuts = np.flatnonzero(np.diff(who)) + 1
    groups = zip(np.split(who, cuts), np.split(seconds, cuts), np.split(xy, cuts))
    ids = {labels[w[0]]: (t, p) for w, t, p in groups if t.size > 1}
    if not ids:
        raise ValueError(
            f"{name}: has one fix of each of {len(labels)} ids, at least two of one are needed"
        )
    if len(ids) < len(labels):
        warnings.warn(
            f"{name}: {len(labels) - len(ids)} of {len(labels)} ids have a single fix and are "
            "left out",
            stacklevel=3,
        )
    named = sorted(ids)
    # The earliest fix may have been a single one's.
    zero = min(ids[who][0][0] for who in named)
    if zero > 0.0:
        first = clock.later(first, zero)
    return Trace(
        tuple(named),
        tuple(ids[who][0] - zero for who in named),
        tuple(ids[who][1] for who in named),
        first,
        projection,
        name,
    )


def _columns(header, given):
    """Where a trace's columns stand; degrees are preferred to metres."""
    degrees_named = {what for what in USUAL if given[what] is not None}
    metres_named = {what for what in ON_A_PLANE if given[what] is not None}
    if degrees_named and metres_named:
        raise ValueError(
            f"{min(metres_named)} and {min(degrees_named)} are given: must be x and y [m] or "
            "latitude and longitude [degrees]"
        )
    columns = find(header, WHO_AND_WHEN, given) | clock.date_column(header)
    if metres_named:
        return {**columns, **find(header, ON_A_PLANE, given)}
    try:
        return {**columns, **find(header, USUAL, given)}
    except NoColumn:
        if not degrees_named and all(set(header).intersection(w) for w in ON_A_PLANE.values()):
            return {**columns, **find(header, ON_A_PLANE, given)}
        raise


def _metres(table):
    def read(where, what, text):
        value = table.number(text)
        if not math.isfinite(value):
            hint = '; missing="drop" leaves such rows out' if text.lower() in NOTHING else ""
            raise ValueError(f"{where}: {what} = {text!r}: must be a finite number of metres{hint}")
        return value

    return read
