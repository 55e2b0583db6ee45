"""About eighty demo stations. Towns are real; addresses, hours and positions are generated."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from random import Random

from core.clock import local_today
from members.enums import JoinChannel
from members.services.join_codes import create_join_code
from portal.demo.bulk import Tick
from portal.demo.federations import LANZHOU_NEW_AREA, federation_of, liaocheng_townships
from portal.demo.liaocheng_unions import county_flexible_unions
from portal.demo.names import DEMO_MARK
from reference.models import Region
from stations.models import Facility, Station, StationJoinCode, StationKind, StationStatus
from unions.models import Union

LIAOCHENG_STATIONS = 60

# Rough middle of each town, degrees of GCJ-02, from common maps.
_MIDDLES = {
    "371502": (115.985, 36.450),
    "371503": (116.255, 36.580),
    "371521": (115.790, 36.113),
    "371522": (115.670, 36.235),
    "371524": (116.247, 36.335),
    "371525": (115.443, 36.484),
    "371526": (116.232, 36.866),
    "371581": (115.705, 36.842),
    "4103": (112.454, 34.620),
    "6201": (103.834, 36.061),
    LANZHOU_NEW_AREA: (103.670, 36.480),
    "6205": (105.725, 34.581),
    "6209": (98.510, 39.735),
    "6212": (104.925, 33.401),
}
_ELSEWHERE = (
    ("4103", 9),
    ("6201", 4),
    (LANZHOU_NEW_AREA, 2),
    ("6205", 2),
    ("6209", 1),
    ("6212", 2),
)
_SPREAD = 0.035  # degrees: three or four kilometres around the middle

_BASIC = ("drinking_water", "seats", "charging", "first_aid_kit")
_KINDS: dict[str, tuple[str, int, tuple[str, ...], str]] = {
    # kind: name, weight, facilities of every one, hours
    "union_station": ("工会驿站", 30, (*_BASIC, "microwave", "heating_cooling"), "08:00–20:00"),
    "outdoor_station": ("户外劳动者服务站点", 40, _BASIC, "08:30–18:00"),
    "caring_station": ("爱心驿站", 15, (*_BASIC, "rain_gear"), "09:00–17:30"),
    "drivers_home": (
        "司机之家", 8,
        ("drinking_water", "parking", "shower", "laundry", "meals", "toilet"), "00:00–24:00",
    ),
    "integrated_station": (
        "会站家一体化服务站", 7,
        (*_BASIC, "microwave", "books", "wifi", "legal_advice"), "08:00–18:00",
    ),
}  # fmt: skip


def load_stations(_tick: Tick) -> dict[str, int]:
    """Write stations with their facilities; two of them hang out a join code."""
    builder = _Builder()
    towns = list(liaocheng_townships().select_related("parent"))
    by_county: dict[str, list[Region]] = {}
    for town in towns:
        by_county.setdefault(town.pk[:6], []).append(town)
    for number in range(LIAOCHENG_STATIONS):
        county = sorted(by_county)[number % len(by_county)]
        town = by_county[county][number // len(by_county) % len(by_county[county])]
        host = federation_of(town.pk) if number % 3 else federation_of(county)
        builder.add(town, host, _MIDDLES[county])
    for region_code, count in _ELSEWHERE:
        region = Region.objects.get(pk=region_code)
        for _ in range(count):
            builder.add(region, federation_of(region_code), _MIDDLES[region_code])
    _hang_out_codes(builder.stations)
    return {"stations": len(builder.stations)}


class _Builder:
    def __init__(self) -> None:
        self._random = Random("stations-1")  # noqa: S311 -- synthetic data
        self._kinds = StationKind.objects.in_bulk(list(_KINDS))
        self._facilities = Facility.objects.in_bulk()
        self._today = local_today()
        self.stations: list[Station] = []

    def add(self, region: Region, host: Union, middle: tuple[float, float]) -> None:
        random = self._random
        kind = random.choices(list(_KINDS), [row[1] for row in _KINDS.values()])[0]
        title, _weight, usual, hours = _KINDS[kind]
        number = len(self.stations) + 1
        opened_on = dt.date(2021, 5, 1) + dt.timedelta(days=random.randint(0, 1500))
        chance = random.random()
        status = StationStatus.OPEN
        if chance > 0.97:
            status = StationStatus.CLOSED
        elif chance > 0.92:
            status = StationStatus.PAUSED
        longitude, latitude = (
            Decimal(f"{value + random.uniform(-_SPREAD, _SPREAD):.6f}") for value in middle
        )
        station = Station.objects.create(
            name=f"{region.name}{title}{number:02d}号{DEMO_MARK}",
            kind=self._kinds[kind],
            host_union=host,
            region=region,
            address=f"{region.full_name}演示路{random.randint(1, 199)}号（演示地址）",
            longitude=longitude,
            latitude=latitude,
            opening_hours=hours,
            status=status,
            opened_on=min(opened_on, self._today),
            closed_on=min(opened_on + dt.timedelta(days=400), self._today)
            if status == StationStatus.CLOSED
            else None,
            is_demo=True,
        )
        extra = random.sample(sorted(set(self._facilities) - set(usual)), random.randint(0, 5))
        station.facilities.set([self._facilities[code] for code in (*usual, *extra)])
        self.stations.append(station)


def _hang_out_codes(stations: list[Station]) -> None:
    """The first station of each of two counties shows a code of the flexible union there."""
    for union in county_flexible_unions()[:2]:
        county = str(union.region_id)[:6]
        station = next(
            s for s in stations if s.region_id.startswith(county) and s.status == StationStatus.OPEN
        )
        code = create_join_code(
            union, actor=None, label=station.name, channel=JoinChannel.QR, is_demo=True
        )
        StationJoinCode.objects.create(join_code=code, station=station)
