"""The figures that random lives are compared by: sums of the ledger, and what the night counts."""

from __future__ import annotations

import datetime as dt

from django.db import connection

from reports.counting.history import count_history

_LEAVES = """
SELECT union_id, SUM(active_change), SUM(retained_change)
FROM members_membershipevent WHERE effective_on <= %s
GROUP BY union_id HAVING SUM(active_change) <> 0 OR SUM(retained_change) <> 0
"""
_SUBTREES = """
SELECT above.id, SUM(e.active_change), SUM(e.retained_change)
FROM members_membershipevent e
JOIN unions_union u ON u.id = e.union_id
JOIN unions_union above ON starts_with(u.path, above.path)
WHERE e.effective_on <= %s
GROUP BY above.id HAVING SUM(e.active_change) <> 0 OR SUM(e.retained_change) <> 0
"""


def stock_in_ledger(day: dt.date) -> dict[int, tuple[int, int]]:
    """Active and retained persons by union at the end of ``day``."""
    return _sums(_LEAVES, day)


def subtree_stock_in_ledger(day: dt.date) -> dict[int, tuple[int, int]]:
    """The same with everybody below, along the paths of today."""
    return _sums(_SUBTREES, day)


def joined_in_ledger() -> int:
    """How many joined, all days together."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(SUM(joined_change), 0) FROM members_membershipevent")
        return int(cursor.fetchone()[0])


def published_stock(day: dt.date) -> dict[tuple[int, str], int]:
    """What the night publishes for ``day`` by union and metric, counted from the beginning."""
    count_history(day)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (union_id, m.metric) union_id, m.metric, m.value"
            " FROM reports_dailycount CROSS JOIN LATERAL (VALUES"
            " ('members', members), ('retained', retained)) AS m(metric, value)"
            " WHERE day <= %s ORDER BY union_id, m.metric, day DESC",
            [day],
        )
        return {(union, metric): value for union, metric, value in cursor if value}


def _sums(query: str, day: dt.date) -> dict[int, tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(query, [day])
        return {key: (active, retained) for key, active, retained in cursor.fetchall()}
