"""From the ledger to ``DailyCount``: one set-based pass, rolled up to every ancestor.

Every metric is written as dated changes (+1, −1) of single unions; summing them per ancestor and
day, and running the sums along the days, gives all stocks at once. Definitions: docs/metrics.md.

Counting day D does not touch rows of earlier days: an entry recorded late counts from the first
day that is counted after it was recorded. What was published stays (``full`` recounts everything).
"""

from __future__ import annotations

import datetime as dt

from django.db import connection

from core.locks import advisory_lock
from unions.kinds import HOLDING_POOL

DEFINITION_VERSION = 1

# Changes of single unions, folded into the first day that is being counted.
_LEAVES = """
CREATE TEMP TABLE night_leaf ON COMMIT DROP AS
SELECT union_id, metric, breakdown, GREATEST(day, %(first)s::date) AS day, SUM(change) AS change
FROM (
    SELECT e.union_id, m.metric, e.worker_group_id AS breakdown, e.effective_on AS day,
           SUM(m.change) AS change
    FROM members_membershipevent e
    CROSS JOIN LATERAL (VALUES
        ('members', e.active_change), ('retained', e.retained_change), ('joined', e.joined_change)
    ) AS m(metric, change)
    WHERE e.effective_on <= %(last)s AND m.change <> 0
    GROUP BY 1, 2, 3, 4

    UNION ALL
    SELECT u.id, m.metric, u.kind_id, m.day, m.change
    FROM unions_union u
    CROSS JOIN LATERAL (VALUES
        ('unions', COALESCE(u.founded_on, (u.created_at AT TIME ZONE %(zone)s)::date), 1),
        ('unions', u.closed_on, -1),
        ('unions_founded', COALESCE(u.founded_on, (u.created_at AT TIME ZONE %(zone)s)::date), 1),
        ('nef_unions', CASE WHEN u.is_nef THEN
            COALESCE(u.founded_on, (u.created_at AT TIME ZONE %(zone)s)::date) END, 1),
        ('nef_unions', CASE WHEN u.is_nef THEN u.closed_on END, -1)
    ) AS m(metric, day, change)
    WHERE u.status <> 'preparing' AND u.kind_id <> %(pool)s AND m.day <= %(last)s

    UNION ALL
    SELECT s.host_union_id, 'stations', s.kind_id, m.day, m.change
    FROM stations_station s
    CROSS JOIN LATERAL (VALUES (s.opened_on, 1), (s.closed_on, -1)) AS m(day, change)
    WHERE m.day <= %(last)s
) AS changes
GROUP BY 1, 2, 3, 4
"""

# Each change counts for the union and for every ancestor; '' is the total over the breakdown.
_ROLLED_UP = """
CREATE TEMP TABLE night_series ON COMMIT DROP AS
SELECT union_id, metric, breakdown, day,
       SUM(change) OVER (PARTITION BY union_id, metric, breakdown ORDER BY day) AS value
FROM (
    SELECT a.id AS union_id, l.metric, COALESCE(l.breakdown, '') AS breakdown, l.day,
           SUM(l.change) AS change
    FROM night_leaf l
    JOIN unions_union u ON u.id = l.union_id
    CROSS JOIN LATERAL
        unnest(string_to_array(rtrim(u.path, '/'), '/')::bigint[]) AS a(id)
    GROUP BY GROUPING SETS ((a.id, l.metric, l.day, l.breakdown), (a.id, l.metric, l.day))
) AS summed
"""

# What was published before the first day being counted, as the value to compare with.
_BEFORE = """
CREATE TEMP TABLE night_before ON COMMIT DROP AS
SELECT DISTINCT ON (union_id, metric, breakdown) union_id, metric, breakdown, value
FROM reports_dailycount
WHERE day < %(first)s
ORDER BY union_id, metric, breakdown, day DESC
"""

_CLEAR = "DELETE FROM reports_dailycount WHERE day BETWEEN %(first)s AND %(last)s"

_WRITE = """
INSERT INTO reports_dailycount (union_id, metric, breakdown, day, value, definition_version)
SELECT union_id, metric, breakdown, day, value, %(version)s
FROM (
    SELECT s.*, COALESCE(
        LAG(s.value) OVER (PARTITION BY s.union_id, s.metric, s.breakdown ORDER BY s.day),
        b.value, 0) AS previous
    FROM night_series s
    LEFT JOIN night_before b USING (union_id, metric, breakdown)
    UNION ALL
    -- Published before, but no change leads there any more (a subtree moved away): now zero.
    SELECT b.union_id, b.metric, b.breakdown, %(first)s::date, 0, b.value
    FROM night_before b
    WHERE b.value <> 0 AND NOT EXISTS (
        SELECT FROM night_series s
        WHERE (s.union_id, s.metric, s.breakdown) = (b.union_id, b.metric, b.breakdown)
    )
) AS compared
WHERE value <> previous
"""


def count_days(first: dt.date, last: dt.date) -> int:
    """Write ``DailyCount`` for ``first`` … ``last`` (inclusive); the number of rows written.

    Idempotent: rows of these days are replaced. Rows of earlier days stay, and every change dated
    before ``first`` counts from ``first``. Must run in a transaction.
    """
    advisory_lock("reports.counting")
    values: dict[str, dt.date | str | int] = {
        "first": first,
        "last": last,
        "zone": "Asia/Shanghai",
        "pool": HOLDING_POOL,
        "version": DEFINITION_VERSION,
    }
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS night_leaf, night_series, night_before")
        cursor.execute(_LEAVES, values)
        cursor.execute(_ROLLED_UP, values)
        cursor.execute(_BEFORE, values)
        cursor.execute("ANALYZE night_series")
        cursor.execute("ANALYZE night_before")
        cursor.execute(_CLEAR, values)
        cursor.execute(_WRITE, values)
        return cursor.rowcount


def count_from_the_beginning(last: dt.date) -> int:
    """Recount the whole history up to ``last`` as it is known now; rows written."""
    return count_days(dt.date(1900, 1, 1), last)
