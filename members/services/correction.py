"""Mending wrong entries: the entry stays, a correcting one takes it back, a right one follows.

A correction counts from the day of what it corrects, so figures counted from now on are as if the
right entry had always been there; figures already published keep their cut-off. Each entry is
corrected at most once (the database holds that); the right entry may be corrected in its turn.
"""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.db.models import Max, Min
from django.utils.translation import gettext as _

from audit.services import changes_between, log
from core.clock import local_today
from core.errors import RuleViolation
from members.enums import ChangeReason, EventType, MembershipStatus
from members.ledger_reading import has_effect, standing_events, states_on
from members.models import Member, Membership, MembershipEvent
from members.models.membership import MembershipQuerySet
from members.services.ledger import correct_event, record_event
from members.services.locking import lock_membership
from reference.models import WorkerGroup
from unions.enums import UnionStatus
from unions.models import Union
from unions.scope import Actor, can

_ONE_DAY = dt.timedelta(days=1)
_ENDS = (EventType.WITHDRAWN, EventType.EXPELLED, EventType.DECEASED)


def annul_membership(
    membership: Membership,
    *,
    reason: str = ChangeReason.UNDONE,
    actor: Actor,
    permission: str = "members.change",
) -> Membership:
    """Undo the approval: the membership never counted, and its application is free again.

    ``permission`` is what the actor must hold at the union (undoing an approval: that of review).
    Raises RuleViolation when it has ended, is being transferred, or came by transfer (then it is
    transferred back instead); Http404 out of scope.
    """
    with transaction.atomic():
        locked = lock_membership(membership, actor=actor, permission=permission)
        _ensure_not_annulled(locked)
        if locked.status == MembershipStatus.ENDED:
            raise RuleViolation(
                _("This membership has ended already; its last day is %(day)s.")
                % {"day": locked.ended_on},
                code="ended",
            )
        _ensure_not_transferring(locked)
        events = _with_effect(locked)
        _ensure_joined_here(events)
        for event in reversed(events):
            correct_event(event, reason=reason, actor=actor)
        application = locked.application_id
        locked.status = MembershipStatus.ANNULLED
        locked.ended_on = locked.started_on
        locked.application = None
        locked.save(update_fields=["status", "ended_on", "application"])
        _settle_home(locked.member_id)
        log(
            actor,
            "membership.annulled",
            locked,
            {"reason": reason, "application": application},
            union_path=locked.union.path,
        )
    return locked


def correct_start(membership: Membership, *, started_on: dt.date, actor: Actor) -> Membership:
    """The membership began on another day.

    Raises RuleViolation beside ``started_on``: a day to come, after a later entry, within an
    earlier spell of the person; ``came_by_transfer`` (the day is the releasing union's, too).
    """
    with transaction.atomic():
        locked = lock_membership(membership, actor=actor)
        _ensure_not_annulled(locked)
        first, *later = _with_effect(locked)
        _ensure_joined_here([first])
        _ensure_changed(started_on, locked.started_on, "started_on")
        _ensure_past(started_on, "started_on")
        if later and started_on > (limit := _last_possible_start(later)):
            raise RuleViolation(
                _("This is after a later entry; choose %(day)s or an earlier day.")
                % {"day": limit},
                field="started_on",
                code="too_late",
            )
        earlier = _other_spells(locked).filter(started_on__lt=locked.started_on)
        before = earlier.aggregate(day=Max("ended_on"))["day"]
        if before and started_on <= before:
            raise RuleViolation(
                _("This person's earlier membership lasted until %(day)s.") % {"day": before},
                field="started_on",
                code="overlap",
            )
        _again(first, locked, actor, effective_on=started_on)
        return _save(locked, actor, "start", started_on=started_on)


def correct_end(membership: Membership, *, last_day: dt.date | None, actor: Actor) -> Membership:
    """The membership ended on another day, or (``last_day`` None) has not ended at all.

    Raises RuleViolation beside ``last_day``: a day to come, before another entry, within or before
    a later spell of the person; ``not_ended``; ``moved`` (an end by transfer is also a beginning).
    What was announced before the right last day, or of somebody who has not left, was announced
    wrongly: the day goes, and who did leave is announced anew.
    """
    with transaction.atomic():
        locked = lock_membership(membership, actor=actor)
        _ensure_not_annulled(locked)
        if locked.ended_on is None:
            raise RuleViolation(_("This membership has not ended."), code="not_ended")
        *earlier, last = _with_effect(locked)
        if last.type not in _ENDS:
            raise RuleViolation(
                _("It ended by a transfer. Transfer it back instead."), code="moved"
            )
        if last_day is None:
            return _reopen(locked, last, actor)
        _ensure_changed(last_day, locked.ended_on, "last_day")
        _ensure_past(last_day, "last_day")
        since = max(event.effective_on for event in earlier)
        if last_day < since:
            raise RuleViolation(
                _("This is before the latest entry, which counts from %(day)s.") % {"day": since},
                field="last_day",
                code="too_early",
            )
        if last.decision is not None and last_day < last.decision.decided_on:
            raise RuleViolation(
                _("Nobody is expelled before the decision of %(day)s.")
                % {"day": last.decision.decided_on},
                field="last_day",
                code="before_decision",
            )
        later = _other_spells(locked).filter(started_on__gt=locked.started_on)
        after = later.aggregate(day=Min("started_on"))["day"]
        if after and last_day >= after:
            raise RuleViolation(
                _("This person's next membership began on %(day)s.") % {"day": after},
                field="last_day",
                code="overlap",
            )
        _again(last, locked, actor, effective_on=last_day + _ONE_DAY)
        columns: dict[str, object] = {"ended_on": last_day}
        if locked.announced_on is not None and locked.announced_on < last_day:
            columns |= {"announced_on": None, "awaits_announcement": True}
        return _save(locked, actor, "end", **columns)


def correct_union(membership: Membership, *, union: Union, actor: Actor) -> Membership:
    """The person was entered at the wrong union from the beginning; every day moves to ``union``.

    Needs rights at both. Raises RuleViolation beside ``union`` (the same, out of scope, not
    established, enrols nobody), ``came_by_transfer``, ``moved``, ``transferring``.
    """
    with transaction.atomic():
        locked = lock_membership(membership, actor=actor)
        _ensure_not_annulled(locked)
        _ensure_not_transferring(locked)
        events = _with_effect(locked)
        _ensure_joined_here(events)
        if events[-1].type == EventType.TRANSFERRED_OUT:
            raise RuleViolation(
                _("It ended by a transfer. Transfer it back instead."), code="moved"
            )
        if events[-1].decision is not None:
            raise RuleViolation(
                _("The decision of expulsion names the union. Correct the end first."),
                code="expelled",
            )
        _ensure_changed(union.pk, locked.union_id, "union")
        if actor is not None and not can(actor, "members.change", union):
            raise RuleViolation(_("This union is not in your scope."), field="union", code="scope")
        if not union.kind.enrols_members:
            raise RuleViolation(
                _("A “%(kind)s” does not enrol members itself.") % {"kind": union.kind.name},
                field="union",
                code="enrols_nobody",
            )
        if union.status != UnionStatus.ACTIVE:
            raise RuleViolation(
                _("This union is not established."), field="union", code="union_closed"
            )
        saved = _rewrite(locked, events, actor, "union", union=union)
        _settle_home(locked.member_id)
        return saved


def correct_worker_group(
    membership: Membership, *, worker_group: WorkerGroup, actor: Actor
) -> Membership:
    """The person was entered in the wrong worker group; every day moves to the right one.

    Raises RuleViolation beside ``worker_group`` when it is the same, and ``transferring``.
    """
    with transaction.atomic():
        locked = lock_membership(membership, actor=actor)
        _ensure_not_annulled(locked)
        _ensure_not_transferring(locked)
        _ensure_changed(worker_group.pk, locked.worker_group_id, "worker_group")
        events = _with_effect(locked)
        return _rewrite(locked, events, actor, "worker_group", worker_group=worker_group)


def _rewrite(
    locked: Membership,
    events: list[MembershipEvent],
    actor: Actor,
    what: str,
    **columns: object,
) -> Membership:
    """Take back every entry and write it anew with the right union or group."""
    saved = _save(locked, actor, what, **columns)
    for event in events:
        _again(event, saved, actor, effective_on=event.effective_on)
    return saved


def _again(
    event: MembershipEvent, membership: Membership, actor: Actor, *, effective_on: dt.date
) -> None:
    """Correct ``event`` and write it as it should have been."""
    correct_event(event, actor=actor)
    record_event(
        membership,
        event.type,
        union=membership.union,
        counterpart=event.counterpart,
        effective_on=effective_on,
        reason=event.reason,
        decision=event.decision,
        as_retained=_was_retained(event),
        actor=actor,
    )


def _was_retained(event: MembershipEvent) -> bool:
    """Did the entry count for a retained member? (Keeping and restoring have one form only.)"""
    return event.retained_change != 0 and event.active_change == 0


def _reopen(locked: Membership, last: MembershipEvent, actor: Actor) -> Membership:
    correct_event(last, actor=actor)
    state = states_on(local_today(), membership_ids=[locked.pk])[locked.pk]
    try:
        with transaction.atomic():
            saved = _save(
                locked,
                actor,
                "end",
                ended_on=None,
                status=state,
                announced_on=None,
                awaits_announcement=False,
            )
    except IntegrityError as error:
        raise RuleViolation(
            _("This person has another open membership."), code="already_member"
        ) from error
    later = _other_spells(locked).filter(started_on__gt=locked.started_on)
    if later.exists():
        raise RuleViolation(
            _("This person has a later membership; correct that one first."), code="overlap"
        )
    return saved


def _save(locked: Membership, actor: Actor, what: str, **columns: object) -> Membership:
    before = {name: getattr(locked, name) for name in columns}
    for name, value in columns.items():
        setattr(locked, name, value)
    locked.save(update_fields=list(columns))
    log(
        actor,
        f"membership.{what}_corrected",
        locked,
        changes_between(before, columns),
        union_path=locked.union.path,
    )
    return locked


def _with_effect(membership: Membership) -> list[MembershipEvent]:
    """Standing entries that count, the first of the spell first and its end last."""
    events = [event for event in standing_events(membership) if has_effect(event)]
    firsts = (EventType.JOINED, EventType.TRANSFERRED_IN)
    lasts = (*_ENDS, EventType.TRANSFERRED_OUT, EventType.MERGED)
    return sorted(
        events,
        key=lambda event: (event.effective_on, event.type not in firsts, event.type in lasts),
    )


def _last_possible_start(later: list[MembershipEvent]) -> dt.date:
    """A spell has at least one day: its end counts from the day after its first."""
    following = later[0]
    is_kept = following.type in (EventType.RETAINED, EventType.RESTORED)
    return following.effective_on - (dt.timedelta(0) if is_kept else _ONE_DAY)


def _other_spells(membership: Membership) -> MembershipQuerySet:
    return (
        Membership.objects.filter(member_id=membership.member_id)
        .exclude(pk=membership.pk)
        .exclude(status=MembershipStatus.ANNULLED)
    )


def _settle_home(member_id: int) -> None:
    """The home union is that of the newest spell that counts."""
    newest = (
        Membership.objects.filter(member_id=member_id)
        .exclude(status=MembershipStatus.ANNULLED)
        .order_by("-started_on", "-id")
        .first()
    )
    if newest is not None:
        Member.objects.filter(pk=member_id).update(home_union=newest.union_id)


def _ensure_not_annulled(membership: Membership) -> None:
    if membership.status == MembershipStatus.ANNULLED:
        raise RuleViolation(_("This membership was annulled."), code="annulled")


def _ensure_not_transferring(membership: Membership) -> None:
    if membership.status == MembershipStatus.TRANSFERRING:
        raise RuleViolation(
            _("A transfer is under way. Decide on it or cancel it first."), code="transferring"
        )


def _ensure_joined_here(events: list[MembershipEvent]) -> None:
    if events[0].type != EventType.JOINED:
        raise RuleViolation(
            _("This membership came by a transfer. Transfer it back instead."),
            code="came_by_transfer",
        )


def _ensure_changed(new: object, old: object, field: str) -> None:
    if new == old:
        raise RuleViolation(_("This is what is recorded already."), field=field, code="unchanged")


def _ensure_past(day: dt.date, field: str) -> None:
    if day > local_today():
        raise RuleViolation(_("This day has not come yet."), field=field, code="future")
