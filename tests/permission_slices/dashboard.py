"""Permission rows of this subject."""

from __future__ import annotations

from reports.parts import PARTS
from tests.permission_rows import LOGIN, AdminList, Expected, Row
from tests.permission_world import World

ADMIN_LISTS: tuple[AdminList, ...] = ()

READERS = Expected(LOGIN, 404, 200, 200)


def of_right(world: World) -> str:
    """The right branch's dashboard."""
    return f"union={world.right.pk}"


def _part(name: str) -> Row:
    return Row(
        "reports:part",
        READERS,
        lambda world: (name,),
        query=of_right,
        # Alone it names its union in the head of the page.
        is_marked=True,
        note=name,
    )


ROWS: tuple[Row, ...] = (
    *(_part(name) for name in PARTS),
    Row("reports:compare", READERS, query=of_right, is_marked=True),
    Row(
        "reports:compare",
        Expected(LOGIN, 404, 404, 404),
        query=lambda world: f"{of_right(world)}&with={world.other.pk}",
        note="with a union out of scope",
    ),
    Row("reports:units", READERS, query=of_right, is_marked=True, note="behind a rate"),
    Row("reports:applications", READERS, query=of_right, is_marked=True, note="behind the funnel"),
    Row("reports:covered", READERS, query=of_right, is_marked=True, note="behind the coverage"),
    Row("reports:summary", READERS, query=of_right, note="as PDF"),
)
