"""Counts of unions, foundings and stations against what the books have each of them for.

The night adds up changes; here every union, founding and station that counts is looked at anew, for
itself and for all unions above it.
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
from reports.runs import require_settled_books

UNIT_METRICS = (Metric.UNIONS, Metric.UNIONS_FOUNDED, Metric.NEF_UNIONS, Metric.STATIONS)

# What stands on a day, where it stands; foundings, a flow, where each was counted. What stood of
# them before the books kept that, and is told of no union, is expected to stand on.
# Most unions have none below them and no station: what stands for them is themselves and has never
# been anything else, and is seen to be so by the names of their rows, put together in the order of
# the index. All others are ``unlike`` or have something ``below`` them: for these the latest rows
# are looked up and all that counts is added up, units with the same unions above them first.
# One statement: a night that ends meanwhile is seen whole or not at all.
_UNLIKE = """
WITH unlike AS (
    SELECT union_id
    FROM (
        -- Of each metric two rows: the sum, and that of its kind.
        SELECT union_id, concat_ws(',',
            CASE WHEN is_open AND is_nef THEN 'nef_unions/,nef_unions/' || kind END,
            CASE WHEN is_open THEN 'unions/,unions/' || kind END,
            CASE WHEN is_founded THEN 'unions_founded/,unions_founded/' || founding_kind END
        ) AS rows_of_its_own
        FROM reports_countedunion
    ) c
    FULL JOIN (
        SELECT union_id, string_agg(
            CASE value WHEN 1 THEN metric || '/' || breakdown ELSE 'other' END, ','
        ) AS rows_standing
        FROM (
            SELECT * FROM reports_dailyunitcount WHERE day <= %(day)s
            ORDER BY union_id, metric, breakdown, day
        ) r
        GROUP BY union_id
    ) s USING (union_id)
    WHERE COALESCE(rows_of_its_own, '') <> COALESCE(rows_standing, '')
)
"""
_DIFFERENCES = f"""
{_UNLIKE},
place AS (
    SELECT left(path, -1 - length(split_part(path, '/', -2))) AS path, kind,
           COUNT(*) FILTER (WHERE is_open) AS unions,
           COUNT(*) FILTER (WHERE is_open AND is_nef) AS nef_unions,
           COUNT(*) FILTER (WHERE founding_path = path AND founding_kind = kind)
               AS unions_founded, 0 AS stations
    FROM reports_countedunion GROUP BY 1, 2
    UNION ALL
    SELECT left(founding_path, -1 - length(split_part(founding_path, '/', -2))), founding_kind,
           0, 0, COUNT(*), 0
    FROM reports_countedunion
    WHERE founding_path <> path OR founding_kind <> kind GROUP BY 1, 2
    UNION ALL
    SELECT path, kind, 0, 0, 0, COUNT(*) FROM reports_countedstation WHERE is_open GROUP BY 1, 2
),
below AS MATERIALIZED (
    SELECT a.id AS union_id, m.metric, place.kind, SUM(m.value)::int AS value
    FROM place
    CROSS JOIN LATERAL (VALUES ('unions', unions), ('nef_unions', nef_unions),
        ('unions_founded', unions_founded), ('stations', stations)) AS m(metric, value)
    CROSS JOIN LATERAL unnest(string_to_array(rtrim(path, '/'), '/')::bigint[]) AS a(id)
    WHERE m.value <> 0 GROUP BY 1, 2, 3
    UNION ALL
    SELECT union_id, 'unions_founded', kind, value FROM reports_untoldfounding
),
looked_at AS MATERIALIZED (
    SELECT union_id FROM unlike UNION SELECT union_id FROM below
),
told AS (
    SELECT c.union_id, m.metric, m.kind, 1 AS value
    FROM looked_at l
    -- one by one: they are few, whatever the planner thinks
    CROSS JOIN LATERAL (
        SELECT * FROM reports_countedunion b WHERE b.union_id = l.union_id OFFSET 0) c
    CROSS JOIN LATERAL (VALUES ('unions', kind, is_open), ('nef_unions', kind, is_open AND is_nef),
        ('unions_founded', founding_kind, is_founded)) AS m(metric, kind, is_counted)
    WHERE m.is_counted
    UNION ALL
    SELECT * FROM below
)
SELECT union_id, metric, breakdown, SUM(stored)::int, SUM(expected)::int
FROM (
    SELECT l.union_id, s.metric, s.breakdown, s.value AS stored, 0 AS expected
    FROM looked_at l
    CROSS JOIN LATERAL (
        SELECT DISTINCT ON (metric, breakdown) metric, breakdown, value
        FROM reports_dailyunitcount r
        WHERE r.union_id = l.union_id AND metric = ANY(%(metrics)s) AND day <= %(day)s
        ORDER BY metric DESC, breakdown DESC, day DESC) s
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
    Run in a transaction. Raises RuleViolation (``night_under_way``) where something seems to differ
    and a night is under way, or a later day is out.
    """
    found = find_unit_differences(day)
    if found:
        advisory_lock(LOCK)  # no night is posting
        require_settled_books(day)
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
