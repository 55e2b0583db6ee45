"""Which day a page shows, and up to which instant that day's entries were read."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.db.models import QuerySet

from core.clock import local_day_end
from reports.models import ReportRun
from reports.runs import PUBLISH


class AsOf(NamedTuple):
    """The day shown. ``asked`` is what the viewer wanted, where that has not been counted yet."""

    day: dt.date
    newest: dt.date
    asked: dt.date | None
    cut_off: dt.datetime | None
    finished_at: dt.datetime | None

    @property
    def is_provisional(self) -> bool:
        """True when the day was counted before it was over: the figure may still change."""
        return self.cut_off is not None and self.cut_off < local_day_end(self.day)


def as_of(asked: dt.date | None = None) -> AsOf | None:
    """The day to show for ``asked`` (default: the newest counted day); None before the first night.

    A day that has not been counted is answered with the newest that has.
    """
    newest_run = _published().order_by("-day")[:1]
    # Both runs in one query: of a day to come there is none.
    found = list(
        newest_run.union(_published().filter(day__gte=asked).order_by("day")[:1])
        if asked
        else newest_run
    )
    if not found:
        return None
    newest, run = max(found, key=_day_of), min(found, key=_day_of)
    day = newest.day if asked is None or asked > newest.day else asked
    return AsOf(
        day=day,
        newest=newest.day,
        asked=asked if asked is not None and asked > newest.day else None,
        cut_off=run.cut_off,
        finished_at=newest.finished_at,
    )


def _day_of(run: ReportRun) -> dt.date:
    return run.day


def month_start(day: dt.date) -> dt.date:
    """The first day of the month of ``day``."""
    return day.replace(day=1)


def year_start(day: dt.date) -> dt.date:
    """The first day of the year of ``day``."""
    return day.replace(month=1, day=1)


def eve(day: dt.date) -> dt.date:
    """The day before; of the first day there is, that day itself."""
    return day - dt.timedelta(days=1) if day > dt.date.min else day


def _published() -> QuerySet[ReportRun]:
    return ReportRun.objects.filter(report=PUBLISH, cut_off__isnull=False)
