"""What a membership came through stays with it for good: channel, code, station and campaign."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.db.models import Sum

from campaigns.services.campaigns import add_campaign_join_code, tie_join_code
from core.clock import local_today
from members.collective_table import ListRow
from members.enums import JoinChannel
from members.models import JoinCode, Membership, MembershipEvent
from members.services.collective import register_list
from members.services.enrolment import check_person
from members.services.join_codes import create_join_code
from members.services.review import approve_application
from members.services.transfer import ask_transfer, decide_transfer
from members.services.windows import open_window
from reference.models import WorkerGroup
from stations.services import add_station_join_code
from tests.builders import make_application, make_official, make_region, make_union, person
from tests.campaigns.builders import make_campaign
from tests.stations.builders import make_station
from unions.models import Union

pytestmark = pytest.mark.django_db


def code_at_a_station(union: Union) -> JoinCode:
    station = make_station("爱心驿站", union, make_region("37", "山东省"))
    return add_station_join_code(station, union=union, actor=None)


def code_of_a_campaign(union: Union) -> JoinCode:
    return add_campaign_join_code(make_campaign("集中行动", union), union=union, actor=None)


def of_the_campaign(code: JoinCode) -> JoinCode:
    """The code, made for something else, tied to a campaign of its union."""
    return tie_join_code(make_campaign("集中行动", code.union), code, actor=None)


def code_of_both(union: Union) -> JoinCode:
    return of_the_campaign(code_at_a_station(union))


def code_of_a_window(union: Union) -> JoinCode:
    window = open_window(union, place="万达广场", actor=make_official("clerk", union))
    return of_the_campaign(window.join_code)


def code_of_a_list(union: Union) -> JoinCode:
    couriers = WorkerGroup.objects.get(pk="courier")
    row = ListRow(2, {}, person=check_person(person()), worker_group=couriers)
    clerk = make_official("clerk", union)
    registration = register_list(union, [row], file_name="a.xlsx", actor=clerk)
    return of_the_campaign(registration.join_code)


def code_of_a_platform(union: Union) -> JoinCode:
    return of_the_campaign(create_join_code(union, channel=JoinChannel.PLATFORM, actor=None))


def ways_in() -> set[tuple[str, str, str | None, str | None]]:
    """Channel, code, station and campaign of every spell and of every entry of the ledger."""
    columns = (
        "channel",
        "join_code__code",
        "join_code__station_link__station__name",
        "join_code__campaign_link__campaign__name",
    )
    rows = (model.objects.values_list(*columns) for model in (Membership, MembershipEvent))
    return {row for found in rows for row in found}


@pytest.mark.parametrize(
    ("make_code", "channel", "station", "campaign"),
    [
        (code_at_a_station, "qr", "爱心驿站", None),
        (code_of_a_campaign, "qr", None, "集中行动"),
        (code_of_both, "qr", "爱心驿站", "集中行动"),
        (code_of_a_window, "mobile_window", None, "集中行动"),
        (code_of_a_list, "collective", None, "集中行动"),
        (code_of_a_platform, "platform", None, "集中行动"),
    ],
)
def test_it_stays_through_approval_and_transfer(
    make_code: Callable[[Union], JoinCode], channel: str, station: str | None, campaign: str | None
) -> None:
    county = make_union("县总工会", "county_federation")
    old, new = (make_union(name, "township_union", county) for name in ("东镇工会", "西镇工会"))
    code = make_code(old)
    approved = approve_application(make_application(code), actor=None)
    way_in = (channel, code.code, station, campaign)
    assert ways_in() == {way_in}
    Membership.objects.update(started_on=local_today() - dt.timedelta(days=9))
    transfer = ask_transfer(
        Membership.objects.get(pk=approved.pk),
        to_union=new,
        reason="换工作",
        asked_by="member",
        actor=None,
    )
    for side in ("releasing", "receiving"):
        decide_transfer(transfer, side=side, agree=True, actor=None)
    assert list(Membership.objects.order_by("pk").values_list("union", "status")) == [
        (old.pk, "ended"),
        (new.pk, "active"),
    ]
    assert ways_in() == {way_in}
    # One new member of the campaign, and of the station; a transfer brings neither a second one.
    by_code = MembershipEvent.objects.values_list(
        "join_code__station_link__station__name", "join_code__campaign_link__campaign__name"
    )
    assert list(by_code.annotate(joined=Sum("joined_change"))) == [(station, campaign, 1)]
