"""Permission rows of this subject."""

from __future__ import annotations

from tests.permission_rows import AdminList, Expected, Row

ADMIN_LISTS: tuple[AdminList, ...] = (
    AdminList(
        "admin:members_extraquestion",
        lambda world: world.question.pk,
        added=lambda world: {
            "union": world.low.pk,
            "kind": "number",
            "text_zh": "每周工作几天？",
            "position": 2,
        },
        changed={"text_zh": "几点收工？"},
    ),
)
ROWS: tuple[Row, ...] = (
    Row("display", Expected(302, 302, 302, 302), method="post", fill=lambda world: {"show": "en"}),
)
