"""Permission rows of this subject."""

from __future__ import annotations

from tests.permission_rows import AdminList, Expected, Row

ADMIN_LISTS: tuple[AdminList, ...] = ()
ROWS: tuple[Row, ...] = (
    Row("display", Expected(302, 302, 302, 302), method="post", fill=lambda world: {"show": "en"}),
)
