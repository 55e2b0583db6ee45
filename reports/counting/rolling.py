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
from reports.counting.figures import COLUMNS, REPLACED
from reports.models import NightPart
from reports.runs import do_not_wait_for_the_disk

# One statement for a part: what it takes up goes through no table on its way. What changed is added
# to the groups of the latest row ≤ the day (``reports_add_groups``, migration 0009). A row of the
# day itself is such a row: counting a day again adds to it. Else the row is new, and the index is
# not asked again whether it is. In the order of the key, so that neighbours find their pages in
# memory.
_WRITTEN = COLUMNS.removesuffix(", definition_version")
_ROLL = f"""
WITH taken AS (
    DELETE FROM reports_nightdelta
    WHERE day = %(day)s AND (part = %(part)s OR %(part)s = '')
    RETURNING paths, group_numbers, members, retained, joined, rejoined
),
change_at AS MATERIALIZED (
    SELECT c.* FROM taken t CROSS JOIN LATERAL unnest(
        t.paths, t.group_numbers, t.members, t.retained, t.joined, t.rejoined
    ) AS c(path, group_number, members, retained, joined, rejoined)
),
passed_on AS (
    INSERT INTO reports_nightdelta
        (day, part, paths, group_numbers, members, retained, joined, rejoined)
    SELECT %(day)s, '', array_agg(%(above)s::text), array_agg(group_number), array_agg(members),
           array_agg(retained), array_agg(joined), array_agg(rejoined)
    FROM (
        SELECT group_number, SUM(members)::int AS members, SUM(retained)::int AS retained,
               SUM(joined)::int AS joined, SUM(rejoined)::int AS rejoined
        FROM change_at WHERE %(above)s <> '' GROUP BY group_number
    ) sums
    HAVING COUNT(*) > 0
),
summed AS (
    SELECT a.id AS union_id, t.group_number, SUM(t.members)::int AS members,
           SUM(t.retained)::int AS retained, SUM(t.joined)::int AS joined,
           SUM(t.rejoined)::int AS rejoined
    FROM change_at t
    CROSS JOIN LATERAL unnest(
        (string_to_array(rtrim(t.path, '/'), '/')::bigint[])[%(from)s:]) AS a(id)
    GROUP BY 1, 2
    HAVING (SUM(t.members), SUM(t.retained), SUM(t.joined), SUM(t.rejoined)) <> (0, 0, 0, 0)
),
change AS (
    SELECT union_id, SUM(members)::int AS members, SUM(retained)::int AS retained,
           SUM(joined)::int AS joined, SUM(rejoined)::int AS rejoined,
           array_agg(group_number) AS groups, array_agg(members) AS group_members,
           array_agg(retained) AS group_retained, array_agg(joined) AS group_joined,
           array_agg(rejoined) AS group_rejoined
    FROM (SELECT * FROM summed ORDER BY union_id, group_number) s
    GROUP BY union_id
),
figure AS MATERIALIZED (
    SELECT d.union_id, %(day)s::date AS day, d.members + COALESCE(c.members, 0) AS members,
           d.retained + COALESCE(c.retained, 0) AS retained,
           d.joined + COALESCE(c.joined, 0) AS joined,
           d.rejoined + COALESCE(c.rejoined, 0) AS rejoined,
           g.groups, g.group_members, g.group_retained, g.group_joined, g.group_rejoined,
           c.day IS NOT DISTINCT FROM %(day)s::date AS stands
    FROM change d
    LEFT JOIN LATERAL (
        SELECT * FROM reports_dailycount r
        WHERE r.union_id = d.union_id AND r.day <= %(day)s
        ORDER BY r.day DESC LIMIT 1) c ON true
    CROSS JOIN LATERAL reports_add_groups(
        c.groups, c.group_members, c.group_retained, c.group_joined, c.group_rejoined,
        d.groups, d.group_members, d.group_retained, d.group_joined, d.group_rejoined) AS g
),
added AS (
    INSERT INTO reports_dailycount ({COLUMNS})
    SELECT {_WRITTEN}, %(version)s FROM figure WHERE NOT stands
),
changed AS (
    INSERT INTO reports_dailycount ({COLUMNS})
    SELECT {_WRITTEN}, %(version)s FROM figure WHERE stands
    {REPLACED}
)
SELECT (SELECT COUNT(*) FROM change_at), COUNT(*),
       COALESCE(BIT_XOR(hash_record_extended(ROW({_WRITTEN}), 0)), 0)
FROM figure
"""


class Rolled(NamedTuple):
    """Changes taken up, rows written, and a checksum over them (order does not matter)."""

    changes: int
    rows: int
    checksum: int


def count_next_part(day: dt.date) -> NightPart | None:
    """Count one part of ``day`` that nobody is at; None when there is none. Its own transaction."""
    started = time.monotonic()
    with transaction.atomic():
        do_not_wait_for_the_disk()
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
    """Count all that is left: what the parts left for the unions above them, those unions' own
    changes."""
    return _roll(day, "")


def _roll(day: dt.date, root: str) -> Rolled:
    ids = root.rstrip("/").split("/") if root else []
    values: dict[str, Any] = {
        "day": day,
        "part": root,
        "from": max(len(ids), 1),
        "above": "".join(f"{key}/" for key in ids[:-1]),
        "version": DEFINITION_VERSION,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ROLL, values)
        return Rolled(*cursor.fetchone())
