"""One-time codes that prove a phone.

Six digits, kept as a keyed hash, valid for some minutes, once, for at most five wrong tries; only
the newest code of a phone and purpose counts. All limits count rows of the database: they hold
without Redis too.

Whether a phone belongs to a member plays no part here: strangers, applicants and members are
answered alike. Nor does what others asked for that phone: a refusal and its seconds come from the
asker's own wishes, their address and the whole day. What a phone has had enough of is not sent,
and nobody is told: else the moment of the refusal would say that its holder was here, and when.
"""

from __future__ import annotations

import datetime as dt
import hmac
import math
import re
import secrets
from dataclasses import dataclass
from enum import Enum

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
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
    queue_quietly,
    send_message,
)

CODE_CONTEXT = "members.one_time_code"
ADDRESS_CONTEXT = "members.code_address"
ASKER_CONTEXT = "members.code_asker"
DIGITS = CODE_DIGITS
MAX_WRONG_TRIES = 5
DAY = dt.timedelta(days=1)
LATER_SECONDS = 3600

_CODE = re.compile(rf"[0-9]{{{DIGITS}}}")


class Sending(Enum):
    """What the asker is told about the wish. None of it depends on whose phone it is, nor on what
    others asked for it."""

    SENT = "sent"  # or held back in silence
    TOO_SOON = "too_soon"  # this asker's last wish was a moment ago
    TOO_MANY = "too_many"  # no more today: by this asker, from this address or altogether


@dataclass(frozen=True)
class CodeSent:
    """The outcome, and the seconds until another code may be asked for."""

    outcome: Sending
    wait_seconds: int


def send_code(phone: str, purpose: str, *, address: str = "", asker: str = "") -> CodeSent:
    """Send a new code to ``phone`` (E.164), which replaces the one before.

    ``purpose`` is one of ``OneTimeCode.Purpose``; ``address`` is the caller's
    (``core.client_address.client_block``) and ``asker`` whoever may be told of their own wishes (a
    receipt, a browser; without one, the address). Both are kept as hashes for their limits.

    ``SENT`` also where the phone has had enough by others' wishes: then nothing is sent, the code
    before stays good, and the work is the same. Never raises because of the gateway.
    """
    phone_hash = blind_index(phone, context=PHONE_CONTEXT)
    address_hash = blind_index(address, context=ADDRESS_CONTEXT) if address else None
    asker_hash = _hash_of_asker(asker or address)
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    with transaction.atomic():
        # Two clicks at once: the second one reads what the first one wrote.
        advisory_lock(f"members.code:{phone_hash.hex()}")
        now = timezone.now()
        if refused := _refusal(phone_hash, purpose, asker_hash, address_hash, now):
            return refused
        is_sent = _may_reach(phone_hash, purpose, now)
        OneTimeCode.objects.create(
            purpose=purpose,
            phone_hash=phone_hash,
            code_hash=_hash(phone, purpose, code),
            address_hash=address_hash,
            asker_hash=asker_hash,
            is_sent=is_sent,
            created_at=now,
            expires_at=now + dt.timedelta(minutes=settings.CODE_MINUTES),
        )
        _write(phone, code, is_sent=is_sent)
    return CodeSent(Sending.SENT, settings.CODE_RESEND_SECONDS)


def check_code(phone: str, purpose: str, code: str) -> bool:
    """Whether ``code`` is the one last sent to ``phone`` for ``purpose``; true only once.

    Each wrong try counts; after five the code is dead. Full-width digits and spaces are forgiven.
    A wish that was held back is no code: it neither replaces the one before nor gives new tries.
    """
    typed = normalise_identifier(code)
    given = _hash(phone, purpose, typed if _CODE.fullmatch(typed) else "")
    with transaction.atomic():
        newest = (
            OneTimeCode.objects.select_for_update()
            .filter(
                phone_hash=blind_index(phone, context=PHONE_CONTEXT), purpose=purpose, is_sent=True
            )
            .order_by("-created_at", "-pk")
            .first()
        )
        is_right = hmac.compare_digest(given, bytes(newest.code_hash) if newest else bytes(32))
        is_alive = newest is not None and _is_alive(newest)
        mine = OneTimeCode.objects.filter(pk=newest.pk if newest else 0)
        if is_right and is_alive:
            mine.update(used_at=timezone.now())
            return True
        # The same statement without a code or with a dead one: whether somebody used up the last
        # code of a phone does not show in the time.
        mine.update(wrong_tries=F("wrong_tries") + int(is_alive))
    return False


def has_asked(phone: str, purpose: str, asker: str) -> bool:
    """Whether ``asker`` wished for a code for ``phone`` before, sent or held back."""
    return OneTimeCode.objects.filter(
        phone_hash=blind_index(phone, context=PHONE_CONTEXT),
        purpose=purpose,
        asker_hash=_hash_of_asker(asker),
    ).exists()


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


def _write(phone: str, code: str, *, is_sent: bool) -> None:
    """The message with the code; one that is held back is written too, and taken back: the time
    of the answer tells nothing either."""
    values = {"code": code, "minutes": settings.CODE_MINUTES}
    with transaction.atomic():
        message = send_message(phone, "code", values, language=active_language())
        if not is_sent:
            transaction.set_rollback(True)
    if not is_sent and messaging.leaves_the_house():
        # A worker finds no such row, and does nothing.
        queue_quietly("members.send_message", message.pk)


def _refusal(
    phone_hash: bytes,
    purpose: str,
    asker_hash: bytes | None,
    address_hash: bytes | None,
    now: dt.datetime,
) -> CodeSent | None:
    """What the asker is told instead: from their own rows, sent or held back, and from counts that
    no single phone shows in."""
    today = OneTimeCode.objects.filter(created_at__gt=now - DAY)
    if asker_hash:
        own = _newest(today.filter(phone_hash=phone_hash, asker_hash=asker_hash))
        waited = _seconds_since(own, purpose, now)
        if waited < settings.CODE_RESEND_SECONDS:
            left = int(settings.CODE_RESEND_SECONDS - waited) + 1
            return CodeSent(Sending.TOO_SOON, left)
        if len(own) >= settings.CODE_LIMIT_PER_PHONE:
            oldest = own[-1][1]
            return CodeSent(Sending.TOO_MANY, int((oldest + DAY - now).total_seconds()) + 1)
    from_address = today.filter(address_hash=address_hash) if address_hash else today.none()
    for rows, limit in (
        (from_address, settings.CODE_LIMIT_PER_IP),
        (today, settings.CODE_LIMIT_PER_DAY),
    ):
        if rows[:limit].count() >= limit:
            return CodeSent(Sending.TOO_MANY, LATER_SECONDS)
    return None


def _may_reach(phone_hash: bytes, purpose: str, now: dt.datetime) -> bool:
    """Whether one more code may really go to this phone, whoever asked for those before."""
    today = OneTimeCode.objects.filter(created_at__gt=now - DAY)
    sent = _newest(today.filter(phone_hash=phone_hash, is_sent=True))
    return (
        len(sent) < settings.CODE_LIMIT_PER_PHONE
        and _seconds_since(sent, purpose, now) >= settings.CODE_RESEND_SECONDS
    )


def _newest(rows: QuerySet[OneTimeCode]) -> list[tuple[str, dt.datetime]]:
    """Purpose and time, as many as the limit of a phone needs."""
    newest = rows.order_by("-created_at").values_list("purpose", "created_at")
    return list(newest[: settings.CODE_LIMIT_PER_PHONE])


def _seconds_since(rows: list[tuple[str, dt.datetime]], purpose: str, now: dt.datetime) -> float:
    """Since the newest of ``rows`` for this purpose; endless without one."""
    same = (created_at for asked_for, created_at in rows if asked_for == purpose)
    newest = next(same, None)
    return (now - newest).total_seconds() if newest else math.inf


def _hash_of_asker(asker: str) -> bytes | None:
    return blind_index(asker, context=ASKER_CONTEXT) if asker else None


def _hash(phone: str, purpose: str, code: str) -> bytes:
    return blind_index(f"{phone}:{purpose}:{code}", context=CODE_CONTEXT)
