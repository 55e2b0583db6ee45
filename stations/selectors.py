"""Reading stations for the public pages and the API."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import F, FloatField, Q, Value
from django.db.models.functions import ASin, Cast, Cos, Least, Power, Radians, Sin, Sqrt, Substr

from core.clock import local_today
from core.normalising import normalise_text
from members.models import JoinCode
from reference.codes import LENGTHS, is_own_area, parent_code
from reference.enums import RegionLevel
from reference.models import Region
from reference.selectors import within
from stations.models import Facility, Station, StationKind, StationQuerySet

# The mean radius of the earth (IUGG R1), in metres.
EARTH_RADIUS = 6_371_008.8

# A longer list of regions to choose from shows no counties outside the chosen prefecture.
MOST_REGIONS = 300


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
    Distances are along the great circle (haversine, which is exact for short ones too).
    """
    rows = Station.objects.public() if stations is None else stations
    here_latitude = Radians(Value(latitude, output_field=FloatField()))
    here_longitude = Radians(Value(longitude, output_field=FloatField()))
    there_latitude = Radians(Cast(F("latitude"), FloatField()))
    there_longitude = Radians(Cast(F("longitude"), FloatField()))
    haversine = Power(Sin((there_latitude - here_latitude) / 2), 2) + Cos(here_latitude) * Cos(
        there_latitude
    ) * Power(Sin((there_longitude - here_longitude) / 2), 2)
    # Rounding may lift the antipode's haversine just above 1, where ASin has no answer.
    distance = 2 * EARTH_RADIUS * ASin(Sqrt(Least(haversine, Value(1.0))))
    found = rows.filter(longitude__isnull=False, latitude__isnull=False).annotate(distance=distance)
    return found.order_by("distance", "id")[:limit]


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
