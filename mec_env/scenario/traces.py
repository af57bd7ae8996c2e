"""Where devices were over time, and their positions slot by slot."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import numpy as np

from mec_env import checks
from mec_env.scenario import clock
from mec_env.scenario.projection import Projection

#: Where a file is silent for longer, nobody knows where the device was [s].
LONGEST_GAP = 300.0
#: Faster from one fix to the next, one of the two is wrong [m/s].
TOP_SPEED = 60.0


class Window(NamedTuple):
    """Positions of some devices over an episode's slots, on a map of their own.

    Attributes
    ----------
    positions : (T, N, 2) array
        [m], from the map's south-west corner.
    ids : tuple of str
        Whose they are.
    area : (float, float)
        Width and height of the map [m].
    corner : (2,) array
        The map's south-west corner in the trace's plane [m].
    start : float
        The first slot's time [s] since the trace's first.
    """

    positions: np.ndarray
    ids: tuple
    area: tuple
    corner: np.ndarray
    start: float


@dataclass(frozen=True, eq=False)
class Trace:
    """Fixes of devices that move.

    :func:`mec_env.scenario.trace_files.read_trace` reads one from a file.

    Attributes
    ----------
    ids : tuple of str
        In ascending order.
    times : tuple of (fixes,) arrays
        Of each id, ascending [s], since the trace's first.
    xy : tuple of (fixes, 2) arrays
        Of each id [m], x eastwards and y northwards.
    first : float or datetime
        The time of the earliest fix: as the file has it where its times are seconds.
    projection : Projection, optional
        How latitudes and longitudes became metres, where they did.
    name : str
        For messages.
    """

    ids: tuple
    times: tuple
    xy: tuple
    first: float | datetime = 0.0
    projection: Projection | None = None
    name: str = "trace"
    #: The last fix of all [s].
    duration: float = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "times", tuple(frozen(times) for times in self.times))
        object.__setattr__(self, "xy", tuple(frozen(xy) for xy in self.xy))
        if not self.ids or not len(self.ids) == len(self.times) == len(self.xy):
            raise ValueError(
                f"{self.name}: {len(self.ids)} ids, {len(self.times)} times, {len(self.xy)} xy: "
                "must be as many of each, at least one"
            )
        for who, times, xy in zip(self.ids, self.times, self.xy):
            ascending = times.size and times[0] >= 0.0 and np.all(np.diff(times) > 0.0)
            if not ascending or xy.shape != (times.size, 2) or not np.isfinite(xy).all():
                raise ValueError(
                    f"{self.name}: id {who!r}: must have times from 0 that ascend and xy, finite, "
                    f"of shape (fixes, 2), not {xy.shape} at {times.size} times"
                )
        object.__setattr__(self, "duration", float(max(t[-1] for t in self.times)))

    def covering(
        self, slots, slot_seconds, start=0.0, longest_gap=LONGEST_GAP, top_speed=TOP_SPEED
    ):
        """The ids whose whereabouts are known all through a window.

        Those with a fix at or before its first slot, one at or after its last, and
        none further apart than ``longest_gap`` in between, nor so far apart that a
        device had to be faster than ``top_speed``.

        Parameters
        ----------
        slots : int
            Positions are those at the slots' beginnings.
        slot_seconds : float
            Length of a slot [s].
        start : float, str or datetime
            Begin of the first slot: seconds since the trace's first fix, or a time,
            with a zone where the file's times have one.
        longest_gap : float
            [s].
        top_speed : float
            [m/s].

        Returns
        -------
        tuple of str
            Most fixes in the window first, then in the ids' order.
        """
        first, last = self._edges(slots, slot_seconds, start)
        return tuple(self.ids[k] for k in self._covering(first, last, longest_gap, top_speed))

    def sample(
        self,
        slots,
        slot_seconds,
        start=0.0,
        devices=None,
        longest_gap=LONGEST_GAP,
        top_speed=TOP_SPEED,
    ):
        """Positions at the beginning of each slot.

        Between two fixes a device goes straight and evenly: one that stands has its
        fixes in one place. Nothing is made up before a device's first fix, after its
        last, in a gap longer than ``longest_gap`` or on a way that would need more
        than ``top_speed``: a device with one of these in the window takes no part.

        Parameters
        ----------
        slots, slot_seconds, start, longest_gap, top_speed
            As for :meth:`covering`.
        devices : int, optional
            How many, in the order of :meth:`covering`; by default all of those.

        Returns
        -------
        (slots, devices, 2) float64 array
            [m], in the trace's plane.

        Raises
        ------
        ValueError
            If the trace doesn't cover the window, or fewer ids do than are asked for.
        """
        return self._sample(slots, slot_seconds, start, devices, longest_gap, top_speed)[0]

    def window(
        self,
        slots,
        slot_seconds,
        start=0.0,
        devices=None,
        longest_gap=LONGEST_GAP,
        top_speed=TOP_SPEED,
        area=None,
        margin=0.0,
        besides=None,
    ):
        """Positions at the beginning of each slot, on a map whose corner is (0, 0).

        Parameters
        ----------
        slots, slot_seconds, start, devices, longest_gap, top_speed
            As for :meth:`sample`.
        area : (float, float), optional
            Width and height of the map [m]. The map's corner is then the plane's
            (0, 0): the file's own, or the south-west corner of all its fixes where
            it has latitudes and longitudes. By default the map is the smallest that
            holds the positions, at least 1 m wide and high.
        margin : float
            Room to leave around the positions [m]; only without ``area``.
        besides : (K, 2) array, optional
            Points that the map must hold too, in the trace's plane [m].

        Returns
        -------
        Window

        Raises
        ------
        ValueError
            As :meth:`sample`, or if a position is outside ``area``.
        """
        positions, ids, first = self._sample(
            slots, slot_seconds, start, devices, longest_gap, top_speed
        )
        margin = checks.number("margin", margin, " m", positive=False)
        if area is None:
            points = positions.reshape(-1, 2)
            if besides is not None:
                points = np.concatenate((points, besides))
            corner = points.min(axis=0) - margin
            width, height = np.maximum(points.max(axis=0) + margin - corner, 1.0).tolist()
            # Rounding must not leave the outermost point outside.
            return Window(
                np.clip(positions - corner, 0.0, (width, height)),
                ids,
                (width, height),
                corner,
                first,
            )
        if not checks.is_list(area) or len(area) != 2:
            raise ValueError(f"area = {area!r}: must be a width and a height [m]")
        width, height = (checks.number("area", side, " m") for side in area)
        outside = (positions < 0.0) | (positions > (width, height))
        if outside.any():
            slot, device, _ = np.argwhere(outside)[0]
            x, y = positions[slot, device]
            raise ValueError(
                f"{self.name}: id {ids[device]!r} is at ({x:.1f}, {y:.1f}) m at "
                f"{clock.show(self.first, first + slot * slot_seconds)}, outside of the area of "
                f"{width:g} m by {height:g} m"
            )
        return Window(positions, ids, (width, height), np.zeros(2), first)

    def busiest(self, slots, slot_seconds, longest_gap=LONGEST_GAP, top_speed=TOP_SPEED):
        """The earliest start [s] of a window of this length that the most ids cover."""
        length = self._length(slots, slot_seconds)
        runs = [run for k in range(len(self.ids)) for run in self._runs(k, longest_gap, top_speed)]
        # The first and the last start that each long enough run allows.
        runs = [(a, max(a, b - length)) for a, b in runs if a + length <= b]
        begins, ends = sorted(a for a, _ in runs), sorted(b for _, b in runs)
        if not begins:
            return 0.0
        there = [bisect_right(begins, start) - bisect_left(ends, start) for start in begins]
        return begins[int(np.argmax(there))]

    def _length(self, slots, slot_seconds):
        """From the first slot's beginning to the last one's [s]."""
        slots = checks.integer("slots", slots, 1)
        return (slots - 1) * checks.number("slot_seconds", slot_seconds, " s")

    def _edges(self, slots, slot_seconds, start):
        """The beginnings [s] of a window's first and last slot."""
        length = self._length(slots, slot_seconds)
        first = clock.offset("start", start, self.first)
        if first < 0.0 or first + length > self.duration:
            raise ValueError(
                f"{self.name}: lasts from {clock.show(self.first, 0.0)} to "
                f"{clock.show(self.first, self.duration)}, must cover all {slots} slots from "
                f"{clock.show(self.first, first)} to {clock.show(self.first, first + length)}"
            )
        return first, first + length

    def _covering(self, first, last, longest_gap, top_speed):
        """Places of the ids that cover a window, in the order of choice."""
        found = []
        for k, times in enumerate(self.times):
            a, b = np.searchsorted(times, first, "right") - 1, np.searchsorted(times, last)
            if a < 0 or b == times.size:
                continue
            if not self._broken(k, longest_gap, top_speed)[a:b].any():
                within = np.searchsorted(times, last, "right") - np.searchsorted(times, first)
                found.append((-int(within), k))
        return [k for _, k in sorted(found)]

    def _broken(self, k, longest_gap, top_speed):
        """Whether an id's way from each fix to the next is unknown."""
        longest_gap = checks.number("longest_gap", longest_gap, " s")
        top_speed = checks.number("top_speed", top_speed, " m/s")
        seconds = np.diff(self.times[k])
        return (seconds > longest_gap) | (
            np.hypot(*np.diff(self.xy[k], axis=0).T) > top_speed * seconds
        )

    def _runs(self, k, longest_gap, top_speed):
        """First and last time of each stretch of an id's fixes whose ways are known."""
        times = self.times[k]
        cuts = np.flatnonzero(self._broken(k, longest_gap, top_speed))
        begins = times[np.concatenate(([0], cuts + 1))]
        ends = times[np.concatenate((cuts, [times.size - 1]))]
        return zip(begins.tolist(), ends.tolist())

    def _sample(self, slots, slot_seconds, start, devices, longest_gap, top_speed):
        """Positions (T, N, 2), their ids, and the window's start [s]."""
        first, last = self._edges(slots, slot_seconds, start)
        found = self._covering(first, last, longest_gap, top_speed)
        wanted = max(len(found), 1) if devices is None else checks.integer("devices", devices, 1)
        if len(found) < wanted:
            busiest = self.busiest(slots, slot_seconds, longest_gap, top_speed)
            until = busiest + self._length(slots, slot_seconds)
            best = len(self._covering(busiest, until, longest_gap, top_speed))
            raise ValueError(
                f"{self.name}: {len(found)} of {len(self.ids)} ids cover the window from "
                f"{clock.show(self.first, first)} to {clock.show(self.first, last)} without a gap "
                f"of more than {longest_gap:g} s or above {top_speed:g} m/s, devices = {wanted} are asked for; the window of "
                f"this length with the most, {best}, begins at start = {busiest!r} "
                f"({clock.show(self.first, busiest)})"
            )
        found = found[:wanted]
        moments = np.minimum(first + slot_seconds * np.arange(slots), last)
        out = np.empty((slots, len(found), 2))
        for n, k in enumerate(found):
            fixes = self.xy[k]
            for axis in range(2):
                out[:, n, axis] = np.interp(moments, self.times[k], fixes[:, axis])
            # Interpolation rounds; nobody is further out than a fix.
            np.clip(out[:, n], fixes.min(axis=0), fixes.max(axis=0), out=out[:, n])
        return out, tuple(self.ids[k] for k in found), first


def frozen(values):
    """A copy that can't be written to."""
    copy = np.array(values, dtype=np.float64)
    copy.flags.writeable = False
    return copy
