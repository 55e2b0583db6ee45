"""Permission rows of this subject."""

from __future__ import annotations

from tests.permission_acts import ACT, ACT_BY_GET, act
from tests.permission_rows import LOGIN, AdminList, Expected, Row
from tests.permission_world import World

ADMIN_LISTS: tuple[AdminList, ...] = (
    AdminList("admin:unions_unionclosing", lambda world: world.closing.pk),
)

PAGE = Expected(LOGIN, 404, 403, 200)


def low(world: World) -> tuple[int]:
    """A township union of the right branch."""
    return (world.low.pk,)


def closing(world: World) -> tuple[int]:
    """A union of the right branch was dissolved."""
    return (world.closing.pk,)


ROWS: tuple[Row, ...] = (
    *act(
        "admin:unions_unionclosing_move",
        low,
        lambda world: {"parent": world.next_county.pk, "reason": "区划调整", "confirmed": "1"},
        page=PAGE,
    ),
    *act(
        "admin:unions_unionclosing_merge",
        low,
        lambda world: {"into": world.county.pk, "reason": "合并", "confirmed": "1"},
        page=PAGE,
    ),
    *act(
        "admin:unions_unionclosing_dissolve",
        low,
        lambda world: {"memberships_to": world.county.pk, "reason": "撤销", "confirmed": "1"},
        page=PAGE,
    ),
    Row("admin:stations_station_take_over", Expected(LOGIN, 404, 403, 302), low),
    Row("admin:stations_station_take_over", ACT, low, method="post", note="no union took over"),
    Row("admin:unions_unionclosing_go_on", ACT_BY_GET, closing),
    Row("admin:unions_unionclosing_go_on", ACT, closing, method="post", note="done already"),
)
