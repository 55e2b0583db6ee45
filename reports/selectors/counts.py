"""Values of ``DailyCount`` on given days: one index probe each, whatever the length of history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db import connection

from reports.models import DailyCount

Metric = DailyCount.Metric
Key = tuple[str, str]  # metric, breakdown

# The value of a metric on a day, for expressions put in for {union}, {metric}, {breakdown}, {day}.
VALUE_SQL = """COALESCE((
    SELECT c.value FROM reports_dailycount c
    WHERE c.union_id = {union} AND c.metric = {metric} AND c.breakdown = {breakdown}
      AND c.day <= {day}
    ORDER BY c.day DESC LIMIT 1), 0)"""

_VALUES = f"""
SELECT u.id, k.metric, k.breakdown, d.day, {
    VALUE_SQL.format(union="u.id", metric="k.metric", breakdown="k.breakdown", day="d.day")
}
FROM unnest(%(unions)s::bigint[]) AS u(id)
CROSS JOIN unnest(%(metrics)s::text[], %(breakdowns)s::text[]) AS k(metric, breakdown)
CROSS JOIN unnest(%(days)s::date[]) AS d(day)
"""


class Counts:
    """Values that have been read; what no row tells is 0."""

    def __init__(self, values: dict[tuple[int, str, str, dt.date], int]) -> None:
        self._values = values

    def at(self, union_id: int, metric: str, breakdown: str, day: dt.date) -> int:
        """The value on ``day``."""
        return self._values.get((union_id, metric, breakdown, day), 0)

    def sum_at(self, union_id: int, metric: str, breakdowns: Iterable[str], day: dt.date) -> int:
        """The sum over ``breakdowns``, such as the groups of a set."""
        return sum(self.at(union_id, metric, breakdown, day) for breakdown in breakdowns)


def read_counts(union_ids: Sequence[int], keys: Iterable[Key], days: Iterable[dt.date]) -> Counts:
    """The values of ``keys`` for all ``union_ids`` on all ``days``, in one query."""
    wanted = sorted(set(keys))
    if not union_ids or not wanted:
        return Counts({})
    with connection.cursor() as cursor:
        cursor.execute(
            _VALUES,
            {
                "unions": list(union_ids),
                "metrics": [str(metric) for metric, _breakdown in wanted],
                "breakdowns": [breakdown for _metric, breakdown in wanted],
                "days": sorted(set(days)),
            },
        )
        return Counts({(u, m, b, day): value for u, m, b, day, value in cursor.fetchall()})


class Point(NamedTuple):
    """The value from ``day`` on, until the next point."""

    day: dt.date
    value: int


def trend(
    union_id: int, metric: str, breakdowns: Sequence[str], first: dt.date | None, last: dt.date
) -> list[Point]:
    """The course of a figure from ``first`` (None: its beginning) to ``last``, a point per change.

    Several ``breakdowns`` are added up. The first and the last day always have a point.
    """
    rows = DailyCount.objects.filter(
        union_id=union_id, metric=metric, breakdown__in=breakdowns, day__lte=last
    )
    values: dict[str, int] = {}
    if first is not None:
        before = read_counts([union_id], [(metric, b) for b in breakdowns], [first])
        values = {b: before.at(union_id, metric, b, first) for b in breakdowns}
        rows = rows.filter(day__gt=first)
    points: dict[dt.date, int] = {}
    if first is not None:
        points[first] = sum(values.values())
    for day, breakdown, value in rows.order_by("day").values_list("day", "breakdown", "value"):
        values[breakdown] = value
        points[day] = sum(values.values())
    if points or first is not None:
        points[last] = sum(values.values())
    return [Point(day, value) for day, value in sorted(points.items())]
