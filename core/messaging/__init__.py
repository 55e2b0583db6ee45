"""Handing short messages to whoever delivers them. No tables: the queue is the caller's.

``SMS_PROVIDER`` names one of three providers:

* ``outbox`` – nothing leaves the house; the message stays in the caller's table;
* ``console`` – one log line for each message;
* ``http`` – a request to an SMS gateway, described by settings alone.
"""

from __future__ import annotations

from django.conf import settings

from core.messaging.base import DeliveryError as DeliveryError, Outgoing as Outgoing
from core.messaging.console import send_to_console
from core.messaging.http import gateway_from_settings

OUTBOX = "outbox"
CONSOLE = "console"
HTTP = "http"


def deliver(message: Outgoing) -> None:
    """Hand ``message`` to the provider in force. Raises DeliveryError; never logs its text.

    The same ``key`` handed over twice is one message to a gateway that honours it.
    """
    if settings.SMS_PROVIDER == HTTP:
        gateway_from_settings().send(message)
    elif settings.SMS_PROVIDER == CONSOLE:
        send_to_console(message)


def leaves_the_house() -> bool:
    """Whether messages need sending at all; those of the outbox are kept where they are."""
    return bool(settings.SMS_PROVIDER != OUTBOX)


def shows_codes() -> bool:
    """Whether pages may show a code they sent: a demo without phones, never in production."""
    return bool(settings.SMS_SHOW_CODES and not settings.PRODUCTION)


def can_reach_phones() -> bool:
    """Whether somebody who is asked for a code can come to know it."""
    return bool(settings.SMS_PROVIDER == HTTP or shows_codes())
