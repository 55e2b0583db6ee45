"""The night: what Celery beat starts at 02:00 and ``manage.py nightly`` runs by hand."""

from __future__ import annotations

import datetime as dt
from functools import partial

from core.clock import local_today
from reports.counting import count_days, count_from_the_beginning
from reports.progress import measure_history, measure_progress
from reports.runs import StepOutcome, last_closed_day, last_published_day, run_step

COUNTS = "counts"
PROGRESS = "progress"
STEPS = (COUNTS, PROGRESS)


def run_nightly(day: dt.date | None = None, *, full: bool = False) -> list[StepOutcome]:
    """Count and publish ``day`` (default: yesterday, Asia/Shanghai), missed days before it too.

    Idempotent: a finished day that is published is left alone, a day counted before it was over is
    counted again. ``full`` recounts the whole history as it is known now. Safe to kill at any
    moment: each step is one transaction, and the next run goes on where this one stopped.
    """
    wanted = day or local_today() - dt.timedelta(days=1)
    outcomes = [run_step(COUNTS, wanted, partial(_count, full=full), again=full)]
    if outcomes[0].state != "running_elsewhere":
        changed = outcomes[0].state == "done"
        outcomes.append(
            run_step(PROGRESS, wanted, partial(_measure, full=full), again=full or changed)
        )
    return outcomes


def _count(day: dt.date, *, full: bool) -> int:
    """Counts for ``day`` and for the days since the last one that was counted after it was over.

    A day older than the newest published one has its figures already: counts are a history, and a
    past day is not counted again but by ``full``.
    """
    newest = last_published_day(COUNTS)
    if full or newest is None:
        return count_from_the_beginning(max(day, newest or day))
    if newest > day:
        return 0
    closed = last_closed_day(COUNTS, before=day)
    return (
        count_days(closed + dt.timedelta(days=1), day) if closed else count_from_the_beginning(day)
    )


def _measure(day: dt.date, *, full: bool) -> int:
    """Progress on ``day``; with a new history of counts, on the month ends before it as well."""
    if full or last_published_day(PROGRESS) is None:
        return measure_history(day)
    return measure_progress(day)
