"""Writing the ledger."""

from __future__ import annotations

import datetime as dt

from django.db.models import Sum
from django.utils import timezone

from accounts.models import User
from members.enums import EVENT_EFFECTS, ChangeReason, Effect, EventType, MembershipStatus
from members.models import DecisionPaper, Membership, MembershipEvent
from unions.models import Union
from unions.scope import Actor

# What ends a spell takes the person from where they are counted: among the active or the retained.
_ENDING = frozenset(
    {
        EventType.TRANSFERRED_OUT, EventType.EXPELLED, EventType.WITHDRAWN, EventType.DECEASED,
        EventType.MERGED,
    }
)  # fmt: skip


def record_event(
    membership: Membership,
    event_type: str,
    *,
    union: Union,
    effective_on: dt.date,
    actor: Actor,
    counterpart: Union | None = None,
    reason: str = "",
    decision: DecisionPaper | None = None,
    as_retained: bool | None = None,
) -> MembershipEvent:
    """Append one entry; to be called in the transaction that changes the membership.

    ``effective_on`` is the first day on which the change counts. Whether an end, a return or a
    transfer in counts for a retained member is read from the ledger; ``as_retained`` says it where
    the ledger cannot know (the first entry of a spell, or entries written anew by a correction).
    """
    if as_retained is None:
        as_retained = _counts_as_retained(membership, event_type)
    effect = effect_of(event_type, as_retained=as_retained)
    return MembershipEvent.objects.create(
        membership=membership,
        type=event_type,
        union=union,
        counterpart=counterpart,
        worker_group=membership.worker_group,
        channel=membership.channel,
        join_code=membership.join_code,
        reason=reason,
        decision=decision,
        effective_on=effective_on,
        recorded_at=timezone.now(),
        actor=_recorded(actor),
        active_change=effect.active,
        retained_change=effect.retained,
        joined_change=effect.joined,
        rejoined_change=effect.joined if _was_member_before(membership, event_type) else 0,
    )


def _was_member_before(membership: Membership, event_type: str) -> bool:
    """Does an earlier spell of the same person stand?"""
    if event_type != EventType.JOINED:
        return False
    others = Membership.objects.filter(member=membership.member_id).exclude(pk=membership.pk)
    return (
        others.exclude(status=MembershipStatus.ANNULLED)
        .filter(started_on__lt=membership.started_on)
        .exists()
    )


def effect_of(event_type: str, *, as_retained: bool = False) -> Effect:
    """What an entry of this type does to the counts, for an active or a retained member."""
    effect = EVENT_EFFECTS[event_type]
    if not as_retained or event_type in (EventType.RETAINED, EventType.RESTORED):
        return effect
    return Effect(active=0, retained=effect.active, joined=effect.joined)


def correct_event(
    event: MembershipEvent, *, actor: Actor, reason: str = ChangeReason.WRONG_ENTRY
) -> MembershipEvent:
    """Take ``event`` back by an entry with the opposite effect on the same day and place.

    The entry itself is never touched. The database refuses a second correction of it.
    """
    return MembershipEvent.objects.create(
        membership_id=event.membership_id,
        type=EventType.CORRECTED,
        corrects=event,
        union_id=event.union_id,
        counterpart_id=event.counterpart_id,
        worker_group_id=event.worker_group_id,
        channel=event.channel,
        join_code_id=event.join_code_id,
        reason=reason,
        effective_on=event.effective_on,
        recorded_at=timezone.now(),
        actor=_recorded(actor),
        active_change=-event.active_change,
        retained_change=-event.retained_change,
        joined_change=-event.joined_change,
        rejoined_change=-event.rejoined_change,
    )


def _counts_as_retained(membership: Membership, event_type: str) -> bool:
    if event_type in _ENDING:
        held = MembershipEvent.objects.filter(membership=membership).aggregate(
            persons=Sum("retained_change")
        )
        return (held["persons"] or 0) > 0
    if event_type == EventType.UNMERGED:  # back as what they were when they went
        went = membership.events.filter(type=EventType.MERGED).order_by("-id").first()
        return went is not None and went.retained_change < 0
    return False


def _recorded(actor: Actor) -> User | None:
    return actor if isinstance(actor, User) else None
