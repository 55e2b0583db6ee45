"""Counted figures on given days: one index probe each, whatever the length of history.

``known_now`` adds what was recorded after a day had been published: the figure as it is known now,
beside the figure as it was published.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from core.replica import reading_connection
from reports.models.counts import NUMBERED_SQL, PERSON_METRICS, Metric, figure_sql
from unions.history import PATH_ON_SQL

__all__ = ["Counts", "Key", "Metric", "Point", "read_counts", "trend", "value_sql"]

Key = tuple[str, str]  # metric, breakdown
_COLUMNS = tuple(str(metric) for metric in PERSON_METRICS)


def value_sql(metric: str, *, union: str, breakdown: str = "''", day: str) -> str:
    """The value of ``metric`` on a day in SQL; the other arguments are SQL expressions."""
    if metric not in _COLUMNS:
        return f"""COALESCE((
            SELECT c.value FROM reports_dailyunitcount c
            WHERE c.union_id = {union} AND c.metric = '{Metric(metric).value}'
              AND c.breakdown = {breakdown} AND c.day <= {day}
            ORDER BY c.day DESC LIMIT 1), 0)"""
    number = f"""(SELECT n.number FROM reports_groupnumber n
            WHERE n.worker_group_id = {breakdown})"""
    return f"""COALESCE((
        SELECT {figure_sql(metric, breakdown=breakdown, number=number)} FROM reports_dailycount c
        WHERE c.union_id = {union} AND c.day <= {day}
        ORDER BY c.day DESC LIMIT 1), 0)"""


def set_value_sql(metric: str, *, union: str, group_set: str, day: str) -> str:
    """The value of a person metric over all groups of a set, in SQL; null where it has none."""
    return f"""(
        SELECT SUM(COALESCE(
            c.group_{Metric(metric).value}[array_position(c.groups, n.number)], 0))
        FROM reference_groupset_groups sg
        LEFT JOIN reports_groupnumber n ON n.worker_group_id = sg.workergroup_id
        LEFT JOIN (
            SELECT * FROM reports_dailycount r
            WHERE r.union_id = {union} AND r.day <= {day}
            ORDER BY r.day DESC LIMIT 1) c ON true
        WHERE sg.groupset_id = {group_set})"""


# Of a row ``b`` of ``NUMBERED_SQL``.
_FIGURES = ", ".join(
    f"('{metric}', {figure_sql(metric, breakdown='b.breakdown', number='b.number')})"
    for metric in _COLUMNS
)
_VALUES = f"""
SELECT u.id, m.metric, b.breakdown, d.day, m.value
FROM unnest(%(unions)s::bigint[]) AS u(id)
CROSS JOIN unnest(%(days)s::date[]) AS d(day)
CROSS JOIN LATERAL (
    SELECT * FROM reports_dailycount c
    WHERE c.union_id = u.id AND c.day <= d.day
    ORDER BY c.day DESC LIMIT 1) c
CROSS JOIN {NUMBERED_SQL} b
CROSS JOIN LATERAL (VALUES {_FIGURES}) AS m(metric, value)
WHERE cardinality(%(breakdowns)s::text[]) > 0 AND m.value <> 0
UNION ALL
SELECT u.id, k.metric, k.breakdown, d.day, c.value
FROM unnest(%(unions)s::bigint[]) AS u(id)
CROSS JOIN unnest(%(unit_metrics)s::text[], %(unit_breakdowns)s::text[]) AS k(metric, breakdown)
CROSS JOIN unnest(%(days)s::date[]) AS d(day)
CROSS JOIN LATERAL (
    SELECT c.value FROM reports_dailyunitcount c
    WHERE c.union_id = u.id AND c.metric = k.metric AND c.breakdown = k.breakdown
      AND c.day <= d.day ORDER BY c.day DESC LIMIT 1) c
"""

# What came to be known since: late entries that are posted, and those that wait for their night.
_LATE = f"""
SELECT l.union_id, m.metric, l.breakdown, d.day, m.value
FROM unnest(%(days)s::date[]) AS d(day)
CROSS JOIN LATERAL (
    SELECT union_id, breakdown, SUM(members) AS members, SUM(retained) AS retained,
           SUM(joined) AS joined, SUM(rejoined) AS rejoined
    FROM reports_latecount
    WHERE union_id = ANY(%(unions)s) AND breakdown = ANY(%(breakdowns)s)
      AND first_day <= d.day AND (last_day >= d.day OR last_day IS NULL)
    GROUP BY 1, 2
    UNION ALL
    -- A stock stands where the union stood on the day, a joining belongs to where it was made.
    SELECT a.id, COALESCE(q.breakdown, ''), SUM(w.members), SUM(w.retained), SUM(w.joined),
           SUM(w.rejoined)
    FROM reports_unpostedentry q
    JOIN unions_union u ON u.id = q.union_id
    CROSS JOIN LATERAL (VALUES
        ({PATH_ON_SQL.format(union="u", day="d.day")}, q.members, q.retained, 0, 0),
        ({PATH_ON_SQL.format(union="u", day="q.effective_on")}, 0, 0, q.joined, q.rejoined)
    ) AS w(path, members, retained, joined, rejoined)
    CROSS JOIN LATERAL unnest(string_to_array(rtrim(w.path, '/'), '/')::bigint[]) AS a(id)
    WHERE q.effective_on <= d.day AND a.id = ANY(%(unions)s)
    GROUP BY GROUPING SETS ((a.id, q.breakdown), (a.id))
) l
CROSS JOIN LATERAL (VALUES
    ('members', l.members), ('retained', l.retained), ('joined', l.joined),
    ('rejoined', l.rejoined)) AS m(metric, value)
WHERE l.breakdown = ANY(%(breakdowns)s)
"""
# Both at once; the last column tells which.
_PUBLISHED_AND_LATE = f"""
SELECT published.*, false FROM ({_VALUES}) AS published(union_id, metric, breakdown, day, value)
UNION ALL
SELECT late.*, true FROM ({_LATE}) AS late(union_id, metric, breakdown, day, value)
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


def read_counts(
    union_ids: Sequence[int],
    keys: Iterable[Key],
    days: Iterable[dt.date],
    *,
    known_now: bool = False,
) -> Counts:
    """The values of ``keys`` for all ``union_ids`` on all ``days``, in one query.

    As published; with ``known_now``, as the ledger tells today (persons only: of units no past is
    kept but the published one).
    """
    published, known = _read(union_ids, keys, days, known_now=known_now)
    return known if known_now else published


def read_both_counts(
    union_ids: Sequence[int], keys: Iterable[Key], days: Iterable[dt.date]
) -> tuple[Counts, Counts]:
    """As ``read_counts``, of both: as published, and as known now. One query."""
    return _read(union_ids, keys, days, known_now=True)


def _read(
    union_ids: Sequence[int], keys: Iterable[Key], days: Iterable[dt.date], *, known_now: bool
) -> tuple[Counts, Counts]:
    wanted = sorted(set(keys))
    if not union_ids or not wanted:
        return Counts({}), Counts({})
    units = [(metric, breakdown) for metric, breakdown in wanted if metric not in _COLUMNS]
    asked: dict[str, Any] = {
        "unions": list(union_ids),
        "breakdowns": sorted({b for metric, b in wanted if metric in _COLUMNS}),
        "unit_metrics": [str(metric) for metric, _breakdown in units],
        "unit_breakdowns": [breakdown for _metric, breakdown in units],
        "days": sorted(set(days)),
    }
    values: Counter[tuple[int, str, str, dt.date]] = Counter()
    late: Counter[tuple[int, str, str, dt.date]] = Counter()
    with reading_connection().cursor() as cursor:
        cursor.execute(_PUBLISHED_AND_LATE if known_now else _VALUES, asked)
        for union_id, metric, breakdown, day, value, *is_late in cursor.fetchall():
            (late if any(is_late) else values)[union_id, metric, breakdown, day] += int(value)
    known = {key: values[key] + late[key] for key in {*values, *late}}
    return Counts(values), Counts(known)


class Point(NamedTuple):
    """The value from ``day`` on, until the next point."""

    day: dt.date
    value: int


_COURSE = f"""
SELECT c.day, b.breakdown, COALESCE({{figure}}, 0) FROM reports_dailycount c
CROSS JOIN {NUMBERED_SQL} b
WHERE c.union_id = %(union)s AND c.day <= %(last)s
  AND c.day > COALESCE(%(first)s::date, '-infinity')
  AND (b.breakdown = '' OR b.number = ANY(c.groups))
ORDER BY c.day
"""
_UNIT_COURSE = """
SELECT day, breakdown, value FROM reports_dailyunitcount
WHERE union_id = %(union)s AND metric = %(metric)s AND breakdown = ANY(%(breakdowns)s)
  AND day <= %(last)s AND day > COALESCE(%(first)s::date, '-infinity')
ORDER BY day
"""


def trend(
    union_id: int,
    metric: str,
    breakdowns: Sequence[str],
    first: dt.date | None,
    last: dt.date,
    *,
    known_now: bool = False,
) -> list[Point]:
    """The course of a figure from ``first`` (None: its beginning) to ``last``, a point per change.

    Several ``breakdowns`` are added up. The first and the last day always have a point. With
    ``known_now`` late entries stand on their own days.
    """
    asked: dict[str, Any] = {
        "union": union_id,
        "metric": str(metric),
        "breakdowns": list(breakdowns),
        "first": first,
        "last": last,
    }
    values: dict[str, int] = {}
    points: dict[dt.date, int] = {}
    if first is not None:
        before = read_counts([union_id], [(metric, b) for b in breakdowns], [first])
        values = {b: before.at(union_id, metric, b, first) for b in breakdowns}
        points[first] = sum(values.values())
    persons = metric in _COLUMNS
    with reading_connection().cursor() as cursor:
        if persons:
            figure = figure_sql(metric, breakdown="b.breakdown", number="b.number")
            cursor.execute(_COURSE.format(figure=figure), asked)
        else:
            cursor.execute(_UNIT_COURSE, asked)
        for day, breakdown, value in cursor.fetchall():
            values[breakdown] = value
            points[day] = sum(values.values())
    if known_now and persons:
        points = _with_late_changes(union_id, metric, breakdowns, points, first, last)
    if points or first is not None:
        points[last] = points[max(points)]
    # Rows are written when any of a union's figures changes: this one may have stayed.
    ordered = sorted(points.items())
    return [
        Point(day, value)
        for place, (day, value) in enumerate(ordered)
        if place in (0, len(ordered) - 1) or value != ordered[place - 1][1]
    ]


# Of posted entries the books say from when to when each changes a figure. An entry that waits is
# part of a stock wherever its union stood, from move to move; a joining belongs to where it was
# made, whatever became of the union.
_LATE_CHANGES = """
SELECT day, SUM(change) FROM (
    SELECT m.day, m.sign * l.{column} AS change
    FROM reports_latecount l
    CROSS JOIN LATERAL (VALUES (l.first_day, 1), (l.last_day + 1, -1)) AS m(day, sign)
    WHERE l.union_id = %(union)s AND l.breakdown = ANY(%(breakdowns)s)
    UNION ALL
    SELECT m.day, m.sign * q.{column}
    FROM reports_unpostedentry q
    JOIN unions_union u ON u.id = q.union_id
    CROSS JOIN LATERAL ({places}) AS place
    CROSS JOIN LATERAL (VALUES (place.since, 1), (place.until + 1, -1)) AS m(day, sign)
    WHERE %(union)s = ANY(string_to_array(rtrim(place.path, '/'), '/')::bigint[])
      AND ('' = ANY(%(breakdowns)s) OR q.breakdown = ANY(%(breakdowns)s))
) AS changes
WHERE day <= %(last)s AND change <> 0
GROUP BY day ORDER BY day
"""
_PLACE_OF_A_FLOW = f"""
SELECT q.effective_on AS since, NULL::date AS until,
       {PATH_ON_SQL.format(union="u", day="q.effective_on")} AS path
"""
_PLACES_OF_A_STOCK = """
SELECT GREATEST(since, q.effective_on) AS since, until, path
FROM (
    SELECT path, until, LAG(until + 1) OVER (ORDER BY until) AS since
    FROM (
        SELECT p.path, p.until FROM unions_pastpath p WHERE p.union_id = u.id
        UNION ALL SELECT u.path, NULL
    ) AS stood
) AS stood
WHERE until IS NULL OR until >= q.effective_on
"""


def _with_late_changes(
    union_id: int,
    metric: str,
    breakdowns: Sequence[str],
    points: dict[dt.date, int],
    first: dt.date | None,
    last: dt.date,
) -> dict[dt.date, int]:
    is_flow = metric in (Metric.JOINED, Metric.REJOINED)
    places = _PLACE_OF_A_FLOW if is_flow else _PLACES_OF_A_STOCK
    with reading_connection().cursor() as cursor:
        cursor.execute(
            _LATE_CHANGES.format(column=metric, places=places),
            {"union": union_id, "breakdowns": list(breakdowns), "last": last},
        )
        changes = [(day, int(change)) for day, change in cursor.fetchall()]
    days = sorted({*points, *(day for day, _change in changes)})
    result: dict[dt.date, int] = {}
    published = late = 0
    waiting = iter([*changes, (dt.date.max, 0)])
    upcoming = next(waiting)
    for day in days:
        while upcoming[0] <= day and upcoming[0] != dt.date.max:
            late += upcoming[1]
            upcoming = next(waiting)
        published = points.get(day, published)
        if first is None or day >= first:
            result[day] = published + late
    return result
