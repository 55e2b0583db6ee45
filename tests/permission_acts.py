"""Rows of the permission table for acts on records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.permission_rows import LOGIN, Expected, Row
from tests.permission_world import World

EVERYBODY = Expected(200, 200, 200, 200)
ACT = Expected(LOGIN, 404, 403, 302)
# Back to the record: nothing is done by a GET, to which a log-in in between leads.
ACT_BY_GET = Expected(LOGIN, 404, 403, 302)


def act(
    name: str,
    on: Callable[[World], tuple[Any, ...]],
    fill: Callable[[World], dict[str, Any]] = lambda world: {},
    *,
    page: Expected = ACT_BY_GET,
    answer: Expected = ACT,
    shows_numbers: bool = False,
) -> tuple[Row, Row]:
    """An act on a record: its page, if it has one, and the act itself."""
    return (
        Row(name, page, on),
        Row(
            name,
            answer,
            on,
            method="post",
            fill=fill,
            writers=("official",),
            shows_numbers=shows_numbers,
        ),
    )


def chosen(name: str, action: str, key: Callable[[World], int], **more: str) -> Row:
    """An act on records ticked in a list. A stranger sends a key that the own list has not."""
    return Row(
        name,
        Expected(LOGIN, 302, 403, 302),
        method="post",
        fill=lambda world: {"action": action, "_selected_action": [key(world)], **more},
        writers=("official",),
        note=action,
    )
