"""Permission rows of proof: the receipt's code, the challenge, the messages."""

from __future__ import annotations

from members.models import Message
from tests.permission_acts import EVERYBODY
from tests.permission_rows import CLOSED, LOGIN, OPERATORS_ONLY, AdminList, Expected, Row
from tests.permission_world import World


def message(world: World) -> int:
    """A message, whoever it is to."""
    return Message.objects.latest("pk").pk


WITHOUT_RECEIPT = Expected(302, 302, 302, 302)

ADMIN_LISTS: tuple[AdminList, ...] = (AdminList("admin:members_message", message, reach=CLOSED),)
ROWS: tuple[Row, ...] = (
    Row("members:challenge", EVERYBODY),
    *(
        Row(f"members:{name}", WITHOUT_RECEIPT, method=method, note="without a receipt")
        for name in ("prove", "resend")
        for method in ("get", "post")
    ),
    Row("admin:members_message_reveal", OPERATORS_ONLY, lambda world: (message(world),)),
    Row(
        "admin:members_message_reveal",
        Expected(LOGIN, 403, 403, 403, 200),
        lambda world: (message(world),),
        method="post",
        fill=lambda world: {"reason": "核对"},
        writers=("operator",),
        shows_numbers=True,
    ),
)
