"""Quality signals: found exactly, cleared when gone, seen within the own branch."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign, CampaignStatus, Phase
from core.clock import local_day_start, local_today
from core.identity import demo_identity_number
from core.phone import demo_phone
from members.models import Application, JoinCode, Member, Membership
from members.services.review import approve_application
from reports.models import QualitySignal, ReportRun, SignalRule
from reports.quality import find_signals
from reports.selectors.quality import kinds_of
from tests.builders import (
    make_application,
    make_join_code,
    make_membership,
    make_official,
    make_union,
    make_user,
    person,
)
from unions.enums import Role
from unions.models import Union

pytestmark = pytest.mark.django_db

D = dt.date
TODAY = local_today()


@pytest.fixture
def city() -> Union:
    return make_union("市总", "city_federation")


@pytest.fixture
def county(city: Union) -> Union:
    return make_union("县总", "county_federation", city)


def signals(kind: str, day: dt.date = TODAY) -> list[tuple[str, int, list[int]]]:
    """Union, number and memberships of what stands on ``day``."""
    found = QualitySignal.objects.standing_on(day).filter(kind=kind).order_by("union")
    return [
        (row.union.name, row.value, row.details["memberships"])
        for row in found.select_related("union")
    ]


def only(kind: str, **changes: Any) -> None:
    """Leave one rule in use, changed."""
    SignalRule.objects.exclude(pk=kind).update(is_active=False)
    SignalRule.objects.filter(pk=kind).update(swept_on=None, **changes)


def joined(code: JoinCode, *minutes: int) -> list[Membership]:
    """Approved applications sent in so many minutes after this morning at nine."""
    made = []
    for minute in minutes:
        sent = local_day_start(TODAY) + dt.timedelta(hours=9, minutes=minute)
        application = make_application(code)
        Application.objects.filter(pk=application.pk).update(
            submitted_at=sent, phone_proven_at=timezone.now()
        )
        application.refresh_from_db()
        made.append(approve_application(application, actor=None))
    return made


def test_burst_is_the_densest_moment_of_a_code(county: Union) -> None:
    only("burst", threshold=3, window=10)
    code, quiet = make_join_code(county, label="北门"), make_join_code(county)
    first = joined(code, 0, 30, 34, 39, 40, 55)
    joined(quiet, 0, 11, 22)
    assert find_signals(TODAY) == 1
    # Minutes 30 to 40 hold four; ten minutes are ten minutes, both ends counted.
    assert signals("burst") == [("县总", 4, sorted(row.pk for row in first[1:5]))]
    row = QualitySignal.objects.get()
    assert (row.details["join_code"], row.details["from"], row.details["to"]) == (
        code.pk, f"{TODAY} 09:30", f"{TODAY} 09:40",
    )  # fmt: skip
    assert row.cleared_on == TODAY + dt.timedelta(days=90)
    assert find_signals(TODAY) == 1
    assert QualitySignal.objects.count() == 1
    SignalRule.objects.filter(pk="burst").update(threshold=5)
    assert find_signals(TODAY) == 0
    assert signals("burst") == []


def test_a_burst_seen_again_takes_the_place_of_the_first(county: Union) -> None:
    only("burst", threshold=3, window=10)
    joined(make_join_code(county), 0, 1, 2)
    yesterday = QualitySignal.objects.create(
        day=TODAY - dt.timedelta(days=1), union=county, kind="burst", value=3,
        cleared_on=TODAY + dt.timedelta(days=89),
        details={
            "join_code": JoinCode.objects.get().pk, "from": f"{TODAY} 08:55",
            "to": f"{TODAY} 09:00", "memberships": [],
        },
    )  # fmt: skip
    assert find_signals(TODAY) == 1
    yesterday.refresh_from_db()
    assert yesterday.cleared_on == TODAY
    assert len(signals("burst")) == 1
    assert len(signals("burst", TODAY - dt.timedelta(days=1))) == 1


def test_last_day_of_a_phase(city: Union, county: Union) -> None:
    only("last_day", threshold="0.3", window=4)
    campaign = Campaign.objects.create(
        owner=city, name="集中行动", starts_on=D(2024, 3, 1), ends_on=D(2024, 4, 30),
        status=CampaignStatus.PUBLISHED,
    )  # fmt: skip
    Phase.objects.create(
        campaign=campaign, name="攻坚", starts_on=D(2024, 3, 1), ends_on=D(2024, 3, 31)
    )
    Phase.objects.create(
        campaign=campaign, name="短", starts_on=D(2024, 3, 29), ends_on=D(2024, 3, 31)
    )
    other = make_union("邻县总", "county_federation", city)
    outside = make_union("邻市总", "city_federation")
    rush = [make_membership(county, on=day) for day in ("2024-03-31", "2024-03-31")]
    for union, days in (
        (county, ("2024-03-02", "2024-03-03")),
        (other, ("2024-03-02", "2024-03-03", "2024-03-04", "2024-03-31")),  # a quarter
        (outside, ("2024-03-31",) * 4),
    ):
        for day in days:
            make_membership(union, on=day)
    # They were recorded just now, long after the phase: the night of that day knew nothing.
    assert find_signals(D(2024, 3, 31)) == 0
    Phase.objects.filter(name="攻坚").update(ends_on=TODAY)
    assert find_signals(TODAY) == 0  # nobody joined on this last day
    make = [make_membership(county, on=TODAY.isoformat()) for _ in range(2)]
    assert find_signals(TODAY) == 1
    assert signals("last_day") == [("县总", 2, [row.pk for row in make])]
    assert QualitySignal.objects.get().details["joins"] == len(rush) + len(make) + 2


def test_phones_ages_and_silence_are_swept_once_a_week(city: Union, county: Union) -> None:
    phone = demo_phone(900)
    shared = [
        make_membership(county, person(phone=phone), on="2024-01-02"),
        make_membership(city, person(phone=phone), on="2024-01-02"),
    ]
    child = make_membership(
        county, person(id_number=demo_identity_number("371500", D(2010, 5, 1), 7)), on="2024-01-02"
    )
    old = make_membership(
        city, person(id_number=demo_identity_number("371500", D(1915, 5, 1), 8)), on="2024-01-02"
    )
    fresh = make_membership(county)
    # Two for phones, two for ages; two unions where nothing was heard of anybody for a year.
    assert find_signals(TODAY) == 6
    assert signals("shared_phone") == [("市总", 1, [shared[1].pk]), ("县总", 1, [shared[0].pk])]
    assert signals("impossible_age") == [("市总", 1, [old.pk]), ("县总", 1, [child.pk])]
    assert signals("inactive") == [
        ("市总", 2, [shared[1].pk, old.pk]),
        ("县总", 2, [shared[0].pk, child.pk]),
    ]
    assert fresh.pk not in [key for _name, _value, keys in signals("inactive") for key in keys]

    # Nothing is swept again within the week; after it what is gone is cleared, and stays in the
    # past.
    Member.objects.filter(pk=child.member_id).update(birth_date=D(1990, 5, 1))
    assert find_signals(TODAY + dt.timedelta(days=6)) == 0
    later = TODAY + dt.timedelta(days=7)
    assert find_signals(later) == 0
    assert signals("impossible_age", later) == [("市总", 1, [old.pk])]
    assert len(signals("impossible_age", later - dt.timedelta(days=1))) == 2
    assert find_signals(later) == 0  # again on the same day
    assert signals("impossible_age", later) == [("市总", 1, [old.pk])]
    assert find_signals(TODAY) == 0  # a day filled later

    leader = make_official("leader", city, Role.LEADER)
    counts = {row.kind: (row.unions, row.entries) for row in kinds_of(leader, city, later)}
    assert counts["shared_phone"] == (2, 2)
    assert counts["impossible_age"] == (1, 1)


def test_heard_of_since(county: Union) -> None:
    only("inactive", threshold=1, window=12)
    silent, asked = (make_membership(county, on="2024-01-02") for _ in range(2))
    asked.member.data_requests.create(union=county, field="name", asked_at=timezone.now())
    proven = joined(make_join_code(county), 0)[0]
    Membership.objects.filter(pk=proven.pk).update(started_on=D(2024, 1, 2))
    find_signals(TODAY)
    assert signals("inactive") == [("县总", 1, [silent.pk])]


def test_page_lists_and_leads_to_the_memberships(
    city: Union, county: Union, client: Client, django_assert_max_num_queries: Any
) -> None:
    only("shared_phone")
    phone = demo_phone(901)
    for name in ("李小强", "李小刚", "李小明"):
        make_membership(county, person(phone=phone, name=name), on="2024-01-02")
    ReportRun.objects.create(report="publish", day=TODAY, status="done", cut_off=timezone.now())
    find_signals(TODAY)
    client.force_login(make_official("official", city))
    with django_assert_max_num_queries(12):
        page = client.get(reverse("reports:quality"), {"union": city.pk}).content.decode()
    signal = QualitySignal.objects.get()
    address = reverse("reports:quality-signal", args=[signal.pk])
    assert "多名会员使用同一手机号" in page
    assert address in page
    behind = client.get(address).content.decode()
    member = Membership.objects.order_by("pk")[0]
    assert reverse("admin:members_membership_change", args=[member.pk]) in behind
    assert "李小强" not in behind
    client.force_login(make_official("leader", city, Role.LEADER))
    assert "/admin/members/" not in client.get(address).content.decode()
    client.force_login(make_official("stranger", make_union("邻市总", "city_federation")))
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    ("kind", "threshold", "is_refused"),
    [
        ("last_day", "1.5", True),
        ("last_day", "0.5", False),
        ("burst", "2.5", True),
        ("burst", "30", False),
    ],
)
def test_rule_takes_numbers_that_fit_its_kind(
    client: Client, kind: str, threshold: str, is_refused: bool
) -> None:
    client.force_login(make_user("operator", is_superuser=True))
    SignalRule.objects.update(swept_on=D(2024, 1, 1))
    answer = client.post(
        reverse("admin:reports_signalrule_change", args=[kind]),
        {"threshold": threshold, "window": "15", "is_active": "on"},
    )
    assert answer.status_code == (200 if is_refused else 302)
    rule = SignalRule.objects.get(pk=kind)
    assert (rule.window == 15) == (not is_refused)
    assert (rule.swept_on is None) == (not is_refused)
