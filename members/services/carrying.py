"""Carrying the memberships of a union that ends over to another, many at a time.

What each of them gets is what a completed transfer gives (``members.services.transfer``): the last
day at the old union is today, the new spell begins tomorrow, both with their ledger entries, and
the trail of a transfer. Only the form differs: a handful of statements for a thousand people.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.models import User
from audit.services import log_many
from core.clock import local_today
from members.enums import ChangeReason, EventType, MembershipStatus
from members.models import Member, Membership, MembershipEvent, Transfer
from members.models.transfer import TransferDecision, TransferParty, TransferStatus
from members.services.dropping import drop_open_transfer
from members.services.ledger import effect_of
from members.services.messages import tell_members
from unions.models import Union
from unions.scope import Actor

CHUNK = 1_000
_ONE_DAY = dt.timedelta(days=1)
_COLUMNS = tuple(
    field.attname for field in MembershipEvent._meta.concrete_fields if not field.primary_key
)
# What an entry does to the counts.
_CHANGES = tuple(name for name in _COLUMNS if name.endswith("_change"))


@dataclass(frozen=True)
class Carrying:
    """Where memberships go and why. ``retains``: they are kept there without dues and vote."""

    source: Union
    into: Union
    reason: str
    actor: Actor
    retains: bool = False

    @property
    def user(self) -> User | None:
        """Who is recorded; nobody for the system."""
        return self.actor if isinstance(self.actor, User) else None


def carry_memberships(carrying: Carrying, *, at_most: int = CHUNK) -> int:
    """Carry over up to ``at_most`` open memberships of the source; how many there were.

    Safe to call until none is left. A membership that begins only tomorrow (moved here today) is
    corrected to begin at the other union: it has not counted here. A transfer from the source that
    is under way is dropped: the membership is elsewhere now, from where it may be asked for again.
    """
    with transaction.atomic():
        rows = _lock(carrying.source, at_most)
        for row in rows:
            if row.status == MembershipStatus.TRANSFERRING:
                drop_open_transfer(row, actor=carrying.actor)
        today = local_today()
        _move([row for row in rows if row.started_on <= today], carrying, today)
        _begin_elsewhere([row for row in rows if row.started_on > today], carrying)
        Member.objects.filter(pk__in=[row.member_id for row in rows]).update(
            home_union=carrying.into
        )
        tell_members(
            (row.member for row in rows),
            "membership_carried",
            releasing=carrying.source.name,
            receiving=carrying.into.name,
        )
    return len(rows)


def _lock(source: Union, at_most: int) -> list[Membership]:
    """Open memberships, locked in the order of all services: persons first, then memberships."""
    found = Membership.objects.open().filter(union=source).order_by("member")
    people = list(found.values_list("member", flat=True)[:at_most])
    list(Member.objects.select_for_update().filter(pk__in=people).order_by("pk").values_list("pk"))
    return list(
        Membership.objects.open()
        .select_for_update(of=("self",))
        .filter(union=source, member__in=people)
        .select_related("member", "union")
        .order_by("member")
    )


def _move(rows: Sequence[Membership], carrying: Carrying, today: dt.date) -> None:
    if not rows:
        return
    keys = [row.pk for row in rows]
    held = MembershipEvent.objects.filter(membership__in=keys).order_by().values("membership")
    retained = {
        key
        for key, persons in held.annotate(persons=Sum("retained_change")).values_list(
            "membership", "persons"
        )
        if persons > 0
    }
    Membership.objects.filter(pk__in=keys).update(status=MembershipStatus.ENDED, ended_on=today)
    begins = today + _ONE_DAY
    # The way of joining and its code stay for good: they say how this person came to the unions.
    arrived = Membership.objects.bulk_create(
        Membership(
            member_id=row.member_id,
            union=carrying.into,
            worker_group_id=row.worker_group_id,
            employer_id=row.employer_id,
            employer_name=row.employer_name,
            status=MembershipStatus.RETAINED
            if carrying.retains or row.pk in retained
            else MembershipStatus.ACTIVE,
            channel=row.channel,
            join_code_id=row.join_code_id,
            started_on=begins,
        )
        for row in rows
    )
    events = []
    for old, new in zip(rows, arrived, strict=True):
        was_retained = old.pk in retained
        events += [
            _event(carrying, old, EventType.TRANSFER_ASKED, today),
            _event(carrying, old, EventType.TRANSFERRED_OUT, begins, as_retained=was_retained),
            _event(carrying, new, EventType.TRANSFERRED_IN, begins, as_retained=was_retained),
        ]
        if carrying.retains and not was_retained:
            events.append(_retained(carrying, new))
    MembershipEvent.objects.bulk_create(events)
    _record_transfers(rows, arrived, carrying, today)


def _begin_elsewhere(rows: Sequence[Membership], carrying: Carrying) -> None:
    """Those that have not begun: their entries are corrected and written anew at the other union.

    They are as many as memberships that were carried here today by another closing.
    """
    if not rows:
        return
    by_key = {row.pk: row for row in rows}
    standing = (
        MembershipEvent.objects.filter(membership__in=by_key, corrections__isnull=True)
        .exclude(type=EventType.CORRECTED)
        .order_by("id")
    )
    events = []
    held = dict.fromkeys(by_key, 0)
    for event in standing:
        held[event.membership_id] += event.retained_change
        back, again = _again(event, carrying), _again(event, carrying)
        back.type, back.corrects, back.reason = EventType.CORRECTED, event, ChangeReason.WRONG_ENTRY
        for name in _CHANGES:
            setattr(back, name, -getattr(event, name))
        again.union = carrying.into
        events += [back, again]
    for row in rows:
        row.union = carrying.into
        if carrying.retains and not held[row.pk]:
            events.append(_retained(carrying, row))
            row.status = MembershipStatus.RETAINED
    MembershipEvent.objects.bulk_create(events)
    Membership.objects.bulk_update(rows, ["union", "status"])
    change = {"union": [carrying.source.pk, carrying.into.pk]}
    log_many(
        carrying.actor,
        "membership.union_corrected",
        [(row, change, carrying.into.path) for row in rows],
    )


def _event(
    carrying: Carrying,
    membership: Membership,
    event_type: EventType,
    day: dt.date,
    *,
    as_retained: bool = False,
    reason: str = ChangeReason.TRANSFER,
) -> MembershipEvent:
    leaves = membership.union_id == carrying.source.pk
    effect = effect_of(event_type, as_retained=as_retained)
    return MembershipEvent(
        membership=membership,
        type=event_type,
        union=carrying.source if leaves else carrying.into,
        counterpart=carrying.into if leaves else carrying.source,
        worker_group_id=membership.worker_group_id,
        channel=membership.channel,
        join_code_id=membership.join_code_id,
        reason=reason,
        effective_on=day,
        recorded_at=timezone.now(),
        actor=carrying.user,
        active_change=effect.active,
        retained_change=effect.retained,
        joined_change=effect.joined,
    )


def _retained(carrying: Carrying, membership: Membership) -> MembershipEvent:
    event = _event(
        carrying,
        membership,
        EventType.RETAINED,
        membership.started_on,
        reason=ChangeReason.EMPLOYER_CLOSED,
    )
    event.counterpart = None
    return event


def _again(event: MembershipEvent, carrying: Carrying) -> MembershipEvent:
    """The same entry once more, as of now."""
    again = MembershipEvent(**{name: getattr(event, name) for name in _COLUMNS})
    again.recorded_at, again.actor = timezone.now(), carrying.user
    return again


def _record_transfers(
    rows: Iterable[Membership], arrived: Iterable[Membership], carrying: Carrying, today: dt.date
) -> None:
    now = timezone.now()
    agreed = TransferDecision.AGREED
    transfers = Transfer.objects.bulk_create(
        Transfer(
            membership=old,
            from_union=carrying.source,
            to_union=carrying.into,
            reason=carrying.reason[:200],
            asked_by=TransferParty.RELEASING,
            asked_at=now,
            actor=carrying.user,
            deadline=today,
            release_decision=agreed,
            release_by=carrying.user,
            release_at=now,
            receive_decision=agreed,
            receive_by=carrying.user,
            receive_at=now,
            status=TransferStatus.DONE,
            closed_at=now,
            new_membership=new,
        )
        for old, new in zip(rows, arrived, strict=True)
    )
    log_many(
        carrying.actor,
        "transfer.done",
        [
            (
                transfer,
                {
                    "membership": transfer.membership_id,
                    "new_membership": transfer.new_membership_id,
                },
                carrying.into.path,
            )
            for transfer in transfers
        ],
    )
