"""Permission rows of this subject."""

from __future__ import annotations

from django.core import signing

from accounts.models import User
from members.admin.bulk import TOKEN_SALT
from tests.permission_acts import EVERYBODY, act
from tests.permission_rows import LOGIN, AdminList, Expected, Row
from tests.permission_world import MARK, World

ADMIN_LISTS: tuple[AdminList, ...] = (
    AdminList(
        "admin:members_reviewrules", lambda world: 1, reach="closed", changed={"undo_hours": 12}
    ),
)

# Where a page of the public leads that opens by what it is sent alone.
TO_STATUS = Expected(302, 302, 302, 302)


def application(world: World) -> tuple[int]:
    """The one that waits."""
    return (world.application.pk,)


def decided(world: World) -> tuple[int]:
    """The one that was turned down just now."""
    return (world.rejected.pk,)


def bulk(world: World) -> tuple[int]:
    """The right official's approval of many."""
    return (world.bulk_approval.pk,)


def token(world: World) -> dict[str, str]:
    """What the preview of the right official carries."""
    official = User.objects.get(username=f"{MARK}-official")
    content = {"ids": [world.application.pk], "actor": official.pk}
    return {"token": signing.dumps(content, salt=TOKEN_SALT)}


ROWS: tuple[Row, ...] = (
    *act(
        "admin:members_application_correction",
        application,
        lambda world: {"correction-fields_asked": ["name"]},
    ),
    *act("admin:members_application_undo", decided, lambda world: {"undo-reason": "误操作"}),
    *act(
        "admin:members_application_pass",
        application,
        lambda world: {"to_union": world.county.pk},
        page=Expected(LOGIN, 404, 403, 200),
    ),
    Row("admin:members_application_bulk", Expected(LOGIN, 200, 403, 200), is_marked=True),
    Row(
        "admin:members_application_bulk",
        Expected(LOGIN, 302, 403, 302),
        method="post",
        fill=token,
        writers=("official",),
        note="signed for the right official",
    ),
    Row(
        "admin:members_application_bulk_outcome",
        Expected(LOGIN, 404, 403, 200),
        bulk,
    ),
    Row(
        "admin:members_application_bulk_outcome",
        Expected(LOGIN, 404, 403, 302),
        bulk,
        method="post",
        writers=("official",),
    ),
    Row("members:correct", TO_STATUS),
    Row("members:correct", EVERYBODY, method="post", note="without a token"),
    Row("members:take_back", TO_STATUS),
    Row("members:take_back", EVERYBODY, method="post", note="without a token"),
)
