"""A transfer that comes to nothing: the membership is again what it was."""

from __future__ import annotations

from django.utils import timezone

from audit.services import log
from core.clock import local_today
from members.enums import EventType, MembershipStatus
from members.ledger_reading import states_on
from members.models import Membership, Transfer
from members.models.transfer import TransferStatus
from members.services.ledger import record_event
from unions.scope import Actor


def drop_open_transfer(membership: Membership, *, actor: Actor) -> Transfer | None:
    """Cancel the transfer under way, if there is one; the membership is locked by the caller."""
    transfer = (
        Transfer.objects.select_for_update(of=("self",))
        .filter(membership=membership, status=TransferStatus.OPEN)
        .first()
    )
    if transfer is not None:
        close_without_effect(transfer, membership, status=TransferStatus.CANCELLED, actor=actor)
    return transfer


def close_without_effect(
    transfer: Transfer, membership: Membership, *, status: TransferStatus, actor: Actor
) -> None:
    """Close ``transfer`` and let the membership go on at its union; both rows are locked."""
    today = local_today()
    record_event(
        membership,
        EventType.TRANSFER_DROPPED,
        union=membership.union,
        counterpart=transfer.to_union,
        effective_on=today,
        actor=actor,
    )
    # Active or retained: the ledger knows what the member was counted as all the while.
    membership.status = states_on(today, membership_ids=[membership.pk]).get(
        membership.pk, MembershipStatus.ACTIVE
    )
    membership.save(update_fields=["status"])
    transfer.status = status
    transfer.closed_at = timezone.now()
    transfer.save()
    log(
        actor,
        f"transfer.{status}",
        transfer,
        {"membership": membership.pk, "to_union": transfer.to_union_id},
        union_path=membership.union.path,
    )
