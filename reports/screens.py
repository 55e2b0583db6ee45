"""Big screens: made with an address that is shown once, seen, revoked.

The token in the address opens one union's figures without a log-in. Only its keyed hash is kept,
under ``SECRET_KEY``: a stolen database opens no screen, and neither does a log, for the address is
left after the first opening (``reports/screen_views.py``).
"""

from __future__ import annotations

import datetime as dt
import secrets

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts.models import User
from audit.services import log
from core.errors import RuleViolation
from core.normalising import normalise_text
from reports.models import ScreenToken
from reports.selectors.scope import PERMISSION
from unions.models import Union
from unions.records import ensure_may
from unions.scope import Actor, access, can

CHANGE = "screens.change"
TOKEN_BYTES = 32
# "Last seen" is written at most so often: a screen that reads is not to write all day.
SEEN_EVERY = dt.timedelta(minutes=5)
_SALT = "reports.screen"


def make_screen(union: Union, *, name: str, actor: User) -> tuple[ScreenToken, str]:
    """A screen that shows ``union``, and the token for its address, which is told this once.

    Raises RuleViolation beside ``union`` (out of scope) or ``name`` (empty).
    """
    ensure_may(actor, CHANGE, union, field="union")
    name = normalise_text(name)
    if not name:
        raise RuleViolation(_("Say where the screen hangs."), field="name", code="required")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with transaction.atomic():
        screen = ScreenToken.objects.create(
            union=union, name=name, token_hash=_hash(token, settings.SECRET_KEY), created_by=actor
        )
        log(actor, "screen.made", screen, {"place": name}, union_path=union.path)
    return screen, token


def revoke_screen(screen: ScreenToken, *, actor: Actor) -> ScreenToken:
    """Close the screen for good; its next request finds nothing. Again: nothing happens.

    Raises Http404 out of scope.
    """
    with transaction.atomic():
        rows = ScreenToken.objects.select_related("union")
        locked = access(rows, screen.pk, actor=actor, permission=CHANGE, for_update=True)
        if locked.revoked_at is None:
            locked.revoked_at = timezone.now()
            locked.save(update_fields=["revoked_at"])
            log(actor, "screen.revoked", locked, union_path=locked.union.path)
    return locked


def screen_of(token: str) -> ScreenToken | None:
    """The screen of a token with its union and maker; None for a wrong or revoked one.

    Also None while its maker may not see the union any more.
    """
    if not token or len(token) > 2 * TOKEN_BYTES:
        return None
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    screen = (
        ScreenToken.objects.in_force()
        .select_related("union__kind", "union__region", "created_by")
        .filter(token_hash__in=[_hash(token, key) for key in keys])
        .first()
    )
    return screen if screen is not None and is_lit(screen) else None


def is_lit(screen: ScreenToken) -> bool:
    """Does the screen show anything: not revoked, and its maker may see the union today?"""
    return screen.revoked_at is None and can(screen.created_by, PERMISSION, screen.union)


def note_seen(screen: ScreenToken) -> None:
    """Remember that the screen was there just now."""
    now = timezone.now()
    if screen.last_used_at is not None and screen.last_used_at >= now - SEEN_EVERY:
        return
    ScreenToken.objects.filter(
        Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - SEEN_EVERY), pk=screen.pk
    ).update(last_used_at=now)


def _hash(token: str, key: str) -> str:
    return salted_hmac(_SALT, token, secret=key, algorithm="sha256").hexdigest()
