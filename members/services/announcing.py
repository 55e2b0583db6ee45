"""Announcing who has left: the committee tells, the portal keeps the day.

Constitution of the trade unions art. 6: who leaves is announced by the committee. The announcement
changes no count and no state, so it is no entry of the ledger: it stands on the membership, may be
put right there, and each change of it is in the trail.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from audit.services import changes_between, log
from core.clock import local_today
from core.errors import RuleViolation
from members.enums import EventType, MembershipStatus
from members.ledger_reading import standing_events
from members.models import Membership
from members.services.locking import lock_membership
from unions.scope import Actor


def announce_leaving(
    membership: Membership, *, announced_on: dt.date | None, actor: Actor
) -> Membership:
    """Record that the union announced on ``announced_on`` that the member left, or another day for
    one recorded wrongly; None: it has not been announced after all.

    Raises RuleViolation: ``not_withdrawn`` for a membership that runs or ended in another way, and
    beside ``announced_on`` for a day to come, one before the last day of the membership, and what
    is recorded already. Raises Http404 out of the actor's scope.
    """
    with transaction.atomic():
        locked = lock_membership(membership, actor=actor)
        if not has_left(locked) or locked.ended_on is None:
            raise RuleViolation(
                _("Only who left at their own wish is announced."), code="not_withdrawn"
            )
        if announced_on is not None:
            ensure_announced(announced_on, last_day=locked.ended_on)
        columns = {"announced_on": announced_on, "awaits_announcement": announced_on is None}
        changes = changes_between({name: getattr(locked, name) for name in columns}, columns)
        if not changes:
            raise RuleViolation(
                _("This is what is recorded already."), field="announced_on", code="unchanged"
            )
        for name, value in columns.items():
            setattr(locked, name, value)
        locked.save(update_fields=list(columns))
        changes.pop("awaits_announcement", None)  # follows from the day
        log(actor, "membership.announced", locked, changes, union_path=locked.union.path)
    return locked


def has_left(membership: Membership) -> bool:
    """Did it end at the member's own wish? The ledger says so."""
    return membership.status == MembershipStatus.ENDED and any(
        event.type == EventType.WITHDRAWN for event in standing_events(membership)
    )


def ensure_announced(day: dt.date, *, last_day: dt.date) -> None:
    """Raise RuleViolation (field ``announced_on``) for a day to come or before ``last_day``."""
    if day > local_today():
        raise RuleViolation(_("This day has not come yet."), field="announced_on", code="future")
    if day < last_day:
        raise RuleViolation(
            _("Nobody is announced before the last day, %(day)s.") % {"day": last_day},
            field="announced_on",
            code="before_leaving",
        )
