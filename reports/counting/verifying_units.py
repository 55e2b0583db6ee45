"""Counts of unions, foundings and stations against what the books have each of them for.

The night adds up changes; here every union, founding and station that is counted is added up anew,
for itself and all unions above it.
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
from reports.counting.shares import MEMORY
from reports.models.counts import Metric

UNIT_METRICS = (Metric.UNIONS, Metric.UNIONS_FOUNDED, Metric.NEF_UNIONS, Metric.STATIONS)

# What stands on a day, where it stands; foundings, a flow, where each was counted. What stood of
# them before the books kept that, and is told of no union, is expected to stand on.
# Each counts in its own place; for the unions above, those of one place are added up first.
# One statement: a night that ends meanwhile is seen whole or not at all.
_DIFFERENCES = """
WITH unit AS MATERIALIZED (
    SELECT 'unions' AS metric, kind, path FROM reports_countedunion WHERE is_open
    UNION ALL
    SELECT 'nef_unions', kind, path FROM reports_countedunion WHERE is_open AND is_nef
    UNION ALL
    SELECT 'unions_founded', founding_kind, founding_path FROM reports_countedunion
    WHERE is_founded
    UNION ALL
    SELECT 'stations', kind, path FROM reports_countedstation WHERE is_open
),
above AS (
    SELECT left(path, -1 - length(split_part(path, '/', -2))) AS path, metric, kind,
           COUNT(*)::int AS value
    FROM unit GROUP BY 1, 2, 3
),
told AS (
    SELECT split_part(path, '/', -2)::bigint AS union_id, metric, kind, 1 AS value FROM unit
    UNION ALL
    SELECT unnest(string_to_array(rtrim(path, '/'), '/')::bigint[]), metric, kind, value
    FROM above WHERE path <> ''
    UNION ALL
    SELECT union_id, 'unions_founded', kind, value FROM reports_untoldfounding
),
standing AS (
    SELECT DISTINCT ON (union_id, metric, breakdown) union_id, metric, breakdown, value
    FROM reports_dailyunitcount
    WHERE metric = ANY(%(metrics)s) AND day <= %(day)s
    -- as the index has them, from its end
    ORDER BY union_id DESC, metric DESC, breakdown DESC, day DESC
)
SELECT union_id, metric, breakdown, SUM(stored)::int, SUM(expected)::int
FROM (
    SELECT union_id, metric, breakdown, value AS stored, 0 AS expected FROM standing
    UNION ALL
    SELECT union_id, metric, COALESCE(kind, ''), 0, value FROM told
    UNION ALL
    SELECT union_id, metric, '', 0, value FROM told WHERE kind <> ''
) AS sides
GROUP BY union_id, metric, breakdown
HAVING SUM(stored) <> SUM(expected)
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
    """Where counts of unions, foundings and stations of ``day``, the newest published one, are not
    what stands behind them."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = %s", [MEMORY])
        cursor.execute(_DIFFERENCES, {"day": day, "metrics": [m.value for m in UNIT_METRICS]})
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
    keep_mended(day, found, Q(metric__in=UNIT_METRICS))
    return len(found)
