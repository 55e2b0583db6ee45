"""What workers do for campaigns."""

from __future__ import annotations

from typing import Any

from celery import Task, shared_task

from campaigns.services.reminders import remind_units

RETRY_SECONDS = 600
RETRIES = 3


@shared_task(name="campaigns.remind_units", bind=True, max_retries=RETRIES)
def remind_units_task(self: Task[Any, Any]) -> dict[str, int]:
    """Remind units of papers. While the mail server is away, try again; at last do without it."""
    last = self.request.retries >= RETRIES
    done = remind_units(needs_mail=not last)
    if done.unsent and not last:
        raise self.retry(countdown=RETRY_SECONDS)
    return {"units": done.units}
