"""What one page or address says, another does not contradict: last days, versions, odd figures."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client

from campaigns.services.targets import set_target
from core.errors import RuleViolation
from core.pagination import BoundedPaginator
from enterprises.models import WorkforceBaseline
from reports import views
from reports.briefings.content import briefing_of
from reports.models import CampaignForecast, CampaignProgress, DailyCount
from reports.nightly import run_nightly
from reports.selectors.burn_up import courses_of
from reports.selectors.days import as_of
from tests.builders import make_membership, make_official
from tests.reports.world import DAY, World, count_anew, group_set
from unions.enums import Role

pytestmark = pytest.mark.django_db


def forecast(world: World, key: str, day: dt.date) -> CampaignForecast:
    """One that says something, made by the night of ``day``."""
    return CampaignForecast.objects.create(
        target=world.targets[key], day=day, method="smoothing", confidence=Decimal("0.8"),
        days_used=100, back_tests=3, expected=12, low=10, high=14,
    )  # fmt: skip


def test_on_its_last_day_a_target_is_foretold_no_more(world: World) -> None:
    """What it has reached is known then; nor does a forecast serve that is a week old."""
    target = world.targets["city_year"]
    CampaignForecast.objects.all().delete()

    def shown(day: dt.date) -> CampaignForecast | None:
        (course,) = courses_of(world.leader, world.city, day)
        return next(row.forecast for row in course.courses if row.row.target.pk == target.pk)

    end = target.period_end
    made = forecast(world, "city_year", end - dt.timedelta(days=7))
    asked = [shown(end - dt.timedelta(days=back)) for back in (8, 7, 1, 0)]
    assert asked == [None, made, made, None]
    CampaignForecast.objects.update(day=end - dt.timedelta(days=8))
    assert shown(end - dt.timedelta(days=1)) is None


def test_groups_as_known_now_lead_to_rows_as_known_now(client: Client, world: World) -> None:
    client.force_login(world.leader)
    for view, ends in (("", False), ("&view=now", True)):
        page = client.get(f"/dashboard/?union={world.city.pk}{view}").content.decode()
        table = page.split('id="groups-title"')[1].split("</section>")[0]
        links = [link.split('"')[0] for link in table.split('href="')[1:]]
        links = [link for link in links if link.startswith("/dashboard/rows/")]
        assert links
        assert {link.endswith("view=now") for link in links} == {ends}


def test_reported_beside_the_register_of_the_version_asked_for(
    client: Client, world: World
) -> None:
    """A member entered late counts there, too."""
    make_membership(world.town, group="courier", on="2024-03-01")
    run_nightly(DAY + dt.timedelta(days=1))  # takes it up
    client.force_login(world.leader)

    def register(**view: str) -> Decimal | None:
        query = {"union": str(world.city.pk), "day": DAY.isoformat(), **view}
        page = client.get("/dashboard/parts/reported/", query)
        rows = page.context["papers"].reported
        (row,) = [row for row in rows if row.figure.metric == "members"]
        found: Decimal | None = row.register
        return found

    assert (register(), register(view="now")) == (Decimal(7), Decimal(8))


def test_the_course_of_stations_before_people_were_counted(client: Client, world: World) -> None:
    """It ends with the day asked for: units are known for longer than persons."""
    client.force_login(world.leader)
    query = {"union": str(world.city.pk), "metric": "stations", "to": "2023-02-01"}
    answer = client.get("/api/v1/dashboard/trend/", query).json()
    assert [point["day"] for point in answer["points"]] == ["2023-01-01", "2023-02-01"]


def test_a_rate_of_millions_is_answered(client: Client, world: World) -> None:
    """A baseline of one worker: the figure is odd, and no page breaks on it."""
    WorkforceBaseline.objects.create(
        keeper=world.city, union=world.dong, group_set=group_set("set4"), worker_count=1,
        counted_on=dt.date(2024, 2, 1), source="摸底",
    )  # fmt: skip
    count_anew(DAY)
    counted = DailyCount.objects.get(union=world.dong, day=dt.date(2024, 3, 10))
    counted.group_members = [2_000_000 for _group in counted.groups]
    counted.save()
    client.force_login(world.leader)
    answer = client.get(
        "/api/v1/dashboard/ranking/", {"union": str(world.city.pk), "day": DAY.isoformat()}
    )
    assert answer.status_code == 200
    (row,) = [row for row in answer.json()["rows"] if row["union"] == world.dong.pk]
    assert Decimal(row["enrolment_rate_set4"]) >= 2_000_000


def test_a_machine_that_cannot_print_says_so(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(_dashboard: object) -> bytes:
        raise RuleViolation("No font.")

    monkeypatch.setattr(views, "summary_of", cannot)
    client.force_login(world.leader)
    answer = client.get("/dashboard/export.pdf", {"union": world.city.pk})
    assert (answer.status_code, answer.content) == (503, b"No font.")


def test_rows_that_no_page_shows_are_owned_up_to(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(world.leader)
    client.cookies["django_language"] = "en"
    query = {"union": str(world.city.pk), "metric": "unions"}
    words = "Only the first 2 rows can be paged through; open a union below to see the others."
    assert words not in client.get("/dashboard/rows/", query).content.decode()
    monkeypatch.setattr(BoundedPaginator, "bound", 2)
    page = client.get("/dashboard/rows/", query)
    assert words in page.content.decode()
    assert page.context["total"] > 2


def test_a_target_set_later_takes_no_place_on_days_that_are_out(
    client: Client, world: World
) -> None:
    """The briefing, the page and the interface tell the day as it was told then."""
    client.force_login(make_official("provincial", world.province, Role.LEADER))
    day = as_of()
    assert day is not None

    def told() -> list[set[int]]:
        briefing = briefing_of(world.leader, world.campaign, day)
        lines = [line.progress.target for sheet in briefing.sheets for line in sheet.lines]
        address = f"/api/v1/campaigns/{world.campaign.pk}/progress/"
        rows = client.get(address, {"day": DAY.isoformat()}).json()["targets"]
        page = client.get(f"/dashboard/campaigns/{world.campaign.pk}/", {"day": DAY.isoformat()})
        return [
            {target.union_id for target in lines},
            {row["union"] for row in rows},
            {row.target.union_id for row, _note in page.context["targets"]},
        ]

    before = told()
    like = world.targets["dong"]
    set_target(
        like.indicator, union=world.shen, period_start=like.period_start,
        period_end=like.period_end, value=Decimal(5), reason="追加", actor=None,
    )  # fmt: skip
    assert told() == before
    assert all(world.shen.pk not in unions for unions in before)


@pytest.mark.parametrize(
    "address", ["/dashboard/campaigns/{campaign}/", "/dashboard/parts/campaigns/?union={union}"]
)
def test_what_targets_reached_leads_to_its_rows(client: Client, world: World, address: str) -> None:
    """Each link of a target opens rows that come to what it has reached."""
    client.force_login(world.leader)
    page = client.get(address.format(campaign=world.campaign.pk, union=world.city.pk))
    links = re.findall(r'href="(/dashboard/rows/[^"]+since=[^"]+)"', page.content.decode())
    own = [unescape(link) for link in links if f"union={world.city.pk}&" in unescape(link)]
    reached = {
        str(target.period_start): CampaignProgress.objects.get(target=target, day=DAY).value
        for target in world.targets.values()
        if target.union_id == world.city.pk
    }
    assert own
    for link in own:
        rows = client.get(link).context
        since = link.split("since=")[1].split("&")[0]
        assert rows["value"] == rows["total"] == reached[since]
