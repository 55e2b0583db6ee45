"""From the positions that browsers give (WGS-84) to those of Chinese maps (GCJ-02).

Mainland map services show GCJ-02, which lies 300 to 700 m off what a satellite receiver says, so
stations are recorded in GCJ-02 and positions of phones are converted before anything is measured.
The offset was never published officially; the formula is the one known from the open libraries
eviltransform (github.com/googollee/eviltransform) and coordtransform
(github.com/wandergis/coordtransform), whose published examples are our tests. It agrees with the
services to a few metres. Distances between two GCJ-02 points are right to about one per cent.
"""

from __future__ import annotations

import math
from typing import NamedTuple

# The Krasovsky 1940 ellipsoid that the offset is defined on: half axis in metres, eccentricity².
HALF_AXIS = 6378245.0
ECCENTRICITY_SQUARED = 0.00669342162296594323

# Outside this box, which those libraries use, there is no offset.
WEST, EAST = 72.004, 137.8347
SOUTH, NORTH = 0.8293, 55.8271


class Position(NamedTuple):
    """Degrees east and north, in whichever datum the name says."""

    longitude: float
    latitude: float


def wgs84_to_gcj02(longitude: float, latitude: float) -> Position:
    """The GCJ-02 position of a WGS-84 one, in degrees; outside China the same position."""
    if not (WEST <= longitude <= EAST and SOUTH <= latitude <= NORTH):
        return Position(longitude, latitude)
    east_metres, north_metres = _offset_in_metres(longitude - 105.0, latitude - 35.0)
    radians = math.radians(latitude)
    curvature = 1 - ECCENTRICITY_SQUARED * math.sin(radians) ** 2
    parallel_radius = HALF_AXIS / math.sqrt(curvature) * math.cos(radians)
    meridian_radius = HALF_AXIS * (1 - ECCENTRICITY_SQUARED) / curvature**1.5
    return Position(
        longitude + math.degrees(east_metres / parallel_radius),
        latitude + math.degrees(north_metres / meridian_radius),
    )


def _offset_in_metres(x: float, y: float) -> tuple[float, float]:
    """How far east and north the offset goes; `x`, `y` are degrees from 105° E, 35° N."""

    def wave(amplitude: float, argument: float) -> float:
        return amplitude * math.sin(argument * math.pi) * 2 / 3

    shared = wave(20, 6 * x) + wave(20, 2 * x)
    root = math.sqrt(abs(x))
    east = (
        300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + shared
        + wave(20, x) + wave(40, x / 3) + wave(150, x / 12) + wave(300, x / 30)
    )  # fmt: skip
    north = (
        -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + shared
        + wave(20, y) + wave(40, y / 3) + wave(160, y / 12) + wave(320, y / 30)
    )  # fmt: skip
    return east, north
