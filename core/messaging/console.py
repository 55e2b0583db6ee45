"""A provider for trying the portal out: one log line for each message."""

from __future__ import annotations

import logging

from django.conf import settings

from core.masking import mask_phone
from core.messaging.base import Outgoing

logger = logging.getLogger(__name__)


def send_to_console(message: Outgoing) -> None:
    """Log template and masked phone; the text, which may hold a code, only where pages show it."""
    phone = mask_phone(message.phone)
    if settings.SMS_SHOW_CODES and not settings.PRODUCTION:
        logger.info("Message %s to %s: %s", message.template, phone, message.text)
    else:
        logger.info("Message %s to %s", message.template, phone)
