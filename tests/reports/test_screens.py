"""Big screens: the token opens one union's figures, for nobody in particular, until revoked."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from audit.models import AuditEntry
from campaigns.models import Indicator, Metric, Target, Unit
from core.errors import RuleViolation
from enterprises.models import WorkforceBaseline
from portal.logs import hide_tokens
from reports.models import ScreenToken
from reports.nightly import run_nightly
from reports.screens import make_screen, screen_of
from reports.selectors.screen import ScreenView, is_stale, screen_view
from tests.builders import make_membership, make_union
from tests.reports.world import DAY, World, build_world, count_anew, group_set
from unions.models import Appointment

pytestmark = pytest.mark.django_db


def test_made_once_opened_seen_and_revoked(client: Client, world: World) -> None:
    client.force_login(world.official)
    add = "/admin/reports/screentoken/add/"
    made = client.post(add, {"union": world.city.pk, "name": " 大厅 "})
    screen = ScreenToken.objects.get()
    assert made["Location"] == f"/admin/reports/screentoken/{screen.pk}/change/"
    first = client.get(made["Location"])
    found = re.search(r"http://\S+?(/dashboard/screen/[\w-]{43}/)", first.content.decode())
    assert found
    assert "no-store" in first["Cache-Control"]
    assert found[1] not in client.get(made["Location"]).content.decode()
    token = found[1].split("/")[3]
    assert token not in str(ScreenToken.objects.values())
    assert token not in str(AuditEntry.objects.values())
    assert hide_tokens(f"GET {found[1]}") == "GET /dashboard/screen/…/"

    wall = Client()
    door = wall.get(found[1])
    assert (door.status_code, door["Location"]) == (302, "/dashboard/screen/")
    assert door["Referrer-Policy"] == "no-referrer"
    cookie = door.cookies["screen"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (
        "/dashboard/screen/", True, "Lax",
    )  # fmt: skip
    page = wall.get("/dashboard/screen/")
    assert page.status_code == 200
    assert world.city.name in page.content.decode()
    assert "site-nav" not in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    screen.refresh_from_db()
    assert screen.last_used_at is not None

    revoke = f"/admin/reports/screentoken/{screen.pk}/revoke/"
    assert client.post(revoke)["Location"] == made["Location"]
    for address in ("/dashboard/screen/", found[1]):
        assert wall.get(address).status_code == 404
    # What stays on the wall is dark, and no page of the portal.
    ended = wall.get("/dashboard/screen/", headers={"accept-language": "en"}).content.decode()
    assert "This screen has ended." in ended
    assert 'class="screen-root"' in ended
    assert "site-nav" not in ended
    client.post(revoke)
    acts = AuditEntry.objects.filter(object_type="reports.screentoken").order_by("pk")
    assert [entry.action for entry in acts] == ["screen.made", "screen.revoked"]


def test_the_screen_sees_what_its_maker_sees(world: World) -> None:
    screen, token = make_screen(world.city, name="厅", actor=world.official)
    assert screen_of(token) == screen
    assert screen_of(token[:-1]) is screen_of("") is screen_of("x" * 1000) is None
    Appointment.objects.filter(user=world.official).update(ends_on=dt.date(2024, 1, 1))
    assert screen_of(token) is None
    for actor, field in ((world.stranger, "union"), (world.leader, "union")):
        with pytest.raises(RuleViolation) as refused:
            make_screen(world.city, name="厅", actor=actor)
        assert refused.value.field == field
    assert ScreenToken.objects.count() == 1


def test_nothing_small_is_shown(world: World) -> None:
    """Nine and fewer persons stand nowhere."""
    _screen, token = make_screen(world.city, name="厅", actor=world.official)
    wall = Client(HTTP_ACCEPT_LANGUAGE="en")
    wall.get(f"/dashboard/screen/{token}/")
    view = wall.get("/dashboard/screen/").context["view"]
    assert [figure.value for figure in view.figures if figure.unit == "person"] == [None] * 4
    assert {row.members for row in view.ranking} == {None, 0}
    assert {area.value for area in view.map.areas} <= {None, 0}
    assert {target.is_small for target in view.targets} == {True}
    assert {month.members for month in view.months} <= {None, 0}
    assert is_stale(view.as_of.day)


def test_one_small_county_alone_would_follow_from_the_sum(world: World) -> None:
    WorkforceBaseline.objects.all().delete()
    for union, count in ((world.dong, 20), (world.nef, 12)):
        for _number in range(count):
            make_membership(union, group="courier", on="2024-03-01")
    run_nightly(DAY + dt.timedelta(days=1))
    view = screen_view(world.official, world.city)
    assert view is not None
    wanted = {world.dong: 22, world.nef: None, world.lin: None, world.shen: 0}
    assert {area.union: area.value for area in view.map.areas} == wanted
    assert {row.union: row.joined_this_year for row in view.ranking} == wanted


def test_one_small_county_beyond_the_table_would_follow_from_the_sum(world: World) -> None:
    """Eleven unions, ten of them in the table: what is left of the sum is the eleventh's."""
    more = [make_union(f"{number}县总", "county_federation", world.city) for number in range(8)]
    unions = [world.dong, world.nef, world.lin, *more]
    for union, count in zip(unions, [*range(120, 20, -10), 4], strict=True):
        for _number in range(count):
            make_membership(union, group="courier", on="2024-03-01")
    view = screen_view_of(world)
    shown = {row.union: row.joined_this_year for row in view.ranking}
    assert set(shown) == set(unions[:10])
    assert None not in [shown[union] for union in unions[:9]]
    assert shown[unions[9]] is None  # with the others it would tell of the eleventh


def test_a_month_would_follow_from_the_year(world: World) -> None:
    """January is shown, and the year: what is left is the month of the screen."""
    for day, count in (("2024-01-10", 40), ("2024-02-10", 30), ("2023-12-10", 20)):
        for _number in range(count):
            make_membership(world.dong, group="courier", on=day)
    view = screen_view_of(world)
    new = {month.month: month.joined for month in view.months}
    assert new[dt.date(2024, 1, 1)] is not None
    assert (new[dt.date(2024, 2, 1)], new[dt.date(2024, 3, 1)]) == (None, None)
    assert new[dt.date(2023, 12, 1)] is not None


def test_the_running_month_goes_with_the_small_one_beside_it(world: World) -> None:
    """January is shown, and the year; of February too few joined. From the card of the running
    month February would follow."""
    for day, count in (("2024-01-10", 40), ("2024-02-10", 1), ("2024-03-10", 30)):
        for _number in range(count):
            make_membership(world.dong, group="courier", on=day)
    view = screen_view_of(world)
    new = {month.month: month.joined for month in view.months}
    assert (new[dt.date(2024, 1, 1)] or 0) >= 40
    assert (new[dt.date(2024, 2, 1)], new[dt.date(2024, 3, 1)]) == (None, None)
    year, month = view.figures[1:3]
    assert (year.value is not None, month.value) == (True, None)


def test_before_people_were_counted_there_is_nothing_and_not_none(world: World) -> None:
    """They begin on 1 May 2023: of April nobody knows, in July nobody joined."""
    view = screen_view_of(world)
    months = {month.month: (month.members, month.joined) for month in view.months}
    assert months[dt.date(2023, 4, 1)] == (None, None)
    assert months[dt.date(2023, 7, 1)] == (None, 0)  # of a few members none is told


def screen_view_of(world: World) -> ScreenView:
    """The screen of the city, counted anew."""
    count_anew(DAY)
    view = screen_view(world.official, world.city)
    assert view is not None
    return view


def test_target_that_is_a_rate_of_few_persons(world: World) -> None:
    """Of twelve workers 50.00% are six; how it stands would tell about how many, too."""
    indicator = Indicator.objects.create(
        campaign=world.campaign, metric=Metric.ENROLMENT_RATE, name="入会率", unit=Unit.RATIO,
        group_set=group_set("set4"),
    )  # fmt: skip
    Target.objects.create(
        indicator=indicator, union=world.city, period_start=dt.date(2024, 1, 1),
        period_end=dt.date(2024, 12, 31), value=Decimal("0.5"),
    )  # fmt: skip
    _screen, token = make_screen(world.city, name="厅", actor=world.official)
    wall = Client(HTTP_ACCEPT_LANGUAGE="en")
    wall.get(f"/dashboard/screen/{token}/")

    def told(day: dt.date, joining: int) -> tuple[str, str, str, bool]:
        """Title, figures and bar of the target, and the big figure, after the night."""
        for _number in range(joining):
            make_membership(world.town, group="courier", on=day.isoformat())
        run_nightly(day)
        page = wall.get("/dashboard/screen/").content.decode()
        (target,) = [
            piece for piece in page.split('<div class="screen-target">')[1:] if "入会率" in piece
        ]
        (big,) = [
            piece for piece in page.split('<div class="big-figure">')[1:]
            if "Rate, four groups" in piece.split("</h2>")[0]
        ]  # fmt: skip
        title, line = (
            " ".join(strip_tags(text.replace("</span>", " ")).split())
            for text in re.findall(r'<p class="target-[a-z]+">(.*?)</p>', target, re.DOTALL)[:2]
        )
        figure = " ".join(strip_tags(big.split("</div>")[0]).split())
        return title, line.split(" time gone")[0], figure, "fill fill-" in target.split("</p>")[1]

    one = dt.timedelta(days=1)
    name = "三年行动计划 入会率"
    assert told(DAY + one, 0) == (
        name, "under 10 persons / 50.00%", "Rate, four groups fewer than 10 persons", False,
    )  # fmt: skip
    assert told(DAY + 2 * one, 3) == (
        name, "under 10 persons / 50.00%", "Rate, four groups fewer than 10 persons", False,
    )  # fmt: skip
    assert told(DAY + 3 * one, 1) == (
        f"{name} reached", "83.33% / 50.00%", "Rate, four groups 83.33%", True,
    )  # fmt: skip
    assert told(DAY + 4 * one, 3) == (
        f"{name} reached", "108.33% · over 100% / 50.00%",
        "Rate, four groups 108.33% over 100%", True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("clock", "is_old"), [("2024-03-16 05:59", False), ("2024-03-16 06:00", False),
                          ("2024-03-17 05:59", False), ("2024-03-17 06:00", True)]
)  # fmt: skip
def test_a_night_that_did_not_come_is_said(
    monkeypatch: pytest.MonkeyPatch, clock: str, is_old: bool
) -> None:
    now = dt.datetime.fromisoformat(f"{clock}+08:00")
    monkeypatch.setattr(timezone, "now", lambda: now)
    assert is_stale(dt.date(2024, 3, 15)) is is_old


def test_before_the_first_night(db: Any) -> None:
    world = build_world(count=False)
    make_membership(world.town, group="courier", on="2024-03-01")
    _screen, token = make_screen(world.city, name="厅", actor=world.official)
    wall = Client(HTTP_ACCEPT_LANGUAGE="en")
    wall.get(f"/dashboard/screen/{token}/")
    assert "Nothing has been counted yet" in wall.get("/dashboard/screen/").content.decode()
