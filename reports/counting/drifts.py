"""Differences that a recount named, and what is kept of those it mended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import Q
from django.utils import timezone

from reports.models import Drift

_FIGURES = (Drift.Book.COUNTS, Drift.Book.ROLL_UP)


class CountDifference(NamedTuple):
    """A figure (``metric`` of a union and breakdown) that is not what the books behind it give.

    For the metric ``establishment_rate`` the breakdown names one of its sums.
    """

    union_id: int
    metric: str
    breakdown: str
    stored: int
    expected: int


def drift_of(row: CountDifference, day: dt.date) -> Drift:
    """As it is kept, not mended yet."""
    return Drift(
        day=day,
        union_id=row.union_id,
        book=Drift.Book.COUNTS,
        metric=row.metric,
        breakdown=row.breakdown,
        stored=str(row.stored),
        expected=str(row.expected),
    )


def keep_mended(day: dt.date, found: Iterable[CountDifference], metrics: Q) -> None:
    """Keep what was mended on ``day``, also where the difference had been noticed before.

    What was noticed of figures of these ``metrics`` on earlier days is mended with it: every one of
    them has just been compared, and they are added up from day to day. Run in a transaction.
    """
    now = timezone.now()
    rows = [drift_of(row, day) for row in found]
    for row in rows:
        row.mended_at = now
    Drift.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["union", "day", "book", "metric", "breakdown"],
        update_fields=["stored", "expected", "mended_at"],
    )
    Drift.objects.filter(metrics, book__in=_FIGURES, mended_at=None).update(mended_at=now)
