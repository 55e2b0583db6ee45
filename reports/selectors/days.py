"""Which day a page shows, and up to which instant that day's entries were read."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple, TypedDict

from django.utils.translation import gettext as _

from core.clock import local_day_end
from core.replica import reading_connection
from reports.runs import PUBLISH

# Figures begin with the first entry about anybody; it stands in the count of the unions on top.
_PUBLISHED = """
SELECT published.*, (
    SELECT MIN(counted.day) FROM unions_union top
    CROSS JOIN LATERAL (SELECT c.day FROM reports_dailycount c WHERE c.union_id = top.id
                        ORDER BY c.day LIMIT 1) counted
    WHERE top.parent_id IS NULL
) FROM (
    (SELECT day, cut_off, finished_at FROM reports_reportrun
     WHERE report = %(publish)s AND cut_off IS NOT NULL ORDER BY day DESC LIMIT 1)
    UNION ALL
    (SELECT day, cut_off, finished_at FROM reports_reportrun
     WHERE report = %(publish)s AND cut_off IS NOT NULL AND day >= %(asked)s ORDER BY day LIMIT 1)
) AS published
"""


class _Told(TypedDict):
    day: dt.date
    asked: dt.date | None


class _Published(NamedTuple):
    """A day that is out."""

    day: dt.date
    cut_off: dt.datetime
    finished_at: dt.datetime | None
    first: dt.date | None


class AsOf(NamedTuple):
    """The day shown. ``asked`` is what the viewer wanted, where that day has no figures: it has not
    been counted yet, or lies before ``first``, the day on which the figures of people begin."""

    day: dt.date
    newest: dt.date
    asked: dt.date | None
    cut_off: dt.datetime | None
    finished_at: dt.datetime | None
    first: dt.date | None = None

    @property
    def note(self) -> str:
        """Says that another day is shown than was asked for, and why; "" where it is the same."""
        if self.asked is None:
            return ""
        days = {"asked": self.asked.isoformat(), "day": self.day.isoformat()}
        if self.asked > self.day:
            return _("%(asked)s has not been counted yet: these are the figures of %(day)s.") % days
        return (
            _(
                "Nothing had been counted by %(asked)s: the figures begin on %(day)s."
                " They stand here."
            )
            % days
        )

    def beside(self, asked: dt.date) -> AsOf:
        """The same for another day that is asked for on the page, without when it was counted."""
        return self._replace(**_told(asked, self.first, self.newest), cut_off=None)

    @property
    def is_provisional(self) -> bool:
        """True when the day was counted before it was over: the figure may still change."""
        return self.cut_off is not None and self.cut_off < local_day_end(self.day)


def as_of(asked: dt.date | None = None, *, of_people: bool = True) -> AsOf | None:
    """The day to show for ``asked`` (default: the newest counted day); None before the first night.

    A day that has not been counted is answered with the newest that has, one before the figures
    begin with the day on which they do (not where ``of_people`` is false: unions and stations have
    a longer history).
    """
    with reading_connection().cursor() as cursor:
        cursor.execute(_PUBLISHED, {"publish": PUBLISH, "asked": asked})
        # The newest, and the first from ``asked`` on: of a day to come there is none.
        found = [_Published(*row) for row in cursor.fetchall()]
    if not found:
        return None
    newest, run = max(found), min(found)
    return AsOf(
        **_told(asked, newest.first if of_people else None, newest.day),
        newest=newest.day,
        cut_off=run.cut_off,
        finished_at=newest.finished_at,
        first=newest.first,
    )


def _told(asked: dt.date | None, first: dt.date | None, newest: dt.date) -> _Told:
    """The day that is shown for ``asked``, and ``asked`` where that is another."""
    if asked is None:
        return {"day": newest, "asked": None}
    day = min(asked, newest) if first is None else max(min(asked, newest), min(first, newest))
    return {"day": day, "asked": None if day == asked else asked}


def month_start(day: dt.date) -> dt.date:
    """The first day of the month of ``day``."""
    return day.replace(day=1)


def year_start(day: dt.date) -> dt.date:
    """The first day of the year of ``day``."""
    return day.replace(month=1, day=1)


def eve(day: dt.date) -> dt.date:
    """The day before; of the first day there is, that day itself."""
    return day - dt.timedelta(days=1) if day > dt.date.min else day
