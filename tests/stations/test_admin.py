"""Stations in the officials' site."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEntry
from core.clock import local_today
from members.models import JoinCode
from stations.models import Facility, Station, StationKind
from stations.services import open_station
from tests.portal.world import World, logged_in, make_world

pytestmark = pytest.mark.django_db

STATIONS = "/admin/stations/station/"


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def client(world: World) -> Client:
    return logged_in(world.official)


@pytest.fixture
def kind() -> StationKind:
    return StationKind.objects.create(code="test-rest", name_zh="驿站", name_en="Rest station")


@pytest.fixture
def facilities() -> list[Facility]:
    return [
        Facility.objects.create(code=code, name_zh=code, name_en=code)
        for code in ("test-a", "test-b")
    ]


def station_form(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "name": "振兴路驿站", "kind": "test-rest", "host_union": world.county.pk,
        "region": "371502", "address": "振兴路1号", "status": "open", "opened_on": "2023-05-01",
        "longitude": "115.98549", "latitude": "36.45702", **changes,
    }  # fmt: skip


def errors_of(response: Any) -> dict[str, list[str]]:
    return dict(response.context["adminform"].form.errors)


def test_station_is_recorded_changed_and_closed(
    world: World, client: Client, kind: StationKind, facilities: list[Facility]
) -> None:
    client.post(f"{STATIONS}add/", station_form(world, facilities=["test-a"]))
    station = Station.objects.get()
    assert (station.longitude, list(station.facilities.all())) == (
        Decimal("115.985490"),
        [facilities[0]],
    )
    page = reverse("admin:stations_station_change", args=[station.pk])
    client.post(page, station_form(world, facilities=["test-a", "test-b"], status="closed"))
    station.refresh_from_db()
    assert (station.closed_on, station.facilities.count()) == (local_today(), 2)
    client.post(page, station_form(world, facilities=["test-b"], closed_on="2023-06-01"))
    station.refresh_from_db()
    assert (station.status, station.closed_on) == ("open", None)
    assert list(station.facilities.all()) == [facilities[1]]
    trail = AuditEntry.objects.filter(object_type="stations.station").values_list("action")
    assert {action for (action,) in trail} == {"station.opened", "station.updated"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"latitude": ""}, "latitude"),
        ({"longitude": "15"}, "longitude"),
        ({"latitude": "60"}, "latitude"),
        ({"status": "closed", "closed_on": "2022-01-01"}, "closed_on"),
        ({"host_union": "0"}, "host_union"),
        ({"address": ""}, "address"),
    ],
)
def test_what_does_not_fit_is_refused_beside_the_field(
    world: World, client: Client, kind: StationKind, changes: dict[str, str], field: str
) -> None:
    response = client.post(f"{STATIONS}add/", station_form(world, **changes))
    assert list(errors_of(response)) == [field]
    assert Station.objects.count() == 0


def test_name_is_unique_at_the_host(world: World, client: Client, kind: StationKind) -> None:
    client.post(f"{STATIONS}add/", station_form(world))
    assert errors_of(client.post(f"{STATIONS}add/", station_form(world))) == {
        "name": ["This union already has a station of this name."]
    }


def test_foreign_station_is_not_there(world: World, client: Client, kind: StationKind) -> None:
    station = open_station(
        name="德州驿站", kind=kind, host_union=world.other, region=world.regions["3714"],
        address="湖滨路", opened_on=dt.date(2023, 1, 1), actor=None,
    )  # fmt: skip
    for name in ("change", "join_code", "history"):
        page = reverse(f"admin:stations_station_{name}", args=[station.pk])
        assert client.get(page).status_code == 404
        assert client.post(page, station_form(world)).status_code == 404
    station.refresh_from_db()
    assert (station.name, JoinCode.objects.count()) == ("德州驿站", 0)


def test_join_code_hangs_at_the_station(world: World, client: Client, kind: StationKind) -> None:
    client.post(f"{STATIONS}add/", station_form(world))
    station = Station.objects.get()
    page = reverse("admin:stations_station_join_code", args=[station.pk])
    assert client.get(page).status_code == 200
    foreign = client.post(page, {"union": world.other_low.pk})
    assert list(foreign.context["form"].errors) == ["union"]
    client.post(page, {"union": world.low.pk})
    code = JoinCode.objects.get()
    assert (code.station_link.station, code.union, code.label) == (
        station,
        world.low,
        "振兴路驿站",
    )
    listed = client.get(f"/admin/members/joincode/?station_link__station={station.pk}")
    assert list(listed.context["cl"].result_list) == [code]
