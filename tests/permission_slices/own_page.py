"""The own page: no role of an official opens anything there; the card's page is for everybody."""

from __future__ import annotations

from members.card import SCREEN_LIFE, make_token
from tests.permission_acts import EVERYBODY, act
from tests.permission_rows import LOGIN, SCOPED_RECORD, AdminList, Expected, Row
from tests.permission_world import World

# To the page that asks for the phone.
NOT_LOGGED_IN = Expected(302, 302, 302, 302)


def data_request(world: World) -> tuple[int]:
    """What the right branch's member wants corrected."""
    return (world.data_request.pk,)


def member(world: World) -> tuple[int]:
    """The right branch's member."""
    return (world.membership.member_id,)


def token(world: World) -> tuple[str]:
    """The code on the card of the right branch's member."""
    return (make_token(world.membership.member, life=SCREEN_LIFE),)


# Who opens a record is entered in the trail that the person reads.
VIEWERS = ("official",)
ADMIN_LISTS = (
    AdminList("admin:members_member", lambda world: world.membership.member_id, viewers=VIEWERS),
    AdminList("admin:members_membership", lambda world: world.membership.pk, viewers=VIEWERS),
    AdminList(
        "admin:members_application",
        lambda world: world.application.pk,
        viewers=VIEWERS,
    ),
    AdminList(
        "admin:members_datarequest",
        lambda world: world.data_request.pk,
    ),
)
ROWS: tuple[Row, ...] = (
    Row("admin:members_member_phone", SCOPED_RECORD, member, is_marked=True),
    Row(
        "admin:members_member_phone",
        Expected(LOGIN, 404, 403, 302),
        member,
        method="post",
        fill=lambda world: {"phone": "+8612988000009", "reason": "换号"},
        writers=("official",),
    ),
    *act("admin:members_datarequest_accept", data_request),
    *act("admin:members_datarequest_refuse", data_request, lambda world: {"note": "证件不符"}),
    Row("own_page:log_in", EVERYBODY),
    Row("own_page:log_in", EVERYBODY, method="post", note="without a number"),
    Row("own_page:nobody", EVERYBODY),
    Row("own_page:log_out", Expected(405, 405, 405, 405)),
    Row("own_page:log_out", NOT_LOGGED_IN, method="post"),
    *(
        Row(f"own_page:{name}", NOT_LOGGED_IN, method=method)
        for name in (
            "code", "who", "home", "card_pdf", "data", "phone", "phone_code", "employer", "correct",
            "erase", "move", "leave", "consents", "looked", "download", "as_json", "as_pdf",
        )
        for method in ("get", "post")
    ),
    *(
        Row(f"own_page:{name}", NOT_LOGGED_IN, lambda world: (1,), method=method)
        for name in ("cancel_request", "cancel_application", "cancel_move")
        for method in ("get", "post")
    ),
    *(
        Row("own_page:withdraw", NOT_LOGGED_IN, lambda world: ("joining",), method=method)
        for method in ("get", "post")
    ),
    Row("card", EVERYBODY, token, is_public=True),
    Row("card", Expected(404, 404, 404, 404), lambda world: ("forged",), note="forged"),
)  # fmt: skip
