"""Reading stations for the public pages and the API."""

from __future__ import annotations

import math
from collections.abc import Iterable

from django.db.models import F, FloatField, Q, Value
from django.db.models.functions import ASin, Cast, Cos, Least, Power, Radians, Sin, Sqrt, Substr

from core.clock import local_today
from core.normalising import normalise_text
from members.models import JoinCode
from reference.codes import LENGTHS, is_own_area, parent_code
from reference.enums import RegionLevel
from reference.models import Region
from reference.selectors import ancestor_codes, within
from stations.models import Facility, Station, StationKind, StationQuerySet
from unions.enums import UnionStatus
from unions.models import Union

# The mean radius of the earth (IUGG R1), in metres.
EARTH_RADIUS = 6_371_008.8

# How far to look for the nearest, in metres, before all stations are measured. Each step holds 64
# times the area: twenty near ones rarely cost more than a thousand distances.
SEARCH_RADII = (4_000.0, 32_000.0, 256_000.0)
# As far as a station says in which county one stands, in metres.
PLACE_RADIUS = 30_000.0
# Widens a box by about a metre, more than its limits lose to six decimals.
_BOX_MARGIN = 0.00001

# A longer list of regions to choose from shows no counties outside the chosen prefecture.
MOST_REGIONS = 300


def successor_of(union: Union) -> Union | None:
    """The union that took over from a merged one and stands today; None if none did."""
    into = union.merged_into
    while into is not None and into.status == UnionStatus.DISSOLVED:
        into = into.merged_into
    return into


def find_stations(
    *,
    region: str = "",
    kind: StationKind | None = None,
    facilities: Iterable[Facility] = (),
    text: str = "",
) -> StationQuerySet:
    """The public stations in a region's subtree, of a kind, with every one of ``facilities``.

    ``text``: each word must occur in the name or the address.
    """
    rows = Station.objects.public()
    if region:
        rows = rows.filter(within(region, through="region"))
    if kind is not None:
        rows = rows.filter(kind=kind)
    for facility in facilities:
        rows = rows.filter(facilities=facility)
    for word in normalise_text(text).split():
        rows = rows.filter(Q(name__icontains=word) | Q(address__icontains=word))
    return rows


def for_reading(stations: StationQuerySet) -> StationQuerySet:
    """With what a list shows of each: its kind, host, region and facilities."""
    return stations.select_related("kind", "host_union", "region").prefetch_related("facilities")


def near(
    longitude: float, latitude: float, limit: int, *, stations: StationQuerySet | None = None
) -> StationQuerySet:
    """The ``limit`` stations nearest to a position, each with its ``distance`` in metres.

    Of ``stations`` (all public ones by default), those without coordinates left out. The position
    is GCJ-02 as the stations' are: convert what a browser says by ``core.coordinates`` first.

    Looks in boxes that grow until they hold enough, one query each through the index on the
    coordinates; the order is that of measuring every station.
    """
    rows = by_distance(
        Station.objects.public() if stations is None else stations, longitude, latitude
    )
    measured = rows.prefetch_related(None).values_list("pk", "distance")  # type: ignore[misc]
    for radius in SEARCH_RADII:
        inside = measured.filter(_box_around(longitude, latitude, radius))
        found = list(inside[:limit])
        # The corners of a box lie further away than what may lie outside of its sides.
        if len(found) == limit and all(distance <= radius for _pk, distance in found):
            return rows.filter(pk__in=[pk for pk, _distance in found])[:limit]
    return rows[:limit]


def region_near(longitude: float, latitude: float) -> Region | None:
    """The county of the station nearest to a GCJ-02 position, None beyond ``PLACE_RADIUS``.

    Regions have no coordinates of their own; stations stand in most counties. Which township it
    is, a station some kilometres away cannot tell.
    """
    nearest = near(longitude, latitude, 1).select_related("region").first()
    distance = getattr(nearest, "distance", None)
    if nearest is None or distance is None or distance > PLACE_RADIUS:
        return None
    above = ancestor_codes(nearest.region_id)[: RegionLevel.COUNTY]
    return Region.objects.filter(pk__in=above).order_by("-level").first()


def by_distance(stations: StationQuerySet, longitude: float, latitude: float) -> StationQuerySet:
    """The stations that have coordinates, each with its ``distance`` in metres, nearest first.

    Along the great circle (haversine, which is exact for short ones too).
    """
    # To a tenth of a millimetre: PostgreSQL refuses to square what is hardly more than nothing.
    here_latitude = Radians(Value(round(latitude, 9), output_field=FloatField()))
    here_longitude = Radians(Value(round(longitude, 9), output_field=FloatField()))
    there_latitude = Radians(Cast(F("latitude"), FloatField()))
    there_longitude = Radians(Cast(F("longitude"), FloatField()))
    haversine = Power(Sin((there_latitude - here_latitude) / 2), 2) + Cos(here_latitude) * Cos(
        there_latitude
    ) * Power(Sin((there_longitude - here_longitude) / 2), 2)
    # Rounding may lift the antipode's haversine just above 1, where ASin has no answer.
    distance = 2 * EARTH_RADIUS * ASin(Sqrt(Least(haversine, Value(1.0))))
    located = stations.filter(longitude__isnull=False, latitude__isnull=False)
    return located.annotate(distance=distance).order_by("distance", "id")


def _box_around(longitude: float, latitude: float, radius: float) -> Q:
    """Holds every position within ``radius`` metres, and more in its corners."""
    angle = radius / EARTH_RADIUS
    height = math.degrees(angle) + _BOX_MARGIN
    south, north = latitude - height, latitude + height
    rows = Q(latitude__range=(south, north))
    if south <= -90 or north >= 90:
        return rows  # over a pole: every meridian is near
    reach = math.sin(angle) / math.cos(math.radians(latitude))
    width = math.degrees(math.asin(min(1.0, reach))) + _BOX_MARGIN
    centre = (longitude + 180) % 360 - 180
    west, east = centre - width, centre + width
    columns = Q(longitude__range=(west, east))
    if west < -180:
        columns |= Q(longitude__gte=west + 360)
    if east > 180:
        columns |= Q(longitude__lte=east - 360)
    return rows & columns


def regions_with_stations(chosen: str = "") -> list[Region]:
    """The provinces, prefectures and counties that have public stations, in order of their codes.

    Of more than ``MOST_REGIONS`` the counties outside the prefecture of ``chosen`` are left out.
    """
    county_digits = LENGTHS[RegionLevel.COUNTY]
    # Seven characters tell "6201F01" (an own area among counties) from "6201" and its digits.
    beginnings = (
        Station.objects.public()
        .order_by()
        .values_list(Substr("region_id", 1, county_digits + 1), flat=True)
        .distinct()
    )
    codes: set[str] = set()
    for beginning in beginnings:
        code: str | None = beginning if is_own_area(beginning) else beginning[:county_digits]
        while code is not None and code not in codes:
            codes.add(code)
            code = parent_code(code)
    regions = list(Region.objects.filter(code__in=codes).order_by("code"))
    if len(regions) <= MOST_REGIONS:
        return regions
    prefecture_digits = LENGTHS[RegionLevel.PREFECTURE]
    prefecture = chosen[:prefecture_digits] if len(chosen) >= prefecture_digits else None
    return [
        region
        for region in regions
        if region.level <= RegionLevel.PREFECTURE or region.parent_id == prefecture
    ]


def join_code_at(station: Station) -> JoinCode | None:
    """The newest code at the station through which workers may join today."""
    codes = JoinCode.objects.usable_on(local_today()).filter(station_link__station=station)
    return codes.order_by("-id").first()
