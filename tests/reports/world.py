"""A small tree with everything a dashboard shows, counted on one day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from accounts.models import User
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
from enterprises.models import WorkforceBaseline
from members.models import Membership
from reference.models import GroupSet, Region, WorkerGroup
from reports.counting.history import forget_figures
from reports.models import ReportedFigure
from reports.nightly import run_nightly
from stations.models import Station, StationKind
from tests.builders import make_membership, make_official, make_region, make_union
from unions.enums import Role
from unions.models import Union
from unions.services import cover_union

D = dt.date
DAY = D(2024, 3, 15)


@dataclass
class World:
    """The unions, people and papers of the tests."""

    province: Union
    city: Union
    dong: Union  # county with a township and three members
    lin: Union  # county with two members
    shen: Union  # county without members
    town: Union
    flexible: Union
    nef: Union  # federation of new-form unions, one member of its own
    other_city: Union
    region: Region
    memberships: list[Membership]
    campaign: Campaign
    targets: dict[str, Target]
    leader: User
    official: User
    grassroots: User
    stranger: User


def build_world(*, count: bool = True) -> World:
    """Seven members under the city: 4 in the town of 东, 2 in 临, 1 in the federation.

    By group: 3 couriers, 2 truck drivers, 1 delivery rider, 1 employee. New in March 2, in 2024 4.
    """
    region = make_region("3715", "聊城市", make_region("37", "山东省"))
    province = make_union("山东省总工会", "provincial_federation")
    city = make_union("聊城市总工会", "city_federation", province, region=region)
    dong = make_union("东昌府区总工会", "county_federation", city)
    lin = make_union("临清市总工会", "county_federation", city)
    shen = make_union("莘县总工会", "county_federation", city)
    town = make_union("柳园街道工会", "township_union", dong)
    flexible = make_union("柳园街道灵活就业联合工会", "flexible_township", town, is_nef=True)
    nef = make_union("聊城市新业态工会联合会", "nef_federation", city, is_nef=True)
    other_city = make_union("洛阳市总工会", "city_federation", province)
    memberships = [
        make_membership(town, group="courier", on="2023-05-01"),
        make_membership(town, group="courier", on="2024-03-01"),
        make_membership(flexible, group="courier", on="2024-03-10"),
        make_membership(town, group="employee", on="2023-06-01"),
        make_membership(lin, group="truck_driver", on="2023-12-31"),
        make_membership(lin, group="truck_driver", on="2024-01-01"),
        make_membership(nef, group="delivery_rider", on="2024-02-29"),
    ]
    make_membership(other_city, group="courier", on="2024-03-02")
    cover_union(nef, flexible, since=D(2023, 9, 1), actor=None)
    cover_union(nef, town, since=D(2024, 4, 1), actor=None)
    kind = StationKind.objects.order_by("pk").first()
    assert kind is not None
    Station.objects.create(
        name="柳园驿站", kind=kind, host_union=town, region=region, address="柳园路1号",
        opened_on=D(2023, 1, 1),
    )  # fmt: skip
    baselines(city, lin)
    reported(city)
    campaign, targets = make_campaign(province, city, dong, lin)
    world = World(
        province, city, dong, lin, shen, town, flexible, nef, other_city, region, memberships,
        campaign, targets,
        leader=make_official("leader", city, Role.LEADER),
        official=make_official("official", city),
        grassroots=make_official("grassroots", town, Role.GRASSROOTS_OFFICIAL),
        stranger=make_official("stranger", other_city),
    )  # fmt: skip
    if count:
        run_nightly(DAY)
    return world


def count_anew(day: dt.date) -> None:
    """Tell the history up to ``day`` as it is known now, as if nothing had been published."""
    forget_figures()
    run_nightly(day)


def group_set(code: str) -> GroupSet:
    """The first version of a set."""
    return GroupSet.objects.get(code=code, version=1)


def baselines(city: Union, lin: Union) -> None:
    """12 workers of the four groups in the city; one in 临, who has two members; 4 couriers."""
    common = {"keeper": city, "counted_on": D(2024, 1, 1), "source": "摸底表"}
    WorkforceBaseline.objects.create(
        group_set=group_set("set4"), region=city.region, worker_count=12, **common
    )
    WorkforceBaseline.objects.create(
        group_set=group_set("set4"), union=lin, worker_count=1, **common
    )
    WorkforceBaseline.objects.create(
        group=WorkerGroup.objects.get(pk="courier"), region=city.region, worker_count=4, **common
    )


def reported(union: Union) -> None:
    """Luoyang's figures: the shares of the paper are not those of its own counts."""
    nef = group_set("nef")
    for metric, chosen, value, unit in (
        ("unions", None, "16800", "union"),
        ("members", None, "1450000", "person"),
        ("nef_unions", nef, "1072", "union"),
        ("nef_members", nef, "135000", "person"),
        ("nef_union_share", nef, "0.0636", "ratio"),
        ("nef_member_share", nef, "0.0917", "ratio"),
    ):
        ReportedFigure.objects.create(
            union=union, metric=metric, group_set=chosen, value=Decimal(value), unit=unit,
            as_of=D(2023, 8, 24), source="洛阳市总工会通报",
        )  # fmt: skip


def make_campaign(
    owner: Union, city: Union, dong: Union, lin: Union
) -> tuple[Campaign, dict[str, Target]]:
    """A plan with a yearly and a cumulative target of the city, yearly ones of two counties."""
    campaign = Campaign.objects.create(
        owner=owner, name="三年行动计划", kind=CampaignKind.PLAN, starts_on=D(2023, 1, 1),
        ends_on=D(2025, 12, 31), status=CampaignStatus.PUBLISHED, note="3 × 300万 < 1000万",
    )  # fmt: skip
    for name, first, last in (
        ("组织动员", D(2023, 1, 1), D(2023, 6, 30)),
        ("推进实施", D(2023, 6, 1), D(2025, 11, 30)),
    ):
        Phase.objects.create(campaign=campaign, name=name, starts_on=first, ends_on=last)
    indicator = Indicator.objects.create(
        campaign=campaign, metric=Metric.NEW_MEMBERS, name="新发展会员", unit=Unit.PERSON,
        group_set=group_set("nef"),
    )  # fmt: skip
    year, plan = (D(2024, 1, 1), D(2024, 12, 31)), (D(2023, 1, 1), D(2025, 12, 31))
    targets = {
        name: Target.objects.create(
            indicator=indicator, union=union, period_start=period[0], period_end=period[1],
            value=value,
        )
        for name, union, period, value in (
            ("city_year", city, year, 20), ("city_plan", city, plan, 60), ("dong", dong, year, 4),
            ("lin", lin, year, 1),
        )
    }  # fmt: skip
    return campaign, targets
