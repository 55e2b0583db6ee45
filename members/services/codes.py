"""One-time codes that prove a phone.

Six digits, kept as a keyed hash, valid for some minutes, once, for at most five wrong tries; only
the newest code of a phone and purpose counts. All limits count rows of the database: they hold
without Redis too.

Whether a phone belongs to a member plays no part here: strangers, applicants and members are
answered alike.
"""

from __future__ import annotations

import datetime as dt
import hmac
import re
import secrets
from dataclasses import dataclass
from enum import Enum

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from core import messaging
from core.encryption import blind_index, decrypt
from core.locks import advisory_lock
from core.normalising import normalise_identifier
from members.models import Message, OneTimeCode
from members.models.application import PHONE_CONTEXT
from members.models.message import BODY_CONTEXT
from members.services.messages import (
    CODE_DIGITS,
    CODE_IN_TEXT,
    active_language,
    send_message,
)

CODE_CONTEXT = "members.one_time_code"
ADDRESS_CONTEXT = "members.code_address"
DIGITS = CODE_DIGITS
MAX_WRONG_TRIES = 5
DAY = dt.timedelta(days=1)
LATER_SECONDS = 3600

_CODE = re.compile(rf"[0-9]{{{DIGITS}}}")


class Sending(Enum):
    """What became of the wish for a code. None of it depends on whose phone it is."""

    SENT = "sent"
    TOO_SOON = "too_soon"  # the last one was sent a moment ago
    TOO_MANY = "too_many"  # no more today, to this phone, from this address or altogether


@dataclass(frozen=True)
class CodeSent:
    """The outcome, and the seconds until another code may be asked for."""

    outcome: Sending
    wait_seconds: int


def send_code(phone: str, purpose: str, *, address: str = "") -> CodeSent:
    """Send a new code to ``phone`` (E.164), which replaces the one before.

    ``purpose`` is one of ``OneTimeCode.Purpose``; ``address`` is the caller's
    (``core.client_address.client_block``), kept as a hash for its limit. Never raises because of
    the gateway.
    """
    phone_hash = blind_index(phone, context=PHONE_CONTEXT)
    address_hash = blind_index(address, context=ADDRESS_CONTEXT) if address else None
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    with transaction.atomic():
        # Two clicks at once: the second one reads what the first one wrote.
        advisory_lock(f"members.code:{phone_hash.hex()}")
        now = timezone.now()
        if refused := _refusal(phone_hash, purpose, address_hash, now):
            return refused
        OneTimeCode.objects.create(
            purpose=purpose,
            phone_hash=phone_hash,
            code_hash=_hash(phone, purpose, code),
            address_hash=address_hash,
            created_at=now,
            expires_at=now + dt.timedelta(minutes=settings.CODE_MINUTES),
        )
        values = {"code": code, "minutes": settings.CODE_MINUTES}
        send_message(phone, "code", values, language=active_language())
    return CodeSent(Sending.SENT, settings.CODE_RESEND_SECONDS)


def check_code(phone: str, purpose: str, code: str) -> bool:
    """Whether ``code`` is the one last sent to ``phone`` for ``purpose``; true only once.

    Each wrong try counts; after five the code is dead. Full-width digits and spaces are forgiven.
    """
    typed = normalise_identifier(code)
    given = _hash(phone, purpose, typed if _CODE.fullmatch(typed) else "")
    with transaction.atomic():
        newest = (
            OneTimeCode.objects.select_for_update()
            .filter(phone_hash=blind_index(phone, context=PHONE_CONTEXT), purpose=purpose)
            .order_by("-created_at", "-pk")
            .first()
        )
        is_right = hmac.compare_digest(given, bytes(newest.code_hash) if newest else bytes(32))
        if newest is None or not _is_alive(newest):
            return False
        mine = OneTimeCode.objects.filter(pk=newest.pk)
        if is_right:
            mine.update(used_at=timezone.now())
        else:
            mine.update(wrong_tries=F("wrong_tries") + 1)
    return is_right


def last_sent_at(phone: str, purpose: str) -> dt.datetime | None:
    """When the newest code went to ``phone``."""
    return (
        OneTimeCode.objects.filter(
            phone_hash=blind_index(phone, context=PHONE_CONTEXT), purpose=purpose
        )
        .order_by("-created_at")
        .values_list("created_at", flat=True)
        .first()
    )


def code_to_show(phone: str) -> str:
    """The code last written to ``phone``, for the page of a demo without phones; "" elsewhere."""
    if not messaging.shows_codes():
        return ""
    message = Message.objects.filter(
        phone_hash=blind_index(phone, context=PHONE_CONTEXT), template="code"
    ).first()
    if message is None:
        return ""
    found = CODE_IN_TEXT.search(decrypt(message.body_encrypted, context=BODY_CONTEXT))
    return found.group() if found else ""


def _is_alive(code: OneTimeCode) -> bool:
    return (
        code.used_at is None
        and code.expires_at > timezone.now()
        and code.wrong_tries < MAX_WRONG_TRIES
    )


def _refusal(
    phone_hash: bytes, purpose: str, address_hash: bytes | None, now: dt.datetime
) -> CodeSent | None:
    today = OneTimeCode.objects.filter(created_at__gt=now - DAY)
    to_phone = list(
        today.filter(phone_hash=phone_hash)
        .order_by("-created_at")
        .values_list("purpose", "created_at")[: settings.CODE_LIMIT_PER_PHONE]
    )
    same = [created_at for sent_for, created_at in to_phone if sent_for == purpose]
    if same:
        waited = (now - same[0]).total_seconds()
        if waited < settings.CODE_RESEND_SECONDS:
            left = int(settings.CODE_RESEND_SECONDS - waited) + 1
            return CodeSent(Sending.TOO_SOON, left)
    if len(to_phone) >= settings.CODE_LIMIT_PER_PHONE:
        oldest = to_phone[-1][1]
        return CodeSent(Sending.TOO_MANY, int((oldest + DAY - now).total_seconds()) + 1)
    from_address = today.filter(address_hash=address_hash) if address_hash else today.none()
    for rows, limit in (
        (from_address, settings.CODE_LIMIT_PER_IP),
        (today, settings.CODE_LIMIT_PER_DAY),
    ):
        if rows[:limit].count() >= limit:
            return CodeSent(Sending.TOO_MANY, LATER_SECONDS)
    return None


def _hash(phone: str, purpose: str, code: str) -> bytes:
    return blind_index(f"{phone}:{purpose}:{code}", context=CODE_CONTEXT)
