"""Liaocheng's federation of new-form unions, the 882 it covers, and the 2,800 enterprises."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from enterprises.models import Employer
from members.enums import JoinChannel
from members.models import JoinCode
from members.services.join_codes import create_join_code
from portal.demo.bulk import Tick, analyse, copy_records, reserve_ids
from portal.demo.federations import federation_of, liaocheng_townships
from portal.demo.liaocheng_plan import (
    LiaochengPlan,
    Place,
    PlannedUnion,
    plan_liaocheng,
)
from reference.enums import RegionLevel
from reference.models import Region
from unions import tree
from unions.models import Union, UnionCoverage, UnionKind
from unions.services import create_union

FEDERATION_CODE = "D3715-NEF"
FEDERATION_FOUNDED = dt.date(2021, 8, 16)
# Where a trial begins: the code of the flexible joint union of 古楼街道, always the same.
DEMO_JOIN_CODE = "DEM23456"
DEMO_TOWNSHIP = "371502001"

UNION_COLUMNS = (
    "id", "code", "name", "kind_id", "parent_id", "path", "region_id", "founded_on", "is_nef",
    "mode", "strategy", "driver", "channel", "approval_number",
)  # fmt: skip


def read_plan() -> LiaochengPlan:
    """The plan for the regions that are loaded."""
    townships = [Place(region.pk, region.name) for region in liaocheng_townships()]
    villages = Region.objects.filter(code__startswith="3715", level=RegionLevel.VILLAGE)
    return plan_liaocheng(
        townships, [Place(region.pk, region.name) for region in villages.order_by("code")]
    )


def load_liaocheng_unions(tick: Tick) -> dict[str, int]:
    """Create the federation, the covered unions and the enterprises; join codes for some."""
    plan = read_plan()
    total = len(plan.unions) + len(plan.employers)
    tree.lock_tree()
    federation = create_union(
        name="聊城市新就业形态工会联合会",
        kind=UnionKind.objects.get(pk="nef_federation"),
        parent=federation_of("3715"),
        actor=None,
        is_demo=True,
        code=FEDERATION_CODE,
        region=Region.objects.get(pk="3715"),
        founded_on=FEDERATION_FOUNDED,
    )
    copy_planned_unions(plan.unions, is_nef=True)
    ids = dict(Union.objects.filter(code__startswith="D3715").values_list("code", "pk"))
    _cover(federation, plan.unions, ids)
    tick(len(plan.unions), total)
    _copy_employers(plan, ids)
    analyse(Union, UnionCoverage, Employer)
    _create_join_codes(federation)
    tick(total, total)
    return {"unions": len(plan.unions) + 1, "employers": len(plan.employers)}


def copy_planned_unions(planned: Iterable[PlannedUnion], *, is_nef: bool) -> int:
    """COPY unions under parents that exist or come before them; the tree must be locked.

    The database checks kinds and paths of every row when the transaction ends.
    """
    planned = list(planned)
    parents = {union.parent for union in planned}
    known = {u.code: u for u in Union.objects.filter(code__in=parents)}
    rows = []
    for number, (pk, union) in enumerate(
        zip(reserve_ids(Union, len(planned)), planned, strict=True), start=1
    ):
        parent = known[union.parent]
        path = tree.path_under(parent, pk)
        if union.code in parents:
            known[union.code] = Union(pk=pk, code=union.code, path=path)
        rows.append(
            (
                pk, union.code, union.name, union.kind, parent.pk, path, union.region,
                union.founded_on, is_nef, union.mode, union.strategy, union.driver, union.channel,
                f"演示〔{union.founded_on.year}〕{number}号",
            )
        )  # fmt: skip
    return copy_records(Union, UNION_COLUMNS, rows, constants={"is_demo": True})


def _cover(federation: Union, planned: list[PlannedUnion], ids: dict[str, int]) -> None:
    rows = [
        (pk, ids[union.code], max(union.founded_on, FEDERATION_FOUNDED))
        for pk, union in zip(reserve_ids(UnionCoverage, len(planned)), planned, strict=True)
    ]
    copy_records(
        UnionCoverage,
        ("id", "covered_id", "since"),
        rows,
        constants={"covering_id": federation.pk},
    )


def _copy_employers(plan: LiaochengPlan, ids: dict[str, int]) -> None:
    rows = (
        (
            pk, e.name, e.uscc, e.region, ids[e.keeper], ids.get(e.union), e.state,
            e.is_platform, e.is_head, e.affiliate, e.staff, e.nef_workers, e.surveyed_on,
        )
        for pk, e in zip(
            reserve_ids(Employer, len(plan.employers)), plan.employers, strict=True
        )
    )  # fmt: skip
    copy_records(
        Employer,
        (
            "id", "name", "uscc", "region_id", "keeper_id", "covering_union_id", "founding_state",
            "is_platform", "is_head", "affiliate_type", "staff_count", "nef_worker_count",
            "surveyed_on",
        ),
        rows,
        constants={"is_demo": True},
    )  # fmt: skip


def _create_join_codes(federation: Union) -> None:
    """One for the federation, one for the first flexible township union of each county."""
    create_join_code(
        federation, actor=None, label="市级直接入会", channel=JoinChannel.DIRECT, is_demo=True
    )
    for union in county_flexible_unions():
        code = create_join_code(union, actor=None, label="灵活就业人员入会二维码", is_demo=True)
        if union.region_id == DEMO_TOWNSHIP:
            JoinCode.objects.filter(pk=code.pk).update(code=DEMO_JOIN_CODE)


def county_flexible_unions() -> list[Union]:
    """The flexible township union of the first street of each county, in order."""
    unions = (
        Union.objects.filter(kind="flexible_township", code__startswith="D3715-", is_demo=True)
        .select_related("kind")
        .order_by("region_id")
    )
    first: dict[str, Union] = {}
    for union in unions:
        first.setdefault(str(union.region_id)[:6], union)
    return list(first.values())
