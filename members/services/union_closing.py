"""Merging and dissolving a union with everything that belongs to members.

``unions.services`` ends the union; here its memberships are carried over before. Up to ``AT_ONCE``
open memberships all happens in one transaction while the official waits. Beyond, the wish is
written down (``UnionClosing``) and a worker carries ``CHUNK`` memberships a transaction: a person
counts exactly once after each of them, a worker that dies is followed by the next, and the union
stands until the last step, which does the rest in one transaction.

The day of the change is the last day at the old union, so a union whose members are carried over
no longer stands from the day after.
"""

from __future__ import annotations

import datetime as dt
import time

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.models import User
from audit.services import log
from core.clock import local_today
from core.errors import RuleViolation
from members.enums import MembershipStatus
from members.models import Membership
from members.services.carrying import CHUNK, Carrying, carry_memberships
from members.services.closing_checks import (
    check_dissolution,
    check_merger,
    ensure_takes_members,
    open_at,
    waiting_at,
)
from members.services.messages import queue_quietly
from members.services.taking_over import (
    carry_applications,
    carry_codes,
    close_codes,
    hand_over_employers,
    settle_arriving_transfers,
)
from unions import tree
from unions.enums import ClosingKind, ClosingStatus, UnionStatus
from unions.models import Union, UnionClosing
from unions.scope import Actor
from unions.services.closing import dissolve_union, new_closing
from unions.services.merging import ensure_mergeable, merge_unions
from unions.services.rights import clean_reason, ensure_may_close, lock_standing

# Up to here the page itself does the work; beyond, a worker.
AT_ONCE = 1_000
LATE_DAYS = 7
_ONE_DAY = dt.timedelta(days=1)


def start_merger(
    source: Union, *, into: Union, reason: str, decision_number: str = "", actor: Actor
) -> UnionClosing:
    """Merge ``source`` into ``into``, at once or, with many memberships, by a worker.

    Raises RuleViolation beside ``into`` or ``reason``: as ``unions.services.merge_unions``,
    ``enrols_nobody`` (of a successor, while there are members or applications), ``under_way``.
    Then nothing is written.
    """
    reason = clean_reason(reason)
    with transaction.atomic():
        tree.lock_tree()
        locked, target = lock_standing(source, into)
        count = check_merger(locked, target, actor=actor)
        closing = new_closing(
            locked,
            ClosingKind.MERGED,
            reason,
            into=target,
            decision_number=decision_number,
            memberships=count,
            actor=actor,
        )
        _start(closing, actor)
    return closing


def start_dissolution(
    union: Union,
    *,
    memberships_to: Union | None = None,
    retains_members: bool = False,
    closed_on: dt.date | None = None,
    reason: str,
    decision_number: str = "",
    actor: Actor,
) -> UnionClosing:
    """Dissolve ``union``, at once or, with many memberships, by a worker.

    Open memberships and applications go to ``memberships_to``; with ``retains_members`` they are
    retained there, as Trade Union Law art. 13 has it. ``closed_on`` defaults to the first day on
    which nobody counts there. Raises RuleViolation: as ``unions.services.dissolve_union``, beside
    ``memberships_to`` (``required`` while there are members or applications, and as for a merger),
    ``under_way``. Then nothing is written.
    """
    reason = clean_reason(reason)
    with transaction.atomic():
        tree.lock_tree()
        locked, *targets = lock_standing(*([union, memberships_to] if memberships_to else [union]))
        target = targets[0] if targets else None
        count = check_dissolution(locked, target, closed_on=closed_on, actor=actor)
        closing = new_closing(
            locked,
            ClosingKind.DISSOLVED,
            reason,
            into=target,
            decision_number=decision_number,
            retains_members=retains_members,
            memberships=count,
            actor=actor,
        )
        _start(closing, actor, closed_on)
    return closing


def _start(closing: UnionClosing, actor: Actor, closed_on: dt.date | None = None) -> None:
    if closing.memberships <= AT_ONCE:
        try:
            with transaction.atomic():
                _finish(closing, actor, closed_on)
        except IntegrityError as error:
            raise RuleViolation(
                _("Somebody changed this record meanwhile. Try again."), code="changed"
            ) from error
        return
    log(
        actor,
        "union.closing_asked",
        closing.union,
        {
            "kind": closing.kind,
            "into": closing.into_id,
            "reason": closing.reason,
            "memberships": closing.memberships,
        },
        union_path=closing.union.path,
    )
    queue_quietly("members.run_union_closing", closing.pk)


def run_closing(closing_id: int, *, seconds: float = 600) -> ClosingStatus:
    """Go on with a closing for so long at most; where it stands then.

    Safe to call again, and by several at once: one goes on, the others leave it alone. What has
    become impossible (a right lost, the successor dissolved) ends it as not done: whoever has been
    carried over stays there, nobody is lost.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until and _step(closing_id):
        pass
    return ClosingStatus(UnionClosing.objects.values_list("status", flat=True).get(pk=closing_id))


def _step(closing_id: int) -> bool:
    """Carry some over, or finish; whether there may be more to do."""
    with transaction.atomic():
        closing = (
            UnionClosing.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("union__kind", "union__parent", "into__kind", "asked_by")
            .filter(pk=closing_id, status=ClosingStatus.OPEN)
            .first()
        )
        if closing is None:
            return False
        actor = closing.asked_by
        try:
            with transaction.atomic():
                return _go_on(closing, actor)
        except RuleViolation as refusal:
            closing.status = ClosingStatus.REFUSED
            closing.refusal = str(refusal.message)[:300]
            closing.save(update_fields=["status", "refusal"])
            log(
                actor,
                "union.closing_refused",
                closing.union,
                {"kind": closing.kind, "into": closing.into_id},
                union_path=closing.union.path,
            )
            return False


def _go_on(closing: UnionClosing, actor: User | None) -> bool:
    if closing.into is None or open_at(closing.union) <= CHUNK:
        _finish(closing, actor, None)
        return False
    if closing.kind == ClosingKind.MERGED:
        ensure_mergeable(closing.union, closing.into, actor=actor)
    else:
        ensure_may_close(actor, closing.union)
    ensure_takes_members(closing.union, closing.into, field="into", actor=actor)
    carry_memberships(_carrying(closing, closing.into, actor), at_most=CHUNK)
    return True


def _finish(closing: UnionClosing, actor: Actor, closed_on: dt.date | None) -> None:
    """Everything that is left, in the caller's transaction."""
    tree.lock_tree()
    union, into = closing.union, closing.into
    is_merger = closing.kind == ClosingKind.MERGED
    # Without one there is nobody to take over: that was asked at the beginning.
    enroller = into if into is not None and into.kind.enrols_members else None
    if enroller is not None:
        carrying = _carrying(closing, enroller, actor)
        # Applications first: who is being approved at this moment is waited for, and carried then.
        carry_applications(union, enroller, note=carrying.reason, actor=actor)
    settle_arriving_transfers(union, enroller if is_merger else None, actor=actor)
    while enroller is not None and carry_memberships(carrying):
        pass
    if is_merger and enroller is not None:
        carry_codes(union, enroller, actor=actor)
    else:
        close_codes(union, actor=actor)
    hand_over_employers(
        union,
        covered_by=into if is_merger else None,
        kept_by=into if is_merger else union.parent,
        actor=actor,
    )
    earliest = _first_day_without_members(union)
    if is_merger and into is not None:
        merge_unions(
            union,
            into=into,
            merged_on=max(local_today(), earliest or local_today()),
            reason=closing.reason,
            closing=closing,
            actor=actor,
        )
        return
    if closed_on is not None and earliest is not None and closed_on < earliest:
        raise RuleViolation(
            _("Members counted there until %(day)s. Choose a later day.")
            % {"day": earliest - _ONE_DAY},
            field="closed_on",
            code="too_early",
        )
    dissolve_union(
        union,
        closed_on=closed_on or max(local_today(), earliest or local_today()),
        reason=closing.reason,
        closing=closing,
        actor=actor,
    )


def continue_closings(*, seconds: float = 100) -> int:
    """Take up what a worker left unfinished, and what came late; how many closings were touched.

    Late is who became a member of the union, or applied to it, at the very moment of its end.
    """
    until = time.monotonic() + seconds
    unfinished = UnionClosing.objects.filter(status=ClosingStatus.OPEN).order_by("pk")
    touched = 0
    for key in list(unfinished.values_list("pk", flat=True)):
        run_closing(key, seconds=max(until - time.monotonic(), 0))
        touched += 1
    ended = UnionClosing.objects.filter(
        status=ClosingStatus.DONE,
        into__isnull=False,
        closed_on__gte=local_today() - dt.timedelta(days=LATE_DAYS),
    ).select_related("union", "into__kind")
    for closing in ended.order_by("pk"):
        if open_at(closing.union) or waiting_at(closing.union):
            touched += _carry_late(closing)
    return touched


def _carry_late(closing: UnionClosing) -> bool:
    into = closing.into
    while into is not None and into.status == UnionStatus.DISSOLVED:
        into = into.merged_into
    if into is None or not into.kind.enrols_members:
        return False
    with transaction.atomic():
        carrying = _carrying(closing, into, None)
        carry_applications(closing.union, into, note=carrying.reason, actor=None)
        while carry_memberships(carrying):
            pass
    return True


def left_of(closing: UnionClosing) -> int:
    """How many memberships are still to be carried over."""
    return open_at(closing.union)


def _carrying(closing: UnionClosing, into: Union, actor: Actor) -> Carrying:
    said = (
        _("“%(union)s” was merged into “%(into)s”.")
        if closing.kind == ClosingKind.MERGED
        else _("“%(union)s” was dissolved; “%(into)s” takes over.")
    ) % {"union": closing.union, "into": into}
    return Carrying(closing.union, into, said, actor=actor, retains=closing.retains_members)


def _first_day_without_members(union: Union) -> dt.date | None:
    """The day after the last on which somebody was counted; None if nobody ever was."""
    last = (
        Membership.objects.filter(union=union)
        .exclude(status=MembershipStatus.ANNULLED)
        .aggregate(day=Max("ended_on"))["day"]
    )
    return last + _ONE_DAY if last else None
