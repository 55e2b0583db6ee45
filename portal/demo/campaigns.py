"""The published campaigns with their targets and phases, and a demo drive that is running today."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import connection

from campaigns.models import (
    Campaign,
    CampaignJoinCode,
    CampaignKind,
    CampaignStatus,
    Indicator,
    Metric,
    Phase,
    Target,
    Unit,
)
from core.clock import local_today
from members.models import JoinCode
from portal.demo.bulk import Tick
from portal.demo.campaign_life import enliven, record_first_versions
from portal.demo.datafiles import citation, read_data
from portal.demo.federations import LANZHOU_NEW_AREA, federation_of
from portal.demo.liaocheng_unions import county_flexible_unions
from portal.demo.names import DEMO_MARK
from reference.models import GroupSet, Region
from unions.models import Union

DEMO_DRIVE_NAME = f"聊城市新就业形态劳动者入会集中行动{DEMO_MARK}"
DAYS_GONE = 45
DAYS_TO_COME = 75
_CASCADE_NOTE = "演示分解：来源只公布全省目标"
# How fast the counties of the demo drive go, 1 is exactly on pace: one of every status at least.
_PACES = (1.02, 1.25, 0.97, 0.82, 1.15, 0.55, 1.0, 0.75)


def load_campaigns(_tick: Tick) -> dict[str, int]:
    """Write campaigns with phases, indicators and targets, and what happens in the demo drive."""
    sets = {group_set.code: group_set for group_set in GroupSet.objects.order_by("version")}
    today = local_today()
    campaigns = {
        row["campaign"]: Campaign.objects.create(
            owner=federation_of(row["region_code"]),
            name=row["name"],
            kind=row["kind"],
            group_set=sets[row["group_set"]],
            starts_on=_day(row["starts_on"]),
            ends_on=_day(row["ends_on"]),
            status=CampaignStatus.CLOSED
            if _day(row["ends_on"]) < today
            else CampaignStatus.PUBLISHED,
            summary=row["summary"],
            note=row["note"],
            source=citation(row["source"]),
            is_demo=True,
        )
        for row in read_data("campaigns")
    }
    for row in read_data("phases"):
        Phase.objects.create(
            campaign=campaigns[row["campaign"]],
            name=row["name"],
            starts_on=_day(row["starts_on"]),
            ends_on=_day(row["ends_on"]),
        )
    for row in read_data("targets"):
        indicator, _created = Indicator.objects.get_or_create(
            campaign=campaigns[row["campaign"]],
            metric=row["metric"],
            group_set=sets[row["group_set"]] if row["group_set"] else None,
            name=row["indicator"],
            unit=row["unit"],
        )
        Target.objects.create(
            indicator=indicator,
            union=federation_of(row["region_code"]),
            period_start=_day(row["period_start"]),
            period_end=_day(row["period_end"]),
            value=Decimal(row["value"]),
            note=row["note"],
        )
    _cascade_gansu(campaigns["gansu"])
    # The city's plan carries out the national one of the same years.
    Campaign.objects.filter(pk=campaigns["luoyang"].pk).update(plan=campaigns["national_plan"])
    for campaign in campaigns.values():
        record_first_versions(campaign)
    enliven(_running_drive(sets["nef"], today), today)
    return {"campaigns": Campaign.objects.filter(is_demo=True).count()}


def gansu_participants() -> list[Union]:
    """Fourteen prefectures, 兰州新区 and the industrial unions that organise the four groups."""
    prefectures = list(Region.objects.filter(parent="62").order_by("code"))
    unions = [federation_of(region.pk) for region in prefectures]
    unions.append(federation_of(LANZHOU_NEW_AREA))
    with_target = [
        r["code"] for r in read_data("gansu_industrial_unions") if r["has_target"] == "1"
    ]
    return [*unions, *Union.objects.filter(code__in=with_target).order_by("code")]


def _cascade_gansu(campaign: Campaign) -> None:
    indicator = campaign.indicators.get(metric=Metric.ENROLMENT_RATE)
    provincial = indicator.targets.get(union=campaign.owner)
    Target.objects.bulk_create(
        Target(
            indicator=indicator,
            union=union,
            period_start=provincial.period_start,
            period_end=provincial.period_end,
            value=provincial.value,
            note=_CASCADE_NOTE,
        )
        for union in gansu_participants()
    )


def _running_drive(group_set: GroupSet, today: dt.date) -> Campaign:
    """A drive of 聊城市总工会 that began six weeks ago, with a target per county."""
    city = federation_of("3715")
    starts_on = today - dt.timedelta(days=DAYS_GONE)
    ends_on = today + dt.timedelta(days=DAYS_TO_COME)
    campaign = Campaign.objects.create(
        owner=city,
        name=DEMO_DRIVE_NAME,
        kind=CampaignKind.DRIVE,
        group_set=group_set,
        starts_on=starts_on,
        ends_on=ends_on,
        status=CampaignStatus.PUBLISHED,
        summary="演示活动：日期随安装日推算，目标与进度均为生成。",
        note="演示数据，不代表任何真实工会的工作",
        source="演示数据",
        shows_progress=True,
        is_demo=True,
    )
    steps = (("组织动员", 0, 15), ("推进实施", 14, 105), ("总结交流", 99, DAYS_GONE + DAYS_TO_COME))
    Phase.objects.bulk_create(
        Phase(
            campaign=campaign,
            name=name,
            starts_on=starts_on + dt.timedelta(days=first),
            ends_on=starts_on + dt.timedelta(days=last),
        )
        for name, first, last in steps
    )
    indicator = Indicator.objects.create(
        campaign=campaign,
        metric=Metric.NEW_MEMBERS,
        group_set=group_set,
        name="新发展新就业形态劳动者会员",
        unit=Unit.PERSON,
    )
    counties = list(Union.objects.filter(parent=city, kind="county_federation").order_by("code"))
    targets = [
        (county, _target_for(county, starts_on, pace))
        for county, pace in zip(counties, _PACES, strict=True)
    ]
    targets.append((city, sum(value for _union, value in targets)))
    Target.objects.bulk_create(
        Target(
            indicator=indicator,
            union=union,
            period_start=starts_on,
            period_end=ends_on,
            value=value,
            note="演示目标",
        )
        for union, value in targets
    )
    codes = JoinCode.objects.filter(union__in=county_flexible_unions(), is_demo=True)
    CampaignJoinCode.objects.bulk_create(
        CampaignJoinCode(join_code=code, campaign=campaign) for code in codes.order_by("pk")
    )
    return campaign


def _target_for(county: Union, starts_on: dt.date, pace: float) -> int:
    """A target that what has been reached so far makes ``pace`` of; a round number of tens."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(SUM(e.joined_change), 0) FROM members_membershipevent e"
            " JOIN unions_union u ON u.id = e.union_id"
            " WHERE u.path LIKE %s AND e.effective_on >= %s",
            [f"{county.path}%", starts_on],
        )
        joined = int(cursor.fetchone()[0])
    elapsed = DAYS_GONE / (DAYS_GONE + DAYS_TO_COME + 1)
    return max(20, round(joined / elapsed / pace))


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
