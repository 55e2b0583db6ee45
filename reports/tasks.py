"""The night as a Celery task, and those that help it."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from celery import Task, shared_task
from django.conf import settings
from django.db import InterfaceError, OperationalError as DatabaseAway, transaction
from kombu.exceptions import OperationalError

from core.clock import local_today
from core.errors import RuleViolation
from core.replica import REPLICA
from reports.brief import send_briefs
from reports.checking import check_everything
from reports.models import ReportRun
from reports.nightly import LEAVES, help_count, run_nightly
from reports.preparing import prepare_figures
from reports.runs import NIGHT_UNDER_WAY, LeaseLost, last_closed_day

# While another worker holds the lease we look again; a dead worker's lease runs out by itself.
LOOK_AGAIN_SECONDS = 60
MAX_LOOKS = 60
# A helper is invited before the parts of the night are there, and looks again until they are.
HELP_AGAIN_SECONDS = 2
HELP_FOR_SECONDS = 2 * 3600

logger = logging.getLogger(__name__)


@shared_task(name="reports.run_nightly", bind=True, max_retries=MAX_LOOKS)
def run_nightly_task(
    self: Task[Any, Any], day: str | None = None, full: bool = False
) -> list[dict[str, Any]]:
    """Run the night for ``day`` (ISO date; default yesterday); the outcome of each step.

    Other workers are invited to help. Nobody need come: what they leave is counted here.
    """
    wanted = dt.date.fromisoformat(day) if day else local_today() - dt.timedelta(days=1)
    if not self.request.retries:
        for _number in range(settings.NIGHTLY_HELPERS):
            _queue(help_count_task, wanted, expires=HELP_FOR_SECONDS)
    try:
        outcomes = run_nightly(wanted, full=full)
    except (DatabaseAway, InterfaceError, LeaseLost) as error:
        # The database was away, or somebody took a step over: what is done stands.
        raise self.retry(exc=error, countdown=LOOK_AGAIN_SECONDS) from error
    if any(outcome.state == "running_elsewhere" for outcome in outcomes):
        raise self.retry(countdown=LOOK_AGAIN_SECONDS)
    # A replica may not have the new figures yet: what it says at once is not kept.
    wait = settings.REPLICA_MAX_LAG_SECONDS + 1 if REPLICA in settings.DATABASES else 0
    _queue(prepare_figures_task, wanted, countdown=wait)
    return [{**outcome._asdict(), "day": outcome.day.isoformat()} for outcome in outcomes]


def _queue(task: Task[Any, Any], day: dt.date, **options: Any) -> None:
    """What the night can do without is no reason for it to fail."""
    try:
        task.apply_async([day.isoformat()], **options)
    except OperationalError:
        logger.warning("not queued: %s", task.name)


@shared_task(
    name="reports.help_count",
    bind=True,
    ignore_result=True,
    max_retries=HELP_FOR_SECONDS // HELP_AGAIN_SECONDS,
)
def help_count_task(self: Task[Any, Any], day: str) -> int:
    """Count parts of the nights up to ``day`` (ISO date) that nobody is at; how many.

    Comes again until the parts of ``day`` are counted: too early it finds none, too late neither,
    and of two helpers at one night each takes what the other left.
    """
    last = dt.date.fromisoformat(day)
    counted = ReportRun.objects.filter(report=LEAVES, day__lte=last)
    parts = sum(
        help_count(one)
        for one in counted.exclude(status=ReportRun.Status.DONE)
        .order_by("day")
        .values_list("day", flat=True)
    )
    if not counted.filter(day=last, status=ReportRun.Status.DONE).exists():
        raise self.retry(countdown=HELP_AGAIN_SECONDS)
    return parts


@shared_task(name="reports.prepare_figures", ignore_result=True)
def prepare_figures_task(day: str) -> int:
    """Read what takes long at the highest unions, as of ``day`` (ISO date), before anybody asks."""
    return prepare_figures(dt.date.fromisoformat(day))


@shared_task(name="reports.send_briefs", ignore_result=True)
def send_briefs_task() -> int:
    """The morning briefs that the night left: those by text message; how many went out.

    For the newest day that was counted after it was over: another has no brief yet.
    """
    day = last_closed_day(before=local_today())
    return send_briefs(day) if day is not None else 0


@shared_task(name="reports.check_everything", bind=True, ignore_result=True, max_retries=MAX_LOOKS)
def check_everything_task(self: Task[Any, Any]) -> int:
    """The weekly check of all books; the number of new drifts. Waits for a night to be over."""
    try:
        with transaction.atomic():
            return check_everything()
    except RuleViolation as refusal:
        if refusal.code != NIGHT_UNDER_WAY:
            raise
        raise self.retry(exc=refusal, countdown=LOOK_AGAIN_SECONDS) from refusal
