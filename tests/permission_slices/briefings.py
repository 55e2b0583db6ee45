"""Permission rows of this subject."""

from __future__ import annotations

from tests.permission_rows import LOGIN, AdminList, Expected, Row
from tests.permission_world import World

ADMIN_LISTS: tuple[AdminList, ...] = ()

READERS = Expected(LOGIN, 404, 200, 200)


def _published(world: World) -> tuple[int]:
    return (world.published.pk,)


ROWS: tuple[Row, ...] = (
    Row("reports:briefing_pdf", READERS, _published, note="of the own union's campaign"),
    Row("reports:briefing_xlsx", READERS, _published, is_marked=True),
    Row(
        "reports:briefing_xlsx",
        Expected(LOGIN, 404, 404, 404),
        lambda world: (world.draft.pk,),
        note="of a draft",
    ),
)
