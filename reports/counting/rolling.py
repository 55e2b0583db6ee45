"""Up the tree: each change counts for its union and for every union above it.

A part of the tree is counted by one worker in one transaction; what it adds above its root is left
for the crown, which is counted when all parts are done. Reading and writing happen in the
database: a worker holds no rows.
"""

from __future__ import annotations

import datetime as dt
import time
from typing import Any, NamedTuple

from django.db import connection, transaction

from reports.counting import DEFINITION_VERSION
from reports.models import NightPart

# One statement for a part: what it takes up goes through no table on its way. A row of the day
# itself is the latest row ≤ the day: counting a day again adds to it. Else the row is new, and the
# index is not asked again whether it is. In the order of the key, so that neighbours find their
# pages in memory.
_ROLL = """
WITH taken AS (
    DELETE FROM reports_nightdelta
    WHERE day = %(day)s AND path >= %(low)s AND path < %(high)s
    RETURNING path, breakdown, members, retained, joined, rejoined
),
passed_on AS (
    INSERT INTO reports_nightdelta (day, path, breakdown, members, retained, joined, rejoined)
    SELECT %(day)s, %(above)s, breakdown, SUM(members), SUM(retained), SUM(joined), SUM(rejoined)
    FROM taken WHERE %(above)s <> '' GROUP BY breakdown
    HAVING (SUM(members), SUM(retained), SUM(joined), SUM(rejoined)) <> (0, 0, 0, 0)
),
summed AS (
    SELECT a.id AS union_id, COALESCE(t.breakdown, '') AS breakdown, SUM(t.members) AS members,
           SUM(t.retained) AS retained, SUM(t.joined) AS joined, SUM(t.rejoined) AS rejoined
    FROM taken t
    CROSS JOIN LATERAL unnest(
        (string_to_array(rtrim(t.path, '/'), '/')::bigint[])[%(from)s:]) AS a(id)
    GROUP BY GROUPING SETS ((a.id, t.breakdown), (a.id))
    HAVING (SUM(t.members), SUM(t.retained), SUM(t.joined), SUM(t.rejoined)) <> (0, 0, 0, 0)
    ORDER BY 1, 2
),
figure AS MATERIALIZED (
    SELECT s.union_id, s.breakdown, s.members + COALESCE(p.members, 0) AS members,
           s.retained + COALESCE(p.retained, 0) AS retained,
           s.joined + COALESCE(p.joined, 0) AS joined,
           s.rejoined + COALESCE(p.rejoined, 0) AS rejoined,
           p.day IS NOT DISTINCT FROM %(day)s::date AS stands
    FROM summed s
    LEFT JOIN LATERAL (
        SELECT day, members, retained, joined, rejoined FROM reports_dailycount c
        WHERE c.union_id = s.union_id AND c.breakdown = s.breakdown AND c.day <= %(day)s
        ORDER BY c.day DESC LIMIT 1) p ON true
),
added AS (
    INSERT INTO reports_dailycount
        (union_id, breakdown, day, members, retained, joined, rejoined, definition_version)
    SELECT union_id, breakdown, %(day)s, members, retained, joined, rejoined, %(version)s
    FROM figure WHERE NOT stands
),
changed AS (
    INSERT INTO reports_dailycount
        (union_id, breakdown, day, members, retained, joined, rejoined, definition_version)
    SELECT union_id, breakdown, %(day)s, members, retained, joined, rejoined, %(version)s
    FROM figure WHERE stands
    ON CONFLICT (union_id, breakdown, day) DO UPDATE
    SET members = EXCLUDED.members, retained = EXCLUDED.retained, joined = EXCLUDED.joined,
        rejoined = EXCLUDED.rejoined, definition_version = EXCLUDED.definition_version
)
SELECT (SELECT COUNT(*) FROM taken), COUNT(*), COALESCE(BIT_XOR(hashint8extended(
    union_id, hashtextextended(
        breakdown,
        members + 31::bigint * retained + 961::bigint * joined + 29791::bigint * rejoined)
)), 0)
FROM figure
"""
_EVERYTHING_BELOW = "/~"  # after every path: digits and "/" sort before "~"


class Rolled(NamedTuple):
    """Changes taken up, rows written, and a checksum over them (order does not matter)."""

    changes: int
    rows: int
    checksum: int


def count_next_part(day: dt.date) -> NightPart | None:
    """Count one part of ``day`` that nobody is at; None when there is none. Its own transaction."""
    started = time.monotonic()
    with transaction.atomic():
        part = (
            NightPart.objects.select_for_update(skip_locked=True)
            .filter(day=day, is_done=False)
            .order_by("path")
            .first()
        )
        if part is None:
            return None
        rolled = _roll(day, part.path)
        part.is_done = True
        part.entries, part.rows, part.checksum = rolled
        part.seconds = time.monotonic() - started
        part.save()
    return part


def parts_left(day: dt.date) -> bool:
    """Is any part of ``day`` not done (though somebody may be at it)?"""
    return NightPart.objects.filter(day=day, is_done=False).exists()


def count_crown(day: dt.date) -> Rolled:
    """Count what the parts left for the unions above them, and those unions' own changes."""
    return _roll(day, "")


def _roll(day: dt.date, root: str) -> Rolled:
    ids = root.rstrip("/").split("/") if root else []
    values: dict[str, Any] = {
        "day": day,
        "low": root,
        "high": root[:-1] + _EVERYTHING_BELOW if root else "~",
        "from": max(len(ids), 1),
        "above": "".join(f"{key}/" for key in ids[:-1]),
        "version": DEFINITION_VERSION,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ROLL, values)
        return Rolled(*cursor.fetchone())
