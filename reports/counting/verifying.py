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
from reports.counting.establishment import find_establishment_differences
from reports.counting.figures import COLUMNS, NUMBER_GROUPS, REPLACED, SUMS_AND_GROUPS
from reports.counting.posting import LOCK
from reports.counting.shares import MEMORY, PLACES, Shares
from reports.counting.verifying_units import find_unit_differences
from reports.models.counts import PERSON_METRICS, figure_sql
from reports.runs import require_settled_books
from unions.history import PATH_ON_SQL
from unions.models import PastPath

# What is passed on to the unions one level up, share by share.
_PREPARED = """
DROP TABLE IF EXISTS
    night_unlike, night_lifted, night_rolled, night_sum, night_standing, night_difference;
CREATE TEMP TABLE night_unlike (union_id bigint) ON COMMIT DROP;
CREATE TEMP TABLE night_lifted (
    place bigint, members int, retained int, joined int, rejoined int
) ON COMMIT DROP;
CREATE TEMP TABLE night_rolled (
    union_id bigint, turn int, number smallint, members int, retained int, joined int, rejoined int
) ON COMMIT DROP
"""
_UNLIKE = "INSERT INTO night_unlike SELECT unnest(%s::bigint[])"
_LIFTED = """
INSERT INTO night_lifted
SELECT unnest(%s::bigint[]), unnest(%s::int[]), unnest(%s::int[]), unnest(%s::int[]),
       unnest(%s::int[])
"""
# A union has others below it in many shares.
_LIFTED_ONCE = f"""
INSERT INTO night_rolled
SELECT place / {PLACES}, 1, mod(place, {PLACES}), SUM(members), SUM(retained), SUM(joined),
       SUM(rejoined)
FROM night_lifted GROUP BY place;
TRUNCATE night_lifted;
ANALYZE night_rolled (union_id, turn)
"""

# What is looked at closely: unions of which something else stands than their own, or was moved.
# An entry is posted when it left the queue: one statement, so that what is recorded meanwhile is
# seen on both sides or on none.
_LEDGER = """
INSERT INTO night_unlike SELECT DISTINCT union_id FROM night_rolled;
ANALYZE night_unlike;
CREATE TEMP TABLE night_sum ON COMMIT DROP AS
SELECT s.union_id, n.number, s.members, s.retained, s.joined, s.rejoined
FROM (
    SELECT union_id, worker_group_id, SUM(active_change)::int AS members,
           SUM(retained_change)::int AS retained,
           SUM(joined_change - rejoined_change)::int AS joined,
           SUM(rejoined_change)::int AS rejoined
    FROM members_membershipevent
    WHERE effective_on <= %(day)s AND union_id IN (SELECT union_id FROM night_unlike)
    GROUP BY 1, 2
    UNION ALL
    SELECT union_id, breakdown, -SUM(members)::int, -SUM(retained)::int, -SUM(joined)::int,
           -SUM(rejoined)::int
    FROM reports_unpostedentry
    WHERE effective_on <= %(day)s AND union_id IN (SELECT union_id FROM night_unlike)
    GROUP BY 1, 2
) s
JOIN reports_groupnumber n USING (worker_group_id)
"""

# What each union passes on to the one above it in the books (the last but one of its path, which
# ends with a slash): again and again what the last turn has brought up.
_LIFT_FURTHER = """
INSERT INTO night_rolled
SELECT split_part(c.path, '/', -3)::bigint, %(turn)s, r.number, SUM(r.members), SUM(r.retained),
       SUM(r.joined), SUM(r.rejoined)
FROM night_rolled r JOIN reports_countedunion c USING (union_id)
WHERE r.turn = %(turn)s - 1 AND split_part(c.path, '/', -3) <> ''
GROUP BY 1, 3
"""

# A joining counts where its union stood when it was posted, also for the unions above it.
_JOINED_ELSEWHERE = """
INSERT INTO night_rolled
SELECT a.id, 0, n.number, 0, 0, SUM(m.sign * f.joined), SUM(m.sign * f.rejoined)
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
JOIN reports_groupnumber n ON n.worker_group_id = f.breakdown
CROSS JOIN LATERAL (VALUES (f.path_then, 1), (f.path_now, -1)) AS m(path, sign)
CROSS JOIN LATERAL unnest(string_to_array(rtrim(m.path, '/'), '/')::bigint[]) AS a(id)
WHERE f.path_then <> f.path_now
GROUP BY 1, 3
"""

_EXPECTED = """
    SELECT union_id, number, members, retained, joined, rejoined FROM night_sum
    UNION ALL
    SELECT union_id, number, members, retained, joined, rejoined FROM night_rolled
"""

_STORED = ", ".join(
    f"('{metric}', COALESCE({figure}, 0), d.{metric})"
    for metric in PERSON_METRICS
    for figure in [figure_sql(metric, breakdown="d.breakdown", number="d.number")]
)

_STANDING = """
CREATE TEMP TABLE night_standing ON COMMIT DROP AS
SELECT c.*
FROM (SELECT DISTINCT union_id FROM night_unlike ORDER BY 1) u
CROSS JOIN LATERAL (
    SELECT * FROM reports_dailycount r
    WHERE r.union_id = u.union_id AND r.day <= %(day)s
    ORDER BY r.day DESC LIMIT 1) c;
ANALYZE night_standing (union_id)
"""

# What is expected less what stands, of single groups and of their sums. Arrays are laid open where
# the columns are told: as a table beside each row it takes four times as long. What is null is 0.
_SUMS = [f"COALESCE(SUM({metric}), 0)" for metric in PERSON_METRICS]
_SUMMED = ", ".join(f"{s}::int AS {m}" for m, s in zip(PERSON_METRICS, _SUMS, strict=True))
_DIFFERS = f"HAVING ({', '.join(_SUMS)}) <> (0, 0, 0, 0)"
_COMPARED = f"""
CREATE TEMP TABLE night_difference ON COMMIT DROP AS
SELECT d.*, COALESCE(n.worker_group_id, '') AS breakdown
FROM (
    SELECT union_id, number, {_SUMMED}
    FROM (
        {_EXPECTED}
        UNION ALL
        SELECT union_id, unnest(groups), -unnest(group_members), -unnest(group_retained),
               -unnest(group_joined), -unnest(group_rejoined)
        FROM night_standing
    ) AS sides
    GROUP BY union_id, number
    {_DIFFERS}
    UNION ALL
    SELECT union_id, NULL, {_SUMMED}
    FROM (
        SELECT union_id, members, retained, joined, rejoined FROM ({_EXPECTED}) AS e
        UNION ALL
        SELECT union_id, -members, -retained, -joined, -rejoined FROM night_standing
    ) AS sides
    GROUP BY union_id
    {_DIFFERS}
) d
LEFT JOIN reports_groupnumber n USING (number)
"""

_LIST = f"""
SELECT d.union_id, m.metric, d.breakdown, m.stored, m.stored + m.difference
FROM night_difference d
LEFT JOIN night_standing c USING (union_id)
CROSS JOIN LATERAL (VALUES {_STORED}) AS m(metric, stored, difference)
WHERE m.difference <> 0
ORDER BY 1, 2, 3
"""

# A row holds all groups of a union: it is written anew. Where nobody is expected, nobody is left.
_MEND = f"""
INSERT INTO reports_dailycount ({COLUMNS})
SELECT union_id, %(day)s, {SUMS_AND_GROUPS}, %(version)s
FROM (
    SELECT union_id, number, SUM(members) AS members, SUM(retained) AS retained,
           SUM(joined) AS joined, SUM(rejoined) AS rejoined
    FROM (
        {_EXPECTED}
        UNION ALL
        SELECT union_id, number, 0, 0, 0, 0 FROM night_difference WHERE number IS NOT NULL
    ) AS e
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
    SELECT FROM night_difference o WHERE o.union_id = d.union_id AND o.number IS NOT NULL)
  AND NOT EXISTS (SELECT FROM ({_EXPECTED}) e WHERE e.union_id = d.union_id)
{REPLACED}
"""


def find_differences(day: dt.date) -> Iterator[CountDifference]:
    """Where figures of the newest published ``day`` are not what is posted, or not what stands
    behind them. In a transaction: no night posts before it ends.

    Raises RuleViolation (``night_under_way``) while a night has posted what it has not published,
    and when a later day is out.
    """
    advisory_lock(LOCK)
    require_settled_books(day)
    yield from _find_person_differences(day)
    yield from find_establishment_differences(day)
    yield from find_unit_differences(day)


def _find_person_differences(
    day: dt.date, shares: Shares | None = None
) -> Iterator[CountDifference]:
    values = {"day": day}
    with connection.cursor() as cursor:
        cursor.execute(NUMBER_GROUPS)
        cursor.execute(_PREPARED)
        for unlike, *lifted in (shares or Shares()).added_up(day):
            cursor.execute(_UNLIKE, [unlike])
            cursor.execute(_LIFTED, lifted)
        cursor.execute("SET LOCAL work_mem = %s", [MEMORY])
        cursor.execute(_LIFTED_ONCE)
        turn, brought_up = 1, 1
        while brought_up:
            turn += 1
            cursor.execute(_LIFT_FURTHER, {"turn": turn})
            brought_up = cursor.rowcount
        if PastPath.objects.exists():
            path_then = PATH_ON_SQL.format(union="u", day="x.day")
            cursor.execute(_JOINED_ELSEWHERE.format(path_then=path_then), values)
        cursor.execute(_LEDGER, values)
        cursor.execute(_STANDING, values)
        cursor.execute(_COMPARED)
        cursor.execute("RESET work_mem")
        cursor.execute("RESET random_page_cost")
        cursor.execute(_LIST)
        while rows := cursor.fetchmany(10_000):
            for row in rows:
                yield CountDifference(*row)


def mend_counts(day: dt.date, shares: Shares | None = None) -> int:
    """Write on ``day``, the newest published one, what the ledger gives; figures of persons that
    were mended. With ``shares`` others may help to add up.

    Earlier days stay as they were published. Each difference is kept as a mended ``Drift``.
    Run in a transaction. Raises RuleViolation (``night_under_way``) as ``find_differences``.
    """
    advisory_lock(LOCK)
    require_settled_books(day)
    found = list(_find_person_differences(day, shares))
    if found:
        with connection.cursor() as cursor:
            for statement in (_MEND, _MEND_EMPTY):
                cursor.execute(statement, {"day": day, "version": DEFINITION_VERSION})
    keep_mended(day, found, Q(metric__in=PERSON_METRICS))
    return len(found)
