"""Which day a page shows, and up to which instant that day's entries were read."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from core.clock import local_day_end
from core.replica import reading_connection
from reports.runs import PUBLISH

_PUBLISHED = """
SELECT * FROM (
    (SELECT day, cut_off, finished_at FROM reports_reportrun
     WHERE report = %(publish)s AND cut_off IS NOT NULL ORDER BY day DESC LIMIT 1)
    UNION ALL
    (SELECT day, cut_off, finished_at FROM reports_reportrun
     WHERE report = %(publish)s AND cut_off IS NOT NULL AND day >= %(asked)s ORDER BY day LIMIT 1)
) AS published
"""


class _Published(NamedTuple):
    """A day that is out."""

    day: dt.date
    cut_off: dt.datetime
    finished_at: dt.datetime | None


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
    with reading_connection().cursor() as cursor:
        cursor.execute(_PUBLISHED, {"publish": PUBLISH, "asked": asked})
        # The newest, and the first from ``asked`` on: of a day to come there is none.
        found = [_Published(*row) for row in cursor.fetchall()]
    if not found:
        return None
    newest, run = max(found), min(found)
    day = newest.day if asked is None or asked > newest.day else asked
    return AsOf(
        day=day,
        newest=newest.day,
        asked=asked if asked is not None and asked > newest.day else None,
        cut_off=run.cut_off,
        finished_at=newest.finished_at,
    )


def month_start(day: dt.date) -> dt.date:
    """The first day of the month of ``day``."""
    return day.replace(day=1)


def year_start(day: dt.date) -> dt.date:
    """The first day of the year of ``day``."""
    return day.replace(month=1, day=1)


def eve(day: dt.date) -> dt.date:
    """The day before; of the first day there is, that day itself."""
    return day - dt.timedelta(days=1) if day > dt.date.min else day
