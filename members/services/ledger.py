"""Writing the ledger."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from accounts.models import User
from members.enums import EVENT_EFFECTS
from members.models import Membership, MembershipEvent
from unions.models import Union
from unions.scope import Actor


def record_event(
    membership: Membership,
    event_type: str,
    *,
    union: Union,
    effective_on: dt.date,
    actor: Actor,
    counterpart: Union | None = None,
) -> MembershipEvent:
    """Append one entry; to be called in the transaction that changes the membership.

    ``effective_on`` is the first day on which the change counts.
    """
    effect = EVENT_EFFECTS[event_type]
    return MembershipEvent.objects.create(
        membership=membership,
        type=event_type,
        union=union,
        counterpart=counterpart,
        worker_group=membership.worker_group,
        channel=membership.channel,
        join_code=membership.join_code,
        effective_on=effective_on,
        recorded_at=timezone.now(),
        actor=actor if isinstance(actor, User) else None,
        active_change=effect.active,
        retained_change=effect.retained,
        joined_change=effect.joined,
    )
