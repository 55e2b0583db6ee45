"""A membership's changes: kept, taken up again, ended; each with its ledger entry at once.

Rules: Constitution of the Chinese trade unions art. 6–8 (freedom to leave; expulsion after criminal
punishment, by decision of the committee, filed upward; membership kept without dues on retirement
or unemployment), Measures on membership 2016.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from audit.services import log
from core.clock import local_today
from core.errors import RuleViolation
from members.enums import ChangeReason, EventType, MembershipStatus
from members.models import DecisionPaper, Membership
from members.services.announcing import ensure_announced
from members.services.dropping import drop_open_transfer
from members.services.ledger import record_event
from members.services.locking import ensure_day, ensure_open, ensure_running, lock_membership
from unions.scope import Actor

RETAIN_REASONS = (
    ChangeReason.RETIRED, ChangeReason.UNEMPLOYED, ChangeReason.LAID_OFF,
    ChangeReason.EMPLOYER_CLOSED, ChangeReason.LABOUR_RELATION,
)  # fmt: skip
RESTORE_REASONS = (
    ChangeReason.WORKING_AGAIN, ChangeReason.LABOUR_RELATION, ChangeReason.OWN_WISH,
)  # fmt: skip
LEAVE_REASONS = (ChangeReason.OWN_WISH, ChangeReason.MOVED, ChangeReason.LABOUR_RELATION)
_ONE_DAY = dt.timedelta(days=1)


def retain_membership(
    membership: Membership, *, reason: str, effective_on: dt.date | None = None, actor: Actor
) -> Membership:
    """Keep the membership without dues and vote from ``effective_on`` (default today).

    Raises RuleViolation: ``retained`` already, ended, being transferred, wrong ``reason``, or a day
    to come or before the newest entry. Raises Http404 out of the actor's scope.
    """
    _ensure_reason(reason, RETAIN_REASONS)
    with transaction.atomic():
        locked = lock_membership(membership, actor=actor)
        ensure_running(locked)
        if locked.status == MembershipStatus.RETAINED:
            raise RuleViolation(_("This membership is retained already."), code="retained")
        return _change(
            locked, EventType.RETAINED, MembershipStatus.RETAINED, reason, effective_on, actor
        )


def restore_membership(
    membership: Membership,
    *,
    reason: str = ChangeReason.WORKING_AGAIN,
    effective_on: dt.date | None = None,
    actor: Actor,
) -> Membership:
    """Make a retained membership a full one again from ``effective_on`` (default today).

    Raises RuleViolation (``not_retained`` and as ``retain_membership``), Http404 out of scope.
    """
    _ensure_reason(reason, RESTORE_REASONS)
    with transaction.atomic():
        locked = lock_membership(membership, actor=actor)
        ensure_running(locked)
        if locked.status != MembershipStatus.RETAINED:
            raise RuleViolation(_("This membership is not retained."), code="not_retained")
        return _change(
            locked, EventType.RESTORED, MembershipStatus.ACTIVE, reason, effective_on, actor
        )


def withdraw_membership(
    membership: Membership,
    *,
    reason: str = ChangeReason.OWN_WISH,
    last_day: dt.date | None = None,
    announced_on: dt.date | None = None,
    may_not_have_begun: bool = False,
    actor: Actor,
) -> Membership:
    """End the membership at the member's wish; ``last_day`` (default today) still counts.

    A membership that begins only tomorrow, after a transfer today, ends with its first day where
    ``may_not_have_begun`` says so: the member is free to leave at any time.

    Nobody may refuse it, so a transfer under way is dropped. The committee announces it: without
    ``announced_on`` the membership is among those still to be announced (``announce_leaving``).
    ``actor`` None is the member on their own page. Raises RuleViolation (ended, wrong reason or
    day) and Http404 out of scope.
    """
    _ensure_reason(reason, LEAVE_REASONS)
    if announced_on is not None:
        ensure_announced(announced_on, last_day=last_day or local_today())
    return _end(
        membership,
        EventType.WITHDRAWN,
        reason,
        last_day,
        actor,
        announced_on=announced_on,
        may_not_have_begun=may_not_have_begun,
    )


def expel_membership(
    membership: Membership,
    *,
    decision: DecisionPaper,
    reason: str = ChangeReason.CRIME,
    last_day: dt.date | None = None,
    actor: Actor,
) -> Membership:
    """Expel by the committee's ``decision``; ``last_day`` defaults to today.

    Only after criminal punishment (``reason`` crime) and with the paper of the member's own union,
    decided no later than the last day; the unions above find it in their list of expulsions. Raises
    RuleViolation beside ``decision`` or ``reason``, and Http404 out of scope.
    """
    if reason != ChangeReason.CRIME:
        raise RuleViolation(
            _("Members may be expelled only after criminal punishment."),
            field="reason",
            code="reason",
        )
    return _end(membership, EventType.EXPELLED, reason, last_day, actor, decision=decision)


def record_death(membership: Membership, *, died_on: dt.date, actor: Actor) -> Membership:
    """End the membership of somebody who died on ``died_on``, its last day.

    Raises RuleViolation (ended, wrong day) and Http404 out of scope.
    """
    return _end(membership, EventType.DECEASED, "", died_on, actor, field="died_on")


def _ensure_reason(reason: str, allowed: tuple[ChangeReason, ...]) -> None:
    if reason not in allowed:
        raise RuleViolation(_("Choose a reason."), field="reason", code="reason")


def _change(
    locked: Membership,
    event_type: EventType,
    status: MembershipStatus,
    reason: str,
    effective_on: dt.date | None,
    actor: Actor,
) -> Membership:
    day = effective_on or local_today()
    ensure_day(locked, day, field="effective_on")
    record_event(
        locked, event_type, union=locked.union, effective_on=day, reason=reason, actor=actor
    )
    locked.status = status
    locked.save(update_fields=["status"])
    log(
        actor,
        f"membership.{event_type}",
        locked,
        {"reason": reason, "effective_on": day.isoformat()},
        union_path=locked.union.path,
    )
    return locked


def _end(
    membership: Membership,
    event_type: EventType,
    reason: str,
    last_day: dt.date | None,
    actor: Actor,
    *,
    decision: DecisionPaper | None = None,
    field: str = "last_day",
    announced_on: dt.date | None = None,
    may_not_have_begun: bool = False,
) -> Membership:
    day = last_day or local_today()
    with transaction.atomic():
        locked = lock_membership(membership, actor=actor)
        if may_not_have_begun and last_day is None and locked.started_on > day:
            day = locked.started_on
            ensure_open(locked)
        else:
            ensure_running(locked, while_transferring=True)
            ensure_day(locked, day, field=field)
        if decision is not None:
            _ensure_decision(decision, locked, day)
        drop_open_transfer(locked, actor=actor)
        record_event(
            locked,
            event_type,
            union=locked.union,
            effective_on=day + _ONE_DAY,
            reason=reason,
            decision=decision,
            actor=actor,
        )
        locked.status = MembershipStatus.ENDED
        locked.ended_on = day
        locked.announced_on = announced_on
        locked.awaits_announcement = event_type == EventType.WITHDRAWN and announced_on is None
        locked.save(update_fields=["status", "ended_on", "announced_on", "awaits_announcement"])
        details = {"reason": reason, "last_day": day.isoformat()}
        if announced_on is not None:
            details["announced_on"] = announced_on.isoformat()
        if decision is not None:
            details["decision"] = str(decision.pk)
        log(actor, f"membership.{event_type}", locked, details, union_path=locked.union.path)
    return locked


def _ensure_decision(decision: DecisionPaper, membership: Membership, last_day: dt.date) -> None:
    if decision.union_id != membership.union_id:
        raise RuleViolation(
            _("The decision must be of the member's own union."), field="decision", code="union"
        )
    if decision.decided_on > last_day:
        raise RuleViolation(
            _("Nobody is expelled before the decision of %(day)s.") % {"day": decision.decided_on},
            field="last_day",
            code="before_decision",
        )
