"""Announcing who left: from the member's own page over the officials' list to the day on record."""

from __future__ import annotations

import datetime as dt
import importlib
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.http import Http404
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import AuditEntry
from members.models import Membership, MembershipEvent
from members.services.announcing import announce_leaving
from members.services.changes import expel_membership, record_death, withdraw_membership
from members.services.correction import correct_end
from tests.builders import make_membership, make_official, make_union, person
from tests.members.lifecycle import (
    TODAY,
    TOMORROW,
    days_ago,
    decision,
    files_aside as files_aside,
    in_order,
    refused,
    written,
)
from tests.members.own_page import (
    browser_of,
    county as county,
    membership as membership,
    union as union,
)
from unions.enums import Role
from unions.models import Union

pytestmark = pytest.mark.django_db

LIST = "/admin/members/membership/"
TO_ANNOUNCE = f"{LIST}?announcement=due"


@pytest.fixture
def official(union: Union) -> User:
    return make_official("gongzuozhe", union, Role.GRASSROOTS_OFFICIAL)


def browser(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def listed(user: User, choice: str = "due") -> list[Membership]:
    """The rows of the list under a choice of the filter."""
    page: Any = browser(user).get(f"{LIST}?announcement={choice}")
    assert page.status_code == 200
    return list(page.context_data["cl"].result_list)


def to_do(user: User) -> object:
    """The number on the official's first page."""
    return browser(user).get("/admin/").context["to_announce"]


def act(user: User, membership: Membership, **data: Any) -> Any:
    return browser(user).post(
        reverse("admin:members_membership_act", args=[membership.pk, "announce"]), data
    )


def kept(membership: Membership) -> tuple[dt.date | None, bool]:
    membership.refresh_from_db()
    return membership.announced_on, membership.awaits_announcement


def acts(membership: Membership) -> list[tuple[User | None, dict[str, Any]]]:
    """The trail of announcing, oldest first."""
    rows = AuditEntry.objects.filter(
        action="membership.announced",
        object_type="members.membership",
        object_id=str(membership.pk),
        union_path=membership.union.path,
    )
    return [(row.actor, row.data) for row in rows.order_by("id")]


def test_from_leaving_to_the_day_of_the_announcement(
    membership: Membership, official: User
) -> None:
    stays = make_membership(membership.union, person(7_101), on="2024-01-02")
    assert (to_do(official), listed(official)) == (0, [])
    own = browser_of(membership.member)
    own.post("/me/leave/", {"sure": "on"})
    assert "has not announced yet that you have left" in own.get("/me/").content.decode()
    assert kept(membership) == (None, True)
    assert (to_do(official), listed(official), listed(official, "done")) == (1, [membership], [])
    assert TO_ANNOUNCE in browser(official).get("/admin/").content.decode()
    entries = MembershipEvent.objects.count()
    assert act(official, membership, announced_on=TODAY).status_code == 302
    assert kept(membership) == (TODAY, False)
    assert (to_do(official), listed(official), listed(official, "done")) == (0, [], [membership])
    assert acts(membership) == [(official, {"announced_on": [None, TODAY.isoformat()]})]
    shown = own.get("/me/").content.decode()
    assert "that you have left." in shown
    assert "has not announced yet" not in shown
    # No entry of the ledger, no other state: rows and ledger agree as before.
    assert (membership.status, MembershipEvent.objects.count()) == ("ended", entries)
    assert kept(stays) == (None, False)
    in_order()


def test_the_download_tells_the_day(membership: Membership, official: User) -> None:
    withdraw_membership(membership, last_day=days_ago(3), actor=official)
    announce_leaving(membership, announced_on=days_ago(1), actor=official)
    spell = browser_of(membership.member).post("/me/download/data.json").json()["memberships"][0]
    assert spell["announced_on"] == days_ago(1).isoformat()


@pytest.mark.usefixtures("files_aside")
def test_other_ways_of_ending_are_not_announced(union: Union, official: User) -> None:
    runs, died, expelled = (make_membership(union, person(n), on="2024-01-02") for n in (1, 2, 3))
    record_death(died, died_on=days_ago(2), actor=None)
    expel_membership(expelled, decision=decision(union), actor=None)
    for other in (runs, died, expelled):
        refused(
            partial(announce_leaving, other, announced_on=TODAY, actor=official),
            "not_withdrawn",
        )
        assert kept(other) == (None, False)
    assert (to_do(official), listed(official)) == (0, [])
    page: Any = browser(official).get(f"{LIST}{died.pk}/change/")
    slugs = [item.slug for _title, group in page.context_data["groups"] for item in group]
    assert "announce" not in slugs


def test_days_that_cannot_be_are_refused(membership: Membership, official: User) -> None:
    withdraw_membership(membership, last_day=days_ago(3), actor=official)

    def announce(day: dt.date | None) -> Any:
        return lambda: announce_leaving(membership, announced_on=day, actor=official)

    refused(announce(TOMORROW), "future", "announced_on")
    refused(announce(days_ago(4)), "before_leaving", "announced_on")
    refused(announce(None), "unchanged", "announced_on")
    announce(days_ago(3))()
    refused(announce(days_ago(3)), "unchanged", "announced_on")
    before = written()
    answer = act(official, membership, announced_on=TOMORROW)
    assert answer.status_code == 200
    assert answer.context_data["form"].errors == {"announced_on": ["This day has not come yet."]}
    assert written() == before


def test_a_wrong_day_is_put_right_or_taken_back(membership: Membership, official: User) -> None:
    withdraw_membership(membership, last_day=days_ago(9), actor=official)
    empty = act(official, membership, announced_on="")
    assert empty.context_data["form"].errors == {"announced_on": ["This field is required."]}
    for day in (days_ago(1), days_ago(2), ""):
        assert act(official, membership, announced_on=day).status_code == 302
    assert kept(membership) == (None, True)
    first, second = days_ago(1).isoformat(), days_ago(2).isoformat()
    assert [data for _actor, data in acts(membership)] == [
        {"announced_on": [None, first]},
        {"announced_on": [first, second]},
        {"announced_on": [second, None]},
    ]
    assert listed(official) == [membership]
    in_order()


def test_correcting_the_end_takes_back_what_was_announced_too_early(
    membership: Membership, official: User
) -> None:
    withdraw_membership(membership, last_day=days_ago(9), announced_on=days_ago(5), actor=official)
    correct_end(membership, last_day=days_ago(6), actor=official)
    assert kept(membership) == (days_ago(5), False)
    correct_end(membership, last_day=days_ago(4), actor=official)
    assert kept(membership) == (None, True)
    announce_leaving(membership, announced_on=days_ago(4), actor=official)
    correct_end(membership, last_day=None, actor=official)
    assert kept(membership) == (None, False)
    assert (membership.status, to_do(official)) == ("active", 0)
    in_order()


def test_many_together_one_stops_no_other(union: Union, official: User) -> None:
    left = [make_membership(union, person(n), on="2024-01-02") for n in (1, 2)]
    runs = make_membership(union, person(3, name="赵还在"), on="2024-01-02")
    for one in left:
        withdraw_membership(one, last_day=days_ago(2), actor=None)
    chosen = {
        "action": "announce_selected",
        "_selected_action": [one.pk for one in (*left, runs)],
    }
    asked: Any = browser(official).post(LIST, chosen)
    assert asked.context_data["form"].initial["announced_on"] == TODAY
    assert [kept(one) for one in left] == [(None, True)] * 2
    done = browser(official).post(
        LIST, {**chosen, "confirmed": "1", "announced_on": days_ago(1)}, follow=True
    )
    shown = done.content.decode()
    assert "2 announcements recorded." in shown
    assert "Only who left at their own wish is announced." in shown
    assert [kept(one) for one in left] == [(days_ago(1), False)] * 2
    assert kept(runs) == (None, False)
    assert [acts(one) for one in left] == [
        [(official, {"announced_on": [None, days_ago(1).isoformat()]})]
    ] * 2
    in_order()


def test_strangers_and_readers_change_nothing(membership: Membership, union: Union) -> None:
    withdraw_membership(membership, last_day=days_ago(2), actor=None)
    elsewhere = make_official("stranger", make_union("别处", "township_union", union.parent))
    leader = make_official("leader", union, Role.LEADER)
    before = written()
    for actor in (elsewhere, leader):
        with pytest.raises(Http404):
            announce_leaving(membership, announced_on=TODAY, actor=actor)
    assert act(elsewhere, membership, announced_on=TODAY).status_code == 404
    assert act(leader, membership, announced_on=TODAY).status_code == 403
    sent = {
        "action": "announce_selected", "_selected_action": [membership.pk],
        "confirmed": "1", "announced_on": TODAY,
    }  # fmt: skip
    assert browser(elsewhere).post(LIST, sent).status_code == 302
    assert browser(leader).post(LIST, sent).status_code == 403
    assert (to_do(elsewhere), listed(elsewhere)) == (0, [])
    assert written() == before
    assert kept(membership) == (None, True)


def test_the_list_costs_the_same_for_one_and_three(
    union: Union, official: User, django_assert_num_queries: Any
) -> None:
    client = browser(official)

    def leaves(number: int) -> None:
        one = make_membership(union, person(number), on="2024-01-02")
        withdraw_membership(one, actor=None)

    leaves(1)
    client.get(TO_ANNOUNCE)  # content types and the like are read once
    with django_assert_num_queries(7):
        assert client.get(TO_ANNOUNCE).status_code == 200
    leaves(2)
    leaves(3)
    with django_assert_num_queries(7):
        assert client.get(TO_ANNOUNCE).status_code == 200
    assert to_do(official) == 3


def test_what_the_trail_knew_is_taken_over(union: Union, official: User) -> None:
    rows = [make_membership(union, person(n), on="2024-01-02") for n in range(1, 6)]
    by_member, announced, unknown, reopened, runs = rows
    browser_of(by_member.member).post("/me/leave/", {"sure": "on"})
    withdraw_membership(announced, last_day=days_ago(5), announced_on=days_ago(3), actor=official)
    withdraw_membership(unknown, last_day=days_ago(5), actor=official)
    browser_of(reopened.member).post("/me/leave/", {"sure": "on"})
    correct_end(reopened, last_day=None, actor=official)
    Membership.objects.update(announced_on=None, awaits_announcement=False)
    migration = importlib.import_module("members.migrations.0013_announcing_who_left")
    with connection.cursor() as cursor:
        cursor.execute(migration.TAKE_OVER)
    assert [kept(row) for row in (by_member, announced, unknown, reopened, runs)] == [
        (None, True), (days_ago(3), False), (None, False), (None, False), (None, False),
    ]  # fmt: skip
