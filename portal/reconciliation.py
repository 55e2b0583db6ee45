"""Do the published figures agree with the ledger they were counted from?

Of the newest published day: every figure against the whole ledger, added up anew, and every union
against itself and the unions directly below it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db import connection, transaction

from members.reconciliation import BATCH, Difference
from reports.counting.verifying import find_differences
from reports.runs import last_published_day

# Joinings stay where they were made when a union moves; of stocks a union has what stands below it.
_ROLL_UP = """
WITH standing AS (
    SELECT DISTINCT ON (union_id) union_id, members, retained
    FROM reports_dailycount WHERE day <= %(day)s
    ORDER BY union_id, day DESC
),
own AS (
    SELECT e.union_id, SUM(e.active_change) AS members, SUM(e.retained_change) AS retained
    FROM members_membershipevent e
    WHERE e.effective_on <= %(day)s
      AND NOT EXISTS (SELECT FROM reports_unpostedentry q WHERE q.event_id = e.id)
    GROUP BY 1
),
children AS (
    SELECT a.id AS union_id, SUM(s.members) AS members, SUM(s.retained) AS retained
    FROM standing s
    JOIN reports_countedunion c ON c.union_id = s.union_id
    CROSS JOIN LATERAL (
        SELECT (string_to_array(rtrim(c.path, '/'), '/')::bigint[])[
            array_length(string_to_array(rtrim(c.path, '/'), '/'), 1) - 1] AS id) a
    WHERE a.id IS NOT NULL
    GROUP BY 1
)
SELECT s.union_id, m.metric, m.total::text, m.parts::text
FROM standing s
LEFT JOIN own ON own.union_id = s.union_id
LEFT JOIN children ON children.union_id = s.union_id
CROSS JOIN LATERAL (VALUES
    ('members', s.members, COALESCE(own.members, 0) + COALESCE(children.members, 0)),
    ('retained', s.retained, COALESCE(own.retained, 0) + COALESCE(children.retained, 0))
) AS m(metric, total, parts)
WHERE m.total <> m.parts
ORDER BY 1, 2
"""


def newest_publication() -> dt.date | None:
    """The newest published day; None before the first night."""
    return last_published_day()


def count_differences(day: dt.date) -> Iterator[Difference]:
    """Where the figures published for ``day``, the newest, are not what the ledger gives.

    No night posts before it ends. Raises RuleViolation (``night_under_way``) while one has posted
    what it has not published.
    """
    with transaction.atomic():
        for row in find_differences(day):
            yield Difference(
                "union",
                row.union_id,
                row.metric,
                row.breakdown,
                str(row.stored),
                str(row.expected),
            )
        with connection.chunked_cursor() as cursor:
            cursor.execute(_ROLL_UP, {"day": day})
            while rows := cursor.fetchmany(BATCH):
                for union_id, metric, total, parts in rows:
                    yield Difference("union", union_id, f"{metric} (roll-up)", "", total, parts)
