"""How far back the course of a union's figures goes."""

from __future__ import annotations

import datetime as dt

from django.db.models import Min

from reports.models import DailyCount
from unions.models import Union

# Fifty years: a table of months that is longer tells nobody anything.
MOST_MONTHS = 600


def first_day_of(union: Union, day: dt.date) -> dt.date | None:
    """The first day up to ``day`` for which something was counted; None before."""
    return DailyCount.objects.filter(union=union, day__lte=day).aggregate(first=Min("day"))["first"]
