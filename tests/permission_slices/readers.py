"""Permission rows of big screens and morning briefs."""

from __future__ import annotations

from typing import Any

from reports.models import BriefSubscription, ScreenToken
from tests.permission_acts import act
from tests.permission_rows import LOGIN, AdminList, Expected, Row
from tests.permission_world import World

NOWHERE = Expected(404, 404, 404, 404)
# Each acts on the own subscriptions; this one is the right official's.
OWN = Expected(LOGIN, 404, 404, 302)


def screen(world: World) -> tuple[int]:
    """The one of the right branch."""
    return (ScreenToken.objects.earliest("pk").pk,)


def subscription(world: World) -> tuple[int]:
    """That of the right official."""
    return (BriefSubscription.objects.earliest("pk").pk,)


def _wish(world: World) -> dict[str, Any]:
    return {"union": str(world.right.pk), "channel": "sms", "phone": "12988000031"}


ADMIN_LISTS: tuple[AdminList, ...] = (
    AdminList(
        "admin:reports_screentoken",
        lambda world: screen(world)[0],
        added=lambda world: {"union": world.low.pk, "name": "西墙"},
    ),
)
ROWS: tuple[Row, ...] = (
    *act("admin:reports_screentoken_revoke", screen),
    Row("reports:screen", NOWHERE, note="without a token"),
    Row("reports:screen-open", NOWHERE, lambda world: ("guessed",), note="guessed"),
    Row(
        "reports:map",
        Expected(LOGIN, 404, 200, 200),
        query=lambda world: f"union={world.right.pk}",
        is_marked=True,
    ),
    Row("reports:brief", Expected(LOGIN, 200, 200, 200), is_marked=True),
    Row(
        "reports:brief",
        Expected(LOGIN, 404, 302, 302),
        method="post",
        fill=_wish,
        writers=("leader", "official"),
    ),
    *(Row(name, Expected(405, 405, 405, 405), subscription, note="by a link")
      for name in ("reports:brief_prove", "reports:brief_send_again", "reports:brief_end")),
    Row("reports:brief_end", OWN, subscription, method="post", writers=("official",)),
    Row("reports:brief_prove", Expected(LOGIN, 404, 404, 200), subscription, method="post",
        note="without a code"),
    Row("reports:brief_send_again", OWN, subscription, method="post", note="waits for no code"),
)  # fmt: skip
