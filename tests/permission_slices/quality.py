"""Permission rows of the quality signals."""

from __future__ import annotations

from tests.permission_rows import CLOSED, LOGIN, AdminList, Expected, Row
from tests.permission_world import World

OF_RIGHT = Expected(LOGIN, 404, 200, 200)


def signal(world: World) -> tuple[int]:
    """Of the right branch."""
    return (world.signal.pk,)


ADMIN_LISTS: tuple[AdminList, ...] = (
    AdminList("admin:reports_drift", lambda world: world.drift.pk, reach=CLOSED),
    AdminList(
        "admin:reports_signalrule",
        lambda world: "burst",
        reach=CLOSED,
        changed={"threshold": "25"},
    ),
)

ROWS: tuple[Row, ...] = (
    Row("reports:quality", Expected(LOGIN, 200, 200, 200), is_marked=True, note="the own one"),
    Row(
        "reports:quality",
        OF_RIGHT,
        query=lambda world: f"union={world.right.pk}&signal=inactive",
        is_marked=True,
    ),
    Row("reports:quality-signal", OF_RIGHT, signal, is_marked=True),
)
