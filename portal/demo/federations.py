"""The tree of federations: nation, provinces, prefectures, counties, townships of Liaocheng."""

from __future__ import annotations

import datetime as dt
from typing import Any

from portal.demo.bulk import Tick
from portal.demo.datafiles import read_data
from reference.enums import RegionKind, RegionLevel
from reference.models import Region
from unions.models import Union, UnionKind
from unions.services import create_union

ROOT_CODE = "D00"
LANZHOU_NEW_AREA = "620171"
# 中华全国总工会 was founded on that day; every other founding date is a demo value.
_ROOT_FOUNDED = dt.date(1925, 5, 1)
DEMO_FOUNDED = dt.date(2000, 1, 1)


def union_code(region_code: str) -> str:
    """The demo's code of the federation of a region; "" is the nation."""
    return f"D{region_code}" if region_code else ROOT_CODE


def federation_of(region_code: str) -> Union:
    """The demo's federation of a region ("" is the nation)."""
    return Union.objects.get(code=union_code(region_code))


def load_federations(tick: Tick) -> dict[str, int]:
    """Create the federations through the service. Expects the regions."""
    regions = _wanted_regions()
    builder = _Builder()
    builder.add(ROOT_CODE, "中华全国总工会", "national_federation", None, None, _ROOT_FOUNDED)
    for done, (region, kind, parent) in enumerate(regions, start=1):
        county = region.parent.name if kind == "township_union" and region.parent else ""
        name = f"{county}{region.name}总工会"
        builder.add(union_code(region.pk), name, kind, union_code(parent), region)
        tick(done, len(regions))
    gansu = Region.objects.get(pk="62")
    for row in read_data("gansu_industrial_unions"):
        builder.add(row["code"], row["name"], "industrial_union", union_code("62"), gansu)
    return {"unions": builder.count}


def _wanted_regions() -> list[tuple[Region, str, str]]:
    """(region, kind of its federation, code of the region above), parents first."""
    wanted: list[tuple[Region, str, str]] = []

    def add(rows: Any, kind: str, parent: str | None = None) -> None:
        wanted.extend(
            (region, kind, region.parent_id if parent is None else parent)
            for region in rows.select_related("parent").order_by("code")
        )

    counties = Region.objects.filter(level=RegionLevel.COUNTY)
    add(Region.objects.filter(pk__in=["37", "41", "62"]), "provincial_federation", "")
    add(Region.objects.filter(pk__in=["3715", "4103"]), "city_federation")
    add(Region.objects.filter(parent="62"), "city_federation")
    add(counties.filter(pk=LANZHOU_NEW_AREA), "county_federation", "62")
    add(counties.filter(parent__in=["3715", "4103"]), "county_federation")
    add(liaocheng_townships(), "township_union")
    return wanted


def liaocheng_townships() -> Any:
    """The 135 townships and streets; a market's service centre coded like one is left out."""
    return Region.objects.filter(
        code__startswith="3715", level=RegionLevel.TOWNSHIP, kind=RegionKind.DIVISION
    ).order_by("code")


class _Builder:
    """Creates unions by code and remembers them as parents."""

    def __init__(self) -> None:
        self._kinds = UnionKind.objects.in_bulk()
        self._by_code: dict[str, Union] = {}

    @property
    def count(self) -> int:
        return len(self._by_code)

    def add(
        self,
        code: str,
        name: str,
        kind: str,
        parent: str | None,
        region: Region | None,
        founded_on: dt.date = DEMO_FOUNDED,
    ) -> None:
        self._by_code[code] = create_union(
            name=name,
            kind=self._kinds[kind],
            parent=self._by_code[parent] if parent else None,
            actor=None,
            is_demo=True,
            code=code,
            region=region,
            founded_on=founded_on,
        )
