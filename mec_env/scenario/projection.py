"""Degrees become metres: the plane that a city's points lie in."""

import math
from typing import NamedTuple

import numpy as np

EARTH_RADIUS = 6_371_000.0
# Wider than any city: such a span means a wrong column or a stray point.
MAX_SPAN = 200_000.0


class Projection(NamedTuple):
    """The equirectangular projection about a middle latitude, good to 0.1 % within a city.

    x grows eastwards, y northwards, from the south-west corner of the points that
    it was made for.

    Attributes
    ----------
    south, west : float
        The corner's latitude and longitude [degrees, WGS84].
    middle : float
        Latitude at which distances are true [degrees].
    """

    south: float
    west: float
    middle: float

    @classmethod
    def of(cls, latitude, longitude):
        """The projection about the middle of these points [degrees], each (N,)."""
        south, north = float(np.min(latitude)), float(np.max(latitude))
        west = float(np.min(one_side(np.asarray(longitude))))
        return cls(south, west, 0.5 * (south + north))

    def metres(self, latitude, longitude):
        """Points (N, 2) [m] of latitudes and longitudes [degrees], each (N,)."""
        metres = math.radians(1.0) * EARTH_RADIUS
        east = np.asarray(longitude) - self.west
        # Across the 180th meridian the short way is the one to measure.
        east = np.where(east < -180.0, east + 360.0, np.where(east > 180.0, east - 360.0, east))
        x = east * metres * math.cos(math.radians(self.middle))
        return np.stack((x, (np.asarray(latitude) - self.south) * metres), axis=-1)


def one_side(longitude):
    """Longitudes (N,) on one side of the 180th meridian or, told by their span, on both."""
    if longitude.max() - longitude.min() <= 180.0:
        return longitude
    return np.where(longitude < 0.0, longitude + 360.0, longitude)
