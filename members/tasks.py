"""What workers do for this app. Tasks are given ids, never personal values."""

from __future__ import annotations

from celery import shared_task

from members.services import proving
from members.services.messages import deliver_due_messages, deliver_message


@shared_task(name="members.send_message")
def send_message_task(message_id: int) -> str:
    """Send one message, if it is still due."""
    return deliver_message(message_id)


@shared_task(name="members.send_due_messages")
def send_due_messages() -> int:
    """Send what the queue forgot and what is due again; every minute."""
    return deliver_due_messages()


@shared_task(name="members.tell_member_of_application")
def tell_member_of_application(application_id: int) -> bool:
    """Tell the member on record that somebody applied with their ID number."""
    return proving.tell_member_of_application(application_id)
