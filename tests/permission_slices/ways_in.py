"""Permission rows of this subject."""

from __future__ import annotations

from tests.permission_rows import AdminList, Expected, Row

ADMIN_LISTS: tuple[AdminList, ...] = ()
ROWS: tuple[Row, ...] = (
    Row("members:which", Expected(302, 302, 302, 302), note="asked by POST only"),
    Row(
        "members:which",
        Expected(200, 200, 200, 200),
        method="post",
        fill=lambda world: {"place": world.region.pk},
    ),
    Row(
        "stations:place",
        Expected(302, 302, 302, 302),
        method="post",
        fill=lambda world: {"longitude": "116", "latitude": "36"},
    ),
)
