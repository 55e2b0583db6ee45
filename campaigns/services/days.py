"""Which days a campaign and what hangs on it may have.

A slip of the finger (the year 1, 9999) is refused where it is typed: the night would count and
forecast every month and day of such a span.
"""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from campaigns.models import Campaign
from core.clock import local_today
from core.errors import RuleViolation

FIRST_DAY = dt.date(2000, 1, 1)
LONGEST_YEARS = 10
# A campaign is prepared in the year before it begins, and summed up in the year after its end.
YEARS_AROUND = 1


def check_days(starts_on: dt.date, ends_on: dt.date, *, field: str = "ends_on") -> None:
    """Raise RuleViolation (``field``) where the end lies before the beginning."""
    if ends_on < starts_on:
        raise RuleViolation(_("The end lies before the beginning."), field=field)


def check_campaign_days(starts_on: dt.date, ends_on: dt.date) -> None:
    """Raise RuleViolation for days no campaign has, beside ``starts_on`` or ``ends_on``.

    It begins between ``FIRST_DAY`` and ``LONGEST_YEARS`` from today, and lasts at most as many
    years; both dates inclusive.
    """
    check_days(starts_on, ends_on)
    latest = _years_later(local_today(), LONGEST_YEARS)
    if not FIRST_DAY <= starts_on <= latest:
        raise RuleViolation(
            _("A campaign begins between %(first)s and %(last)s.")
            % {"first": FIRST_DAY, "last": latest},
            field="starts_on",
            code="out_of_range",
        )
    last = _years_later(starts_on, LONGEST_YEARS) - dt.timedelta(days=1)
    if ends_on > last:
        raise RuleViolation(
            _("A campaign lasts ten years at most: until %(last)s.") % {"last": last},
            field="ends_on",
            code="out_of_range",
        )


def reach_of(campaign: Campaign) -> tuple[dt.date, dt.date]:
    """The first and the last day (inclusive) of what may hang on ``campaign``: its years, and
    ``YEARS_AROUND`` before and after them."""
    first = max(campaign.starts_on.year - YEARS_AROUND, dt.MINYEAR)
    last = min(campaign.ends_on.year + YEARS_AROUND, dt.MAXYEAR)
    return dt.date(first, 1, 1), dt.date(last, 12, 31)


def check_reach(campaign: Campaign, *, field: str, day: dt.date) -> None:
    """Raise RuleViolation (``field``) for a ``day`` far from those of ``campaign``."""
    first, last = reach_of(campaign)
    if not first <= day <= last:
        raise RuleViolation(
            _("This day lies far from the campaign: choose one between %(first)s and %(last)s.")
            % {"first": first, "last": last},
            field=field,
            code="out_of_range",
        )


def _years_later(day: dt.date, years: int) -> dt.date:
    """The same day so many years later; of 29 February the 28th."""
    year = min(day.year + years, dt.MAXYEAR)
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)
