"""Dissolving a union that is empty; what is at its end is the same for a merger.

Trade Union Law art. 13 and Constitution art. 16: a union is dissolved by its congress with the
approval of the union above; the number of the decision is recorded, not judged. Members and what
belongs to them are carried over first, by ``members.services.union_closing``: this module does not
know them, so nothing but that service calls what is here.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Max, Q, Value
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit.services import log, log_many
from core.clock import local_today
from core.errors import RuleViolation
from core.normalising import normalise_text
from unions import tree
from unions.enums import ClosingKind, ClosingStatus, UnionStatus
from unions.models import Appointment, Union, UnionClosing, UnionCoverage
from unions.scope import Actor
from unions.services.rights import clean_reason, ensure_may_close, lock_standing

ONE_DAY = dt.timedelta(days=1)


def dissolve_union(
    union: Union,
    *,
    closed_on: dt.date,
    reason: str,
    decision_number: str = "",
    closing: UnionClosing | None = None,
    actor: Actor,
) -> Union:
    """Dissolve ``union``; ``closed_on`` is the first day on which it no longer stands.

    Its appointments and coverage end with the day before. ``closing`` is the wish that is done
    hereby, if it was written down before. Raises RuleViolation: ``reason`` missing, ``not_above``
    (rights at the union and at the one above it), ``dissolved`` already, ``children`` that stand
    below it, ``closed_on`` after tomorrow or before what happened there.
    """
    reason = clean_reason(reason)
    with transaction.atomic():
        tree.lock_tree()
        (locked,) = lock_standing(union)
        ensure_may_close(actor, locked)
        ensure_closing_day(locked, closed_on)
        ensure_childless(locked)
        if closing is None:
            closing = new_closing(
                locked, ClosingKind.DISSOLVED, reason, decision_number=decision_number, actor=actor
            )
        ended = end_union(locked, closing, closed_on=closed_on, actor=actor)
        log(
            actor,
            "union.dissolved",
            locked,
            {
                "closed_on": closed_on.isoformat(),
                "reason": reason,
                "decision_number": closing.decision_number,
                **ended,
            },
            union_path=locked.path,
        )
    union.refresh_from_db()
    return union


def ensure_childless(union: Union) -> None:
    """Raise RuleViolation (``children``) while a union that is not dissolved stands below."""
    child = union.children.exclude(status=UnionStatus.DISSOLVED).first()
    if child is not None:
        raise RuleViolation(
            _("“%(child)s” stands below it. Move or dissolve the unions below first.")
            % {"child": child},
            code="children",
        )


def ensure_closing_day(union: Union, closed_on: dt.date) -> None:
    """Raise RuleViolation (field ``closed_on``) for a day that cannot be the union's end."""
    if closed_on > local_today() + ONE_DAY:
        raise RuleViolation(_("This day has not come yet."), field="closed_on", code="future")
    below = union.children.aggregate(last=Max("closed_on"))["last"]
    # While a union is being prepared the day is that of a founding to come.
    founded_on = None if union.status == UnionStatus.PREPARING else union.founded_on
    since = max((day for day in (founded_on, below) if day), default=closed_on)
    if closed_on < since:
        raise RuleViolation(
            _("Choose %(day)s or a later day.") % {"day": since},
            field="closed_on",
            code="too_early",
        )


def new_closing(
    union: Union,
    kind: ClosingKind,
    reason: str,
    *,
    into: Union | None = None,
    decision_number: str = "",
    retains_members: bool = False,
    memberships: int = 0,
    actor: Actor,
) -> UnionClosing:
    """Write down that ``union`` is to be closed; nothing else happens yet."""
    return UnionClosing.objects.create(
        union=union,
        kind=kind,
        into=into,
        retains_members=retains_members,
        reason=reason,
        decision_number=normalise_text(decision_number)[:60],
        memberships=memberships,
        asked_by=actor if isinstance(actor, User) else None,
        asked_at=timezone.now(),
    )


def end_union(
    locked: Union, closing: UnionClosing, *, closed_on: dt.date, actor: Actor
) -> dict[str, object]:
    """Write the end: of appointments, of coverage, of the union. The row is locked.

    A union that was still in preparation was never founded: a day that had been set for it goes.
    That is what comes back, for the audit trail.
    """
    last_day = closed_on - ONE_DAY
    _end_appointments(locked, last_day, actor)
    UnionCoverage.objects.filter(
        Q(covering=locked) | Q(covered=locked), Q(until__isnull=True) | Q(until__gt=last_day)
    ).update(until=Greatest("since", Value(last_day)))
    in_trail: dict[str, object] = {}
    if locked.status == UnionStatus.PREPARING:
        locked.ended_in_preparation = True
        in_trail["in_preparation"] = True
        if locked.founded_on is not None:
            in_trail["founded_on"] = [locked.founded_on.isoformat(), None]
            locked.founded_on = None
    locked.status = UnionStatus.DISSOLVED
    locked.closed_on = closed_on
    if closing.kind == ClosingKind.MERGED:
        locked.merged_into = closing.into
    locked.save(
        update_fields=[
            "status", "closed_on", "merged_into", "founded_on", "ended_in_preparation",
            "updated_at",
        ]
    )  # fmt: skip
    closing.closed_on = closed_on
    closing.status = ClosingStatus.DONE
    closing.save(update_fields=["closed_on", "status"])
    return in_trail


def _end_appointments(union: Union, last_day: dt.date, actor: Actor) -> None:
    running = Appointment.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gt=last_day), union=union
    )
    ended = list(running.select_for_update(of=("self",)))
    Appointment.objects.filter(pk__in=[one.pk for one in ended]).update(
        ends_on=Greatest("starts_on", Value(last_day))
    )
    log_many(
        actor,
        "appointment.ended",
        [(one, {"ends_on": max(one.starts_on, last_day).isoformat()}, union.path) for one in ended],
    )
