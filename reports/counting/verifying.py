"""The whole ledger against what stands: a count of the newest day by another way than the night's.

The night adds up changes; here everything that is posted is added up anew, and what differs is
named and mended. On sound books it writes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db import connection
from django.db.models import Q

from core.locks import advisory_lock
from reports.counting import DEFINITION_VERSION
from reports.counting.drifts import CountDifference, keep_mended
from reports.counting.establishment import find_establishment_differences, mend_establishment
from reports.counting.figures import COLUMNS, NUMBER_GROUPS, REPLACED, SUMS_AND_GROUPS
from reports.counting.posting import LOCK
from reports.counting.verifying_units import UNIT_STOCKS, find_unit_differences
from reports.models.counts import GROUPS_SQL, PERSON_METRICS, figure_sql
from unions.history import PATH_ON_SQL
from unions.models import PastPath

# For sorting and hashing, in the database server: what two million figures need.
MEMORY = "128MB"

# An entry is posted when it left the queue. A union stands where the books have it, not where it
# may have moved since. The ledger is added up from an index alone, in its order.
_LEDGER = """
CREATE TEMP TABLE night_sum ON COMMIT DROP AS
SELECT union_id, worker_group_id AS breakdown, SUM(active_change)::int AS members,
       SUM(retained_change)::int AS retained, SUM(joined_change - rejoined_change)::int AS joined,
       SUM(rejoined_change)::int AS rejoined
FROM members_membershipevent WHERE effective_on <= %(day)s
GROUP BY 1, 2
"""
_NOT_POSTED = """
INSERT INTO night_sum
SELECT union_id, breakdown, -SUM(members), -SUM(retained), -SUM(joined), -SUM(rejoined)
FROM reports_unpostedentry WHERE effective_on <= %(day)s
GROUP BY 1, 2
"""

# Each union's place in the books; ``depth`` 1 is the top.
_PLACES = """
CREATE TEMP TABLE night_place ON COMMIT DROP AS
SELECT union_id, line[cardinality(line) - 1] AS parent_id, cardinality(line) AS depth
FROM (SELECT union_id, string_to_array(rtrim(path, '/'), '/')::bigint[] AS line
      FROM reports_countedunion) c;
ANALYZE night_place
"""

# What each union passes on to the one above it, level by level from the lowest: the own entries of
# all unions first, then what has come up to the level ``depth``.
_LIFT = """
CREATE TEMP TABLE night_rolled ON COMMIT DROP AS
SELECT p.parent_id AS union_id, p.depth - 1 AS depth, s.breakdown, SUM(s.members)::int AS members,
       SUM(s.retained)::int AS retained, SUM(s.joined)::int AS joined,
       SUM(s.rejoined)::int AS rejoined
FROM night_sum s JOIN night_place p USING (union_id)
WHERE p.depth > 1
GROUP BY 1, 2, 3
"""
_LIFT_FURTHER = """
INSERT INTO night_rolled
SELECT p.parent_id, p.depth - 1, r.breakdown, SUM(r.members), SUM(r.retained), SUM(r.joined),
       SUM(r.rejoined)
FROM night_rolled r JOIN night_place p USING (union_id)
WHERE r.depth = %(depth)s
GROUP BY 1, 2, 3
"""

# A joining counts where its union stood when it was posted, also for the unions above it.
_JOINED_ELSEWHERE = """
INSERT INTO night_rolled
SELECT a.id, 0, f.breakdown, 0, 0, SUM(m.sign * f.joined), SUM(m.sign * f.rejoined)
FROM (
    SELECT {path_then} AS path_then, c.path AS path_now, x.breakdown, SUM(x.joined) AS joined,
           SUM(x.rejoined) AS rejoined
    FROM (
        SELECT e.union_id AS id, e.worker_group_id AS breakdown,
               COALESCE(l.day, e.effective_on) AS day,
               e.joined_change - e.rejoined_change AS joined, e.rejoined_change AS rejoined
        FROM members_membershipevent e LEFT JOIN reports_lateposting l ON l.event_id = e.id
        WHERE e.union_id IN (SELECT union_id FROM unions_pastpath) AND e.joined_change <> 0
          AND e.effective_on <= %(day)s
          AND NOT EXISTS (SELECT FROM reports_unpostedentry q WHERE q.event_id = e.id)
    ) x
    JOIN unions_union u USING (id)
    JOIN reports_countedunion c ON c.union_id = u.id
    GROUP BY 1, 2, 3
) f
CROSS JOIN LATERAL (VALUES (f.path_then, 1), (f.path_now, -1)) AS m(path, sign)
CROSS JOIN LATERAL unnest(string_to_array(rtrim(m.path, '/'), '/')::bigint[]) AS a(id)
WHERE f.path_then <> f.path_now
GROUP BY 1, 3
"""

_EXPECTED = """
    SELECT union_id, breakdown, members, retained, joined, rejoined FROM night_sum
    UNION ALL
    SELECT union_id, breakdown, members, retained, joined, rejoined FROM night_rolled
"""

_STORED = ", ".join(
    f"('{metric}', COALESCE({figure}, 0), d.{metric})"
    for metric in PERSON_METRICS
    for figure in [figure_sql(metric, breakdown="d.breakdown", number="n.number")]
)

# What is expected less what stands. Of each union the latest row alone is looked up: history is not
# read.
_COMPARED = f"""
CREATE TEMP TABLE night_difference ON COMMIT DROP AS
WITH expected AS NOT MATERIALIZED ({_EXPECTED}),
standing AS MATERIALIZED (
    SELECT c.*
    FROM (SELECT id FROM unions_union ORDER BY id) u
    CROSS JOIN LATERAL (
        SELECT * FROM reports_dailycount r
        WHERE r.union_id = u.id AND r.day <= %(day)s
        ORDER BY r.day DESC LIMIT 1) c
)
SELECT union_id, breakdown, SUM(members)::int AS members, SUM(retained)::int AS retained,
       SUM(joined)::int AS joined, SUM(rejoined)::int AS rejoined
FROM (
    SELECT * FROM expected
    UNION ALL
    SELECT union_id, '', SUM(members)::int, SUM(retained)::int, SUM(joined)::int,
           SUM(rejoined)::int
    FROM expected GROUP BY union_id
    UNION ALL
    SELECT c.union_id, n.worker_group_id, -COALESCE(g.members, 0), -COALESCE(g.retained, 0),
           -COALESCE(g.joined, 0), -COALESCE(g.rejoined, 0)
    FROM standing c
    CROSS JOIN LATERAL {GROUPS_SQL}
    JOIN reports_groupnumber n USING (number)
    UNION ALL
    SELECT union_id, '', -members, -retained, -joined, -rejoined FROM standing
) AS sides
GROUP BY union_id, breakdown
HAVING (SUM(members), SUM(retained), SUM(joined), SUM(rejoined)) <> (0, 0, 0, 0)
"""

_LIST = f"""
SELECT d.union_id, m.metric, d.breakdown, m.stored, m.stored + m.difference
FROM night_difference d
LEFT JOIN reports_groupnumber n ON n.worker_group_id = d.breakdown
LEFT JOIN LATERAL (
    SELECT * FROM reports_dailycount r
    WHERE r.union_id = d.union_id AND r.day <= %(day)s
    ORDER BY r.day DESC LIMIT 1) c ON true
CROSS JOIN LATERAL (VALUES {_STORED}) AS m(metric, stored, difference)
WHERE m.difference <> 0
ORDER BY 1, 2, 3
"""

# A row holds all groups of a union: it is written anew. Where nobody is expected, nobody is left.
_MEND = f"""
INSERT INTO reports_dailycount ({COLUMNS})
SELECT union_id, %(day)s, {SUMS_AND_GROUPS}, %(version)s
FROM (
    SELECT union_id, n.number, SUM(members) AS members, SUM(retained) AS retained,
           SUM(joined) AS joined, SUM(rejoined) AS rejoined
    FROM (
        {_EXPECTED}
        UNION ALL
        SELECT union_id, breakdown, 0, 0, 0, 0 FROM night_difference
    ) AS e
    JOIN reports_groupnumber n ON n.worker_group_id = e.breakdown
    WHERE union_id IN (SELECT union_id FROM night_difference)
    GROUP BY 1, 2
) AS expected
GROUP BY union_id
{REPLACED}
"""


# Of no group is anybody expected, nor told: only the sum was wrong.
_MEND_EMPTY = f"""
INSERT INTO reports_dailycount (union_id, day, definition_version)
SELECT DISTINCT union_id, %(day)s::date, %(version)s
FROM night_difference d
WHERE NOT EXISTS (
    SELECT FROM night_difference o WHERE o.union_id = d.union_id AND o.breakdown <> '')
  AND NOT EXISTS (SELECT FROM ({_EXPECTED}) e WHERE e.union_id = d.union_id)
{REPLACED}
"""


def find_differences(day: dt.date) -> Iterator[CountDifference]:
    """Where figures of the newest published ``day`` are not what is posted, or not what stands
    behind them. In a transaction."""
    yield from _find_person_differences(day)
    yield from find_unit_differences(day)


def _find_person_differences(day: dt.date) -> Iterator[CountDifference]:
    values = {"day": day}
    with connection.cursor() as cursor:
        cursor.execute(
            "DROP TABLE IF EXISTS night_sum, night_place, night_rolled, night_difference"
        )
        cursor.execute("SET LOCAL work_mem = %s", [MEMORY])
        cursor.execute("SET LOCAL random_page_cost = 1.1")  # an index read whole is no chance read
        cursor.execute(_LEDGER, values)
        cursor.execute(_NOT_POSTED, values)
        cursor.execute(_PLACES)
        cursor.execute(_LIFT)
        cursor.execute("SELECT MAX(depth) FROM night_place")
        for depth in range((cursor.fetchone()[0] or 1) - 1, 1, -1):
            cursor.execute(_LIFT_FURTHER, {"depth": depth})
        if PastPath.objects.exists():
            path_then = PATH_ON_SQL.format(union="u", day="x.day")
            cursor.execute(_JOINED_ELSEWHERE.format(path_then=path_then), values)
        cursor.execute(_COMPARED, values)
        cursor.execute("RESET work_mem")
        cursor.execute("RESET random_page_cost")
        cursor.execute(_LIST, values)
        while rows := cursor.fetchmany(10_000):
            for row in rows:
                yield CountDifference(*row)
    for unit in find_establishment_differences(day):
        yield CountDifference(
            unit.union_id, "establishment_rate", unit.sum, unit.stored, unit.expected
        )


def mend_counts(day: dt.date) -> int:
    """Write on ``day``, the newest published one, what the ledger gives; figures of persons, and of
    the establishment rate, that were mended.

    Earlier days stay as they were published. Each difference is kept as a mended ``Drift``.
    Run in a transaction.
    """
    advisory_lock(LOCK)
    found = list(_find_person_differences(day))
    if found:
        with connection.cursor() as cursor:
            cursor.execute(NUMBER_GROUPS)
            for statement in (_MEND, _MEND_EMPTY):
                cursor.execute(statement, {"day": day, "version": DEFINITION_VERSION})
        mend_establishment(day)
    keep_mended(day, found, ~Q(metric__in=UNIT_STOCKS))
    return len(found)
