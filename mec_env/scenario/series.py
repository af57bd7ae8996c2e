"""What befalls all devices over time, from files: irradiance, and requests as they come."""

import math
from array import array
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from mec_env import checks
from mec_env.scenario import clock
from mec_env.scenario.table import NOTHING, NoColumn, Table, find
from mec_env.scenario.traces import frozen

DAY = 86_400.0
#: Between two samples no further apart the irradiance is taken for a straight line [s].
LONGEST_GAP = 3_600.0
#: A pyranometer at night reads a little below zero; above the highest the unit is another one.
LOWEST, HIGHEST = -50.0, 2_000.0
#: Stations write such numbers where they have none.
_NO_SAMPLE = -999.0

TIMES_OF_DAY = (
    "time",
    "hh:mm",
    "local time",
    "lst",
    "utc",
    "gmt",
    "mst",
    "pst",
    "cst",
    "est",
    "cet",
)
IRRADIANCE = ("irradiance", "ghi", "global", "global horizontal", "g(h)", "solar", "w/m^2", "w/m2")
REQUESTS = ("arrival_time", "arrived_at", "arrival", "request_time", "start_time")


@dataclass(frozen=True, eq=False)
class Series:
    """Irradiance over time.

    Between samples it is a straight line. The last sample stands for as long as the
    step before it, an hour at most: a day by the minute ends at midnight.

    Attributes
    ----------
    times : (K,) array
        Ascending from 0 [s], since the file's first.
    values : (K,) array
        [W/m^2], 0 or more.
    first : float or datetime
        The time of the first sample: as the file has it where its times are seconds.
    name : str
        For messages.
    """

    times: np.ndarray
    values: np.ndarray
    first: float | datetime = 0.0
    name: str = "series"

    def __post_init__(self):
        object.__setattr__(self, "times", frozen(self.times))
        object.__setattr__(self, "values", frozen(self.values))

    def per_slot(self, slots, slot_seconds, start=0.0, repeat=False):
        """The mean of each slot.

        Parameters
        ----------
        slots : int
        slot_seconds : float
            Length of a slot [s].
        start : float, str or datetime
            Begin of the first slot: seconds since the file's first sample, or a
            time; a time of day is one of the file's first day.
        repeat : bool
            Whether the file's days come again and again; its last day must then end
            within an hour of where its first began.

        Returns
        -------
        (slots,) float64 array
            [W/m^2], the integral of the straight lines over the slot's length.

        Raises
        ------
        ValueError
            If the file doesn't cover the slots, or has a gap of more than an hour
            within them.
        """
        slots = checks.integer("slots", slots, 1)
        slot_seconds = checks.number("slot_seconds", slot_seconds, " s")
        first = clock.offset("start", start, self.first)
        times, values = self.times, self.values
        edges = first + slot_seconds * np.arange(slots + 1)
        if repeat:
            times, values, edges = self._again(edges)
        else:
            times = np.append(times, times[-1] + min(times[-1] - times[-2], LONGEST_GAP))
            values = np.append(values, values[-1])
            if first < 0.0 or edges[-1] > times[-1]:
                raise ValueError(
                    f"{self.name}: lasts from {self._show(0.0)} to {self._show(times[-1])}, must "
                    f"cover all {slots} slots from {self._show(first)} to "
                    f"{self._show(edges[-1])}; repeat=True lets its days come again"
                )
        gaps = np.diff(times)
        begins, ends = edges[0], edges[-1]
        wide = np.flatnonzero((gaps > LONGEST_GAP) & (times[1:] > begins) & (times[:-1] < ends))
        for k in wide[:1]:
            raise ValueError(
                f"{self.name}: has no sample between {self._show(times[k])} and "
                f"{self._show(times[k + 1])}, at most {LONGEST_GAP:g} s may lie between two"
            )
        areas = gaps * (values[1:] + values[:-1]) * 0.5
        until = np.concatenate(([0.0], np.cumsum(areas)))
        k = np.clip(np.searchsorted(times, edges, "right") - 1, 0, times.size - 2)
        since = edges - times[k]
        slopes = np.diff(values) / gaps
        integral = until[k] + since * (values[k] + 0.5 * slopes[k] * since)
        # The difference of two sums may round to below zero.
        return np.maximum(np.diff(integral), 0.0) / slot_seconds

    def _again(self, edges):
        """Samples repeated as often as these edges [s] need, and the edges moved onto them."""
        last = float(self.times[-1])
        period = DAY * max(1.0, math.ceil(last / DAY))
        if period - last > LONGEST_GAP:
            raise ValueError(
                f"{self.name}: lasts {last:g} s, must cover whole days up to {LONGEST_GAP:g} s to "
                "be repeated"
            )
        # A last sample a whole number of days after the first is the next first's.
        kept = self.times < period
        edges = edges - period * math.floor(edges[0] / period)
        laps = math.floor(edges[-1] / period) + 1
        times = (self.times[kept] + period * np.arange(laps)[:, None]).ravel()
        times = np.append(times, laps * period)
        values = np.append(np.tile(self.values[kept], laps), self.values[0])
        return times, values, edges

    def _show(self, seconds):
        return clock.show(self.first, seconds)


@dataclass(frozen=True, eq=False)
class Requests:
    """Times at which requests came.

    Attributes
    ----------
    times : (K,) array
        Ascending from 0 [s], since the first request.
    first : float or datetime
        The time of the first: as the file has it where its times are seconds.
    name : str
        For messages.
    """

    times: np.ndarray
    first: float | datetime = 0.0
    name: str = "requests"

    def __post_init__(self):
        object.__setattr__(self, "times", frozen(self.times))

    def counts(self, slots, slot_seconds, start=0.0):
        """How many requests come in each slot, its beginning included, its end not.

        Parameters
        ----------
        slots : int
        slot_seconds : float
            Length of a slot [s].
        start : float, str or datetime
            Begin of the first slot: seconds since the first request, or a time.

        Returns
        -------
        (slots,) int64 array

        Raises
        ------
        ValueError
            If the first slot begins before the first request, or the last slot after
            the last one: nobody knows what came before and after a file.
        """
        slots = checks.integer("slots", slots, 1)
        slot_seconds = checks.number("slot_seconds", slot_seconds, " s")
        first = clock.offset("start", start, self.first)
        edges = first + slot_seconds * np.arange(slots + 1)
        if first < 0.0 or edges[-2] > self.times[-1]:
            raise ValueError(
                f"{self.name}: lasts from {clock.show(self.first, 0.0)} to "
                f"{clock.show(self.first, self.times[-1])}, must cover all {slots} slots from "
                f"{clock.show(self.first, first)} to {clock.show(self.first, edges[-1])}"
            )
        return np.diff(np.searchsorted(self.times, edges)).astype(np.int64)


def read_irradiance(path, column=None, *, time=None, date=None):
    """Read irradiance over time from a CSV file.

    Separators, encodings and lines above the header are those of
    :func:`mec_env.scenario.coordinates.read_coordinates`. Rows may stand in any
    order. A row without a number, or with one such as -9999, has no sample. Small
    negative numbers, a pyranometer's nights, become 0. Rows of one time count once if
    they agree.

    Parameters
    ----------
    path : path
    column : str, optional
        Name of the column, in any case; by default ``irradiance``, ``ghi`` and the
        like, or the only one whose header has ``W/m^2`` or ``W/m2``.
    time, date : str, optional
        Names of the columns of time; by default a column that begins with ``date``
        (its header may say ``MM/DD/YYYY`` or ``DD/MM/YYYY``) beside a time of day, or
        one of the whole time: seconds, ISO 8601, or the times of a single day.

    Returns
    -------
    Series

    Raises
    ------
    OSError
        For a file that is missing or can't be read.
    ValueError
        For a missing column, no two samples, a row without a time, or irradiance
        below -50 or above 2,000 W/m^2, with the line.
    """
    table = Table(path, lambda header: _columns(header, column, time, date))
    times, values, lines = clock.Clock(table), array("d"), array("q")
    for line, cells in table:
        text = cells["column"]
        value = table.number(text)
        if text.lower() in NOTHING or value <= _NO_SAMPLE:
            continue
        # Not a number is neither above nor below.
        if not LOWEST <= value <= HIGHEST:
            raise ValueError(
                f"{table.where(line)}: {table.header[table.columns['column']]} = {text!r}: must "
                f"be a number from {LOWEST:g} to {HIGHEST:g} W/m^2"
            )
        times.read(line, cells)
        values.append(max(value, 0.0))
        lines.append(line)
    if len(lines) < 2:
        raise ValueError(f"{table.name}: has {len(lines)} samples, at least two are needed")
    seconds, first = times.since_first()
    order = np.argsort(seconds, kind="stable")
    seconds, values, lines = seconds[order], np.array(values)[order], np.array(lines)[order]
    same = np.diff(seconds) == 0.0
    for k in np.flatnonzero(same & (np.diff(values) != 0.0))[:1]:
        raise ValueError(
            f"{table.where(lines[k + 1])}: {values[k + 1]:g} W/m^2 at the time at which line "
            f"{lines[k]} has {values[k]:g}; a time must have one value"
        )
    once = np.concatenate(([True], ~same))
    if once.sum() < 2:
        raise ValueError(f"{table.name}: has samples of one time, at least two are needed")
    return Series(seconds[once], values[once], first, table.name)


def read_requests(path, column=None):
    """Read the times of requests from a CSV file, one a row.

    Separators, encodings and lines above the header are those of
    :func:`mec_env.scenario.coordinates.read_coordinates`. Rows may stand in any
    order, and several requests may come at one time.

    Parameters
    ----------
    path : path
    column : str, optional
        Name of the column, in any case; by default such as ``arrival_time``,
        ``timestamp``, ``time``. Times are seconds or ISO 8601, all with a zone or all
        without.

    Returns
    -------
    Requests

    Raises
    ------
    OSError
        For a file that is missing or can't be read.
    ValueError
        For a missing column, no rows, or a row without a time, with the line.
    """
    usual = {"time": REQUESTS + clock.USUAL_TIMES}

    def choose(header):
        try:
            return find(header, usual, {"time": column}) | clock.date_column(header)
        except NoColumn as error:
            raise NoColumn("column", error.word if column else "timestamp") from None

    table = Table(path, choose)
    times = clock.Clock(table)
    rows = 0
    for line, cells in table:
        times.read(line, cells)
        rows += 1
    if not rows:
        raise ValueError(f"{table.name}: has no rows, at least one request is needed")
    seconds, first = times.since_first()
    return Requests(np.sort(seconds), first, table.name)


def _columns(header, column, time, date):
    """Where the irradiance and its time stand."""
    columns = {"column": _irradiance(header, column)}
    if date is None:
        columns |= clock.date_column(header)
    else:
        columns |= find(header, {"date": ()}, {"date": date})
    # Beside a date the time's column is often named for its zone.
    words = TIMES_OF_DAY + clock.USUAL_TIMES if "date" in columns else clock.USUAL_TIMES
    try:
        return columns | find(header, {"time": words}, {"time": time})
    except NoColumn:
        if "date" not in columns or time is not None:
            raise
        return {"column": columns["column"], "time": columns["date"]}


def _irradiance(header, column):
    if column is not None:
        return find(header, {"column": ()}, {"column": column})["column"]
    at = next((header.index(word) for word in IRRADIANCE if word in header), None)
    if at is not None:
        return at
    found = [word for word in header if "w/m^2" in word or "w/m2" in word or "w/m²" in word]
    if len(found) > 1:
        raise ValueError(
            f"column = None: {', '.join(found)} are all irradiance, name the one that is meant"
        )
    if not found:
        raise NoColumn("column", "irradiance")
    return header.index(found[0])
