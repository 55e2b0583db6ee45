"""The night as a Celery task."""

from __future__ import annotations

import datetime as dt
from typing import Any

from celery import Task, shared_task
from django.db import transaction

from reports.checking import check_everything
from reports.nightly import help_count, run_nightly

# While another worker holds the lease we look again; a dead worker's lease runs out by itself.
LOOK_AGAIN_SECONDS = 60
MAX_LOOKS = 60


@shared_task(name="reports.run_nightly", bind=True, max_retries=MAX_LOOKS)
def run_nightly_task(
    self: Task[Any, Any], day: str | None = None, full: bool = False
) -> list[dict[str, Any]]:
    """Run the night for ``day`` (ISO date; default yesterday); the outcome of each step."""
    outcomes = run_nightly(dt.date.fromisoformat(day) if day else None, full=full)
    if any(outcome.state == "running_elsewhere" for outcome in outcomes):
        raise self.retry(countdown=LOOK_AGAIN_SECONDS)
    return [{**outcome._asdict(), "day": outcome.day.isoformat()} for outcome in outcomes]


@shared_task(name="reports.help_count", ignore_result=True)
def help_count_task(day: str) -> int:
    """Count parts of ``day`` (ISO date) that nobody is at; how many. For further workers."""
    return help_count(dt.date.fromisoformat(day))


@shared_task(name="reports.check_everything", ignore_result=True)
def check_everything_task() -> int:
    """The weekly check of all books; the number of new drifts."""
    with transaction.atomic():
        return check_everything()
