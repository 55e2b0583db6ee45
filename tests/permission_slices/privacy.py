"""Permission rows of this subject."""

from __future__ import annotations

from typing import Any

from members.models import RetentionRule
from tests.permission_acts import ACT_BY_GET, act
from tests.permission_rows import (
    CLOSED,
    LOGIN,
    OPERATOR,
    SCOPED_LIST,
    SCOPED_RECORD,
    AdminList,
    Expected,
    Row,
)
from tests.permission_world import World

OPERATORS_POST = Expected(LOGIN, 403, 403, 403, 302)
OPERATORS_ACT = Expected(LOGIN, 403, 403, 403, 302)
CHOICE = dict.fromkeys(("name", "document", "phone", "birth", "spell"), "kept")


def pair(world: World) -> tuple[int, int]:
    """Two records that may be one person."""
    return (world.privacy.one.pk, world.privacy.two.pk)


def purge(world: World) -> tuple[int]:
    """A report that waits."""
    return (world.privacy.purge.pk,)


def _choice(world: World) -> dict[str, Any]:
    return {**CHOICE}


ADMIN_LISTS: tuple[AdminList, ...] = (
    AdminList("admin:members_membermerge", lambda world: world.privacy.merge.pk),
    AdminList(
        "admin:members_personalexport",
        lambda world: world.privacy.asked.pk,
        added=lambda world: {"union": world.low.pk, "purpose": "慰问名单"},
    ),
    AdminList(
        "admin:members_retentionrule",
        lambda world: RetentionRule.objects.all()[0].pk,
        reach=CLOSED,
        changed={"months": 7},
    ),
    AdminList("admin:members_purgerun", lambda world: world.privacy.purge.pk, reach=CLOSED),
)
ROWS: tuple[Row, ...] = (
    *act(
        "admin:members_member_reveal",
        lambda world: (world.membership.member_id,),
        lambda world: {"reason": "核对"},
        page=SCOPED_RECORD,
        answer=Expected(LOGIN, 404, 403, 200),
        shows_numbers=True,
    ),
    Row("admin:members_membermerge_candidates", SCOPED_LIST, is_marked=True),
    Row(
        "admin:members_membermerge_candidates",
        SCOPED_RECORD,
        query=lambda world: f"member={world.privacy.one.pk}",
        is_marked=True,
        note="of one member",
    ),
    Row(
        "admin:members_membermerge_compare",
        SCOPED_RECORD,
        pair,
        writers=("official",),
        is_marked=True,
        note="is logged",
    ),
    Row(
        "admin:members_membermerge_compare",
        SCOPED_RECORD,
        pair,
        method="post",
        fill=_choice,
        writers=("official",),
        note="preview",
    ),
    Row(
        "admin:members_membermerge_compare",
        Expected(LOGIN, 404, 403, 302),
        pair,
        method="post",
        fill=lambda world: {**CHOICE, "confirmed": "1"},
        writers=("official",),
        note="merge",
    ),
    *act("admin:members_membermerge_undo", lambda world: (world.privacy.merge.pk,)),
    *act(
        "admin:members_personalexport_decide",
        lambda world: (world.privacy.asked.pk,),
        lambda world: {"decision": "allow"},
    ),
    *act(
        "admin:members_personalexport_download",
        lambda world: (world.privacy.allowed.pk,),
        page=ACT_BY_GET,
        answer=Expected(LOGIN, 404, 403, 200),
        shows_numbers=True,
    ),
    Row("admin:members_purgerun_report", Expected(LOGIN, 403, 403, 403, 302)),
    Row("admin:members_purgerun_report", OPERATORS_ACT, method="post", writers=OPERATOR),
    *(
        row
        for name in ("confirm", "drop")
        for row in (
            Row(f"admin:members_purgerun_{name}", OPERATORS_POST, purge),
            Row(
                f"admin:members_purgerun_{name}",
                OPERATORS_ACT,
                purge,
                method="post",
                writers=OPERATOR,
            ),
        )
    ),
)
