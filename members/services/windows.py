"""Mobile windows (流动入会窗口): a stand where one device takes one sign-up after another.

The page of a window works by a signed token, without anybody being logged in: whoever holds the
device can send in applications for this union until the window is closed, and nothing else.
"""

from __future__ import annotations

import datetime as dt

from django.core import signing
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit.services import log
from core.errors import RuleViolation
from core.normalising import normalise_text
from members.enums import JoinChannel
from members.models import JoinCode, MobileWindow
from members.services.join_codes import create_join_code
from members.services.recording import ensure_may_enrol
from unions.models import Union
from unions.scope import Actor, access, can

TOKEN_SALT = "members.window"  # noqa: S105 -- names the purpose, is no secret
# A stand lasts a day; a device that went missing is no way in the day after.
TOKEN_SECONDS = 16 * 3600


def open_window(union: Union, *, place: str, actor: User, is_demo: bool = False) -> MobileWindow:
    """Open a window of ``union`` at ``place``, with a join code of its own.

    Raises RuleViolation beside ``union`` or ``place``.
    """
    ensure_may_enrol(union, actor)
    place = normalise_text(place)
    if not place:
        raise RuleViolation(_("Say where the window is."), field="place", code="required")
    with transaction.atomic():
        code = create_join_code(
            union, actor=actor, label=place, channel=JoinChannel.MOBILE_WINDOW, is_demo=is_demo
        )
        window = MobileWindow.objects.create(
            union=union, join_code=code, place=place, opened_by=actor
        )
        log(actor, "window.opened", window, {"join_code": code.code}, union_path=union.path)
    return window


def close_window(window: MobileWindow, *, actor: Actor) -> MobileWindow:
    """Close for good: its page and its code take nobody any more. Again: nothing happens.

    Raises Http404 out of scope. ``actor`` None is the system.
    """
    with transaction.atomic():
        if actor is None:
            locked = MobileWindow.objects.select_for_update(of=("self",)).get(pk=window.pk)
        else:
            locked = access(
                MobileWindow.objects.all(),
                window.pk,
                actor=actor,
                permission="enrolment.change",
                for_update=True,
            )
        if locked.closed_at is None:
            locked.closed_at = timezone.now()
            locked.save(update_fields=["closed_at"])
            # By the window's own right: whoever may close it needs none for join codes.
            JoinCode.objects.filter(pk=locked.join_code_id).update(is_active=False)
            log(actor, "window.closed", locked, union_path=locked.union.path)
    return locked


def window_token(window: MobileWindow) -> str:
    """What the address of the window's page holds: good for ``TOKEN_SECONDS``."""
    return signing.dumps(window.pk, salt=TOKEN_SALT)


def window_of(token: str) -> MobileWindow | None:
    """The open window of a token; None for a wrong or old one and for a closed window."""
    try:
        key = signing.loads(token, salt=TOKEN_SALT, max_age=TOKEN_SECONDS)
    except signing.BadSignature:
        return None
    window = (
        MobileWindow.objects.select_related("union__region", "union__kind", "join_code")
        .filter(pk=key, closed_at__isnull=True)
        .first()
    )
    return window if window and window.join_code.is_usable else None


def sign_ups(window: MobileWindow, *, day: dt.date | None = None) -> int:
    """Applications through the window, in all or on ``day``."""
    rows = window.join_code.applications.all()
    return rows.filter(submitted_at__date=day).count() if day else rows.count()


def can_open_windows(actor: Actor) -> bool:
    """May ``actor`` open a window anywhere?"""
    return can(actor, "enrolment.change")
