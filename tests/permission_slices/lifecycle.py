"""Permission rows of this subject."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from core.clock import local_today
from tests.permission_acts import chosen
from tests.permission_rows import LOGIN, SCOPED_LIST, SCOPED_RECORD, AdminList, Expected, Row
from tests.permission_world import World

ACT_REFUSED_AGAIN = Expected(LOGIN, 404, 403, 200)
ACT_DONE = Expected(LOGIN, 404, 403, 302)
PAGE = Expected(LOGIN, 404, 403, 302)


def transfer(world: World) -> tuple[int]:
    """The one under way."""
    return (world.transfer.pk,)


def _today(**more: Any) -> dict[str, Any]:
    return {"last_day": local_today(), "effective_on": local_today(), **more}


COUNTY = "the county"


class Scan(SimpleUploadedFile):
    """A file that every role sends from its beginning."""

    def read(self, *args: Any) -> bytes:
        """All of it, each time."""
        self.seek(0)
        return bytes(super().read(*args))


# The membership of the world may be changed in all these ways, one at a time.
DONE: dict[str, dict[str, Any]] = {
    "retain": _today(reason="retired"),
    "leave": _today(reason="own_wish"),
    "death": {"died_on": local_today()},
    "start": {"started_on": dt.date(2023, 12, 1)},
    "group": {"worker_group": "carer"},
    "union": {"union_name": COUNTY},
    "annul": {},
    "transfer": {"asked_by": "releasing", "union_name": COUNTY, "reason": "换工作"},
}
REFUSED: dict[str, dict[str, Any]] = {
    "restore": _today(reason="working_again"),
    "end": _today(),
    "reopen": {},
    "announce": {"announced_on": local_today()},
}


def _act(slug: str, sent: dict[str, Any], answer: Expected, writers: tuple[str, ...]) -> list[Row]:
    def on(world: World) -> tuple[int, str]:
        return (world.membership.pk, slug)

    return [
        Row("admin:members_membership_act", SCOPED_RECORD, on, note=slug),
        Row(
            "admin:members_membership_act",
            answer,
            on,
            method="post",
            fill=lambda world: {
                key: world.county.name if value == COUNTY else value for key, value in sent.items()
            },
            writers=writers,
            note=slug,
        ),
    ]


def _expulsion(world: World) -> dict[str, Any]:
    return _today(
        number="1号",
        decided_on=local_today(),
        file=Scan("1.pdf", b"%PDF-1.4"),
    )


ADMIN_LISTS: tuple[AdminList, ...] = (
    AdminList("admin:members_transfer", lambda world: world.transfer.pk),
    AdminList("admin:members_decisionpaper", lambda world: world.paper.pk),
)
ROWS: tuple[Row, ...] = (
    *(row for slug, sent in DONE.items() for row in _act(slug, sent, ACT_DONE, ("official",))),
    *(row for slug, sent in REFUSED.items() for row in _act(slug, sent, ACT_REFUSED_AGAIN, ())),
    Row(
        "admin:members_membership_act",
        ACT_DONE,
        lambda world: (world.membership.pk, "expel"),
        method="post",
        fill=_expulsion,
        writers=("official",),
        note="expel",
    ),
    chosen(
        "admin:members_membership_changelist",
        "retain_selected",
        lambda world: world.membership.pk,
        confirmed="1",
        reason="retired",
        effective_on=local_today().isoformat(),
    ),
    # The world's membership runs: there is nothing to announce, whoever tries.
    replace(
        chosen(
            "admin:members_membership_changelist",
            "announce_selected",
            lambda world: world.membership.pk,
            confirmed="1",
            announced_on=local_today().isoformat(),
        ),
        writers=(),
    ),
    Row("admin:members_decisionpaper_scan", SCOPED_RECORD, lambda world: (world.paper.pk,),
        writers=("official",), note="is logged"),
    Row("admin:members_transfer_receive", SCOPED_LIST),
    Row(
        "admin:members_transfer_receive",
        SCOPED_LIST,
        method="post",
        fill=lambda world: {"to_union": world.low.pk},
        note="form comes back",
    ),
    Row("admin:members_transfer_decide", PAGE, transfer),
    Row(
        "admin:members_transfer_decide",
        ACT_DONE,
        transfer,
        method="post",
        fill=lambda world: {"side": "releasing", "agree": "1"},
        writers=("official",),
    ),
    Row("admin:members_transfer_cancel", PAGE, transfer),
    Row("admin:members_transfer_cancel", ACT_DONE, transfer, method="post", writers=("official",)),
)  # fmt: skip
