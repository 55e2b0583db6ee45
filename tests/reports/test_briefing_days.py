"""What a briefing and a morning brief tell of a day that is past, or that ends a period."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone, translation

from accounts.models import User
from campaigns.models import Campaign, Metric, Target, TargetVersion, Unit, VersionState
from core.clock import CHINA, local_today
from reference.models import GroupSet
from reports.brief import brief_of, letter_of
from reports.briefings.content import Briefing, Sheet, briefing_of
from reports.briefings.paper import page_values
from reports.briefings.wording import lagging, overview, without_targets
from reports.models import CampaignForecast, CampaignProgress
from reports.nightly import run_nightly
from reports.selectors.cascades import cascades_of
from reports.selectors.days import as_of
from reports.selectors.progress import measured
from reports.selectors.ranking import ranking_of
from reports.tasks import send_briefs_task
from tests.builders import make_official
from tests.reports.world import DAY, World, build_world
from unions.enums import Role
from unions.models import Union
from unions.services import move_union

pytestmark = pytest.mark.django_db
D = dt.date
YEAR = D(2024, 12, 31)


@pytest.fixture
def world() -> World:
    """The unions were registered long ago."""
    world = build_world(count=False)
    Union.objects.update(created_at="2024-01-01T00:00:00+08:00")
    return world


@pytest.fixture
def reader(world: World) -> User:
    return make_official("province", world.province, Role.LEADER)


def told(reader: User, campaign: Campaign, day: dt.date) -> Briefing:
    return briefing_of(reader, campaign, as_of(day))


def lines(briefing: Briefing, end: dt.date = YEAR) -> list[tuple[str, int]]:
    (sheet,) = [one for one in briefing.sheets if one.period_end == end]
    return [(line.union.name, line.depth) for line in sheet.lines]


def add_target(world: World, union: Union, first: dt.date, last: dt.date, value: int = 9) -> Target:
    return Target.objects.create(
        indicator=world.targets["lin"].indicator, union=union, period_start=first,
        period_end=last, value=value,
    )  # fmt: skip


def test_the_tree_is_that_of_the_day(
    world: World, reader: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A county is given to another city: the papers of days that are out stay as they were."""
    run_nightly(DAY)
    moved_on = DAY + dt.timedelta(days=2)
    before = [("聊城市总工会", 0), ("东昌府区总工会", 1), ("临清市总工会", 1)]
    assert lines(told(reader, world.campaign, DAY)) == before
    noon = dt.datetime.combine(moved_on, dt.time(12), tzinfo=CHINA)
    monkeypatch.setattr(timezone, "now", lambda: noon)
    move_union(world.lin, to_parent=world.other_city, reason="区划调整", actor=None)
    monkeypatch.setattr(timezone, "now", lambda: noon + dt.timedelta(days=1))
    run_nightly(moved_on)
    assert lines(told(reader, world.campaign, DAY)) == before
    after = [("聊城市总工会", 0), ("东昌府区总工会", 1), ("临清市总工会", 0)]
    assert lines(told(reader, world.campaign, moved_on)) == after
    # A campaign of the first city tells of it as long as it stood there.
    Campaign.objects.filter(pk=world.campaign.pk).update(owner=world.city)
    campaign = Campaign.objects.get(pk=world.campaign.pk)
    counties = [("东昌府区总工会", 0), ("临清市总工会", 0)]
    assert lines(told(reader, campaign, DAY)) == counties
    assert lines(told(reader, campaign, moved_on)) == counties[:1]


def test_sums_below_leave_out_what_was_set_later(world: World, reader: User) -> None:
    """As the table below them, and the briefing."""
    run_nightly(DAY)

    def sums(day: dt.date) -> list[tuple[int, Decimal | None, int]]:
        found = cascades_of(world.campaign, world.city, day)
        return [(row.count, row.total, row.without) for row in found if row.period_end == YEAR]

    assert sums(DAY) == [(2, Decimal(5), 2)]
    later = add_target(world, world.shen, D(2024, 1, 1), YEAR, 5)
    TargetVersion.objects.create(
        target=later, number=1, state=VersionState.SET, value=5, valid_from=D(2024, 3, 20),
        reason="追加", made_at="2024-03-20T09:30:00+08:00",
    )  # fmt: skip
    assert sums(DAY) == [(2, Decimal(5), 2)]
    assert "莘县总工会" not in [name for name, _depth in lines(told(reader, world.campaign, DAY))]
    assert sums(D(2024, 3, 20)) == [(3, Decimal(10), 1)]


def test_on_the_last_day_a_target_is_reached_or_missed(world: World, reader: User) -> None:
    """The next day tells of the next year's targets: this is the last paper of this one."""
    run_nightly(YEAR)
    briefing = told(reader, world.campaign, YEAR)
    (sheet,) = [one for one in briefing.sheets if one.period_end == YEAR]
    with translation.override("en"):
        found = {line.union: (line.state, line.status_label) for line in sheet.lines}
    assert found == {
        world.city: ("missed", "not reached"), world.dong: ("missed", "not reached"),
        world.lin: ("reached", "reached"),
    }  # fmt: skip


def test_a_day_that_is_not_over_misses_nothing(world: World, reader: User) -> None:
    today = local_today()
    target = add_target(world, world.dong, today - dt.timedelta(days=9), today)
    run_nightly(today)
    (sheet,) = [
        one for one in told(reader, world.campaign, today).sheets if one.period_end == today
    ]
    assert [(line.progress.target, line.state) for line in sheet.lines] == [(target, "at_risk")]


def test_who_sees_the_owner_alone_makes_no_briefing(client: Client, world: World) -> None:
    """It would deny the targets below."""
    Campaign.objects.filter(pk=world.campaign.pk).update(owner=world.town)
    add_target(world, world.flexible, D(2024, 1, 1), YEAR)
    run_nightly(DAY)
    page = f"/dashboard/campaigns/{world.campaign.pk}/"
    for user, status in ((world.grassroots, 404), (world.official, 200)):
        client.force_login(user)
        assert client.get(page).context["may_brief"] is (status == 200)
        assert client.get(f"{page}briefing.xlsx").status_code == status


def test_the_morning_brief_tells_of_what_is_under_way(world: World, reader: User) -> None:
    """Targets of later years wait; who has a target and nobody yet is the slowest."""
    for year in (2025, 2026):
        add_target(world, world.city, D(year, 1, 1), D(year, 12, 31))
    add_target(world, world.shen, D(2024, 1, 1), YEAR)
    run_nightly(DAY)
    brief = brief_of(reader, world.city, DAY)
    assert {row.target.period_start.year for row in brief.targets} == {2023, 2024}
    assert brief.laggards[0].union == world.shen
    with translation.override("en"):
        text = letter_of(brief)[1]
    # Whose pace it is, for there may be several campaigns.
    assert "\nBehind (pace) · 三年行动计划 · 新发展会员 · 2024-01-01 – 2024-12-31\n" in text
    assert "· 莘县总工会" in text
    slowest = ranking_of(reader, world.city, DAY, sort="pace").rows[0]
    assert (slowest.union, slowest.members, slowest.pace_value) == (world.shen, 0, Decimal(0))
    # Otherwise who has nobody stands last.
    assert ranking_of(reader, world.city, DAY, sort="members").rows[-1].union == world.shen


def test_a_day_that_is_not_over_rings_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was counted in the evening by hand, and its night has not come."""
    today = local_today()
    run_nightly(today)
    user = make_official("subscriber", world.city)
    user.email = "reader@example.org"
    user.save()
    client = Client()
    client.force_login(user)
    client.post("/dashboard/brief/", {"union": world.city.pk, "channel": "email", "phone": ""})
    for module in ("reports.brief", "reports.tasks"):
        monkeypatch.setattr(f"{module}.local_today", lambda: today + dt.timedelta(days=1))
    monkeypatch.setattr("reports.brief.RINGS_FROM_HOUR", 0)
    assert (send_briefs_task(), len(mail.outbox)) == (0, 0)


def test_a_rate_says_what_it_is_divided_by(world: World, reader: User) -> None:
    """Of a county with more members than workers counted, it bears its mark."""
    indicator = world.campaign.indicators.create(
        metric=Metric.ENROLMENT_RATE, name="入会率", unit=Unit.RATIO,
        group_set=world.targets["lin"].indicator.group_set,
    )  # fmt: skip
    run_nightly(DAY)
    plain = told(reader, world.campaign, DAY)
    indicator.group_set = GroupSet.objects.get(code="set4", version=1)
    indicator.save()
    for union in (world.city, world.lin):
        Target.objects.create(
            indicator=indicator, union=union, value=Decimal("0.8"), period_start=D(2024, 1, 1),
            period_end=YEAR,
        )  # fmt: skip
    run_nightly(DAY + dt.timedelta(days=1))
    rated = told(reader, world.campaign, DAY + dt.timedelta(days=1))
    with translation.override("en"):
        texts = [
            json.dumps(page_values(one, DAY), ensure_ascii=False, default=str)
            for one in (plain, rated)
        ]
    said = ("none was reported by hand", "divided by the workers that were counted")
    assert [[words in text for words in said] for text in texts] == [[True, False], [False, True]]
    assert "200.00% · over 100%" in texts[1]


def test_a_target_of_0_is_no_missing_figure(world: World, reader: User) -> None:
    """Sharing gives it to who has no workers: measured, but there is no share of it."""
    add_target(world, world.province, D(2024, 1, 1), YEAR, 0)
    add_target(world, world.shen, D(2024, 1, 1), YEAR, 0)
    run_nightly(DAY)
    (sheet,) = [one for one in told(reader, world.campaign, DAY).sheets if one.period_end == YEAR]
    (shen,) = [line for line in sheet.lines if line.union == world.shen]
    assert (shen.progress.value, shen.progress.share, shen.place) == (Decimal(0), None, None)
    assert sheet.own is not None
    with translation.override("en"):
        assert shen.status_label == "target of 0"
        assert overview(sheet, DAY, has_signs=True)[0].startswith(
            "Target 0 persons, reached 5 persons: of a target of 0 there is no share."
        )
        shown = Sheet(sheet.indicator, sheet.period_start, sheet.period_end, None, [shen])
        assert lagging(shown, 30) == "No unit lags behind."
        told_of = replace(
            sheet.own.forecast, forecast=CampaignForecast(low=Decimal(1), high=Decimal(9))
        )
        assert told_of.verdict == ""
    found = ranking_of(reader, world.city, DAY, sort="pace", status="no_target").rows
    assert [row.union for row in found] == [world.shen]
    # Earlier versions of the portal wrote that there was no figure.
    CampaignProgress.objects.filter(target=shen.progress.target).update(status="no_data")
    (again,) = measured([shen.progress.target], DAY)
    assert again.status == "no_target"
    found = ranking_of(reader, world.city, DAY, sort="pace", status="no_target").rows
    assert [row.union for row in found] == [world.shen]


def test_before_any_target_was_set(world: World, reader: User) -> None:
    """A paper of that day says so; targets of years to come are another matter."""
    TargetVersion.objects.all().delete()
    for target in Target.objects.all():
        TargetVersion.objects.create(
            target=target, number=1, state=VersionState.SET, value=target.value, valid_from=DAY,
            reason="下达", made_at=f"{DAY}T09:30:00+08:00",
        )  # fmt: skip
    run_nightly(DAY - dt.timedelta(days=1))
    CampaignProgress.objects.all().delete()
    run_nightly(DAY)
    before, after = (told(reader, world.campaign, day) for day in (DAY - dt.timedelta(days=1), DAY))
    with translation.override("en"):
        assert without_targets(before) == "By this day no target of this campaign had been set."
        assert without_targets(after) == ""
        add_target(world, world.city, D(2030, 1, 1), D(2030, 12, 31))
        later = told(reader, world.campaign, DAY - dt.timedelta(days=1))
        assert without_targets(later) == "No target of this campaign has begun."


def test_who_has_left_since_is_counted(
    world: World, reader: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A county goes to another city: that of before still prints the paper of the day."""
    Campaign.objects.filter(pk=world.campaign.pk).update(owner=world.city)
    campaign = Campaign.objects.get(pk=world.campaign.pk)
    leader = make_official("city", world.city, Role.LEADER)
    run_nightly(DAY)

    def sentences() -> str:
        briefing = told(leader, campaign, DAY)
        (sheet,) = [one for one in briefing.sheets if one.period_end == YEAR]
        with translation.override("en"):
            return " ".join(overview(sheet, DAY, has_signs=True))

    whole = sentences()
    assert "Next below, 2 units have targets: 5 persons together" in whole
    assert "Their targets come to" in whole
    assert "area" not in whole
    noon = dt.datetime.combine(DAY + dt.timedelta(days=2), dt.time(12), tzinfo=CHINA)
    monkeypatch.setattr(timezone, "now", lambda: noon)
    move_union(world.lin, to_parent=world.other_city, reason="区划调整", actor=None)
    partial = sentences()
    assert "Next below, 1 unit has a target: " in partial
    assert "Their targets come to" not in partial
    assert "1 unit that stood below on that day has left the reader's area since" in partial


def test_a_workbook_speaks_of_no_sign_it_has_not(world: World, reader: User) -> None:
    run_nightly(DAY)
    later = DAY + dt.timedelta(days=3)
    counted = as_of(DAY)
    assert counted is not None
    briefing = briefing_of(reader, world.campaign, counted._replace(day=later))
    (sheet,) = [one for one in briefing.sheets if one.period_end == YEAR]
    with translation.override("en"):
        paper = " ".join(overview(sheet, later, has_signs=True))
        book = " ".join(overview(sheet, later, has_signs=False))
    assert "(†)" in paper
    assert "(see the notes)" in book
    assert "†" not in book
