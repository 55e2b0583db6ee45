"""A past day keeps the targets it had: pages, exports and briefings tell the same ones."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.utils import translation
from openpyxl import load_workbook

from accounts.models import User
from campaigns.models import Indicator, Metric, Target, TargetVersion, Unit, VersionState
from reports.brief import brief_of
from reports.briefings.content import briefing_of
from reports.models import CampaignProgress, PaceThreshold
from reports.nightly import run_nightly
from reports.progress import measure_progress
from reports.public_progress import public_progress
from reports.selectors.burn_up import courses_of
from reports.selectors.days import as_of
from reports.selectors.forecasts import forecasts_of
from reports.selectors.progress import measured
from reports.selectors.ranking import ranking_of
from tests.builders import make_official, make_union
from tests.reports.world import DAY, World, build_world
from unions.enums import Role
from unions.models import Union
from unions.services import move_union

pytestmark = pytest.mark.django_db
D = dt.date
BEFORE = D(2024, 2, 29)  # measured like each end of a month


def write(target: Target, *versions: tuple[str, str, dt.date, str, User | None]) -> None:
    """The versions of ``target`` (state, value, day, reason, who), the last as it stands today."""
    for number, (state, value, day, reason, who) in enumerate(versions, start=1):
        TargetVersion.objects.create(
            target=target, number=number, state=state, value=Decimal(value), valid_from=day,
            reason=reason, made_by=who, made_at=f"{day}T09:30:00+08:00",
        )  # fmt: skip
    Target.objects.filter(pk=target.pk).update(value=Decimal(value))


@pytest.fixture
def world() -> World:
    """Two targets are doubled in March; that of 临 was away for some days of March."""
    world = build_world(count=False)
    start, made_by = D(2023, 1, 1), make_official("owner", world.province)
    for name, value in (("city_year", 20), ("dong", 4)):
        write(
            world.targets[name],
            (VersionState.SET, str(value), start, "", made_by),
            (VersionState.SET, str(2 * value), D(2024, 3, 1), "底数复核", made_by),
        )
    write(
        world.targets["lin"],
        (VersionState.SET, "1", start, "", None),
        (VersionState.WITHDRAWN, "1", D(2024, 3, 5), "并入市直", None),
        (VersionState.SET, "2", D(2024, 3, 10), "恢复", None),
    )
    run_nightly(DAY)
    return world


def test_all_tell_the_target_of_the_day(client: Client, world: World) -> None:
    leader = make_official("provincial", world.province, Role.LEADER)
    key, city = world.targets["city_year"].pk, world.city
    type(world.campaign).objects.filter(pk=world.campaign.pk).update(shows_progress=True)
    client.force_login(leader)
    client.cookies["django_language"] = "en"

    def told(day: dt.date) -> dict[str, tuple[Decimal | None, Decimal | None]]:
        """Target and share by where they are shown."""
        query = {"day": day.isoformat(), "union": str(city.pk)}
        page = client.get(f"/dashboard/campaigns/{world.campaign.pk}/", {**query, "sort": "share"})
        rows: dict[str, Any] = {
            "page": next(row for row, _n in page.context["targets"] if row.target.pk == key)
        }
        (course,) = courses_of(leader, city, day)
        burn_up = next(found for found in course.courses if found.row.target.pk == key)
        rows["burn-up"] = burn_up.row
        briefing = briefing_of(leader, world.campaign, as_of(day))
        rows["briefing"] = next(
            line.progress
            for sheet in briefing.sheets
            for line in sheet.lines
            if line.progress.target.pk == key
        )
        rows["brief"] = next(
            row for row in brief_of(leader, city, day).targets if row.target.pk == key
        )
        found = {name: (row.target_value, row.share) for name, row in rows.items()}
        stored = CampaignProgress.objects.get(target=key, day=day)
        found["measured"] = (stored.target_value, stored.share)
        found["end of the burn-up"] = (burn_up.table[-1].pace, rows["page"].share)
        book = load_workbook(io.BytesIO(client.get("/dashboard/export.xlsx", query).content))
        cells = [
            row for row in book["Campaigns"].iter_rows(values_only=True)
            if row[3] == dt.datetime(2024, 1, 1)
        ]  # fmt: skip
        found["xlsx"] = (Decimal(cells[0][6]), Decimal(str(cells[0][7])))
        answer = client.get(
            f"/api/v1/campaigns/{world.campaign.pk}/progress/", {"day": query["day"]}
        ).json()
        (row,) = [row for row in answer["targets"] if row["target"] == key]
        found["api"] = (Decimal(row["target_value"]), Decimal(row["share"]))
        return found

    for day, value, share in ((BEFORE, 20, "0.1"), (DAY, 40, "0.1")):
        # Two had joined by the end of February, four by the middle of March.
        for name, shown in told(day).items():
            assert shown == (Decimal(value), Decimal(share)), (day, name)
        ranked = {row.union: row.pace for row in ranking_of(leader, city, day, sort="pace").rows}
        assert [(row.target_value, row.share) for row in (ranked[world.dong],) if row] == [
            (Decimal(value) / 5, Decimal(0) if day == BEFORE else Decimal("0.25"))
        ]
    world.campaign.owner_id = city.pk
    world.campaign.shows_progress = True
    progress, _day = public_progress(world.campaign)
    assert [row.target_value for row in progress] == [60, 40]


def test_a_target_that_was_away_for_some_days(world: World) -> None:
    lin = world.targets["lin"]
    for day, value in (
        (BEFORE, 1), (D(2024, 3, 4), 1), (D(2024, 3, 5), None), (D(2024, 3, 9), None), (DAY, 2),
    ):  # fmt: skip
        standing = Target.objects.in_force_on(day).filter(pk=lin.pk).exists()
        assert standing == (value is not None)
        measure_progress(day)  # a night that is told again
        rows = CampaignProgress.objects.filter(target=lin, day=day)
        assert [row.target_value for row in rows] == ([value] if value else [])


def test_changes_stand_on_the_campaigns_page(client: Client, world: World) -> None:
    address = f"/dashboard/campaigns/{world.campaign.pk}/"
    client.force_login(world.leader)
    with translation.override("zh-hans"):
        page = client.get(address, {"day": BEFORE.isoformat()})
    shown = [
        (row.target.union, row.state_before, row.value_before, row.state, row.value, row.reason)
        for row in page.context["changes"]
    ]
    assert shown == [
        (world.lin, "withdrawn", 1, "set", 2, "恢复"),
        (world.lin, "set", 1, "withdrawn", 1, "并入市直"),
        (world.dong, "set", 4, "set", 8, "底数复核"),
        (world.city, "set", 20, "set", 40, "底数复核"),
    ]
    content = page.content.decode()
    for piece in ("发布后调整的目标", "底数复核", "20 人", "40 人", "2024-03-01 09:30", "owner",
                  "晚于所示日期", "已撤回", "系统"):  # fmt: skip
        assert piece in content, piece
    assert "晚于所示日期" not in client.get(address, {"day": DAY.isoformat()}).content.decode()
    # Only those of the viewer's own unions.
    client.force_login(make_official("lin", world.lin))
    assert {row.target.union for row in client.get(address).context["changes"]} == {world.lin}


@pytest.mark.parametrize(("value", "status"), [("2", "reached"), ("1000", "at_risk")])
def test_a_target_changed_since_the_night_has_a_new_status(
    world: World, value: str, status: str
) -> None:
    dong, lin = world.targets["dong"], world.targets["lin"]
    was = {row.target: row.status for row in measured([dong, lin], DAY)}
    assert was[dong] not in ("reached", "at_risk")
    TargetVersion.objects.create(
        target=dong, number=3, state=VersionState.SET, value=Decimal(value), valid_from=DAY,
        reason="调整", made_at=f"{DAY}T09:30:00+08:00",
    )  # fmt: skip
    # Verdicts that were measured stay, whatever the thresholds say by now.
    PaceThreshold.objects.update(minimum_pace=F("minimum_pace") + 50)
    now = {row.target: row for row in measured([dong, lin], DAY)}
    assert (now[dong].share, now[dong].status) == (Decimal(2) / Decimal(value), status)
    assert now[lin].status == was[lin]
    needed = forecasts_of(now.values())[dong.pk].needed_per_day
    days_left = (dong.period_end - DAY).days
    # 998 more, rounded up to a tenth; nothing where the target is reached.
    assert needed == (None if status == "reached" else Decimal(-(-9980 // days_left)) / 10)
    ranking = ranking_of(world.leader, world.city, DAY, sort="pace", status=status)
    assert [row.union for row in ranking.rows] == [world.dong]
    # The day before keeps its own.
    before = {row.target: row.status for row in measured([dong], BEFORE)}
    assert before[dong] == CampaignProgress.objects.get(target=dong, day=BEFORE).status


def shown_below(client: Client, world: World, **query: Any) -> dict[str, tuple[Any, ...]]:
    """By the first day of the period: what the page says of the targets above and below."""
    query = {name: str(value) for name, value in query.items()}
    response = client.get(f"/dashboard/campaigns/{world.campaign.pk}/", query)
    assert response.status_code == 200
    return {
        f"{row.indicator.name} {row.period_start.year}": (
            row.value, row.count, row.total, row.difference, row.others, row.without, row.children,
        )
        for row in response.context["cascades"]
    }  # fmt: skip


YEAR, PLAN = "新发展会员 2024", "新发展会员 2023"


def test_the_campaigns_page_sets_a_target_beside_those_below_it(
    client: Client, world: World
) -> None:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    client.force_login(world.leader)
    # The highest union of the viewer; own target, how many below, sum, difference, how many differ,
    # how many of those directly below have none.
    plan = (60, 0, 0, None, 0, 4, 4)
    assert shown_below(client, world) == {YEAR: (40, 2, 10, -30, 2, 2, 4), PLAN: plan}
    # As the targets stood on the day: before they were doubled, and while that of 临 was away.
    assert shown_below(client, world, day=BEFORE) == {YEAR: (20, 2, 5, -15, 2, 2, 4), PLAN: plan}
    assert shown_below(client, world, day=D(2024, 3, 7))[YEAR] == (40, 1, 8, -32, 1, 3, 4)
    content = client.get(f"/dashboard/campaigns/{world.campaign.pk}/").content.decode()
    below = content[content.index('id="below"') : content.index('id="changes"')]
    assert '<div class="table-scroll" tabindex="0" role="group"' in below
    for piece in ("聊城市总工会", "40 persons", "10 persons", "2 unions", "−30", "2 of 4", "4 of 4",
                  "nothing set below"):  # fmt: skip
        assert piece in below, piece


def test_nearest_targets_below_count_and_who_has_none_is_told(client: Client, world: World) -> None:
    target = world.targets["dong"]
    far = make_union("莘县街道工会", "township_union", world.shen)
    # Registered before today: who moves on the first day has never stood anywhere else.
    Union.objects.filter(pk=far.pk).update(created_at=f"{BEFORE}T09:30:00+08:00")
    for union, value in ((world.town, 3), (far, 32)):
        Target.objects.create(
            indicator=target.indicator, union=union, value=value,
            period_start=target.period_start, period_end=target.period_end,
        )  # fmt: skip
    rate = Indicator.objects.create(
        campaign=world.campaign, metric=Metric.ENROLMENT_RATE, name="入会率", unit=Unit.RATIO
    )
    for union, share in ((world.city, "0.8"), (world.dong, "0.8"), (world.lin, "0.9")):
        Target.objects.create(
            indicator=rate, union=union, value=Decimal(share),
            period_start=target.period_start, period_end=target.period_end,
        )  # fmt: skip
    client.force_login(world.leader)
    found = shown_below(client, world)
    # The town's stands below its county's; the one below 莘县 counts, and 莘县 itself has none.
    assert found[YEAR] == (40, 3, 42, 2, 3, 2, 4)
    assert found["入会率 2024"] == (Decimal("0.8"), 2, None, None, 1, 2, 4)
    assert shown_below(client, world, union=world.dong.pk)[YEAR] == (8, 1, 3, -5, 1, 0, 1)
    assert shown_below(client, world, union=world.shen.pk) == {YEAR: (None, 1, 32, None, 0, 0, 1)}
    # Later days know 莘县's town elsewhere; this one keeps it, and so does the campaign's sum.
    move_union(far, to_parent=world.dong, reason="区划调整", actor=None)
    assert shown_below(client, world)[YEAR] == found[YEAR]
    assert shown_below(client, world, union=world.dong.pk)[YEAR][1:3] == (1, 3)
    assert shown_below(client, world, union=world.shen.pk)[YEAR][1:3] == (1, 32)


def test_above_and_below_of_the_owner_for_who_sees_it_and_of_nobody_elses(
    client: Client, world: World
) -> None:
    address = f"/dashboard/campaigns/{world.campaign.pk}/"
    client.force_login(make_official("provincial", world.province, Role.LEADER))
    # The province promised nothing itself; one of its two cities has a target.
    assert shown_below(client, world) == {
        YEAR: (None, 1, 40, None, 0, 1, 2), PLAN: (None, 1, 60, None, 0, 1, 2),
    }  # fmt: skip
    client.force_login(make_official("of_lin", world.lin))
    assert shown_below(client, world) == {YEAR: (2, 0, 0, None, 0, 0, 0)}
    unions: list[Union] = [world.city, world.dong, world.province]
    assert [client.get(address, {"union": str(union.pk)}).status_code for union in unions] == [
        404, 404, 404,
    ]  # fmt: skip
    assert client.get(address, {"union": "x"}).status_code == 404
    client.force_login(world.stranger)
    assert client.get(address, {"union": str(world.other_city.pk)}).status_code == 404


def test_pages_of_targets_and_changes_are_counted_with_their_rows(
    client: Client, world: World, django_assert_num_queries: Any
) -> None:
    address = f"/dashboard/campaigns/{world.campaign.pk}/"
    client.force_login(world.leader)

    def numbers(**query: str) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        context = client.get(address, query).context
        page, changes = context["page"], context["changes"]
        return (
            (page.number, page.paginator.count, len(page.object_list)),
            (changes.number, changes.paginator.count, len(changes.object_list)),
        )

    # The dearest way to ask: another union than the owner, with changes to tell.
    with django_assert_num_queries(12):
        assert numbers(union=str(world.city.pk)) == ((1, 4, 4), (1, 4, 4))
    for odd in ("0", "-1", "x", "", "2", "²", "9" * 30):
        assert numbers(page=odd, changes=odd) == ((1, 4, 4), (1, 4, 4)), odd
    assert numbers(day="2020-01-01")[0] == (1, 4, 4)
