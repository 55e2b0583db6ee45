"""Each figure of the funnel leads to its applications, as they stood at the end of the period."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import translation

from members.models import Application, ApplicationStep
from reports.selectors.applications import (
    STEPS,
    applications_behind,
    as_they_stood,
    by_union,
    find_step,
)
from reports.selectors.funnel import funnel_of
from tests.builders import make_membership, make_official, make_union, make_user
from tests.reports.sent import FIRST, LAST, send_applications
from tests.reports.test_definition_links import tree
from tests.reports.world import World, count_anew
from unions.enums import Role
from unions.models import Union

pytestmark = pytest.mark.django_db
ADDRESS = "/dashboard/applications/"


@pytest.fixture
def union() -> Union:
    """A county whose town was sent some, counted up to the last day of the month."""
    cache.clear()
    county = make_union("县总", "county_federation", make_union("市总", "city_federation"))
    town = make_union("镇工会", "township_union", county)
    send_applications(town)
    make_membership(town, on="2023-01-01")
    count_anew(LAST)
    return county


def asked(union: Union, **words: str) -> dict[str, str]:
    return {"union": str(union.pk), "day": LAST.isoformat(), "period": "month", **words}


# By step: which of the applications, in the order in which they were sent.
BEHIND = {
    "through_code": [1, 2, 3, 4, 5, 6], "sent": [1, 2, 3, 4, 5, 6], "proven": [1, 3, 5],
    "decided": [1, 2, 3], "approved": [1], "refused": [2, 3], "answered": [1, 2, 3],
    "waiting": [4, 6], "corrected": [1], "cancelled": [5],
}  # fmt: skip


def test_the_rows_of_each_step_are_its_figure(union: Union) -> None:
    operator = make_user("operator", is_superuser=True)
    sent = list(Application.objects.order_by("submitted_at"))
    funnel = funnel_of(union, FIRST, LAST)
    assert list(BEHIND) == list(STEPS)
    for code, numbers in BEHIND.items():
        step = find_step(funnel, code, "")
        assert step is not None
        rows = list(applications_behind(operator, union, step))
        assert [sent.index(row) for row in rows] == numbers, code
        assert step.value == len(rows), code
    for reason, numbers in (("duplicate", [2]), ("none", [3])):
        step = find_step(funnel, "refused", reason)
        assert step is not None
        rows = list(applications_behind(operator, union, step))
        assert [sent.index(row) for row in rows] == numbers
        assert step.value == 1
    for code, reason in (("opened", ""), ("refused", "no-such"), ("sent", "duplicate")):
        assert find_step(funnel, code, reason) is None


def test_an_application_is_told_as_it_stood_then(union: Union) -> None:
    """What was decided after the last day was waiting on it."""
    sent = list(Application.objects.order_by("submitted_at"))
    with translation.override("en"):
        refused, later = as_they_stood([sent[2], sent[4]], LAST)
        (known,) = as_they_stood([sent[4]], dt.date(2024, 4, 2))
    assert (refused.state, refused.days, refused.reason != "") == ("not approved", Decimal(3), True)
    assert (later.state, later.decided_at, later.days) == ("waiting for review", None, None)
    assert (known.state, known.days) == ("approved", Decimal(23))
    # Taken back is not decided; who was asked to correct is waited for until it comes again.
    asked_at = sent[6].submitted_at
    ApplicationStep.objects.create(application=sent[6], type="correction", at=asked_at)
    with translation.override("en"):
        back, corrected = as_they_stood([sent[5], sent[6]], LAST)
        Application.objects.filter(pk=sent[6].pk).update(
            resubmitted_at=asked_at + dt.timedelta(hours=1)
        )
        (again,) = as_they_stood([Application.objects.get(pk=sent[6].pk)], LAST)
    assert (back.state, back.decided_at, back.days) == ("taken back", None, None)
    assert (corrected.state, again.state) == ("to be corrected", "waiting for review")


def test_who_decides_sees_them_and_who_leads_sees_how_many(client: Client, union: Union) -> None:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    town = Union.objects.get(name="镇工会")
    receipts = set(Application.objects.values_list("receipt_number", flat=True))

    def told(page: Any) -> set[str]:
        return {one for one in receipts if one in page.content.decode()}

    client.force_login(make_official("official", union))
    page = client.get(ADDRESS, asked(union, step="decided"))
    assert (page.context["step"].value, page.context["total"]) == (3, 3)
    assert len(told(page)) == 3
    page = client.get(ADDRESS, asked(union, step="decided", by="union"))
    assert (told(page), page.context["sums"]) == (set(), [(town, 3)])
    client.force_login(make_official("leader", union, Role.LEADER))
    page = client.get(ADDRESS, asked(union, step="refused", reason="none"))
    assert (told(page), page.context["sums"]) == (set(), [(town, 1)])
    assert "no reason given" in page.content.decode()
    client.force_login(make_official("stranger", make_union("邻县", "county_federation")))
    assert client.get(ADDRESS, asked(union)).status_code == 404
    for words in ({"step": "opened"}, {"step": "refused", "reason": "no-such"}, {"union": "x"}):
        assert client.get(ADDRESS, asked(union) | words).status_code == 404


def test_every_figure_of_the_funnel_leads_to_them(client: Client, union: Union) -> None:
    """In the period shown, and to as many as it says."""
    client.force_login(make_official("leader", union, Role.LEADER))
    block = client.get("/dashboard/parts/funnel/", asked(union)).content.decode()
    led = [
        (one.attrs["href"], one.text)
        for one in tree(block).all()
        if one.attrs.get("href", "").startswith(ADDRESS)
    ]
    # All of them once, and a link each to the two reasons; the answered count among the steps.
    assert len(led) == len(BEHIND) + 2
    for address, text in led:
        page = client.get(address)
        assert (page.context["funnel"].first, page.context["funnel"].last) == (FIRST, LAST)
        assert (page.context["total"], page.context["step"].value) == (int(text), int(text))
        # And back to the same page.
        back = [
            one.attrs["href"]
            for one in tree(page.content.decode()).all()
            if one.attrs.get("href", "").endswith("#part-funnel")
        ]
        assert dict(parse_qsl(urlsplit(back[0]).query)) == asked(union)


def test_sums_by_union_the_largest_first(union: Union) -> None:
    other = make_union("乡工会", "township_union", union)
    Application.objects.filter(pk=Application.objects.latest("pk").pk).update(union=other)
    sums = list(by_union(Application.objects.all()))
    assert sums == [(Union.objects.get(name="镇工会").pk, 7), (other.pk, 1)]


def test_covered_unions_stand_behind_their_number(client: Client, world: World) -> None:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    client.force_login(world.leader)
    block = client.get("/dashboard/parts/structure/", {"union": world.city.pk}).content.decode()
    led = [
        (one.attrs["href"], one.text)
        for one in tree(block).all()
        if one.attrs.get("href", "").startswith("/dashboard/covered/")
    ]
    assert [text for _address, text in led] == ["1", "1"]  # in all, and of the federation
    for address, _text in led:
        page = client.get(address)
        assert [row.covered for row in page.context["rows"]] == [world.flexible]
        assert page.context["total"] == 1
    # From April on the town, too; nobody covers anything before.
    later: dict[str, Any] = {"union": world.city.pk, "day": "2024-04-01"}
    count_anew(dt.date(2024, 4, 1))
    page = client.get("/dashboard/covered/", later)
    assert [row.covered for row in page.context["rows"]] == [world.town, world.flexible]
    assert (page.context["value"], page.context["total"]) == (2, 2)
    page = client.get("/dashboard/covered/", {**later, "day": "2023-08-31"})
    assert (page.context["value"], list(page.context["rows"])) == (0, [])
    # Of other federations nothing is told.
    client.force_login(world.stranger)
    assert client.get("/dashboard/covered/", {"by": world.nef.pk}).context["rows"] == []
    assert client.get("/dashboard/covered/", {"union": world.city.pk}).status_code == 404
