"""The whole ledger against what stands: a count of the newest day by another way than the night's.

The night adds up changes; here everything that is posted is added up anew, and what differs is
named and mended. On sound books it writes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from core.locks import advisory_lock
from reports.counting import DEFINITION_VERSION
from reports.counting.posting import LOCK
from reports.counting.registers import path_sql
from reports.models import Drift, LatePosting, UnpostedEntry

# An entry is posted when it left the queue; late ones on the day that is noted. A union stands
# where the books have it, not where it may have moved since.
_LEAVES = """
CREATE TEMP TABLE night_leaf ON COMMIT DROP AS
WITH posted AS (
    SELECT e.union_id, e.worker_group_id AS breakdown, {posted_on} AS posted_on,
           SUM(e.active_change) AS members, SUM(e.retained_change) AS retained,
           SUM(e.joined_change - e.rejoined_change) AS joined,
           SUM(e.rejoined_change) AS rejoined
    FROM members_membershipevent e {late}
    WHERE e.effective_on <= %(day)s {waiting}
    GROUP BY 1, 2, 3
)
SELECT u.path, x.breakdown, SUM(x.members) AS members,
       SUM(x.retained) AS retained, {same_joined} AS joined, {same_rejoined} AS rejoined
FROM posted x
JOIN (SELECT union_id AS id, path FROM reports_countedunion) u ON u.id = x.union_id
GROUP BY 1, 2
"""
_FLOWS = """
UNION ALL
SELECT {path_of_flow}, x.breakdown, 0, 0, SUM(x.joined), SUM(x.rejoined)
FROM posted x
JOIN (SELECT union_id AS id, path FROM reports_countedunion) u ON u.id = x.union_id
WHERE (x.joined, x.rejoined) <> (0, 0)
GROUP BY 1, 2
"""

_COMPARED = """
CREATE TEMP TABLE night_difference ON COMMIT DROP AS
WITH expected AS (
    SELECT a.id AS union_id, COALESCE(l.breakdown, '') AS breakdown, SUM(l.members) AS members,
           SUM(l.retained) AS retained, SUM(l.joined) AS joined, SUM(l.rejoined) AS rejoined
    FROM night_leaf l
    CROSS JOIN LATERAL unnest(string_to_array(rtrim(l.path, '/'), '/')::bigint[]) AS a(id)
    GROUP BY GROUPING SETS ((a.id, l.breakdown), (a.id))
),
standing AS (
    SELECT DISTINCT ON (union_id, breakdown) union_id, breakdown, members, retained, joined,
           rejoined
    FROM reports_dailycount WHERE day <= %(day)s
    ORDER BY union_id, breakdown, day DESC
)
SELECT union_id, breakdown,
       COALESCE(e.members, 0) AS members, COALESCE(e.retained, 0) AS retained,
       COALESCE(e.joined, 0) AS joined, COALESCE(e.rejoined, 0) AS rejoined,
       COALESCE(s.members, 0) AS had_members, COALESCE(s.retained, 0) AS had_retained,
       COALESCE(s.joined, 0) AS had_joined, COALESCE(s.rejoined, 0) AS had_rejoined
FROM expected e FULL JOIN standing s USING (union_id, breakdown)
WHERE (COALESCE(e.members, 0), COALESCE(e.retained, 0), COALESCE(e.joined, 0),
       COALESCE(e.rejoined, 0))
   <> (COALESCE(s.members, 0), COALESCE(s.retained, 0), COALESCE(s.joined, 0),
       COALESCE(s.rejoined, 0))
"""

_LIST = """
SELECT d.union_id, m.metric, d.breakdown, m.stored, m.expected
FROM night_difference d
CROSS JOIN LATERAL (VALUES
    ('members', d.had_members, d.members), ('retained', d.had_retained, d.retained),
    ('joined', d.had_joined, d.joined), ('rejoined', d.had_rejoined, d.rejoined)
) AS m(metric, stored, expected)
WHERE m.stored <> m.expected
ORDER BY 1, 2, 3
"""

_MEND = """
INSERT INTO reports_dailycount
    (union_id, breakdown, day, members, retained, joined, rejoined, definition_version)
SELECT union_id, breakdown, %(day)s, members, retained, joined, rejoined, %(version)s
FROM night_difference
ON CONFLICT (union_id, breakdown, day) DO UPDATE
SET members = EXCLUDED.members, retained = EXCLUDED.retained, joined = EXCLUDED.joined,
    rejoined = EXCLUDED.rejoined, definition_version = EXCLUDED.definition_version
"""


class CountDifference(NamedTuple):
    """A figure (``metric`` of a union and breakdown) that is not what the ledger gives."""

    union_id: int
    metric: str
    breakdown: str
    stored: int
    expected: int


def find_differences(day: dt.date) -> Iterator[CountDifference]:
    """Where figures of the newest published ``day`` are not what is posted. In a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS night_leaf, night_difference")
        values = {"day": day}
        cursor.execute(_leaves_sql(), values)
        cursor.execute(_COMPARED, values)
        cursor.execute(_LIST)
        while rows := cursor.fetchmany(10_000):
            for row in rows:
                yield CountDifference(*row)


def mend_counts(day: dt.date) -> int:
    """Write on ``day``, the newest published one, what the ledger gives; figures mended.

    Earlier days stay as they were published. Each difference is kept as a mended ``Drift``.
    Run in a transaction.
    """
    advisory_lock(LOCK)
    found = list(find_differences(day))
    if not found:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_MEND, {"day": day, "version": DEFINITION_VERSION})
    Drift.objects.bulk_create(
        [
            Drift(
                day=day,
                union_id=row.union_id,
                book=Drift.Book.COUNTS,
                metric=row.metric,
                breakdown=row.breakdown,
                stored=str(row.stored),
                expected=str(row.expected),
                mended_at=timezone.now(),
            )
            for row in found
        ],
        ignore_conflicts=True,
    )
    return len(found)


def _leaves_sql() -> str:
    """The simplest query that is right: most books know neither moves nor late entries."""
    has_late = LatePosting.objects.exists()
    path_of_flow = path_sql("x.posted_on")
    has_moves = path_of_flow != "u.path"
    day_of_flow = "COALESCE(l.day, e.effective_on)" if has_late else "e.effective_on"
    flows = _FLOWS.format(path_of_flow=path_of_flow) if has_moves else ""
    return (_LEAVES + flows).format(
        posted_on=day_of_flow if has_moves else "NULL::date",
        late="LEFT JOIN reports_lateposting l ON l.event_id = e.id" if has_late else "",
        waiting=(
            "AND NOT EXISTS (SELECT FROM reports_unpostedentry q WHERE q.event_id = e.id)"
            if UnpostedEntry.objects.exists()
            else ""
        ),
        same_joined="0" if has_moves else "SUM(x.joined)",
        same_rejoined="0" if has_moves else "SUM(x.rejoined)",
    )
