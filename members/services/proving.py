"""Proving that the phone of an application is the applicant's.

An application is recorded first and proven afterwards: a gateway that is down costs no sign-up.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from audit.services import log
from core import messaging
from core.encryption import decrypt
from members.enums import MembershipStatus
from members.models import Application, Member, Message, OneTimeCode
from members.models.application import PHONE_CONTEXT
from members.receipts import Receipt
from members.services.codes import CodeSent, Sending, check_code, has_asked, send_code
from members.services.messages import queue_quietly, send_message
from members.services.sendings import lock_receipt, note_proof

JOIN = OneTimeCode.Purpose.JOIN
QUIET = dt.timedelta(days=1)
OPEN_MEMBERSHIPS = (
    MembershipStatus.ACTIVE,
    MembershipStatus.TRANSFERRING,
    MembershipStatus.RETAINED,
)


def can_be_proven(receipt: Receipt) -> bool:
    """Whether there is a phone to prove, a use in it, and a way for a code to reach it."""
    return (
        receipt.is_open
        and bool(receipt.application.phone_encrypted)
        and not receipt.is_proven
        and messaging.can_reach_phones()
    )


def send_first_code(receipt: Receipt, *, address: str = "") -> CodeSent | None:
    """Send a code unless this receipt has asked for one before; None then.

    Codes that others asked for play no part: whoever only now sent a form with this phone must not
    learn that somebody else did.
    """
    phone, asker = phone_of(receipt.application), _asker(receipt)
    if has_asked(phone, JOIN, asker):
        return None
    sent = send_code(phone, JOIN, address=address, asker=asker)
    return None if sent.outcome is Sending.TOO_SOON else sent  # two looks at once


def send_another_code(receipt: Receipt, *, address: str = "") -> CodeSent:
    """Send a new code, within the limits; told are those that this receipt itself has reached."""
    return send_code(phone_of(receipt.application), JOIN, address=address, asker=_asker(receipt))


def prove_phone(receipt: Receipt, code: str) -> bool:
    """Note the phone as proven if ``code`` is right. True, and nothing more, if it was before."""
    if receipt.is_proven:
        return True
    application = receipt.application
    if not application.phone_encrypted or not check_code(phone_of(application), JOIN, code):
        return False
    with transaction.atomic():
        locked = lock_receipt(receipt)
        if note_proof(locked):
            application = locked.application
            log(
                None,
                "application.phone_proven",
                application,
                {"by": "applicant"},
                union_path=application.union.path,
            )
            # By a worker, not here: the answer must take as long for strangers as for members.
            queue_quietly("members.tell_member_of_application", application.pk)
    return True


def tell_member_of_application(application_id: int) -> bool:
    """Tell the person on record that somebody applied with their ID number, once a day at most.

    The page that took the application tells nobody; this goes only to the phone on record.
    """
    application = Application.objects.filter(pk=application_id).first()
    if application is None or not application.id_number_encrypted:
        return False
    member = (
        Member.objects.filter(
            id_number_hash=application.id_number_hash,
            memberships__status__in=OPEN_MEMBERSHIPS,
        )
        .select_related("home_union")
        .first()
    )
    if member is None or not member.phone_encrypted:
        return False
    told = Message.objects.filter(
        phone_hash=member.phone_hash,
        template="already_member",
        created_at__gt=timezone.now() - QUIET,
    )
    if told.exists():
        return False
    phone = decrypt(member.phone_encrypted, context=PHONE_CONTEXT)
    send_message(phone, "already_member", {"union": member.home_union.name})
    return True


def _asker(receipt: Receipt) -> str:
    return f"receipt {receipt.number}"


def phone_of(application: Application) -> str:
    """The phone it was sent with, E.164."""
    return decrypt(application.phone_encrypted, context=PHONE_CONTEXT)
