"""How far back the course of a union's figures goes."""

from __future__ import annotations

import datetime as dt

from django.db.models import Min

from reports.models import DailyCount
from unions.models import Union

# Fifty years: a table of months that is longer tells nobody anything.
MOST_MONTHS = 600
# Months that can be asked for; "all" is as many as there are.
RANGES = {"12": 12, "36": 36}
ALL_MONTHS = "all"
DEFAULT_RANGE = "12"


def first_day_of(union: Union, day: dt.date) -> dt.date | None:
    """The first day up to ``day`` for which something was counted; None before."""
    return DailyCount.objects.filter(union=union, day__lte=day).aggregate(first=Min("day"))["first"]


def months_in(chosen: str, union: Union, day: dt.date) -> int:
    """How many months the range ``chosen`` has up to ``day``; a query for "all"."""
    if chosen in RANGES:
        return RANGES[chosen]
    first = first_day_of(union, day)
    if first is None:
        return RANGES[DEFAULT_RANGE]
    months = (day.year - first.year) * 12 + day.month - first.month + 1
    return min(max(months, 1), MOST_MONTHS)
