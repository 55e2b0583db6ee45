"""Stations for tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from reference.models import Region
from stations.models import Facility, Station
from unions.models import Union


def make_station(
    name: str, host: Union, region: Region, *, facilities: Iterable[str] = (), **fields: Any
) -> Station:
    """An open rest station of ``host``; facilities by their codes."""
    values = {
        "kind_id": "union_station",
        "address": "人民路 1 号",
        "opened_on": dt.date(2023, 1, 1),
        **fields,
    }
    station = Station.objects.create(name=name, host_union=host, region=region, **values)
    station.facilities.set(Facility.objects.filter(pk__in=list(facilities)))
    return station
