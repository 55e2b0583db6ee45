"""What happens in the demo drive: versions of targets, shares, papers, records, good practice.

Every text says that it is made up.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from campaigns.models import (
    Campaign,
    HandIn,
    RequiredOf,
    Requirement,
    RequirementKind,
    Target,
    TargetVersion,
)
from campaigns.selectors.cascade import CascadeBy, propose
from campaigns.services.cascade import cascade_target
from campaigns.services.hand_ins import accept_hand_in, hand_in, return_hand_in, save_requirement
from campaigns.services.records import save_practice, save_record
from core.clock import local_day_start
from unions.models import Union
from unions.tabular.files import write_workbook

_MARK = "（演示）"
_RAISED = Decimal("0.9")


def record_first_versions(campaign: Campaign) -> None:
    """Version 1 of each target, from its first day on: the demo's campaigns began in the past."""
    now = timezone.now()
    TargetVersion.objects.bulk_create(
        TargetVersion(
            target=target, number=1, value=target.value, valid_from=target.period_start, made_at=now
        )
        for target in Target.objects.filter(indicator__campaign=campaign)
    )


def enliven(drive: Campaign, today: dt.date) -> None:
    """All of it for the drive that is running."""
    counties = list(Union.objects.filter(parent=drive.owner, kind="county_federation"))
    counties.sort(key=lambda county: county.code)
    _versions(drive, counties[0])
    _share(drive, counties[0])
    _papers(drive, counties)
    _records(drive, counties, today)
    _practices(drive, counties, today)


def _versions(drive: Campaign, raised: Union) -> None:
    """First versions; one target was raised in the third week."""
    now = timezone.now()
    versions = []
    for target in Target.objects.filter(indicator__campaign=drive):
        first = target.value
        if target.union_id == raised.pk:
            first = (target.value * _RAISED).quantize(Decimal(1))
            versions.append(
                TargetVersion(
                    target=target, number=2, value=target.value, made_at=now,
                    valid_from=drive.starts_on + dt.timedelta(days=20),
                    reason=f"按复核后的底数调整{_MARK}",
                )
            )  # fmt: skip
        versions.append(
            TargetVersion(
                target=target, number=1, value=first, valid_from=drive.starts_on, made_at=now
            )
        )
    TargetVersion.objects.bulk_create(versions)


def _share(drive: Campaign, county: Union) -> None:
    """The county's target among its townships, by what each brought in a year before."""
    target = Target.objects.get(indicator__campaign=drive, union=county)
    kind = "township_union"
    proposal = propose(target, by=CascadeBy.LAST_YEAR, kind=kind)
    if not proposal.total:
        proposal = propose(target, by=CascadeBy.EVENLY, kind=kind)
    values = {row.union.pk: row.value for row in proposal.shares if row.value is not None}
    cascade_target(target, values, by=proposal.by, reason=f"分解到乡镇街道{_MARK}", actor=None)


def _papers(drive: Campaign, counties: list[Union]) -> None:
    """Plans were due in the third week; the last two counties have not handed in theirs."""
    due_on = drive.starts_on + dt.timedelta(days=14)
    plan = save_requirement(
        None, campaign=drive, kind=RequirementKind.PLAN, due_on=due_on,
        required_of=RequiredOf.CHILDREN, instructions=f"目标、措施、责任人、时间安排{_MARK}",
        actor=None,
    )  # fmt: skip
    save_requirement(
        None, campaign=drive, kind=RequirementKind.SUMMARY,
        due_on=drive.ends_on - dt.timedelta(days=7), required_of=RequiredOf.CHILDREN,
        instructions=f"完成情况、做法、问题、建议{_MARK}", actor=None,
    )  # fmt: skip
    *early, _late, _later = counties
    for index, county in enumerate(early):
        paper = _hand_in(plan, county, due_on - dt.timedelta(days=4 - index))
        if index == 0:
            return_hand_in(paper, reason=f"请补充分解到乡镇街道的目标{_MARK}", actor=None)
        elif index < len(early) - 1:
            accept_hand_in(paper, actor=None)


def _hand_in(plan: Requirement, county: Union, day: dt.date) -> HandIn:
    rows = [[f"{county.name}集中行动方案{_MARK}", "生成的示例文件，不代表任何真实工会的工作"]]
    content = write_workbook(["方案", "说明"], rows)
    paper = hand_in(
        plan, unit=county, file=SimpleUploadedFile("plan.xlsx", content), note=f"第一稿{_MARK}",
        actor=None, is_demo=True,
    )  # fmt: skip
    HandIn.objects.filter(pk=paper.pk).update(
        handed_in_at=local_day_start(day) + dt.timedelta(hours=15)
    )
    return paper


def _records(drive: Campaign, counties: list[Union], today: dt.date) -> None:
    def record(kind: str, unit: Union, days_ago: int, text: str, due: int | None = None) -> None:
        save_record(
            None, campaign=drive, kind=kind, unit=unit, day=today - dt.timedelta(days=days_ago),
            text=f"{text}{_MARK}", due_on=today + dt.timedelta(days=due) if due else None,
            actor=None, is_demo=True,
        )  # fmt: skip

    record(
        "inspection", counties[5], 9, "实地查看物流园区流动入会窗口，台账齐全，扫码引导不够显眼。"
    )
    record("task", counties[5], 8, "在园区出入口补贴入会二维码，并报送照片。", due=6)
    record("praise", counties[1], 3, "入会进度持续快于时间进度，经验在全市推广。")


def _practices(drive: Campaign, counties: list[Union], today: dt.date) -> None:
    for index, days_ago, title, text in (
        (1, 12, "把窗口开到分拣线旁",
         "每天早班装车前半小时，在快递分拣点摆一张桌子、一张码，骑手扫码三分钟填完申请，"
         "街道工会当天审核。"),
        (4, 5, "司机之家里办入会",
         "在物流园区“司机之家”设流动入会窗口，货车司机等装卸时就能了解会员待遇并提出申请。"),
    ):  # fmt: skip
        save_practice(
            None, campaign=drive, title=f"{title}{_MARK}", text=text, unit=counties[index],
            published_on=today - dt.timedelta(days=days_ago), actor=None, is_demo=True,
        )  # fmt: skip
