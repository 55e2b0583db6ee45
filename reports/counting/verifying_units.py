"""Counts of unions and stations against what the books have each of them for.

The night adds up changes; here every union and station that is counted is added up anew, for itself
and all unions above it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connection
from django.db.models import Q

from core.locks import advisory_lock
from reports.counting import DEFINITION_VERSION
from reports.counting.drifts import CountDifference, keep_mended
from reports.counting.posting import LOCK
from reports.models.counts import Metric

# What stands on a day. Foundings are a flow: they stay where they were made, whatever becomes of
# the union, and no book has where that was.
UNIT_STOCKS = (Metric.UNIONS, Metric.NEF_UNIONS, Metric.STATIONS)

# One statement: a night that ends meanwhile is seen whole or not at all.
_DIFFERENCES = """
WITH unit AS (
    SELECT 'unions' AS metric, kind, path FROM reports_countedunion WHERE is_open
    UNION ALL
    SELECT 'nef_unions', kind, path FROM reports_countedunion WHERE is_open AND is_nef
    UNION ALL
    SELECT 'stations', kind, path FROM reports_countedstation WHERE is_open
),
expected AS (
    SELECT a.id AS union_id, unit.metric, COALESCE(unit.kind, '') AS breakdown, COUNT(*) AS value
    FROM unit
    CROSS JOIN LATERAL unnest(string_to_array(rtrim(unit.path, '/'), '/')::bigint[]) AS a(id)
    GROUP BY GROUPING SETS ((a.id, unit.metric, unit.kind), (a.id, unit.metric))
),
standing AS (
    SELECT DISTINCT ON (union_id, metric, breakdown) union_id, metric, breakdown, value
    FROM reports_dailyunitcount
    WHERE metric = ANY(%(metrics)s) AND day <= %(day)s
    ORDER BY union_id, metric, breakdown, day DESC
)
SELECT union_id, metric, breakdown, COALESCE(standing.value, 0),
       COALESCE(expected.value, 0)::int
FROM standing FULL JOIN expected USING (union_id, metric, breakdown)
WHERE COALESCE(standing.value, 0) <> COALESCE(expected.value, 0)
ORDER BY 1, 2, 3
"""

_MEND = """
INSERT INTO reports_dailyunitcount (union_id, metric, breakdown, day, value, definition_version)
SELECT union_id, metric, breakdown, %(day)s, value, %(version)s
FROM unnest(%(unions)s::bigint[], %(metrics)s::text[], %(breakdowns)s::text[], %(values)s::int[])
    AS found(union_id, metric, breakdown, value)
ON CONFLICT (union_id, metric, breakdown, day) DO UPDATE
SET value = EXCLUDED.value, definition_version = EXCLUDED.definition_version
"""


def find_unit_differences(day: dt.date) -> list[CountDifference]:
    """Where counts of unions and stations of ``day``, the newest published one, are not what stands
    behind them."""
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENCES, {"day": day, "metrics": [m.value for m in UNIT_STOCKS]})
        return [CountDifference(*row) for row in cursor.fetchall()]


def mend_unit_counts(day: dt.date) -> int:
    """Write on ``day``, the newest published one, what stands behind the counts; figures mended.

    Earlier days stay as they were published. Each difference is kept as a mended ``Drift``.
    Run in a transaction.
    """
    found = find_unit_differences(day)
    if found:
        advisory_lock(LOCK)  # no night is posting
        found = find_unit_differences(day)
        values: dict[str, Any] = {
            "day": day,
            "version": DEFINITION_VERSION,
            "unions": [row.union_id for row in found],
            "metrics": [row.metric for row in found],
            "breakdowns": [row.breakdown for row in found],
            "values": [row.expected for row in found],
        }
        with connection.cursor() as cursor:
            cursor.execute(_MEND, values)
    keep_mended(day, found, Q(metric__in=UNIT_STOCKS))
    return len(found)
