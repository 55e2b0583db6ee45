"""Permission rows of this subject."""

from __future__ import annotations

from tests.permission_acts import act
from tests.permission_rows import LOGIN, SCOPED_RECORD, AdminList, Expected, Row

ADMIN_LISTS: tuple[AdminList, ...] = ()
ROWS: tuple[Row, ...] = (
    *act(
        "admin:members_member_reveal",
        lambda world: (world.membership.member_id,),
        lambda world: {"reason": "核对"},
        page=SCOPED_RECORD,
        answer=Expected(LOGIN, 404, 403, 200),
    ),
)
