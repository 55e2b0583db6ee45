"""The world of the dashboards after everything has happened that makes a page read more."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from campaigns.models import (
    Campaign,
    CampaignKind,
    CampaignStatus,
    Indicator,
    Metric,
    Phase,
    Target,
    Unit,
)  # fmt: skip
from enterprises.models import Employer, WorkforceBaseline
from members.models import Membership
from members.services.correction import correct_union, correct_worker_group
from reference.models import WorkerGroup
from reports.models import Drift, QualitySignal, SignalKind
from reports.nightly import run_nightly
from stations.models import Station, StationKind
from tests.builders import make_join_code, make_membership, make_region, make_union
from tests.reports.world import DAY, World, group_set
from unions.models import Union, UnionKind
from unions.services import move_union, update_union

NIGHT_AFTER = DAY + dt.timedelta(days=1)
YEAR = (dt.date(2024, 1, 1), dt.date(2024, 12, 31))


def crowd(world: World) -> None:
    """Two days are published; since the first unions have moved and changed, entries were put
    right or came late, books differ everywhere, and campaigns measure whatever there is."""
    _regions(world)
    _plans(world)
    shop = make_union("快递公司工会", "grassroots_union", world.town)
    _register_of_units(world, shop)
    only = make_membership(shop, group="domestic_worker", on="2024-03-05")
    make_membership(world.lin, group="truck_driver", on="2024-02-10")
    run_nightly(NIGHT_AFTER)
    _signals(world)
    _changed_since(world, only)
    _differing_books(world)


def _regions(world: World) -> None:
    for union, code, name in (
        (world.dong, "371502", "东昌府区"), (world.lin, "371581", "临清市"),
        (world.shen, "371522", "莘县"),
    ):  # fmt: skip
        union.region = make_region(code, name, world.region)
        union.save()


def _plans(world: World) -> None:
    phases = [
        Phase.objects.create(
            campaign=world.campaign, name=f"阶段{number}", starts_on=dt.date(2024, number, 1),
            ends_on=dt.date(2024, number + 2, 28),
        )
        for number in range(1, 6)
    ]  # fmt: skip
    drive = Campaign.objects.create(
        owner=world.city, name="集中行动", kind=CampaignKind.DRIVE, starts_on=YEAR[0],
        ends_on=YEAR[1], status=CampaignStatus.PUBLISHED, plan=world.campaign,
        group_set=group_set("set4"),
    )  # fmt: skip
    Phase.objects.create(
        campaign=drive, name="冲刺", starts_on=phases[0].starts_on, ends_on=DAY
    )  # fmt: skip
    for campaign in (world.campaign, drive):
        for metric, unit, chosen, value in (
            (Metric.NEW_MEMBERS, Unit.PERSON, "set8", 40),
            (Metric.ENROLMENT_RATE, Unit.RATIO, "set4", "0.8"),
            (Metric.ENROLMENT_RATE, Unit.RATIO, "nef", "0.5"),
            (Metric.UNIONS_ESTABLISHED, Unit.UNION, None, 3),
            (Metric.STATIONS, Unit.STATION, None, 2),
            (Metric.MOST_BEAUTIFUL_STATIONS, Unit.STATION, None, 1),
            (Metric.GRANT_PER_NEF_UNION, Unit.YUAN, None, 5000),
        ):
            indicator = Indicator.objects.create(
                campaign=campaign, metric=metric, name=f"{metric} {chosen}", unit=unit,
                group_set=group_set(chosen) if chosen else None,
            )  # fmt: skip
            for union in (world.city, world.dong, world.lin):
                Target.objects.create(
                    indicator=indicator, union=union, period_start=YEAR[0], period_end=YEAR[1],
                    value=Decimal(value), note=f"{metric}",
                )  # fmt: skip


def _register_of_units(world: World, shop: Union) -> None:
    station = StationKind.objects.order_by("pk")[0]
    Station.objects.create(
        name="灵活驿站", kind=station, host_union=world.flexible, region=world.region,
        address="柳园路2号", opened_on=dt.date(2023, 1, 1),
    )  # fmt: skip
    WorkforceBaseline.objects.create(
        group_set=group_set("set4"), union=shop, worker_count=30, keeper=world.city,
        counted_on=dt.date(2024, 1, 1), source="单位摸底表",
    )  # fmt: skip
    for number, covering in enumerate((shop, world.nef, world.flexible, None)):
        Employer.objects.create(
            name=f"企业{number}", region=world.region, keeper=world.dong, covering_union=covering,
            staff_count=20,
        )  # fmt: skip


def _signals(world: World) -> None:
    code, phase = make_join_code(world.town), world.campaign.phases.get(name="阶段1")
    for kind in SignalKind.values:
        for union in (world.town, world.lin, world.nef):
            QualitySignal.objects.create(
                union=union, kind=kind, day=DAY, value=3,
                details={
                    "memberships": [one.pk for one in world.memberships], "join_code": code.pk,
                    "phase": phase.pk, "joins": 9, "phones": 2, "channel": "paper",
                    "from": "2024-03-15T08:00:00+08:00", "to": "2024-03-15T08:20:00+08:00",
                },
            )  # fmt: skip


def _changed_since(world: World, only: Membership) -> None:
    # Registered long ago: a move on the day of registration leaves no history.
    Union.objects.update(created_at="2023-01-01T00:00:00+08:00")
    # Out of the city, with a member of the day and a station.
    other = make_union("涧西区总工会", "county_federation", world.other_city)
    street = make_union("涧西街道工会", "township_union", other)
    move_union(world.flexible, to_parent=street, reason="区划调整", actor=None)
    # Another place, and another kind, for what stays.
    move_union(world.town, to_parent=world.lin, reason="区划调整", actor=None)
    update_union(
        world.nef, actor=None, kind=UnionKind.objects.get(pk="industrial_union"), is_nef=False
    )
    # Nobody else was entered where, and as what, these two were.
    corrected = correct_union(only, union=world.lin, actor=None)
    couriers = WorkerGroup.objects.get(pk="courier")
    correct_worker_group(corrected, worker_group=couriers, actor=None)
    correct_worker_group(world.memberships[6], worker_group=couriers, actor=None)
    make_membership(world.lin, group="courier", on="2024-03-05")
    make_membership(world.flexible, group="courier", on="2024-03-06")  # late, and out of the city


def _differing_books(world: World) -> None:
    for union in (world.city, world.dong, world.lin, world.town, world.nef):
        for metric, breakdown in (
            ("members", ""), ("members", "courier"), ("joined", ""), ("unions", ""),
            ("nef_unions", ""), ("stations", ""), ("unions_founded", ""),
            ("establishment_rate", "units"),
        ):  # fmt: skip
            Drift.objects.create(
                union=union, metric=metric, breakdown=breakdown, day=DAY, book=Drift.Book.COUNTS,
                stored="1", expected="2",
            )  # fmt: skip
    for membership in world.memberships[:6]:
        Drift.objects.create(
            union=membership.union, metric=f"status#{membership.pk}", day=DAY,
            book=Drift.Book.LEDGER, stored="active", expected="ended",
        )  # fmt: skip
