"""What is new since the last night: entries that wait to be posted, and unions that changed.

Everything here is one transaction, the step ``deltas``: entries leave the queue in the transaction
that writes what they change, so that none is counted twice or lost.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import connection

from core.locks import advisory_lock
from reports.counting import DEFINITION_VERSION
from reports.counting.figures import NUMBER_GROUPS
from reports.counting.registers import STATIONS_SQL, UNIONS_SQL, path_sql
from reports.models import NightPart
from unions.history import PATH_ON_SQL
from unions.kinds import HOLDING_POOL
from unions.models import Union
from unions.tree import REMEMBER_COUNTED_PLACES, lock_tree

LOCK = "reports.counting"

# What entries change by union and group, from where the union stood on the day. Kept besides are
# those that matter one by one: recorded late, or of a union that moved. An entry of a group that
# came meanwhile has no number yet and waits for the next night.
_TAKE = """
CREATE TEMP TABLE night_entry (
    event_id bigint, union_id bigint, breakdown text, effective_on date,
    members int, retained int, joined int, rejoined int
) ON COMMIT DROP;
CREATE TEMP TABLE night_change (
    path text COLLATE "C", number smallint, members int, retained int, joined int, rejoined int
) ON COMMIT DROP;
WITH taken AS (
    DELETE FROM reports_unpostedentry q USING reports_groupnumber g
    WHERE q.effective_on <= %(day)s AND g.worker_group_id = q.breakdown
    RETURNING q.*, g.number
),
kept AS (
    INSERT INTO night_entry
    SELECT event_id, union_id, breakdown, effective_on, members, retained, joined, rejoined
    FROM taken
    WHERE effective_on < %(day)s
       OR union_id IN (SELECT union_id FROM night_union WHERE old_path <> path)
),
summed AS (
    SELECT union_id, number, SUM(members) AS members, SUM(retained) AS retained,
           SUM(joined) AS joined, SUM(rejoined) AS rejoined, COUNT(*) AS entries
    FROM taken GROUP BY 1, 2
),
changed AS (
    INSERT INTO night_change (path, number, members, retained, joined, rejoined)
    SELECT {path}, s.number, s.members, s.retained, s.joined, s.rejoined
    FROM summed s JOIN unions_union u ON u.id = s.union_id
)
SELECT COALESCE(SUM(entries), 0)::int FROM summed
"""

_LATE = """
INSERT INTO reports_lateposting (event_id, day)
SELECT event_id, %(day)s FROM night_entry WHERE effective_on < %(day)s
"""

# Where each union of a late entry stood, from when to when.
_LATE_COUNTS = f"""
WITH late AS (
    SELECT union_id, breakdown, effective_on, SUM(members) AS members, SUM(retained) AS retained,
           SUM(joined) AS joined, SUM(rejoined) AS rejoined
    FROM night_entry WHERE effective_on < %(day)s
    GROUP BY 1, 2, 3
),
stay AS (
    SELECT p.union_id, p.path, p.until,
           COALESCE(LAG(p.until) OVER (PARTITION BY p.union_id ORDER BY p.until) + 1,
                    '-infinity'::date) AS since
    FROM unions_pastpath p WHERE p.union_id IN (SELECT union_id FROM late)
    UNION ALL
    SELECT u.id, u.path, 'infinity'::date,
           COALESCE((SELECT MAX(until) + 1 FROM unions_pastpath p WHERE p.union_id = u.id),
                    '-infinity'::date)
    FROM unions_union u WHERE u.id IN (SELECT union_id FROM late)
),
placed AS (
    SELECT l.*, {PATH_ON_SQL.format(union="u", day="l.effective_on")} AS path_then,
           {PATH_ON_SQL.format(union="u", day="%(day)s")} AS path_now
    FROM late l JOIN unions_union u ON u.id = l.union_id
),
ranges AS (
    -- A stock stands wherever the union stood on each of the days missed.
    SELECT s.path, l.breakdown, GREATEST(l.effective_on, s.since) AS first_day,
           LEAST(%(day)s::date - 1, s.until) AS last_day, l.members, l.retained,
           0 AS joined, 0 AS rejoined
    FROM late l JOIN stay s ON s.union_id = l.union_id
     AND s.until >= l.effective_on AND s.since < %(day)s
    WHERE (l.members, l.retained) <> (0, 0)
    UNION ALL
    -- A joining belongs to where the union stood on its day, also when it has moved since.
    SELECT p.path_then, p.breakdown, p.effective_on, %(day)s::date - 1, 0, 0, p.joined, p.rejoined
    FROM placed p WHERE (p.joined, p.rejoined) <> (0, 0)
    UNION ALL
    SELECT m.path, p.breakdown, %(day)s::date, NULL, 0, 0, m.sign * p.joined, m.sign * p.rejoined
    FROM placed p
    CROSS JOIN LATERAL (VALUES (p.path_then, 1), (p.path_now, -1)) AS m(path, sign)
    WHERE p.path_then <> p.path_now AND (p.joined, p.rejoined) <> (0, 0)
    UNION ALL
    -- Posted late earlier on this very day, before their union moved.
    SELECT m.path, e.worker_group_id, %(day)s::date, NULL, 0, 0,
           m.sign * (e.joined_change - e.rejoined_change), m.sign * e.rejoined_change
    FROM night_union n
    JOIN members_membershipevent e ON e.union_id = n.union_id
    JOIN reports_lateposting l ON l.event_id = e.id AND l.day = %(day)s
    CROSS JOIN LATERAL (VALUES (n.old_path, 1), (n.path, -1)) AS m(path, sign)
    WHERE n.old_path <> n.path AND e.joined_change <> 0
      AND NOT EXISTS (SELECT FROM night_entry t WHERE t.event_id = e.id)
)
INSERT INTO reports_latecount
    (union_id, breakdown, first_day, last_day, members, retained, joined, rejoined)
SELECT a.id, COALESCE(r.breakdown, ''), r.first_day, r.last_day, SUM(r.members), SUM(r.retained),
       SUM(r.joined), SUM(r.rejoined)
FROM ranges r
CROSS JOIN LATERAL unnest(string_to_array(rtrim(r.path, '/'), '/')::bigint[]) AS a(id)
GROUP BY GROUPING SETS (
    (a.id, r.first_day, r.last_day, r.breakdown), (a.id, r.first_day, r.last_day))
HAVING (SUM(r.members), SUM(r.retained), SUM(r.joined), SUM(r.rejoined)) <> (0, 0, 0, 0)
"""

# Read as they were before the statement, those that leave the queue included; what is changed
# meanwhile stays for the next night.
_TOUCHED = """
CREATE TEMP TABLE night_touched_union (union_id bigint) ON COMMIT DROP;
WITH settled AS (
    DELETE FROM reports_touchedunion t WHERE t.until <= %(day)s AND NOT EXISTS (
        SELECT FROM unions_pastpath p WHERE p.union_id = t.union_id AND p.until >= %(day)s)
)
INSERT INTO night_touched_union SELECT DISTINCT union_id FROM reports_touchedunion;
ANALYZE night_touched_union
"""

# A founding stays where it was counted, and as what; but on that day itself it goes with its union:
# the day ends with it there.
_CHANGED_UNIONS = f"""
CREATE TEMP TABLE night_union ON COMMIT DROP AS
SELECT w.*, c.path AS old_path, c.kind AS old_kind, c.is_open AS was_open, c.is_nef AS was_nef,
       c.founding_path AS old_founding_path, c.founding_kind AS old_founding_kind,
       CASE WHEN f.stays THEN c.founding_path WHEN w.is_founded THEN w.path END AS founding_path,
       CASE WHEN f.stays THEN c.founding_kind WHEN w.is_founded THEN w.kind END AS founding_kind,
       CASE WHEN f.stays THEN c.founding_counted_on WHEN w.is_founded THEN %(day)s::date END
           AS founding_counted_on
FROM night_touched_union
JOIN ({UNIONS_SQL}) w USING (union_id)
LEFT JOIN reports_countedunion c USING (union_id)
CROSS JOIN LATERAL (
    SELECT w.is_founded AND c.is_founded
           AND c.founding_counted_on IS DISTINCT FROM %(day)s AS stays
) f
WHERE c.union_id IS NULL
   OR (w.path, w.kind, w.is_open, w.is_nef, w.is_founded)
       IS DISTINCT FROM (c.path, c.kind, c.is_open, c.is_nef, c.is_founded)
"""

_REMEMBER_PLACES = REMEMBER_COUNTED_PLACES.format(counted="night_union")

_CHANGED_STATIONS = f"""
CREATE TEMP TABLE night_station ON COMMIT DROP AS
SELECT w.*, c.path AS old_path, c.kind AS old_kind, c.is_open AS was_open
FROM ({STATIONS_SQL}) w
FULL JOIN reports_countedstation c USING (station_id)
WHERE (w.path, w.kind, w.is_open) IS DISTINCT FROM (c.path, c.kind, c.is_open)
"""

# The members of a union that moved go along: from the day on they count where it stands now.
# Joinings stay where they were made, but for those of the day itself: it ends with them there.
_MOVED = """
INSERT INTO night_change (path, number, members, retained, joined, rejoined)
SELECT m.path, g.number, m.sign * s.members, m.sign * s.retained, m.sign * s.joined,
       m.sign * s.rejoined
FROM night_union n
CROSS JOIN LATERAL (
    SELECT e.worker_group_id AS breakdown, SUM(e.active_change) AS members,
           SUM(e.retained_change) AS retained,
           COALESCE(SUM(e.joined_change - e.rejoined_change) FILTER (
               WHERE COALESCE(l.day, e.effective_on) = %(day)s), 0) AS joined,
           COALESCE(SUM(e.rejoined_change) FILTER (
               WHERE COALESCE(l.day, e.effective_on) = %(day)s), 0) AS rejoined
    FROM members_membershipevent e
    LEFT JOIN reports_lateposting l ON l.event_id = e.id
    WHERE e.union_id = n.union_id
      AND NOT EXISTS (SELECT FROM reports_unpostedentry q WHERE q.event_id = e.id)
      AND NOT EXISTS (SELECT FROM night_entry t WHERE t.event_id = e.id)
    GROUP BY 1
) s
JOIN reports_groupnumber g ON g.worker_group_id = s.breakdown
CROSS JOIN LATERAL (VALUES (n.old_path, -1), (n.path, 1)) AS m(path, sign)
WHERE n.old_path <> n.path
"""

_UNIT_CHANGES = """
CREATE TEMP TABLE night_unit ON COMMIT DROP AS
SELECT m.metric, m.breakdown, m.path, m.change
FROM night_union n
CROSS JOIN LATERAL (
    SELECT (n.old_founding_path, n.old_founding_kind)
           IS DISTINCT FROM (n.founding_path, n.founding_kind) AS differs
) f
CROSS JOIN LATERAL (VALUES
    ('unions', n.old_kind, n.old_path, -(n.was_open)::int),
    ('unions', n.kind, n.path, (n.is_open)::int),
    ('nef_unions', n.old_kind, n.old_path, -(n.was_open AND n.was_nef)::int),
    ('nef_unions', n.kind, n.path, (n.is_open AND n.is_nef)::int),
    ('unions_founded', n.old_founding_kind, n.old_founding_path, -(f.differs)::int),
    ('unions_founded', n.founding_kind, n.founding_path, (f.differs)::int)
) AS m(metric, breakdown, path, change)
WHERE m.path IS NOT NULL AND m.change <> 0
UNION ALL
SELECT 'stations', m.breakdown, m.path, m.change
FROM night_station s
CROSS JOIN LATERAL (VALUES
    (s.old_kind, s.old_path, -(s.was_open)::int), (s.kind, s.path, (s.is_open)::int)
) AS m(breakdown, path, change)
WHERE m.path IS NOT NULL AND m.change <> 0
"""

_UNITS = """
WITH summed AS (
    SELECT a.id AS union_id, n.metric, COALESCE(n.breakdown, '') AS breakdown,
           SUM(n.change) AS change
    FROM night_unit n
    CROSS JOIN LATERAL unnest(string_to_array(rtrim(n.path, '/'), '/')::bigint[]) AS a(id)
    GROUP BY GROUPING SETS ((a.id, n.metric, n.breakdown), (a.id, n.metric))
    HAVING SUM(n.change) <> 0
)
INSERT INTO reports_dailyunitcount (union_id, metric, breakdown, day, value, definition_version)
SELECT s.union_id, s.metric, s.breakdown, %(day)s, s.change + COALESCE((
    SELECT c.value FROM reports_dailyunitcount c
    WHERE (c.union_id, c.metric, c.breakdown) = (s.union_id, s.metric, s.breakdown)
      AND c.day <= %(day)s ORDER BY c.day DESC LIMIT 1), 0), %(version)s
FROM summed s
ON CONFLICT (union_id, metric, breakdown, day) DO UPDATE
SET value = EXCLUDED.value, definition_version = EXCLUDED.definition_version
"""

_REMEMBER = """
INSERT INTO reports_countedunion (union_id, path, kind, is_open, is_nef, is_founded,
    founding_path, founding_kind, founding_counted_on)
SELECT union_id, path, kind, is_open, is_nef, is_founded,
       founding_path, founding_kind, founding_counted_on
FROM night_union
ON CONFLICT (union_id) DO UPDATE SET path = EXCLUDED.path, kind = EXCLUDED.kind,
    is_open = EXCLUDED.is_open, is_nef = EXCLUDED.is_nef, is_founded = EXCLUDED.is_founded,
    founding_path = EXCLUDED.founding_path, founding_kind = EXCLUDED.founding_kind,
    founding_counted_on = EXCLUDED.founding_counted_on;
DELETE FROM reports_countedstation
WHERE station_id IN (SELECT station_id FROM night_station WHERE path IS NULL);
INSERT INTO reports_countedstation (station_id, path, kind, is_open)
SELECT station_id, path, kind, is_open FROM night_station WHERE path IS NOT NULL
ON CONFLICT (station_id) DO UPDATE SET path = EXCLUDED.path, kind = EXCLUDED.kind,
    is_open = EXCLUDED.is_open
"""

# A part is the subtree of a union at a depth at which there are enough of them to share; ``root``
# is the path up to that depth, empty for what stands above it: that waits for the crown.
_ROOTS = "SELECT DISTINCT {root} FROM night_change WHERE split_part(path, '/', {depth}) <> ''"
# What a night that broke off has left is for the crown: parts may be others now.
_LEFT = "UPDATE reports_nightdelta SET part = '' WHERE day = %(day)s"
_DELTAS = """
INSERT INTO reports_nightdelta
    (day, part, paths, group_numbers, members, retained, joined, rejoined)
SELECT %(day)s, CASE WHEN split_part(path, '/', {depth}) <> '' THEN {root} ELSE '' END,
       array_agg(path), array_agg(number), array_agg(members), array_agg(retained),
       array_agg(joined), array_agg(rejoined)
FROM night_change GROUP BY 2
"""
ENOUGH_PARTS = 8
DEEPEST_PARTS = 6


def post_changes(day: dt.date) -> int:
    """Take up everything that counts by ``day`` and has not been counted; the number of entries.

    The days before ``day`` must be published: an entry dated before it is posted late, on ``day``.
    Run in a transaction, and again for a day that was not over.
    """
    # This one first: to wait for a comparison of the books is not to keep the tree from changing.
    advisory_lock(LOCK)
    lock_tree()  # what moves now has moved before or moves after
    values: dict[str, Any] = {
        "day": day,
        "pool": HOLDING_POOL,
        "zone": "Asia/Shanghai",
        "version": DEFINITION_VERSION,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "DROP TABLE IF EXISTS night_entry, night_change, night_touched_union, night_union, "
            "night_station, night_unit"
        )
        path = path_sql("%(day)s", since=day)
        # In as few calls as may be: another thread may be computing, and be slow to give way.
        changed = (_CHANGED_UNIONS, _REMEMBER_PLACES, _CHANGED_STATIONS, _TAKE)
        taking = (NUMBER_GROUPS, _TOUCHED, *(one.format(path=path) for one in changed))
        cursor.execute(";".join(taking), values)
        (entries,) = cursor.fetchone()
        posting = (_MOVED, _LATE_COUNTS, _LATE, _UNIT_CHANGES, _UNITS, _REMEMBER, _LEFT)
        cursor.execute(";".join(posting), values)
        for depth in range(_shallowest_parts(), DEEPEST_PARTS + 1):
            steps = (f"split_part(path, '/', {step}) || '/'" for step in range(1, depth + 1))
            root = " || ".join(steps)
            cursor.execute(_ROOTS.format(root=root, depth=depth))
            roots = [path for (path,) in cursor.fetchall()]
            if not roots or len(roots) >= ENOUGH_PARTS:
                break
        cursor.execute(_DELTAS.format(root=root, depth=depth), values)
        _lay_out(day, roots)
        return entries


def _shallowest_parts() -> int:
    """The depth from which on the tree has enough unions side by side to be ``ENOUGH_PARTS``."""
    depth, unions = 1, list(Union.objects.filter(parent=None).values_list("pk", flat=True))
    while len(unions) < ENOUGH_PARTS and depth < DEEPEST_PARTS:
        depth += 1
        unions = list(Union.objects.filter(parent__in=unions).values_list("pk", flat=True))
    return depth


def _lay_out(day: dt.date, roots: Iterable[str]) -> None:
    """Parts to be counted; one that has been counted on ``day`` before has something new."""
    NightPart.objects.bulk_create(
        [NightPart(day=day, path=root) for root in sorted(roots)],
        update_conflicts=True,
        unique_fields=["day", "path"],
        update_fields=["is_done"],
    )
