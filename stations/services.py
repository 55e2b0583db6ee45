"""Writes on stations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _, gettext_lazy

from audit.services import log
from core.clock import local_today
from core.errors import RuleViolation
from members.models import JoinCode
from members.services.join_codes import create_join_code
from reference.models import Region
from stations.models import Facility, Station, StationJoinCode, StationKind, StationStatus
from stations.selectors import successor_of
from unions.models import Union
from unions.records import (
    change_record,
    ensure_may,
    insert_record,
    refuse_unknown,
    required_text,
)
from unions.scope import Actor

DETAILS = ("longitude", "latitude", "opening_hours", "phone", "status", "closed_on")
_OF_THE_STATION = ("name", "kind", "host_union", "region", "address", "opened_on")

_REFUSALS = {
    "stations_name_of_host_union": RuleViolation(
        gettext_lazy("This union already has a station of this name."),
        field="name",
        code="duplicate",
    ),
    "stations_position_in_china": RuleViolation(
        gettext_lazy("This position does not lie in China."), field="longitude", code="position"
    ),
}


def open_station(
    *,
    name: str,
    kind: StationKind,
    host_union: Union,
    region: Region,
    address: str,
    opened_on: dt.date,
    facilities: Iterable[Facility] = (),
    actor: Actor,
    is_demo: bool = False,
    **details: Any,
) -> Station:
    """Record a station of ``host_union``; coordinates in degrees, GCJ-02.

    Raises RuleViolation beside ``name``, ``address``, ``host_union`` (out of scope), ``longitude``,
    ``latitude`` or ``closed_on``.
    """
    refuse_unknown(details, DETAILS)
    station = Station(
        name=required_text(name, "name"),
        kind=kind,
        host_union=host_union,
        region=region,
        address=required_text(address, "address"),
        opened_on=opened_on,
        is_demo=is_demo,
        **details,
    )
    _settle(station)
    with transaction.atomic():
        insert_record(
            station,
            permission="stations.change",
            action="station.opened",
            actor=actor,
            refusals=_REFUSALS,
            keeper_field="host_union",
        )
        station.facilities.set(facilities)
    return station


def update_station(
    station: Station, *, facilities: Iterable[Facility] | None = None, actor: Actor, **changes: Any
) -> Station:
    """Change fields of ``station``; ``facilities`` replaces them all. Refusals as ``open_station``.

    Closing for good without a day closes it today; opening again clears the day.
    """
    refuse_unknown(changes, (*_OF_THE_STATION, *DETAILS))
    for field in ("name", "address"):
        if field in changes:
            changes[field] = required_text(changes[field], field)
    with transaction.atomic():
        planned = Station.objects.select_for_update(of=("self",)).get(pk=station.pk)
        for name, value in changes.items():
            setattr(planned, name, value)
        _settle(planned)
        if "status" in changes or "closed_on" in changes:
            changes["closed_on"] = planned.closed_on
        stored = change_record(
            station,
            changes,
            permission="stations.change",
            action="station.updated",
            actor=actor,
            refusals=_REFUSALS,
            keeper_field="host_union",
        )
        if facilities is not None:
            _set_facilities(stored, list(facilities), actor)
    return stored


def _set_facilities(station: Station, facilities: list[Facility], actor: Actor) -> None:
    before = sorted(station.facilities.values_list("pk", flat=True))
    after = sorted(facility.pk for facility in facilities)
    if before == after:
        return
    ensure_may(actor, "stations.change", station.host_union, field="host_union")
    station.facilities.set(facilities)
    log(
        actor,
        "station.updated",
        station,
        {"facilities": [", ".join(before), ", ".join(after)]},
        union_path=station.host_union.path,
    )


def take_over_stations(union: Union, *, actor: Actor) -> tuple[int, list[Station]]:
    """Put the stations of a merged ``union`` under the one that took over; how many, and which not.

    Left are those whose name is taken there already; stations closed for good stay with the past.
    Figures of past days stay: a station counts where it stood on the day. Raises RuleViolation:
    ``not_merged``, ``out_of_scope``. Then nothing is written.
    """
    into = successor_of(union)
    if into is None:
        raise RuleViolation(_("No union took over from this one."), code="not_merged")
    moved, left = 0, []
    with transaction.atomic():
        for station in Station.objects.of_union(union).order_by("pk"):
            try:
                with transaction.atomic():
                    update_station(station, host_union=into, actor=actor)
            except RuleViolation as refusal:
                if refusal.code != "duplicate":
                    raise
                left.append(station)
            else:
                moved += 1
    return moved, left


def add_station_join_code(station: Station, *, union: Union, actor: Actor) -> JoinCode:
    """Make a join code of ``union`` that hangs at ``station``. Raises RuleViolation."""
    with transaction.atomic():
        ensure_may(actor, "stations.change", station.host_union, field="union")
        code = create_join_code(union, label=station.name[:80], actor=actor)
        StationJoinCode.objects.create(join_code=code, station=station)
        log(
            actor,
            "station.join_code_added",
            station,
            {"join_code": code.code},
            union_path=station.host_union.path,
        )
    return code


def _settle(station: Station) -> None:
    """Make status, days and position agree, or raise RuleViolation."""
    if (station.longitude is None) != (station.latitude is None):
        missing = "latitude" if station.latitude is None else "longitude"
        raise RuleViolation(
            _("Longitude and latitude belong together."), field=missing, code="position"
        )
    for field, low, high in (("longitude", 73, 136), ("latitude", 3, 54)):
        degrees = getattr(station, field)
        if degrees is not None and not low <= degrees <= high:
            raise RuleViolation(
                _("In China this lies between %(low)s and %(high)s degrees.")
                % {"low": low, "high": high},
                field=field,
                code="position",
            )
    if station.status == StationStatus.CLOSED:
        station.closed_on = station.closed_on or local_today()
        if station.closed_on < station.opened_on:
            raise RuleViolation(_("The end lies before the beginning."), field="closed_on")
    else:
        station.closed_on = None
