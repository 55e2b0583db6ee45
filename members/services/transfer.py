"""Moving a membership between unions: asked for, decided by each of the two, done or dropped.

While a transfer is under way the member counts once, at the releasing union. When both have agreed
the last day there is today, and the new spell begins tomorrow: no day counts twice or not at all.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit.services import log
from core.clock import local_today
from core.errors import RuleViolation
from core.normalising import normalise_text
from members.enums import ChangeReason, EventType, MembershipStatus
from members.models import Member, Membership, ReviewRules, Transfer
from members.models.transfer import TransferDecision, TransferParty, TransferStatus
from members.services.dropping import close_without_effect
from members.services.ledger import record_event
from members.services.locking import ensure_running, lock_membership
from members.services.messages import tell_member
from members.working_days import add_working_days
from reference.models import WorkerGroup
from unions.enums import UnionStatus
from unions.models import Union
from unions.scope import Actor, access, can

PERMISSION = "transfers.decide"
_ONE_DAY = dt.timedelta(days=1)


def ask_transfer(
    membership: Membership,
    *,
    to_union: Union,
    reason: str,
    asked_by: str,
    new_worker_group: WorkerGroup | None = None,
    new_employer_name: str = "",
    tells_member: bool = True,
    actor: Actor,
) -> Transfer:
    """Ask for the membership to move to ``to_union``; the asking union has agreed thereby.

    ``asked_by`` is a ``TransferParty``. The member asks with ``actor`` None, or an official of the
    releasing union records the wish. The deadline is counted in working days (``ReviewRules``).
    The member is told by short message, and again at the end (``tells_member``: now, too).
    Raises RuleViolation beside the field (``to_union``: the same, not established, enrols nobody;
    ``reason`` missing; ended or being transferred already), Http404 if the official has no rights
    at the union that asks.
    """
    reason = normalise_text(reason)[:200]
    if not reason:
        raise RuleViolation(_("Say why."), field="reason", code="required")
    with transaction.atomic():
        if asked_by == TransferParty.RECEIVING:
            if actor is not None and not can(actor, PERMISSION, to_union):
                raise Http404
            locked = lock_membership(membership, actor=None)
        else:
            locked = lock_membership(membership, actor=actor, permission=PERMISSION)
        ensure_running(locked)
        _ensure_receiver(locked.union, to_union)
        now = timezone.now()
        transfer = Transfer(
            membership=locked,
            from_union=locked.union,
            to_union=to_union,
            new_worker_group=new_worker_group,
            new_employer_name=normalise_text(new_employer_name),
            reason=reason,
            asked_by=asked_by,
            asked_at=now,
            actor=_user(actor),
            deadline=add_working_days(local_today(), _deadline_days()),
        )
        if asked_by == TransferParty.RELEASING:
            _note_decision(transfer, TransferParty.RELEASING, TransferDecision.AGREED, "", actor)
        elif asked_by == TransferParty.RECEIVING:
            _note_decision(transfer, TransferParty.RECEIVING, TransferDecision.AGREED, "", actor)
        transfer.save()
        record_event(
            locked,
            EventType.TRANSFER_ASKED,
            union=locked.union,
            counterpart=to_union,
            effective_on=local_today(),
            reason=ChangeReason.TRANSFER,
            actor=actor,
        )
        locked.status = MembershipStatus.TRANSFERRING
        locked.save(update_fields=["status"])
        log(
            actor,
            "transfer.asked",
            transfer,
            {"membership": locked.pk, "to_union": to_union.pk, "by": str(asked_by)},
            union_path=locked.union.path,
        )
        if tells_member:
            _tell(transfer, "transfer_asked")
    return transfer


def decide_transfer(
    transfer: Transfer, *, side: str, agree: bool, note: str = "", actor: Actor
) -> Transfer:
    """Say yes or no for one of the two unions (``side``: releasing or receiving).

    When both have agreed the membership moves: its last day at the releasing union is today, the
    new spell begins tomorrow. One refusal, which needs a ``note``, ends the transfer. Raises
    RuleViolation: ``closed``, ``decided`` by this side already, ``expired`` deadline,
    ``other_side`` (not the actor's union); Http404 when the actor sees neither union.
    """
    note = normalise_text(note)[:200]
    if not agree and not note:
        raise RuleViolation(_("Say why."), field="note", code="required")
    with transaction.atomic():
        membership, locked = _lock(transfer, actor)
        union = locked.from_union if side == TransferParty.RELEASING else locked.to_union
        if actor is not None and not can(actor, PERMISSION, union):
            raise RuleViolation(_("This is for the other union to decide."), code="other_side")
        if decision_of(locked, side) != TransferDecision.PENDING:
            raise RuleViolation(
                _("This union has decided already: %(decision)s.")
                % {"decision": TransferDecision(decision_of(locked, side)).label},
                code="decided",
            )
        if locked.deadline < local_today():
            raise RuleViolation(
                _("The deadline, %(day)s, has passed.") % {"day": locked.deadline}, code="expired"
            )
        said = TransferDecision.AGREED if agree else TransferDecision.REFUSED
        _note_decision(locked, side, said, note, actor)
        log(
            actor,
            f"transfer.{side}_{said}",
            locked,
            {"membership": membership.pk},
            union_path=union.path,
        )
        if not agree:
            _end(locked, membership, TransferStatus.REFUSED, actor)
        elif locked.release_decision == locked.receive_decision == TransferDecision.AGREED:
            _complete(locked, membership, actor)
        else:
            locked.save()
    return locked


def cancel_transfer(transfer: Transfer, *, actor: Actor) -> Transfer:
    """Take the request back: by the member (``actor`` None) or the union that asked.

    What the member asked for, an official of the releasing union may take back for them. Raises
    RuleViolation (``closed``, ``other_side``), Http404 when the actor sees neither union.
    """
    with transaction.atomic():
        membership, locked = _lock(transfer, actor)
        asker = locked.to_union if locked.asked_by == TransferParty.RECEIVING else locked.from_union
        if actor is not None and not can(actor, PERMISSION, asker):
            raise RuleViolation(_("Only the union that asked may cancel it."), code="other_side")
        _end(locked, membership, TransferStatus.CANCELLED, actor)
    return locked


def expire_transfers(today: dt.date) -> int:
    """Close what was not decided by its deadline (its last day); how many there were."""
    late = Transfer.objects.filter(status=TransferStatus.OPEN, deadline__lt=today)
    done = 0
    for transfer in late.order_by("pk"):
        with transaction.atomic():
            try:
                membership, locked = _lock(transfer, None)
            except RuleViolation:  # decided a moment ago
                continue
            _end(locked, membership, TransferStatus.EXPIRED, None)
            done += 1
    return done


def move_from_pool(membership: Membership, *, to_union: Union, actor: Actor) -> Transfer:
    """Move a member from a county's holding pool to ``to_union`` in one step.

    For an official with rights at both unions: the decisions of both are recorded as theirs. Raises
    RuleViolation (``not_pool``, and as ``ask_transfer``), Http404 without rights at either.
    """
    with transaction.atomic():
        if actor is not None and not can(actor, PERMISSION, to_union):
            raise Http404
        locked = lock_membership(membership, actor=actor, permission=PERMISSION)
        if locked.union.kind_id != "holding_pool":
            raise RuleViolation(_("Only members in a holding pool move this way."), code="not_pool")
        transfer = ask_transfer(
            locked,
            to_union=to_union,
            reason=_("From the holding pool to a union"),
            asked_by=TransferParty.RELEASING,
            tells_member=False,  # that it is done, in a moment
            actor=actor,
        )
        return decide_transfer(transfer, side=TransferParty.RECEIVING, agree=True, actor=actor)


def decision_of(transfer: Transfer, side: str) -> str:
    """What that union has said so far."""
    if side == TransferParty.RELEASING:
        return transfer.release_decision
    return transfer.receive_decision


def _lock(transfer: Transfer, actor: Actor) -> tuple[Membership, Transfer]:
    """Both rows, locked, the transfer still open."""
    if actor is None:
        found = Transfer.objects.get(pk=transfer.pk)
    else:
        found = access(Transfer.objects.all(), transfer.pk, actor=actor, permission=PERMISSION)
    membership = lock_membership(Membership(pk=found.membership_id), actor=None)
    locked = (
        Transfer.objects.select_for_update(of=("self",))
        .select_related("from_union", "to_union__kind", "new_worker_group")
        .get(pk=found.pk)
    )
    if locked.status != TransferStatus.OPEN:
        raise RuleViolation(
            _("This transfer is closed already: %(status)s.")
            % {"status": locked.get_status_display()},
            code="closed",
        )
    return membership, locked


def _complete(transfer: Transfer, membership: Membership, actor: Actor) -> None:
    _ensure_receiver(membership.union, transfer.to_union)
    today = local_today()
    left = record_event(
        membership,
        EventType.TRANSFERRED_OUT,
        union=membership.union,
        counterpart=transfer.to_union,
        effective_on=today + _ONE_DAY,
        reason=ChangeReason.TRANSFER,
        actor=actor,
    )
    was_retained = left.retained_change < 0
    membership.status = MembershipStatus.ENDED
    membership.ended_on = today
    membership.save(update_fields=["status", "ended_on"])
    name = transfer.new_employer_name
    same_employer = name in ("", membership.employer_name)
    # The way of joining and its code stay for good: they say how this person came to the unions.
    arrived = Membership.objects.create(
        member_id=membership.member_id,
        union=transfer.to_union,
        worker_group=transfer.new_worker_group or membership.worker_group,
        employer=membership.employer if same_employer else None,
        employer_name=name or membership.employer_name,
        status=MembershipStatus.RETAINED if was_retained else MembershipStatus.ACTIVE,
        channel=membership.channel,
        join_code=membership.join_code,
        started_on=today + _ONE_DAY,
    )
    record_event(
        arrived,
        EventType.TRANSFERRED_IN,
        union=transfer.to_union,
        counterpart=membership.union,
        effective_on=arrived.started_on,
        reason=ChangeReason.TRANSFER,
        as_retained=was_retained,
        actor=actor,
    )
    Member.objects.filter(pk=membership.member_id).update(home_union=transfer.to_union)
    transfer.status = TransferStatus.DONE
    transfer.closed_at = timezone.now()
    transfer.new_membership = arrived
    transfer.save()
    log(
        actor,
        "transfer.done",
        transfer,
        {"membership": membership.pk, "new_membership": arrived.pk},
        union_path=transfer.to_union.path,
    )
    _tell(transfer, "transfer_done")


def _end(transfer: Transfer, membership: Membership, status: TransferStatus, actor: Actor) -> None:
    close_without_effect(transfer, membership, status=status, actor=actor)
    _tell(transfer, "transfer_ended")


def _tell(transfer: Transfer, template: str) -> None:
    """Tell the member how the transfer stands; whoever's phone was erased is told nothing."""
    tell_member(
        transfer.membership.member,
        template,
        releasing=transfer.from_union.name,
        receiving=transfer.to_union.name,
    )


def _ensure_receiver(from_union: Union, to_union: Union) -> None:
    if to_union.pk == from_union.pk:
        raise RuleViolation(
            _("The member belongs to this union already."), field="to_union", code="same_union"
        )
    if not to_union.kind.enrols_members:
        raise RuleViolation(
            _("A “%(kind)s” does not enrol members itself.") % {"kind": to_union.kind.name},
            field="to_union",
            code="enrols_nobody",
        )
    if to_union.status != UnionStatus.ACTIVE:
        raise RuleViolation(
            _("This union is not established."), field="to_union", code="union_closed"
        )


def _note_decision(
    transfer: Transfer, side: str, said: TransferDecision, note: str, actor: Actor
) -> None:
    prefix = "release" if side == TransferParty.RELEASING else "receive"
    setattr(transfer, f"{prefix}_decision", said)
    setattr(transfer, f"{prefix}_note", note)
    setattr(transfer, f"{prefix}_by", _user(actor))
    setattr(transfer, f"{prefix}_at", timezone.now())


def _deadline_days() -> int:
    rules = ReviewRules.objects.filter(pk=1).first()
    return (rules or ReviewRules()).transfer_deadline_days


def _user(actor: Actor) -> User | None:
    return actor if isinstance(actor, User) else None
