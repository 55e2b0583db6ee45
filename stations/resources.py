"""The table of stations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stations.models import Facility, Station, StationKind, StationStatus
from stations.services import open_station, update_station
from unions.tabular.columns import (
    Choice,
    DateColumn,
    DecimalNumber,
    NamedCode,
    NamedCodes,
    RegionColumn,
    UnionColumn,
)
from unions.tabular.resource import ScopedResource, column


class StationResource(ScopedResource):
    """Stations are recognised by their name at the host union."""

    name = column("name")
    kind = column("kind", NamedCode(StationKind))
    host_union = column("host_union", UnionColumn("stations.change"))
    region = column("region", RegionColumn())
    address = column("address")
    longitude = column("longitude", DecimalNumber())
    latitude = column("latitude", DecimalNumber())
    opening_hours = column("opening_hours")
    phone = column("phone")
    facilities = column("facilities", NamedCodes(Facility))
    status = column("status", Choice(StationStatus))
    opened_on = column("opened_on", DateColumn())
    closed_on = column("closed_on", DateColumn())

    required = ("name", "kind", "host_union", "region", "address", "opened_on")
    example = {
        "name": "示范路工会驿站",
        "kind": "工会驿站",
        "host_union": "（主办工会名称或代码）",
        "region": "371502",
        "address": "示范路1号",
        "longitude": "115.98549",
        "latitude": "36.45702",
        "opening_hours": "8:00–20:00",
        "opened_on": "2023-09-06",
    }

    class Meta(ScopedResource.Meta):
        model = Station

    def find(self, values: Mapping[str, Any]) -> Station | None:
        """By name and host."""
        if not values.get("name") or not values.get("host_union"):
            return None
        rows = Station.objects.visible_to(self.actor, "stations.change").select_related(
            "kind", "host_union", "region"
        )
        return rows.filter(name=values["name"], host_union=values["host_union"]).first()

    def present_value(self, record: Station, name: str) -> Any:
        """Facilities as a list in the order of the file's."""
        if name != "facilities":
            return super().present_value(record, name)
        held = set(record.facilities.all())
        given = self._values["facilities"]
        return given if set(given) == held else list(held)

    def create(self, values: dict[str, Any]) -> Station:
        """Record."""
        values = {name: value for name, value in values.items() if value != ""}
        return open_station(actor=self.actor, **values)

    def update(self, record: Station, changes: dict[str, Any]) -> None:
        """Change what differs."""
        update_station(record, actor=self.actor, **changes)
