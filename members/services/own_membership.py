"""Moving and leaving, by the member: asked for here, written by the services of the ledger."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from audit.services import log
from core.encryption import decrypt
from core.errors import RuleViolation
from core.normalising import normalise_text
from members.enums import ChangeReason
from members.models import Membership, Transfer
from members.models.application import PHONE_CONTEXT
from members.models.transfer import TransferParty, TransferStatus
from members.own_data import Person, current_membership, transfers_of
from members.services.changes import withdraw_membership
from members.services.messages import active_language, send_message
from members.services.own_page import BY_MEMBER, REASON_LENGTH, member_of, no_membership
from members.services.transfer import ask_transfer, cancel_transfer
from unions.models import Union


def ask_to_move(
    person: Person, *, to_union: Union, reason: str, new_employer_name: str = ""
) -> Transfer:
    """Ask for a transfer of the open membership. Raises RuleViolation as ``ask_transfer`` does."""
    membership = current_membership(person)
    if membership is None:
        raise no_membership()
    return ask_transfer(
        membership,
        to_union=to_union,
        reason=normalise_text(reason)[:REASON_LENGTH],
        asked_by=TransferParty.MEMBER,
        new_employer_name=normalise_text(new_employer_name),
        actor=None,
    )


def take_back_move(person: Person, transfer_id: int) -> None:
    """Cancel an own transfer that is under way, whoever asked for it: it is the member's to give.

    Raises RuleViolation if there is none.
    """
    transfer = transfers_of(person).filter(pk=transfer_id, status=TransferStatus.OPEN).first()
    if transfer is None:
        raise RuleViolation(_("It has been decided meanwhile."), code="decided")
    cancel_transfer(transfer, actor=None)


def leave_union(person: Person) -> Membership:
    """End the open membership with today as its last day. Nobody's approval is needed.

    Constitution of the Trade Unions art. 6: members are free to leave. One that begins only
    tomorrow, after a transfer today, ends with its first day. A transfer under way is dropped. The
    phone on record is told. Raises RuleViolation without an open membership.
    """
    membership = current_membership(person)
    if membership is None:
        raise no_membership()
    with transaction.atomic():
        ended = withdraw_membership(
            membership, reason=ChangeReason.OWN_WISH, may_not_have_begun=True, actor=None
        )
        log(None, "membership.left_by_member", ended, BY_MEMBER, union_path=ended.union.path)
        member = member_of(person)
        if member.phone_encrypted and ended.ended_on is not None:
            send_message(
                decrypt(member.phone_encrypted, context=PHONE_CONTEXT),
                "membership_left",
                {"union": ended.union.name, "day": ended.ended_on.isoformat()},
                language=active_language(),
            )
    return ended
