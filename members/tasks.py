"""What workers do for this app. Tasks are given ids, never personal values."""

from __future__ import annotations

from celery import shared_task

from members.services.messages import deliver_due_messages, deliver_message


@shared_task(name="members.send_message")
def send_message_task(message_id: int) -> str:
    """Send one message, if it is still due."""
    return deliver_message(message_id)


@shared_task(name="members.send_due_messages")
def send_due_messages() -> int:
    """Send what the queue forgot and what is due again; every minute."""
    return deliver_due_messages()
