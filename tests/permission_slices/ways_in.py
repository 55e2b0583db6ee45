"""Permission rows of this subject."""

from __future__ import annotations

from typing import Any

from members.services.windows import window_token
from reference.models import WorkerGroup
from tests.builders import person
from tests.permission_acts import EVERYBODY, act
from tests.permission_rows import CLOSED, LOGIN, SCOPED_LIST, AdminList, Expected, Row
from tests.permission_ways_in import scan
from tests.permission_world import World

TO_FIND = Expected(302, 302, 302, 302)
GONE = Expected(404, 404, 404, 404)


def entered(world: World) -> dict[str, Any]:
    """A person for the low union, as an official types them in."""
    who = person(7001)
    return {
        "union": world.low.pk,
        "name": who.name,
        "id_type": who.id_type,
        "id_number": who.id_number,
        "phone": who.phone,
        "worker_group": WorkerGroup.objects.get(pk="courier").pk,
        "has_consented": "on",
        f"question_{world.question.pk}": "",
    }


def window(world: World) -> tuple[int]:
    """The window of the right branch."""
    return (world.ways_in.window.pk,)


def collective(world: World) -> tuple[int]:
    """Its list."""
    return (world.ways_in.collective.pk,)


def token(world: World) -> tuple[str]:
    """What opens the window's page."""
    return (window_token(world.ways_in.window),)


def rule(world: World) -> dict[str, Any]:
    """A rule that may be added."""
    return {
        "position": 5,
        "step": "trade_federation",
        "reason_zh": "理由",
        "reason_en": "Reason",
        "is_active": "on",
    }


ADMIN_LISTS: tuple[AdminList, ...] = (
    AdminList(
        "admin:members_mobilewindow",
        lambda world: world.ways_in.window.pk,
        added=lambda world: {"union": world.low.pk, "place": "东门"},
    ),
    AdminList(
        "admin:members_holdingpool",
        lambda world: world.ways_in.pool.pk,
        added=lambda world: {"parent": world.county.pk},
    ),
    AdminList(
        "admin:members_routingrule",
        lambda world: 1,
        reach=CLOSED,
        added=rule,
        changed={"reason_zh": "另一个理由"},
    ),
)


def _lists(name: str, key: Any, *, marked: bool) -> tuple[Row, ...]:
    """The rows of a list whose page to add is one of its own."""
    record = Expected(LOGIN, 404, 403, 200)
    refused = Expected(LOGIN, 403, 403, 403)
    return (
        Row(f"{name}_changelist", SCOPED_LIST, is_marked=marked),
        Row(f"{name}_change", record, key, is_marked=marked),
        Row(f"{name}_history", record, key),
        Row(f"{name}_delete", refused, key, method="post"),
        Row(f"{name}_change", refused, key, method="post"),
        Row(f"{name}_add", SCOPED_LIST),
    )


ROWS: tuple[Row, ...] = (
    Row("members:which", TO_FIND, note="asked by POST only"),
    Row("members:which", EVERYBODY, method="post", fill=lambda w: {"place": w.region.pk}),
    Row(
        "stations:place",
        TO_FIND,
        method="post",
        fill=lambda world: {"longitude": "116", "latitude": "36"},
    ),
    # Whoever is logged in is asked to log out first: the page shows no form.
    Row("members:window", EVERYBODY, token, is_public=True),
    Row("members:window_log_out", TO_FIND, token, method="post"),
    Row("members:confirm", GONE, lambda world: ("guessed",)),
    Row("members:confirm", GONE, lambda world: ("guessed",), method="post"),
    *act("admin:members_mobilewindow_close", window),
    Row("admin:members_mobilewindow_start", Expected(LOGIN, 404, 403, 302), window),
    Row("admin:members_mobilewindow_start", Expected(LOGIN, 404, 403, 302), window, method="post"),
    *_lists("admin:members_collectiveregistration", collective, marked=True),
    Row("admin:members_collectiveregistration_template", SCOPED_LIST),
    Row("admin:members_collectiveregistration_confirm", Expected(LOGIN, 302, 403, 302)),
    Row(
        "admin:members_collectiveregistration_confirm",
        Expected(LOGIN, 302, 403, 302),
        method="post",
        note="without a file",
    ),
    *act("admin:members_collectiveregistration_resend", collective),
    *_lists("admin:members_applicationpaper", lambda w: (w.ways_in.paper.pk,), marked=True),
    Row(
        "admin:members_applicationpaper_add",
        Expected(LOGIN, 200, 403, 302),
        method="post",
        fill=lambda world: {**entered(world), "file": scan()},
        writers=("official",),
    ),
    Row(
        "admin:members_applicationpaper_scan",
        Expected(LOGIN, 404, 403, 200),
        lambda world: (world.ways_in.paper.pk,),
        writers=("official",),
        note="is logged",
    ),
    Row("admin:members_application_direct", SCOPED_LIST),
    Row(
        "admin:members_application_direct",
        Expected(LOGIN, 200, 403, 302),
        method="post",
        fill=entered,
        writers=("official",),
    ),
    Row(
        "admin:members_routingrule_try",
        Expected(LOGIN, 403, 403, 403, 200),
    ),
    Row(
        "admin:members_routingrule_try",
        Expected(LOGIN, 403, 403, 403, 200),
        method="post",
        fill=lambda world: {"region": world.region.pk},
    ),
    Row(
        "admin:members_membership_changelist",
        Expected(LOGIN, 200, 403, 302),
        method="post",
        fill=lambda world: {
            "action": "move_from_pool_selected",
            "_selected_action": [world.ways_in.pool_membership.pk],
            "confirmed": "1",
            "to_union": world.low.pk,
        },
        writers=("official",),
        note="move from the pool",
    ),
)
