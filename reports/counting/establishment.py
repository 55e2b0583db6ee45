"""Which units have a union, frozen day by day: the register of employers knows only the present.

What the register says of the employers that were touched since the last night is compared with the
books (``CountedEmployer``); what changed closes one row there and begins another, and the sums of
the unions above it get a row of the day.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Q

from core.locks import advisory_lock
from reports.counting.drifts import CountDifference, keep_mended
from reports.counting.handing_out import HandingOut, ranges_of
from reports.counting.posting import LOCK
from reports.counting.registers import path_sql
from reports.counting.shares import MEMORY
from reports.models import CountedEmployer, DailyEstablishment, ReportRun
from reports.runs import require_settled_books
from unions.models import PastPath

STEP = "establishment"  # of the night, see ``reports.nightly``
METRIC = "establishment_rate"  # of the differences

# The alias c stood on {day}, as ``UnionQuerySet.standing_on``.
_STOOD = """(c.id IS NOT NULL AND c.status <> 'preparing' AND NOT c.ended_in_preparation
        AND (c.founded_on IS NULL OR c.founded_on <= {day})
        AND (c.closed_on IS NULL OR c.closed_on > {day}))"""

# An employer on {day}, at {path}.
_FOUND = f"""
SELECT e.id AS employer_id, {{path}} AS path, e.covering_union_id, {_STOOD} AS is_covered,
       e.founding_state = 'Y' AND NOT {_STOOD} AS is_marked, e.is_platform OR e.is_head AS is_firm,
       e.staff_count
FROM enterprises_employer e
JOIN unions_union u ON u.id = e.keeper_id
LEFT JOIN unions_union c ON c.id = e.covering_union_id
"""
_COLUMNS = "path, covering_union_id, is_covered, is_marked, is_firm, staff_count"
_NEW = ", ".join(f"n.{name.strip()}" for name in _COLUMNS.split(","))
_OLD = ", ".join(f"o.{name.strip()}" for name in _COLUMNS.split(","))

# The whole past, from what the register says now: a unit is covered from the day its union was
# founded to the day that was dissolved, and moves with its keeper.
_HISTORY = f"""
INSERT INTO reports_countedemployer (employer_id, {_COLUMNS}, since, until)
SELECT employer_id, {_COLUMNS}, day,
       LEAD(day) OVER (PARTITION BY employer_id ORDER BY day)
FROM ({_FOUND.replace("SELECT e.id", "SELECT d.day, e.id")}
    CROSS JOIN LATERAL (
        SELECT %(first)s::date AS day
        UNION SELECT c.founded_on WHERE c.founded_on > %(first)s AND c.founded_on <= %(day)s
        UNION SELECT c.closed_on WHERE c.closed_on > %(first)s AND c.closed_on <= %(day)s
        UNION SELECT p.until + 1 FROM unions_pastpath p
        WHERE p.union_id = e.keeper_id AND p.until >= %(first)s AND p.until < %(day)s
    ) d
) found
"""

# Which employers may stand differently: those touched, and those whose covering union begins or
# ends to stand by the mere passing of days since the last count.
# The queue is emptied before the register is read: what is changed meanwhile stays for the next.
_TOUCHED = """
CREATE TEMP TABLE night_touched (employer_id bigint PRIMARY KEY) ON COMMIT DROP;
WITH taken AS (DELETE FROM reports_touchedemployer RETURNING employer_id)
INSERT INTO night_touched SELECT DISTINCT employer_id FROM taken;
INSERT INTO night_touched
SELECT e.id FROM unions_union c JOIN enterprises_employer e ON e.covering_union_id = c.id
WHERE (c.founded_on > %(before)s AND c.founded_on <= %(day)s)
   OR (c.closed_on > %(before)s AND c.closed_on <= %(day)s)
ON CONFLICT DO NOTHING;
ANALYZE night_touched
"""
# All that nothing is known to have touched.
_UNTOUCHED = """
CREATE TEMP TABLE night_touched ON COMMIT DROP AS
SELECT id AS employer_id FROM enterprises_employer
UNION SELECT employer_id FROM reports_countedemployer WHERE until IS NULL
EXCEPT SELECT employer_id FROM reports_touchedemployer;
ANALYZE night_touched
"""

_DIFFERS = f"""
FROM night_touched t
LEFT JOIN ({_FOUND}) n USING (employer_id)
LEFT JOIN (SELECT * FROM reports_countedemployer WHERE until IS NULL) o USING (employer_id)
WHERE (n.employer_id IS NULL) <> (o.employer_id IS NULL)
   OR ({_NEW}) IS DISTINCT FROM ({_OLD})
"""
_CHANGED = f"""
CREATE TEMP TABLE night_employer ON COMMIT DROP AS
SELECT t.employer_id, n.employer_id IS NULL AS is_gone, {_NEW}
{_DIFFERS}
"""
# How many of a range differ, by keeper (the last of the path), of those that nothing is known to
# have touched.
_OVERLOOKED = f"""
SELECT split_part(path, '/', -2)::bigint, COUNT(*)
FROM (
    SELECT COALESCE(n.path, o.path) AS path
    -- Both in the order of the key, so that they can be gone through side by side.
    FROM ({_FOUND} WHERE e.id > %(after)s AND e.id <= %(last)s ORDER BY e.id) n
    FULL JOIN (
        SELECT * FROM reports_countedemployer
        WHERE until IS NULL AND employer_id > %(after)s AND employer_id <= %(last)s
        ORDER BY employer_id
    ) o USING (employer_id)
    WHERE ((n.employer_id IS NULL) <> (o.employer_id IS NULL)
           OR ({_NEW}) IS DISTINCT FROM ({_OLD}))
      AND employer_id NOT IN (SELECT employer_id FROM reports_touchedemployer)
) x
GROUP BY 1
"""
# Employers of a range.
EMPLOYERS = 200_000
_NO_MORE = 2**63 - 1  # the last range holds those of the books that the register has no more, too

# A row that began on the day itself is of an earlier count of it, and makes way.
_TURN = f"""
DELETE FROM reports_countedemployer c USING night_employer n
WHERE c.employer_id = n.employer_id AND c.until IS NULL AND c.since >= %(day)s;
UPDATE reports_countedemployer c SET until = %(day)s FROM night_employer n
WHERE c.employer_id = n.employer_id AND c.until IS NULL;
INSERT INTO reports_countedemployer (employer_id, {_COLUMNS}, since, until)
SELECT employer_id, {_COLUMNS}, %(day)s, NULL FROM night_employer WHERE NOT is_gone
"""

_SUMS = ("units", "covered", "marked_only", "firms", "covered_firms", "staff", "without_staff")
_SUM_COLUMNS = ", ".join(_SUMS)
_ADDED = ", ".join(f"SUM(m.sign * v.{name}) AS {name}" for name in _SUMS)
_COMPARED = ", ".join(
    f"('{name}', COALESCE(t.{name}, 0), COALESCE(s.{name}, 0)::bigint)" for name in _SUMS
)
_COURSE = ", ".join(f"SUM(c.{name}) OVER course + COALESCE(p.{name}, 0)" for name in _SUMS)

# What a row ``b`` of the books adds to each sum.
_WORTH = """CROSS JOIN LATERAL (SELECT
        1 AS units, b.is_covered::int AS covered, b.is_marked::int AS marked_only,
        b.is_firm::int AS firms, (b.is_firm AND b.is_covered)::int AS covered_firms,
        CASE WHEN b.is_covered THEN COALESCE(b.staff_count, 0) ELSE 0 END AS staff,
        (b.is_covered AND b.staff_count IS NULL)::int AS without_staff) v"""
_ABOVE = "CROSS JOIN LATERAL unnest(string_to_array(rtrim(b.path, '/'), '/')::bigint[]) AS a(id)"

# A row of the books counts from ``since`` and no longer from ``until``, for its keeper and all
# above it: the running sums from ``first`` on, upon what stood before.
_WRITE = f"""
WITH changes AS (
    SELECT a.id AS union_id, m.day, {_ADDED}
    FROM reports_countedemployer b
    {_WORTH}
    CROSS JOIN LATERAL (VALUES (b.since, 1), (b.until, -1)) AS m(day, sign)
    {_ABOVE}
    WHERE (b.since >= %(first)s OR b.until >= %(first)s)
      AND m.day >= %(first)s AND m.day <= %(day)s
    GROUP BY 1, 2
)
INSERT INTO reports_dailyestablishment (union_id, day, {_SUM_COLUMNS})
SELECT c.union_id, c.day, {_COURSE}
FROM changes c
LEFT JOIN LATERAL (
    SELECT * FROM reports_dailyestablishment d
    WHERE d.union_id = c.union_id AND d.day < %(first)s ORDER BY d.day DESC LIMIT 1) p ON true
WHERE ({", ".join(f"c.{name}" for name in _SUMS)}) <> ({", ".join("0" for _ in _SUMS)})
WINDOW course AS (PARTITION BY c.union_id ORDER BY c.day)
"""

# The rows of the books on a day, added up anew: those of one place first.
_SUMMED = f"""
summed AS (
    SELECT a.id AS union_id, {", ".join(f"SUM(b.{name}) AS {name}" for name in _SUMS)}
    FROM (
        SELECT b.path, {", ".join(f"SUM(v.{name}) AS {name}" for name in _SUMS)}
        FROM reports_countedemployer b
        {_WORTH}
        WHERE b.since <= %(day)s AND (b.until IS NULL OR b.until > %(day)s)
        GROUP BY 1
    ) b
    {_ABOVE}
    GROUP BY 1
)
"""
_DIFFERENCES = f"""
WITH {_SUMMED},
standing AS (
    SELECT DISTINCT ON (union_id) * FROM reports_dailyestablishment
    WHERE day <= %(day)s ORDER BY union_id, day DESC
)
SELECT union_id, m.name, m.stored, m.expected
FROM standing t FULL JOIN summed s USING (union_id)
CROSS JOIN LATERAL (VALUES {_COMPARED}) AS m(name, stored, expected)
WHERE m.stored <> m.expected
ORDER BY 1, 2
"""

_MEND = f"""
WITH {_SUMMED}
INSERT INTO reports_dailyestablishment (union_id, day, {_SUM_COLUMNS})
SELECT w.id, %(day)s, {", ".join(f"COALESCE(s.{name}, 0)" for name in _SUMS)}
FROM unnest(%(unions)s::bigint[]) AS w(id) LEFT JOIN summed s ON s.union_id = w.id
ON CONFLICT (union_id, day) DO UPDATE
SET ({_SUM_COLUMNS}) = ROW({", ".join(f"EXCLUDED.{name}" for name in _SUMS)})
"""


def is_counted() -> bool:
    """Whether a night has entered units in the books; those begun before have none."""
    return ReportRun.objects.filter(report=STEP, cut_off__isnull=False).exists()


def count_establishment(day: dt.date, *, untouched: bool = False) -> int:
    """Enter in the books what the register of employers says, as the state of ``day``.

    Days before ``day`` stay as they are. Reads the employers touched since the last night, with
    ``untouched`` all others: to be sure. How many changed. Run in a transaction, and again for a
    day that was not over.
    """
    advisory_lock(LOCK)
    values: dict[str, Any] = {"day": day, "first": day, "before": _counted_before(day)}
    path = path_sql("%(day)s", since=day)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS night_touched, night_employer")
        cursor.execute(_UNTOUCHED if untouched else _TOUCHED, values)
        cursor.execute(_CHANGED.format(path=path, day="%(day)s"), values)
        changed = cursor.rowcount
        cursor.execute(_TURN, values)
        DailyEstablishment.objects.filter(day__gte=day).delete()
        cursor.execute(_WRITE, values)
        if not untouched and PastPath.objects.filter(until__gte=day).exists():
            # Unions have moved after ``day``: that is for the next night to find.
            cursor.execute(
                "INSERT INTO reports_touchedemployer (employer_id)"
                " SELECT employer_id FROM night_touched"
            )
    return changed


def _counted_before(day: dt.date) -> dt.date:
    """The newest day before ``day`` in the books; long ago where there is none."""
    runs = ReportRun.objects.filter(report=STEP, cut_off__isnull=False, day__lt=day)
    return runs.aggregate(day=Max("day"))["day"] or dt.date.min


def count_establishment_history(day: dt.date, *, first: dt.date) -> int:
    """The first count: every day from ``first`` to ``day``, as the register tells it now.

    Replaces whatever was counted; how many rows the books have. Run in a transaction.
    """
    advisory_lock(LOCK)
    CountedEmployer.objects.all().delete()
    DailyEstablishment.objects.all().delete()
    values: dict[str, Any] = {"day": day, "first": first}
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM reports_touchedemployer")
        cursor.execute(_HISTORY.format(path=path_sql("d.day"), day="d.day"), values)
        rows = cursor.rowcount
        cursor.execute(_WRITE, values)
        cursor.execute(f"ANALYZE {CountedEmployer._meta.db_table}")
    return rows


Range = tuple[dt.date, int, int]
Overlooked = HandingOut[Range, list[tuple[int, int]]]


def overlooked() -> Overlooked:
    """The employers of the register to be compared with the books, for others to help with."""
    return HandingOut(lambda part: _overlooked_within(*part))


def find_establishment_differences(
    day: dt.date, employers: Overlooked | None = None
) -> list[CountDifference]:
    """Where sums of ``day``, the newest published one, are not those of their rows, and where rows
    are not what the register says. None in books that have never been counted so (before the first
    night after an upgrade). In a transaction. With ``employers`` others may help.

    The breakdown names the sum (a column of ``DailyEstablishment``), or tells how many employers
    kept by the union were ``overlooked``: the books do not have them as they are.
    """
    if not is_counted():
        return []
    *ranges, (after, _last) = ranges_of("enterprises_employer", EMPLOYERS) or [(0, 0)]
    parts = [(day, *one) for one in (*ranges, (after, _NO_MORE))]
    of_keepers: Counter[int] = Counter()
    for found in (employers or overlooked()).results(parts):
        of_keepers.update(dict(found))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = %s", [MEMORY])
        cursor.execute(_DIFFERENCES, {"day": day})
        return [
            *(
                CountDifference(union_id, METRIC, "overlooked", 0, count)
                for union_id, count in sorted(of_keepers.items())
            ),
            *(
                CountDifference(union_id, METRIC, name, stored, expected)
                for union_id, name, stored, expected in cursor.fetchall()
            ),
        ]


def _overlooked_within(day: dt.date, after: int, last: int) -> list[tuple[int, int]]:
    """Of employers in a range of keys: the union that keeps them, how many were overlooked."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = %s", [MEMORY])
        path = path_sql("%(day)s", since=day)
        statement = _OVERLOOKED.format(path=path, day="%(day)s")
        cursor.execute(statement, {"day": day, "after": after, "last": last})
        found: list[tuple[int, int]] = cursor.fetchall()
        return found


def mend_establishment(day: dt.date, employers: Overlooked | None = None) -> int:
    """Write on ``day``, the newest published one, what the rows give; figures mended. With
    ``employers`` others may help to compare.

    Earlier days stay as they were published. Each difference is kept as a mended ``Drift``.
    Run in a transaction. Raises RuleViolation (``night_under_way``) where something seems to differ
    and a night is under way, or a later day is out.
    """
    found = find_establishment_differences(day, employers)
    if found:
        advisory_lock(LOCK)  # no night is posting
        require_settled_books(day)
        found = find_establishment_differences(day)
        count_establishment(day, untouched=True)
        unions = sorted({row.union_id for row in find_establishment_differences(day)})
        with connection.cursor() as cursor:
            cursor.execute(_MEND, {"day": day, "unions": unions})
    keep_mended(day, found, Q(metric=METRIC))
    return len(found)
