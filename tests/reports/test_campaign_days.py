"""What a day tells of campaigns: those it knew of, with the day on which they were measured."""

from __future__ import annotations

import datetime as dt
import io
import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from django.utils.html import strip_tags
from openpyxl import load_workbook

from campaigns.models import (
    Campaign,
    CampaignStatus,
    Indicator,
    Metric,
    Target,
    TargetVersion,
    Unit,
    VersionState,
)
from reports.brief import brief_of, letter_of
from reports.exports import workbook_of
from reports.models import CampaignProgress
from reports.progress import measure_progress
from reports.selectors.dashboard import dashboard_for
from reports.selectors.days import as_of
from reports.selectors.progress import campaigns_of, measured
from reports.selectors.ranking import ranking_of
from reports.summary import values_of
from tests.reports.world import DAY, World
from unions.models import Union

pytestmark = pytest.mark.django_db

D = dt.date
START = D(2024, 1, 1)
MEASURED = D(2024, 2, 29)
LATER = D(2024, 3, 10)  # the night measured the five weeks up to DAY


def page(client: Client, world: World, **query: Any) -> str:
    client.force_login(world.leader)
    answer = client.get(
        "/dashboard/", {"union": world.city.pk, **query}, headers={"accept-language": "en"}
    )
    assert answer.status_code == 200
    return answer.content.decode()


def words(html: str) -> str:
    return " ".join(strip_tags(html).split())


def publish(world: World, name: str, *unions: Union, on: dt.date) -> Campaign:
    """A campaign with a target of 10 for each of ``unions``, published on a day."""
    campaign = Campaign.objects.create(
        owner=world.city, name=name, starts_on=START, ends_on=D(2024, 12, 31),
        status=CampaignStatus.PUBLISHED,
    )  # fmt: skip
    indicator = Indicator.objects.create(
        campaign=campaign, metric=Metric.NEW_MEMBERS, name="新会员", unit=Unit.PERSON
    )
    for union in unions:
        target = Target.objects.create(
            indicator=indicator, union=union, period_start=START, period_end=D(2024, 12, 31),
            value=10,
        )  # fmt: skip
        TargetVersion.objects.create(
            target=target, number=1, state=VersionState.SET, value=10, valid_from=on,
            made_at=f"{on}T09:30:00+08:00",
        )  # fmt: skip
    return campaign


def names(world: World, day: dt.date) -> list[str]:
    return [view.campaign.name for view in campaigns_of(world.leader, world.city, day)]


def compared(world: World, day: dt.date, pace: str = "") -> str:
    """The campaign in the column of pace."""
    column = ranking_of(world.leader, world.city, day, pace=pace).pace
    return column.indicator.campaign.name if column else ""


# -- a measurement of another day ------------------------------------------------------------------


def test_the_measuring_day_is_told_and_time_is_that_of_the_day_shown(
    client: Client, world: World
) -> None:
    CampaignProgress.objects.filter(day__gt=MEASURED).delete()
    (row,) = measured([world.targets["city_year"]], DAY)
    assert row.measured_earlier == MEASURED
    assert row.time_elapsed == Decimal(75) / 366
    # Both of the day of the measurement: two of 20 after 60 of 366 days.
    assert row.pace is not None
    assert round(row.pace, 4) == Decimal("0.6100")
    client.force_login(world.leader)
    part = client.get(
        "/dashboard/parts/campaigns/", {"union": world.city.pk}, headers={"accept-language": "en"}
    )
    assert words(part.content.decode()).count("measured on 2024-02-29") == 2  # year and plan
    assert "Time elapsed 20.49%" in words(part.content.decode())
    table = page(client, world).split('id="ranking"')[1]
    assert words(table).count("measured on 2024-02-29") == 2  # 东昌府 and 临清
    detail = client.get(
        f"/dashboard/campaigns/{world.campaign.pk}/", headers={"accept-language": "en"}
    )
    assert words(detail.content.decode()).count("measured on 2024-02-29") == 4


def test_files_and_letters_tell_the_measuring_day(world: World) -> None:
    CampaignProgress.objects.filter(day__gt=MEASURED).delete()
    shown = as_of()
    assert shown is not None
    with translation.override("en"):
        found = dashboard_for(world.leader, world.city, shown)
        book = load_workbook(io.BytesIO(workbook_of(found)))
        values = values_of(found)
        _subject, letter = letter_of(brief_of(world.leader, world.city, DAY))
    told = "measured on 2024-02-29"
    notes = [str(row[11]) for row in book["Campaigns"].values if isinstance(row[3], dt.datetime)]
    assert [told in note for note in notes] == [True, True]  # year and plan
    notes = [str(row[12]) for row in book["Ranking"].values if row[9] is not None]
    assert [f"Pace: {told}" in note for note in notes[1:]] == [True, True]  # 东昌府 and 临清
    assert [told in target["value"] for target in values["targets"]] == [True, True]
    assert [row[-1].count(told) for row in values["ranking"]] == [1, 1, 0, 0]
    assert letter.count(told) == 3  # and the one that is behind


def test_no_measuring_day_is_told_of_what_is_not_known(world: World) -> None:
    CampaignProgress.objects.filter(day__gt=MEASURED).delete()
    CampaignProgress.objects.update(value=None)
    (row,) = measured([world.targets["city_year"]], DAY)
    assert (row.measured_earlier, row.remark) == (MEASURED, "")


def test_nothing_is_told_of_the_measuring_day_where_it_is_the_day_shown(
    client: Client, world: World
) -> None:
    for day in (DAY, LATER):
        (row,) = measured([world.targets["city_year"]], day)
        assert row.measured_earlier is None
    assert "measured on" not in words(page(client, world))
    # What was measured when the period was over stays so.
    target = world.targets["city_year"]
    CampaignProgress.objects.filter(target=target).exclude(day=DAY).delete()
    target.period_end = DAY
    (row,) = measured([target], D(2024, 6, 30))
    assert row.measured_earlier is None
    assert row.time_elapsed == 1


# -- campaigns that were published later -----------------------------------------------------------


def test_a_campaign_published_later_takes_no_place_on_earlier_days(world: World) -> None:
    publish(world, "后来的行动", world.city, world.dong, world.lin, world.shen, on=DAY)
    assert names(world, LATER) == ["三年行动计划"]
    assert compared(world, LATER) == "三年行动计划"
    choices = ranking_of(world.leader, world.city, LATER).paces
    assert [one.indicator.campaign.name for one in choices] == ["三年行动计划"]
    # Known on its own day; what was measured goes first, though fewer children have it.
    assert names(world, DAY) == ["后来的行动", "三年行动计划"]
    assert compared(world, DAY) == "三年行动计划"
    measure_progress(DAY)
    assert compared(world, DAY) == "后来的行动"


def test_what_was_measured_for_a_day_belongs_to_it(world: World) -> None:
    """The first night measures the past of what stands when it runs."""
    publish(world, "补录的行动", world.city, world.dong, on=DAY)
    measure_progress(LATER)
    assert names(world, LATER) == ["补录的行动", "三年行动计划"]
    assert names(world, LATER - dt.timedelta(days=1)) == ["三年行动计划"]


def test_a_target_added_later_is_not_among_those_of_the_day(world: World) -> None:
    added = Target.objects.create(
        indicator=world.targets["dong"].indicator, union=world.shen, value=5,
        period_start=D(2024, 1, 1), period_end=D(2024, 12, 31),
    )  # fmt: skip
    TargetVersion.objects.create(
        target=added, number=1, value=5, valid_from=DAY, made_at=f"{DAY}T09:30:00+08:00"
    )

    def paced(day: dt.date) -> set[str]:
        rows = ranking_of(world.leader, world.city, day).rows
        return {row.union.name for row in rows if row.pace}

    assert paced(LATER) == {"东昌府区总工会", "临清市总工会"}
    assert paced(DAY) == {"东昌府区总工会", "临清市总工会", "莘县总工会"}


# -- which of several ------------------------------------------------------------------------------


def test_the_leader_chooses_whose_pace_is_compared(client: Client, world: World) -> None:
    other = publish(world, "集中行动", world.dong, on=LATER)
    measure_progress(DAY)
    key = f"{other.indicators.get().pk}.2024-01-01.2024-12-31"
    assert compared(world, DAY) == "三年行动计划"  # two children have it
    assert compared(world, DAY, pace=key) == "集中行动"
    for odd in ("x", "1.2.3", f"{key}0", f"999999.{key.split('.', 1)[1]}"):
        assert compared(world, DAY, pace=odd) == "三年行动计划", odd
        assert ranking_of(world.leader, world.city, DAY, pace=odd).wanted.pace == ""
    content = page(client, world, pace=key)
    choice = content[content.index('id="choose-pace"') :].split("</select>")[0]
    assert re.findall(r'value="([^"]+)"( selected)?', choice) == [
        (f"{world.targets['dong'].indicator_id}.2024-01-01.2024-12-31", ""), (key, " selected"),
    ]  # fmt: skip
    # Links and the map keep the choice.
    assert f'data-pace="{key}"' in content
    links = re.findall(r'<a class="sort" href="([^"]+)"', content)
    assert len(links) == 7
    assert all(f"pace={key}" in link for link in links)
    assert "集中行动 · 新会员 · 2024-01-01 – 2024-12-31" in words(content.split('id="ranking"')[1])
    # Sorted and drawn by what was chosen: four joined in 东, all persons, of ten.
    areas = client.get(
        "/dashboard/map.json", {"union": str(world.city.pk), "metric": "pace", "pace": key}
    ).json()["areas"]
    assert [area["name"] for area in areas if area["value"] is not None] == ["东昌府区总工会"]
    # With one alone there is nothing to choose.
    assert 'id="choose-pace"' not in page(client, world, day=(LATER - dt.timedelta(1)).isoformat())


# -- filters and places ----------------------------------------------------------------------------


def test_a_filter_by_pace_leaves_nobody_out_where_none_is_told(
    client: Client, world: World
) -> None:
    behind = ranking_of(world.leader, world.city, DAY, status="behind")
    assert (behind.wanted.status, behind.is_filtered, behind.child_count) == ("behind", True, 0)
    # On a day before all campaigns there is no pace, nor a choice of it.
    past = D(2022, 12, 31)
    kept = ranking_of(world.leader, world.city, past, status="behind")
    assert (kept.pace, kept.is_filtered, kept.child_count, kept.all_count) == (None, False, 4, 4)
    content = page(client, world, day=past.isoformat(), status="behind")
    assert "No union passes" not in content
    both = ranking_of(world.leader, world.city, past, status="behind", kind="county_federation")
    assert (both.wanted.status, both.wanted.kind, both.child_count) == ("", "county_federation", 3)


def test_what_is_unknown_has_no_place(client: Client, world: World) -> None:
    def places(sort: str, **asked: Any) -> list[tuple[int | None, str]]:
        rows = ranking_of(world.leader, world.city, DAY, sort=sort, **asked).rows
        return [(row.place, row.union.name[:2]) for row in rows]

    # One county alone has workers of the four groups counted; 莘县 has no members and stands last.
    assert places("-set4") == [(1, "临清"), (None, "东昌"), (None, "聊城"), (None, "莘县")]
    assert [place for place, _name in places("-nef")] == [None] * 4
    assert [place for place, _name in places("name")] == [1, 2, 3, 4]
    # On the second page, too.
    assert places("-set4", page=2, page_size=2) == [(None, "聊城"), (None, "莘县")]
    table = page(client, world, sort="-nef").split('id="ranking"')[1]
    assert table.count('<span class="place num"></span>') == 4
    client.force_login(world.leader)
    answer = client.get(
        "/api/v1/dashboard/ranking/", {"union": str(world.city.pk), "metric": "-set4"}
    )
    assert [row["place"] for row in answer.json()["rows"]] == [1, None, None, None]
