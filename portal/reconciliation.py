"""Do the published figures agree with the ledger they were counted from?

The newest published day of ``DailyCount`` is compared with a count made afresh, by another way
than the night's: up the parents instead of along the paths.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import F, Q

from members.reconciliation import BATCH, Difference
from reports.models import ReportRun
from reports.nightly import COUNTS
from reports.runs import last_published_day


class Published(NamedTuple):
    """The newest published day and what it was counted from.

    Entries recorded by ``cut_off`` are in it, those recorded after ``finished_at`` are not; of
    those in between (while the count ran) either may be true.
    """

    day: dt.date
    cut_off: dt.datetime
    finished_at: dt.datetime


# The tree is taken as it stood at the cut-off: a union that has moved since (the audit trail says
# so) is counted where it was.
_COUNTS = """
WITH RECURSIVE moved AS (
    SELECT DISTINCT ON (object_id) object_id::bigint AS id,
           (data -> 'parent_id' ->> 0)::bigint AS parent_id
    FROM audit_auditentry
    WHERE object_type = 'unions.union' AND action = 'union.updated'
      AND data -> 'parent_id' IS NOT NULL AND at > %(cut_off)s
    ORDER BY object_id, id
),
parents AS (
    SELECT u.id, CASE WHEN m.id IS NULL THEN u.parent_id ELSE m.parent_id END AS parent_id
    FROM unions_union u LEFT JOIN moved m USING (id)
),
leaves AS (
    SELECT e.union_id, m.metric, e.worker_group_id,
           SUM(m.change) FILTER (WHERE e.recorded_at <= %(cut_off)s) AS value,
           SUM(abs(m.change)) FILTER (WHERE e.recorded_at > %(cut_off)s) AS unsure
    FROM members_membershipevent e
    CROSS JOIN LATERAL (VALUES
        ('members', e.active_change), ('retained', e.retained_change), ('joined', e.joined_change)
    ) AS m(metric, change)
    WHERE e.effective_on <= %(day)s AND e.recorded_at <= %(finished_at)s AND m.change <> 0
    GROUP BY 1, 2, 3
),
above AS (
    SELECT DISTINCT union_id AS leaf_id, union_id AS id FROM leaves
    UNION ALL
    SELECT above.leaf_id, parents.parent_id
    FROM above JOIN parents USING (id) WHERE parents.parent_id IS NOT NULL
),
counted AS (
    SELECT above.id AS union_id, leaves.metric, COALESCE(leaves.worker_group_id, '') AS breakdown,
           COALESCE(SUM(leaves.value), 0) AS value, COALESCE(SUM(leaves.unsure), 0) AS unsure
    FROM leaves JOIN above ON above.leaf_id = leaves.union_id
    GROUP BY GROUPING SETS (
        (above.id, leaves.metric, leaves.worker_group_id), (above.id, leaves.metric))
),
published AS (
    SELECT DISTINCT ON (union_id, metric, breakdown) union_id, metric, breakdown, value
    FROM reports_dailycount
    WHERE day <= %(day)s AND metric IN ('members', 'retained', 'joined')
    ORDER BY union_id, metric, breakdown, day DESC
)
SELECT union_id, metric, breakdown,
       COALESCE(published.value, 0)::text, COALESCE(counted.value, 0)::text
FROM published FULL JOIN counted USING (union_id, metric, breakdown)
WHERE abs(COALESCE(published.value, 0) - COALESCE(counted.value, 0)) > COALESCE(counted.unsure, 0)
ORDER BY 1, 2, 3
"""


def newest_publication() -> Published | None:
    """The newest day counted, with its cut-off; None before the first night."""
    day = last_published_day(COUNTS)
    if day is None:
        return None
    # A recount of the whole history asked for an older day rewrites the newest one, too; other
    # runs for older days write nothing once a newer one is out.
    run = (
        ReportRun.objects.filter(Q(day=day) | Q(row_count__gt=0), report=COUNTS, day__lte=day)
        .exclude(cut_off=None)
        .order_by(F("cut_off").desc())
        .first()
    )
    if run is None or run.cut_off is None:
        return None
    return Published(day, run.cut_off, run.finished_at or run.cut_off)


def count_differences(published: Published) -> Iterator[Difference]:
    """Where ``DailyCount`` on the published day is not what the ledger gives, by union."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_COUNTS, published._asdict())
        while rows := cursor.fetchmany(BATCH):
            for union_id, metric, breakdown, stored, ledger in rows:
                yield Difference("union", union_id, metric, breakdown, stored, ledger)
