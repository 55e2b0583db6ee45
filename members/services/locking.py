"""Taking hold of a membership before it is changed.

The order is always person, membership, transfer: two officials who act at once wait for each other
and never lock each other out. The second finds what the first has done and is told.
"""

from __future__ import annotations

import datetime as dt

from django.http import Http404
from django.utils.translation import gettext as _

from core.clock import local_today
from core.errors import RuleViolation
from members.enums import MembershipStatus
from members.ledger_reading import last_change_on
from members.models import Member, Membership
from unions.scope import Actor, access, can


def lock_membership(
    membership: Membership, *, actor: Actor, permission: str = "members.change"
) -> Membership:
    """The row as it stands, locked with its person; inside a transaction.

    Raises Http404 out of the actor's scope. ``actor`` None is the system or the member themself.
    """
    rows = Membership.objects.all()
    if actor is None:
        found = rows.get(pk=membership.pk)
    else:
        found = access(rows, membership.pk, actor=actor, permission=permission)
    Member.objects.select_for_update().get(pk=found.member_id)
    locked = (
        rows.select_for_update(of=("self",))
        .select_related("union__kind", "worker_group", "member")
        .get(pk=found.pk)
    )
    if locked.member_id != found.member_id:
        raise RuleViolation(_("Somebody changed this record meanwhile. Try again."), code="changed")
    if actor is not None and not can(actor, permission, locked.union):
        raise Http404
    return locked


def ensure_open(membership: Membership) -> None:
    """Raise RuleViolation (``ended``, ``annulled``) for a membership that is over."""
    if membership.status == MembershipStatus.ANNULLED:
        raise RuleViolation(_("This membership was annulled."), code="annulled")
    if membership.status == MembershipStatus.ENDED:
        raise RuleViolation(
            _("This membership has ended already; its last day is %(day)s.")
            % {"day": membership.ended_on},
            code="ended",
        )


def ensure_running(membership: Membership, *, while_transferring: bool = False) -> None:
    """Raise RuleViolation unless the membership runs today.

    Codes: as ``ensure_open``, ``not_begun``, and ``transferring`` unless that is allowed.
    """
    ensure_open(membership)
    if membership.started_on > local_today():
        raise RuleViolation(
            _("This membership begins only on %(day)s.") % {"day": membership.started_on},
            code="not_begun",
        )
    if membership.status == MembershipStatus.TRANSFERRING and not while_transferring:
        raise RuleViolation(
            _("A transfer is under way. Decide on it or cancel it first."), code="transferring"
        )


def ensure_day(membership: Membership, day: dt.date, *, field: str) -> None:
    """Raise RuleViolation (beside ``field``) for a day to come or before the newest entry."""
    if day > local_today():
        raise RuleViolation(_("This day has not come yet."), field=field, code="future")
    since = last_change_on(membership)
    if day < since:
        raise RuleViolation(
            _("This is before the latest entry, which counts from %(day)s.") % {"day": since},
            field=field,
            code="too_early",
        )
