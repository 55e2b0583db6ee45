"""Full ID numbers and phones, one person at a time: for a stated reason, logged, within a limit.

Personal Information Protection Law art. 51: access limited by role; the person concerned reads in
their own page who looked, when and why.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit.models import AuditEntry
from audit.services import log
from core.encryption import decrypt
from core.errors import RuleViolation
from core.locks import advisory_lock
from members.models import Application, Member
from members.models.application import ID_NUMBER_CONTEXT, PHONE_CONTEXT
from unions.models import Union
from unions.scope import Actor, access

# Enough for a day at the counter; whoever copies the register runs into it soon.
REVEALS_PER_HOUR = 20
HOUR = dt.timedelta(hours=1)
REVEALED = ("application.revealed", "member.revealed")
REFUSED = "reveal.refused"


def reveal_application(application: Application, *, reason: str, actor: Actor) -> dict[str, str]:
    """The full ID number and phone of one application.

    Raises RuleViolation (field ``reason``) without a reason or beyond the limit of an hour, which
    is logged too; Http404 out of scope. Values erased meanwhile are "".
    """
    _require_reason(reason)
    seen = access(
        Application.objects.select_related("union"),
        application.pk,
        actor=actor,
        permission="applications.review",
    )
    return _reveal(seen, "application.revealed", seen.union, reason, actor)


def reveal_member(member: Member, *, reason: str, actor: Actor) -> dict[str, str]:
    """The full ID number and phone of one member; refuses as ``reveal_application``.

    Needs ``members.change`` at the member's union.
    """
    _require_reason(reason)
    seen = access(
        Member.objects.select_related("home_union"),
        member.pk,
        actor=actor,
        permission="members.change",
    )
    return _reveal(seen, "member.revealed", seen.home_union, reason, actor)


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise RuleViolation(_("Say why you need to see it."), field="reason", code="required")


def _reveal(
    seen: Application | Member, action: str, union: Union, reason: str, actor: Actor
) -> dict[str, str]:
    within = True
    with transaction.atomic():
        if isinstance(actor, User):
            # Two windows of one official count one after the other.
            advisory_lock(f"reveal {actor.pk}")
            within = _reveals_of_the_last_hour(actor) < REVEALS_PER_HOUR
        data = {"reason": reason.strip()[:200]}
        log(actor, action if within else REFUSED, seen, data, union_path=union.path)
    if not within:  # after the commit: the attempt stays in the trail
        raise RuleViolation(
            _("You have looked at %(limit)d numbers within an hour. Go on later.")
            % {"limit": REVEALS_PER_HOUR},
            field="reason",
            code="too_many",
        )
    return {
        "id_number": _plain(seen.id_number_encrypted, ID_NUMBER_CONTEXT),
        "phone": _plain(seen.phone_encrypted, PHONE_CONTEXT),
    }


def _reveals_of_the_last_hour(actor: User) -> int:
    recent = AuditEntry.objects.filter(
        actor=actor, action__in=REVEALED, at__gt=timezone.now() - HOUR
    )
    return recent.count()


def _plain(token: bytes | memoryview, context: str) -> str:
    return decrypt(token, context=context) if token else ""
