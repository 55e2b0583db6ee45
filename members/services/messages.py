"""Short messages to workers: written with the act they tell of, sent afterwards.

A message is a row of the transaction that causes it. After the commit a Celery task sends it; if
the queue is away or the worker dies, a sweep every minute finds the row. No page waits for a
gateway, and none fails because of one.

Sending is claimed by a conditional update that puts ``next_attempt_at`` to the end of a lease: a
second worker leaves the row alone until then, and takes it up if the first one died. The gateway
is given the message's key with each attempt, so that a repeat is harmless.
"""

from __future__ import annotations

import datetime as dt
import logging
import random
import re
import time
import uuid
from collections.abc import Iterable
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from audit.services import Actor, log
from core import messaging
from core.codes import format_receipt
from core.encryption import blind_index, decrypt, encrypt
from core.errors import RuleViolation
from core.messaging import DeliveryError, Outgoing
from members.messages import MESSAGES
from members.models import Application, Member, Message
from members.models.application import PHONE_CONTEXT
from members.models.message import BODY_CONTEXT, MessageStatus

FIRST_RETRY_SECONDS = 30
LAST_RETRY_SECONDS = 2 * 3600
SWEEP_SIZE = 200
# The gateway is down rather than one message bad: leave the others for the next sweep.
FAILURES_THAT_END_A_SWEEP = 3
BREAKER_SECONDS = 15.0
CHINESE = "zh-hans"
CODE_DIGITS = 6
CODE_IN_TEXT = re.compile(rf"(?<![0-9])[0-9]{{{CODE_DIGITS}}}(?![0-9])")
# The link by which one confirms: good for the yes in somebody's name.
LINK_IN_TEXT = re.compile(r"(?<=/confirm/)[A-Za-z0-9_-]+")

logger = logging.getLogger(__name__)
_queue_silent_until = 0.0


def send_message(
    phone: str,
    template: str,
    values: dict[str, Any] | None = None,
    *,
    language: str = CHINESE,
) -> Message:
    """Write a message to ``phone`` (E.164) in the current transaction; it is sent after the commit.

    ``template`` is a key of ``members.messages.MESSAGES`` and ``values`` fills its placeholders
    (KeyError for one that is missing). Never raises because of a gateway or the queue.
    """
    text = _text_of(template, values or {}, language)
    stays = not messaging.leaves_the_house()
    message = Message.objects.create(
        key=uuid.uuid4(),
        template=template,
        phone_encrypted=encrypt(phone, context=PHONE_CONTEXT),
        phone_hash=blind_index(phone, context=PHONE_CONTEXT),
        body_encrypted=encrypt(text, context=BODY_CONTEXT),
        status=MessageStatus.KEPT if stays else MessageStatus.QUEUED,
        next_attempt_at=timezone.now(),
    )
    if not stays:
        # Without a queue the sweep finds the row.
        queue_quietly("members.send_message", message.pk)
    return message


def tell_applicant(application: Application, template: str, **values: Any) -> Message | None:
    """Write a message to the phone an application was sent with; None once that is erased.

    ``receipt``, ``union`` and ``address`` (of the page that shows how it stands) are filled in.
    """
    if not application.phone_encrypted:
        return None
    known = {
        "receipt": format_receipt(application.receipt_number),
        "union": application.union.name,
        "address": settings.PUBLIC_BASE_URL + reverse("members:status"),
    }
    phone = decrypt(application.phone_encrypted, context=PHONE_CONTEXT)
    return send_message(phone, template, {**known, **values})


def tell_member(member: Member, template: str, **values: Any) -> Message | None:
    """Write a message to the phone on a member's record; None once that is erased."""
    if not member.phone_encrypted:
        return None
    return send_message(decrypt(member.phone_encrypted, context=PHONE_CONTEXT), template, values)


def tell_members(members: Iterable[Member], template: str, **values: Any) -> int:
    """Write the same message to each of many; how many have a phone.

    The sweep sends them, little by little: thousands must not hold up who waits for a code.
    """
    text = _text_of(template, values, CHINESE)
    stays = not messaging.leaves_the_house()
    now = timezone.now()
    written = Message.objects.bulk_create(
        Message(
            key=uuid.uuid4(),
            template=template,
            phone_encrypted=member.phone_encrypted,
            phone_hash=member.phone_hash,
            body_encrypted=encrypt(text, context=BODY_CONTEXT),
            status=MessageStatus.KEPT if stays else MessageStatus.QUEUED,
            next_attempt_at=now,
        )
        for member in members
        if member.phone_encrypted
    )
    return len(written)


def deliver_message(message_id: int) -> str:
    """Send one message if it is due and nobody else is at it; its status afterwards.

    ``"not due"`` where there was nothing to do. Safe to call any number of times.
    """
    message = _claim(message_id)
    if message is None:
        return "not due"
    if _is_stale(message):
        return _settle(message, MessageStatus.FAILED, error="too late")
    outgoing = Outgoing(
        key=str(message.key),
        template=message.template,
        phone=decrypt(message.phone_encrypted, context=PHONE_CONTEXT),
        text=decrypt(message.body_encrypted, context=BODY_CONTEXT),
    )
    try:
        messaging.deliver(outgoing)
    except DeliveryError as error:
        logger.warning("Message %s not sent (%s).", message.pk, error.code)
        if error.is_final or message.attempts >= settings.SMS_MAX_ATTEMPTS:
            return _settle(message, MessageStatus.FAILED, error=error.code)
        return _settle(message, MessageStatus.QUEUED, error=error.code)
    return _settle(message, MessageStatus.SENT)


def deliver_due_messages() -> int:
    """Send what is due, oldest first; how many were sent.

    Stops early when attempt after attempt fails: what is left is due again in a minute.
    """
    due = (
        Message.objects.filter(_due())
        .order_by("next_attempt_at")
        .values_list("pk", flat=True)[:SWEEP_SIZE]
    )
    sent = failures = 0
    for message_id in list(due):
        status = deliver_message(message_id)
        sent += status == MessageStatus.SENT
        failures = failures + 1 if status == MessageStatus.QUEUED else 0
        if failures >= FAILURES_THAT_END_A_SWEEP:
            break
    return sent


def reveal_message(message: Message, *, reason: str, actor: Actor) -> dict[str, str]:
    """Phone and text of one message, for a stated reason, logged. For operators alone.

    The digits of a one-time code and the link of a collective registration stay hidden wherever
    codes are real: with them, whoever keeps the server could log in, or agree, as that person.
    Raises RuleViolation (field ``reason``) without a reason.
    """
    if not reason.strip():
        raise RuleViolation("Say why you need to see it.", field="reason", code="required")
    with transaction.atomic():
        log(actor, "message.revealed", message, {"reason": reason.strip()[:200]})
    text = decrypt(message.body_encrypted, context=BODY_CONTEXT)
    if not messaging.shows_codes():
        text = LINK_IN_TEXT.sub("******", text)
        if message.template == "code":
            text = CODE_IN_TEXT.sub("*" * CODE_DIGITS, text)
    return {"phone": decrypt(message.phone_encrypted, context=PHONE_CONTEXT), "text": text}


def queue_quietly(task: str, record_id: int) -> None:
    """Hand ``task`` of ``members.tasks`` to a worker after the commit; never raises.

    For work that a sweep would do later anyway, or that may be left out while the queue is away.
    """
    transaction.on_commit(lambda: _send_by_name(task, record_id), robust=True)


def active_language() -> str:
    """The language of the page that is being answered."""
    return get_language() or CHINESE


# -- inside ---------------------------------------------------------------------------------------


def _text_of(template: str, values: dict[str, Any], language: str) -> str:
    texts = MESSAGES[template]
    text = texts.en if language.startswith("en") else texts.zh
    return f"【{settings.SMS_SIGNATURE}】{text.format(**values)}"


def _send_by_name(task: str, record_id: int) -> None:
    """Hand a task to a worker. After a failure nobody waits for the queue again for a while."""
    global _queue_silent_until  # noqa: PLW0603 -- one breaker per process
    if time.monotonic() < _queue_silent_until:
        return
    try:
        current_app.send_task(task, args=[record_id])
    except Exception as error:  # noqa: BLE001 -- whatever the queue's driver raises
        _queue_silent_until = time.monotonic() + BREAKER_SECONDS
        logger.warning("The queue does not answer (%s).", type(error).__name__)


def _due() -> Q:
    open_statuses = [MessageStatus.QUEUED, MessageStatus.SENDING]
    return Q(status__in=open_statuses, next_attempt_at__lte=timezone.now())


def _claim(message_id: int) -> Message | None:
    lease = dt.timedelta(seconds=settings.SMS_HTTP_TIMEOUT * 2 + 30)
    claimed = Message.objects.filter(_due(), pk=message_id).update(
        status=MessageStatus.SENDING,
        attempts=F("attempts") + 1,
        next_attempt_at=timezone.now() + lease,
    )
    return Message.objects.get(pk=message_id) if claimed else None


def _is_stale(message: Message) -> bool:
    minutes = MESSAGES[message.template].minutes if message.template in MESSAGES else None
    if minutes is None:
        return False
    return timezone.now() - message.created_at > dt.timedelta(minutes=minutes)


def _settle(message: Message, status: MessageStatus, *, error: str = "") -> str:
    """Write down how the attempt ended, unless another worker has taken the message over."""
    changes: dict[str, Any] = {"status": status, "error": error}
    if status == MessageStatus.SENT:
        changes["sent_at"] = timezone.now()
    elif status == MessageStatus.QUEUED:
        changes["next_attempt_at"] = timezone.now() + _wait_after(message.attempts)
    mine = Message.objects.filter(
        pk=message.pk, status=MessageStatus.SENDING, attempts=message.attempts
    )
    return status.value if mine.update(**changes) else "taken over"


def _wait_after(attempts: int) -> dt.timedelta:
    """30 s, 2 min, 8 min, …, two hours at most; half of it by chance, so that messages that failed
    together do not come back together."""
    longest = min(FIRST_RETRY_SECONDS * 4 ** (attempts - 1), LAST_RETRY_SECONDS)
    return dt.timedelta(seconds=longest * (0.5 + random.random() / 2))  # noqa: S311 -- no secret
