"""Permission rows of this subject."""

from __future__ import annotations

from tests.permission_rows import AdminList, Row

ADMIN_LISTS: tuple[AdminList, ...] = ()
ROWS: tuple[Row, ...] = ()
