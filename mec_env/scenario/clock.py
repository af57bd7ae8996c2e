"""Times as files write them: seconds, ISO 8601 with or without a zone, a date beside a time."""

import math
import re
from array import array
from datetime import UTC, datetime, timedelta

import numpy as np

from mec_env import checks

#: The usual names of a column of times, as GPS tools, SUMO and logs write them.
USUAL_TIMES = (
    "timestamp",
    "time",
    "t",
    "datetime",
    "date_time",
    "timestep_time",
    "time_s",
    "recorded_at",
)
ALLOWED = "must be seconds or a time such as 2015-06-07T08:15:59-05:00"
# As seconds, the year 5138: such numbers are milliseconds.
_TOO_MANY_SECONDS = 1e11
_TIME_OF_DAY = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?")
_DATE = re.compile(r"(\d{1,4})[/.-](\d{1,2})[/.-](\d{1,4})")
_EPOCH = datetime(1970, 1, 1)
_ORDERS = {"yyyy/mm/dd": (0, 1, 2), "mm/dd/yyyy": (2, 0, 1), "dd/mm/yyyy": (2, 1, 0)}


class Clock:
    """Reads a file's times, which must all be of one form.

    The forms are seconds, times with a zone, times without one, and times of day
    (``07:30``) of one day. Times with different zones are the moments that they name.

    Parameters
    ----------
    table : mec_env.scenario.table.Table
        Its columns ``time`` and, where there is one, ``date`` are read; the date
        counts where the time is one of day. Its order of day and month is ISO 8601's
        unless its header says it, as in ``DATE (MM/DD/YYYY)``.
    """

    def __init__(self, table):
        self._table = table
        self._order = (0, 1, 2)
        if "date" in table.columns:
            header = table.header[table.columns["date"]]
            orders = [order for word, order in _ORDERS.items() if word in header.replace("-", "/")]
            self._order = orders[0] if orders else self._order
        self._form = None
        self._first_line = 0
        self._zone = UTC
        # Seconds, or microseconds since 1970: exact in float64 until the year 2255.
        self._ticks = array("d")

    def read(self, line, cells):
        """Keep a row's time, or raise with its line."""
        text = cells["time"]
        shown = text
        if "date" in cells and (_time_of_day(text) is not None or not text):
            shown = f"{cells['date']} {text}"
            form, tick, zone = _dated(cells["date"], text, self._order)
        else:
            form, tick, zone = _tick(text, self._table.number(text))
        if form is None:
            where = self._table.where(line)
            raise ValueError(f"{where}: time = {shown!r}: {tick}")
        if self._form is None:
            self._form, self._first_line, self._zone = form, line, zone
        elif form != self._form:
            raise ValueError(
                f"{self._table.where(line)}: time = {shown!r}: is {form}, line {self._first_line} has "
                f"{self._form}; a file's times must be of one form"
            )
        self._ticks.append(tick)

    def since_first(self):
        """Times (rows,) [s] since the earliest, and that moment.

        Returns
        -------
        (rows,) float64 array
        float or datetime
            With the zone of the file's first row if the times have one; times of day
            are of 1970-01-01.
        """
        ticks = np.frombuffer(self._ticks, dtype=np.float64)
        first = float(ticks.min())
        if self._form == "seconds":
            return ticks - first, first
        moment = _EPOCH + timedelta(microseconds=first)
        if self._form == "a time with a zone":
            moment = moment.replace(tzinfo=UTC).astimezone(self._zone)
        return (ticks - first) / 1e6, moment


def date_column(header):
    """The first column of dates beside times of day, as a dictionary that may be empty."""
    dates = [
        k for k, word in enumerate(header) if word.startswith("date") and word not in USUAL_TIMES
    ]
    return {"date": dates[0]} if dates else {}


def offset(field, start, first):
    """Seconds from the first moment of a file to ``start``.

    Parameters
    ----------
    field : str
        Its name, for messages.
    start : float, str or datetime
        Seconds since the first, or a moment, as text in ISO 8601; a time of day is
        of the first's day.
    first : float or datetime
        What :meth:`Clock.since_first` gave.

    Returns
    -------
    float
        Possibly negative.
    """
    if isinstance(start, str | datetime):
        text = start if isinstance(start, str) else start.isoformat()
        if not isinstance(first, datetime):
            raise ValueError(
                f"{field} = {text!r}: the file's times are seconds, must be a number of seconds "
                "since its first"
            )
        form, tick, _ = _tick(text, math.nan)
        if form is None or form == "seconds":
            raise ValueError(
                f"{field} = {text!r}: must be seconds since the file's first or a time such as "
                f"{first.isoformat()}"
            )
        if (form == "a time with a zone") != (first.tzinfo is not None):
            lacks, has = ("no", "have one") if first.tzinfo else ("a", "have none")
            raise ValueError(f"{field} = {text!r}: has {lacks} zone, the file's times {has}")
        if form == "a time of day":
            midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
            tick += _microseconds(midnight)
        zero = _microseconds(_without_zone(first))
        return (tick - zero) / 1e6
    return checks.number(field, start, " seconds, or a time", positive=False)


def later(first, seconds):
    """The moment that many seconds after ``first``, a time or a number of seconds."""
    return first + (timedelta(seconds=seconds) if isinstance(first, datetime) else seconds)


def show(first, seconds):
    """A moment for messages: the file's own time if it has one, or seconds since its first."""
    if isinstance(first, datetime):
        return (first + timedelta(seconds=float(seconds))).isoformat()
    return f"{float(seconds):g} s"


def _tick(text, number):
    """A time's form, ticks and zone; None and what is allowed if it is no time."""
    if math.isfinite(number):
        if abs(number) >= _TOO_MANY_SECONDS:
            return None, "must be seconds; are these milliseconds?", None
        return "seconds", number, None
    try:
        return _moment(text)
    except (ValueError, OverflowError):
        pass
    clock = _time_of_day(text)
    if clock is not None:
        return "a time of day", clock, None
    text = re.sub(r"\s*(UTC|GMT)$", "+00:00", text)
    text = re.sub(r"^(\d{4})/(\d\d)/(\d\d)\b", r"\1-\2-\3", text)
    try:
        return _moment(text)
    except (ValueError, OverflowError):
        return None, ALLOWED, None


def _moment(text):
    moment = datetime.fromisoformat(text)
    form = "a time without a zone" if moment.tzinfo is None else "a time with a zone"
    return form, _microseconds(_without_zone(moment)), moment.tzinfo


def _without_zone(moment):
    """A moment in UTC if it has a zone, as it stands otherwise."""
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def _dated(date, text, order):
    """As :func:`_tick`, of a date and the time of day beside it."""
    match = _DATE.fullmatch(date)
    clock = _time_of_day(text)
    if match is None or clock is None:
        return None, "must be a date such as 2018-10-14 and a time of day such as 07:30", None
    try:
        day = datetime(*(int(match[k + 1]) for k in order))
    except ValueError:
        allowed = (
            "must be a date such as 2018-10-14, or its header must say MM/DD/YYYY or DD/MM/YYYY"
        )
        return None, allowed, None
    return "a time without a zone", _microseconds(day) + clock, None


def _time_of_day(text):
    """Microseconds since midnight of a time such as 7:30 or 23:59:59.5, or None."""
    match = _TIME_OF_DAY.fullmatch(text)
    if match is None:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    seconds = hour * 3600 + minute * 60 + second
    # 24:00 is the day's end.
    if minute > 59 or second > 59 or seconds > 86_400:
        return None
    return seconds * 1e6 + round(float(f"0.{match[4] or 0}") * 1e6)


def _microseconds(moment):
    return (moment - _EPOCH) // timedelta(microseconds=1)
