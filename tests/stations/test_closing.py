"""Stations of a union that was merged: they stay until somebody moves them to the successor."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from audit.models import AuditEntry
from core.clock import local_today
from members.services.union_closing import start_dissolution, start_merger
from reports.nightly import run_nightly
from reports.selectors.counts import read_counts
from reports.selectors.staying import Staying, staying_with
from stations.models import Station
from stations.services import take_over_stations
from tests.builders import make_official, make_union
from tests.campaigns.builders import make_campaign, make_target, refused
from tests.portal.world import World, logged_in, make_world
from tests.stations.builders import make_station
from unions.models import Union

pytestmark = pytest.mark.django_db
TODAY = local_today()
YESTERDAY = TODAY - dt.timedelta(days=1)


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def town(world: World) -> Union:
    """With two stations, one of a name that the heir has too, and one that is closed for good."""
    town = make_union("东镇工会", "township_union", world.county)
    for name in ("驿站", "同名驿站"):
        make_station(name, town, world.regions["371502"])
    make_station(
        "旧驿站", town, world.regions["371502"], status="closed", closed_on=dt.date(2024, 1, 1)
    )
    return town


@pytest.fixture
def heir(world: World) -> Union:
    heir = make_union("西镇工会", "township_union", world.county)
    make_station("同名驿站", heir, world.regions["371502"])
    return heir


def counted(union: Union, day: dt.date) -> int:
    return read_counts([union.pk], [("stations", "")], [day]).at(union.pk, "stations", "", day)


def test_moved_after_a_merger_and_counted_there_from_that_day(
    world: World, town: Union, heir: Union
) -> None:
    campaign = make_campaign(
        "行动", world.city, starts_on=dt.date(2024, 1, 1), ends_on=TODAY + dt.timedelta(days=9)
    )
    make_target(campaign, town)
    assert staying_with(town) == Staying(targets=1, stations=2, figures=0)
    run_nightly(YESTERDAY)
    client = logged_in(world.official)
    act = reverse("admin:unions_unionclosing_merge", args=[town.pk])
    asked = client.post(act, {"into": heir.pk, "reason": "乡镇合并"}).content.decode()
    for piece in ("What stays with it", "Targets under way", "can be moved on the next page"):
        assert piece in asked, piece
    closing = start_merger(town, into=heir, reason="乡镇合并", actor=world.official)
    page = reverse("admin:unions_unionclosing_change", args=[closing.pk])
    url = reverse("admin:stations_station_take_over", args=[town.pk])
    assert f'action="{url}"' in client.get(page).content.decode()
    # Who may not change the stations of both sees that they are there, and moves none.
    low = logged_in(make_official("town", heir))
    assert low.post(url).status_code == 404
    assert Station.objects.of_union(town).count() == 2
    answer = client.post(url, follow=True)
    assert [str(message) for message in answer.context["messages"]] == [
        "1 station was moved.", "Not moved, because their name is taken there: 同名驿站",
    ]  # fmt: skip
    assert set(Station.objects.filter(host_union=town).values_list("name", flat=True)) == {
        "同名驿站", "旧驿站",
    }  # fmt: skip
    entry = AuditEntry.objects.get(action="station.updated")
    assert entry.data["host_union"] == [str(town.pk), str(heir.pk)]
    run_nightly(TODAY)
    assert [(counted(union, YESTERDAY), counted(union, TODAY)) for union in (town, heir)] == [
        (2, 1), (1, 2),
    ]  # fmt: skip
    assert counted(world.county, YESTERDAY) == counted(world.county, TODAY) == 3


def test_nobody_took_over(world: World, town: Union) -> None:
    closing = start_dissolution(town, reason="撤销", actor=world.official)
    with refused("not_merged"):
        take_over_stations(Union.objects.get(pk=town.pk), actor=world.official)
    assert Station.objects.of_union(town).count() == 2
    page = reverse("admin:unions_unionclosing_change", args=[closing.pk])
    shown = logged_in(world.official).get(page).content.decode()
    assert "No union took over." in shown
    assert "take-over" not in shown
