"""Permission rows of this subject."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tests.permission_acts import EVERYBODY, act
from tests.permission_rows import (
    CLOSED,
    LOGIN,
    SCOPED_LIST,
    SCOPED_RECORD,
    AdminList,
    Expected,
    Row,
)
from tests.permission_ways_in import scan
from tests.permission_world import World

DAY = dt.date(2024, 3, 1)


def target(world: World) -> tuple[int]:
    """The county's in the published campaign."""
    return (world.campaign_papers.target.pk,)


def requirement(world: World) -> tuple[int]:
    """What the published campaign asks for."""
    return (world.campaign_papers.requirement.pk,)


def paper(world: World) -> tuple[int]:
    """What the county handed in."""
    return (world.campaign_papers.hand_in.pk,)


def task(world: World) -> tuple[int]:
    """What the county was told to do."""
    return (world.campaign_papers.task.pk,)


def owed(world: World) -> tuple[int, int]:
    """What the right city owes the province."""
    return (world.campaign_papers.owed.pk, world.right.pk)


def about_the_county(world: World, **values: Any) -> dict[str, Any]:
    """A record of the published campaign."""
    return {"campaign": world.published.pk, "unit": world.county.pk, **values}


def shared(world: World) -> dict[str, Any]:
    """The county's target given to the township."""
    return {
        "by": "by_hand", "seen": "100", f"value_{world.low.pk}": "90", "reason": "分解",
        "save": "1",
    }  # fmt: skip


ADMIN_LISTS: tuple[AdminList, ...] = (
    AdminList(
        "admin:campaigns_target",
        lambda world: target(world)[0],
        changed={"value": "123", "reason": "上调"},
    ),
    AdminList("admin:campaigns_requirement", lambda world: requirement(world)[0]),
    AdminList("admin:campaigns_handin", lambda world: paper(world)[0]),
    AdminList(
        "admin:campaigns_campaignrecord",
        lambda world: task(world)[0],
        added=lambda world: about_the_county(world, kind="praise", day=DAY, text="进度领先"),
        changed={"text": "另一项任务", "file": ""},
    ),
    AdminList(
        "admin:campaigns_goodpractice",
        lambda world: world.campaign_papers.practice.pk,
        added=lambda world: about_the_county(world, title="做法", text="进站入会"),
        changed={"title": "另一做法"},
    ),
    AdminList(
        "admin:campaigns_reminderrule",
        lambda world: 1,
        reach=CLOSED,
        added=lambda world: {"days": 3, "is_active": "on"},
        changed={"days": "-9"},
    ),
)

FILE = Expected(LOGIN, 404, 403, 200)

ROWS: tuple[Row, ...] = (
    Row("api:campaign-versions", Expected(401, 404, 404, 200), lambda world: (world.published.pk,)),
    *act("admin:campaigns_target_withdraw", target, lambda world: {"reason": "取消"}),
    *act(
        "admin:campaigns_target_reinstate",
        lambda world: (world.campaign_papers.withdrawn.pk,),
        lambda world: {"reason": "恢复"},
    ),
    *act("admin:campaigns_target_cascade", target, shared, page=SCOPED_RECORD),
    *act("admin:campaigns_requirement_remind", lambda w: (w.campaign_papers.requirement_open.pk,)),
    *act("admin:campaigns_handin_accept", paper),
    *act("admin:campaigns_handin_return", paper, lambda world: {"reason": "补充数据"}),
    Row("admin:campaigns_handin_file", FILE, paper),
    Row("admin:campaigns_handin_owed", SCOPED_LIST, is_marked=True),
    *act(
        "admin:campaigns_handin_send",
        owed,
        lambda world: {"file": scan(), "note": "第一稿"},
        page=SCOPED_RECORD,
    ),
    *act("admin:campaigns_campaignrecord_done", task),
    Row("admin:campaigns_campaignrecord_file", FILE, task),
    Row("campaigns:qr", EVERYBODY, lambda world: (world.published.pk,), is_public=True),
    Row(
        "campaigns:qr",
        Expected(404, 404, 404, 404),
        lambda world: (world.draft.pk,),
        note="of a draft",
    ),
)
