"""What takes long to read at the top of the tree, read before anybody asks for it."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

from reports.selectors.days import month_start, year_start
from reports.selectors.funnel import funnel_of
from reports.selectors.quality_box import quality_box_of
from reports.selectors.rates import rate_table
from reports.selectors.reading import year_ago
from unions.enums import UnionStatus
from unions.models import Union


def prepare_figures(day: dt.date) -> int:
    """Read funnels, rates and signals of ``day`` at the highest unions and those right below, so
    that they are kept (``reports.keeping``); of how many unions.

    Whoever opens the page of a province in the morning does not wait.
    """
    highest = Union.objects.filter(parent__isnull=True)
    unions = Union.objects.filter(Q(pk__in=highest) | Q(parent__in=highest)).exclude(
        status=UnionStatus.DISSOLVED
    )
    prepared = 0
    for union in unions.iterator(chunk_size=500):
        for first in sorted({month_start(day), year_start(day), year_ago(day)}):
            funnel_of(union, first, day)
        rate_table(union, day)
        quality_box_of(union, day)
        prepared += 1
    return prepared
