"""What the five papers report, and the denominators the demo counts with."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db.models import Count

from enterprises.models import WorkforceBaseline
from members.enums import MembershipStatus
from members.models import Membership
from portal.demo.bulk import Tick
from portal.demo.datafiles import assumption, citation, read_data
from portal.demo.federations import federation_of
from reference.models import GroupSet
from reports.models import ReportedFigure

# Generated: how many workers of a group there are for each member of the demo's register.
_WORKERS_PER_MEMBER = {
    "truck_driver": 1.31,
    "ride_hailing_driver": 1.46,
    "courier": 1.18,
    "delivery_rider": 1.27,
    "carer": 1.92,
    "domestic_worker": 2.14,
    "mall_promoter": 2.38,
    "estate_agent": 1.57,
    "security_guard": 1.22,
}
# Some counties have organised more of their workers than others.
_COUNTY_FACTORS = (0.98, 1.12, 0.94, 1.2, 1.05, 1.31, 1.0, 1.16)
_COUNTED_ON = dt.date(2023, 6, 30)


def load_figures(_tick: Tick) -> dict[str, int]:
    """Write reported figures and baselines as published, then Liaocheng's generated baselines."""
    sets = {group_set.code: group_set for group_set in GroupSet.objects.order_by("version")}
    counts = {"reported": 0, "baselines": 0}
    for row in read_data("figures"):
        union = federation_of(row["region_code"])
        group_set = sets[row["group_set"]] if row["group_set"] else None
        if row["kind"] == "baseline":
            WorkforceBaseline.objects.create(
                keeper=union,
                union=union,
                group_set=group_set,
                counted_on=dt.date.fromisoformat(row["as_of"]),
                worker_count=int(row["value"]),
                source=citation(row["source"]),
                note=row["note"],
                is_demo=True,
            )
            counts["baselines"] += 1
        else:
            ReportedFigure.objects.create(
                union=union,
                metric=row["metric"],
                group_set=group_set,
                value=Decimal(row["value"]),
                unit=row["unit"],
                as_of=dt.date.fromisoformat(row["as_of"]),
                source=citation(row["source"]),
                note=row["note"],
                is_demo=True,
            )
            counts["reported"] += 1
    counts["baselines"] += _generated_baselines()
    return counts


def _generated_baselines() -> int:
    """Workers of each group in Liaocheng and its counties: generated, and marked so.

    Sized after the demo's own members, so that every rate stays below 100 %.
    """
    city = federation_of("3715")
    members = _members_by_county()
    counties = sorted({county for county, _group in members if county})
    factors = dict(zip(counties, _COUNTY_FACTORS, strict=True))
    workers = {
        (county, group): round(count * _WORKERS_PER_MEMBER[group] * factors.get(county, 1.0))
        for (county, group), count in members.items()
    }
    rows = []
    for group in _WORKERS_PER_MEMBER:
        total = sum(count for (_county, of_group), count in workers.items() if of_group == group)
        shares = [("3715", total), *((county, workers[county, group]) for county in counties)]
        rows += [
            WorkforceBaseline(
                keeper=city,
                region_id=region_code,
                group_id=group,
                counted_on=_COUNTED_ON,
                worker_count=count,
                source="演示数据（生成的底数，来源未公布）",
                note=assumption("workforce"),
                is_demo=True,
            )
            for region_code, count in shares
        ]
    return len(WorkforceBaseline.objects.bulk_create(rows))


def _members_by_county() -> dict[tuple[str, str], int]:
    """Active members by (code of the county, group); "" for those of the city's own federation."""
    counts = (
        Membership.objects.filter(status=MembershipStatus.ACTIVE, union__code__startswith="D3715-")
        .values_list("union__region_id", "worker_group_id")
        .annotate(count=Count("pk"))
        .order_by()
    )
    members: dict[tuple[str, str], int] = {}
    for region_code, group, count in counts:
        key = (region_code[:6] if len(region_code) >= 6 else "", group)
        members[key] = members.get(key, 0) + count
    return members
