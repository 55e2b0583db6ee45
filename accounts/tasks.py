"""What workers do for this app."""

from __future__ import annotations

from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone


@shared_task(name="accounts.clear_sessions")
def clear_sessions() -> int:
    """Delete the log-ins that ran out, officials' and members' alike; nightly. How many."""
    deleted, _by_table = Session.objects.filter(expire_date__lt=timezone.now()).delete()
    return deleted
