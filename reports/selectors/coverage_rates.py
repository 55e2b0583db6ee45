"""Rates over the register of units: who has a union, what share of their staff are members.

As published: what the night of a day found in the register (``reports.counting.establishment``),
in the tree of that day. The register states no staff by group; who works at the units of a union by
group is known where that union was counted itself (``WorkforceBaseline``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.conf import settings

from core.replica import reading_connection
from enterprises.baselines import BASELINE_SQL, known_at
from reports.keeping import kept_answer
from reports.ratios import ratio
from reports.runs import PUBLISHED_BY_SQL
from reports.selectors.counts import Metric, set_value_sql, value_sql
from reports.selectors.marks import own_count_differs_sql
from unions.history import PATH_ON_SQL
from unions.models import Union

_UNITS = """
SELECT top.id, d.day, v.units, v.covered, v.marked_only, v.firms, v.covered_firms, v.staff,
       v.without_staff
FROM unnest(%(unions)s::bigint[]) AS top(id)
CROSS JOIN unnest(%(days)s::date[]) AS d(day)
CROSS JOIN LATERAL (
    SELECT * FROM reports_dailyestablishment e
    WHERE e.union_id = top.id AND e.day <= d.day ORDER BY e.day DESC LIMIT 1) v
"""

_COUNTED_SET = BASELINE_SQL.format(
    union="c.id", group_set="s.id", day="c.day", known=known_at("p.moment")
)
# Of the covering unions those below none of the others: their figures hold their branches. For each
# set the same among those that were counted; what is counted for the union of a territory are all
# workers there, not the staff of units.
# ``k`` lies in the subtree of ``top``: a range of the index on paths ("0" follows the separator),
# so that a small subtree costs little in a large register.
_STAFF = f"""
WITH top AS (
    SELECT d.day, {PATH_ON_SQL.format(union="u", day="d.day")} AS path
    FROM unions_union u CROSS JOIN unnest(%(days)s::date[]) AS d(day)
    WHERE u.id = %(union)s
),
published AS MATERIALIZED (
    SELECT d.day, {PUBLISHED_BY_SQL.format(day="d.day")} AS moment
    FROM unnest(%(days)s::date[]) AS d(day)
),
covering AS MATERIALIZED (
    SELECT c.day, u.id, u.kind_id, {PATH_ON_SQL.format(union="u", day="c.day")} AS path
    FROM (
        SELECT DISTINCT top.day, k.covering_union_id AS id
        FROM top JOIN reports_countedemployer k
          ON k.path >= top.path AND k.path < rtrim(top.path, '/') || '0'
         AND k.is_covered AND k.since <= top.day AND (k.until IS NULL OR k.until > top.day)
    ) c
    -- One by one: a county asks for some hundreds of all unions.
    CROSS JOIN LATERAL (SELECT id, kind_id, path FROM unions_union WHERE id = c.id OFFSET 0) u
),
counted AS MATERIALIZED (
    SELECT c.day, s.id AS set_id, c.id, c.path, base.worker_count
    FROM covering c
    JOIN unions_unionkind kind ON kind.code = c.kind_id AND NOT kind.is_territorial
    JOIN published p ON p.day = c.day
    CROSS JOIN unnest(%(sets)s::bigint[]) AS s(id)
    CROSS JOIN LATERAL ({_COUNTED_SET}) AS base
    WHERE EXISTS (SELECT FROM enterprises_baselineversion b WHERE b.union_id = c.id)
),
asked AS (
    SELECT day, NULL::bigint AS set_id, id, path, NULL::numeric AS worker_count FROM covering
    UNION ALL SELECT day, set_id, id, path, worker_count FROM counted
),
above AS MATERIALIZED (
    SELECT q.day, q.set_id, q.id, q.worker_count, a.id AS above
    FROM asked q
    CROSS JOIN LATERAL unnest(string_to_array(rtrim(q.path, '/'), '/')::bigint[]) AS a(id)
),
highest AS (
    SELECT a.day, a.set_id, a.id, a.worker_count
    FROM above a
    JOIN asked o ON o.day = a.day AND o.id = a.above
        AND COALESCE(o.set_id, 0) = COALESCE(a.set_id, 0)
    GROUP BY a.day, a.set_id, a.id, a.worker_count
    HAVING COUNT(*) = 1
)
SELECT h.day, h.set_id, COUNT(*), SUM(h.worker_count),
       SUM(CASE WHEN h.set_id IS NULL
           THEN {value_sql(Metric.MEMBERS, union="h.id", day="h.day")}
           ELSE COALESCE({
    set_value_sql(Metric.MEMBERS, union="h.id", group_set="h.set_id", day="h.day")
}, 0) END),
       bool_or({
    own_count_differs_sql(Metric.MEMBERS, union="h.id", group_set="h.set_id", day="h.day")
})
FROM highest h GROUP BY h.day, h.set_id
"""


@dataclass(frozen=True)
class Units:
    """The units of a subtree on a day. Rates are None where nothing is registered.

    ``marked_only``: said to have a union (the mark of the tax feeds), but naming none, or one that
    did not stand on the day, hence not covered. ``firms`` are platform and leading firms. ``staff``
    (persons) is that of covered units, of which ``without_staff`` state none.
    """

    units: int = 0
    covered: int = 0
    marked_only: int = 0
    firms: int = 0
    covered_firms: int = 0
    staff: int = 0
    without_staff: int = 0

    @property
    def establishment_rate(self) -> Decimal | None:
        """Covered units ÷ units: units, not unions."""
        return ratio(self.covered, self.units)

    @property
    def firm_rate(self) -> Decimal | None:
        """Covered platform and leading firms ÷ all of them."""
        return ratio(self.covered_firms, self.firms)


@dataclass(frozen=True)
class StaffOfSet:
    """Members of a set of groups in ``unions`` covering unions, beside the workers of the set that
    were counted for these unions themselves. ``books_differ`` at one of them."""

    members: int
    workers: int
    unions: int
    books_differ: bool = False


@dataclass(frozen=True)
class StaffRate:
    """Members of the unions that cover units, beside the staff of these units.

    ``sets``: the same by the key of a group set, where it was counted for any of these unions.
    ``books_differ`` behind the members of one of these unions.
    """

    members: int
    units: Units
    sets: dict[int, StaffOfSet] = field(default_factory=dict)
    books_differ: bool = False

    @property
    def rate(self) -> Decimal | None:
        """Members ÷ staff; None where no covered unit states its staff."""
        return ratio(self.members, self.units.staff)

    @property
    def is_over_full(self) -> bool:
        """More members than staff: staff numbers are old or missing."""
        return self.rate is not None and self.rate > 1


@dataclass(frozen=True)
class DualCoverage:
    """两个全覆盖: all platform and leading firms, most new-form workers. None where unknown."""

    firm_rate: Decimal | None
    worker_rate: Decimal | None

    @property
    def majority(self) -> Decimal:
        """More than this share of the workers is “most”."""
        return Decimal(settings.DUAL_COVERAGE_MAJORITY_PERCENT) / 100

    @property
    def is_reached(self) -> bool | None:
        """Both at once. What is known to fall short is no, whatever the other is."""
        firms = None if self.firm_rate is None else self.firm_rate >= 1
        workers = None if self.worker_rate is None else self.worker_rate > self.majority
        if firms is False or workers is False:
            return False
        return None if firms is None or workers is None else True


def read_units(
    union_ids: Sequence[int], days: Iterable[dt.date]
) -> dict[tuple[int, dt.date], Units]:
    """The units below each of ``union_ids`` on each of ``days``, by both, in one query.

    The caller has fetched the unions in the viewer's scope.
    """
    wanted = sorted(set(days))
    with reading_connection().cursor() as cursor:
        cursor.execute(_UNITS, {"unions": list(union_ids), "days": wanted})
        found = {(row[0], row[1]): Units(*row[2:]) for row in cursor.fetchall()}
    return {(pk, day): found.get((pk, day), Units()) for pk in union_ids for day in wanted}


def staff_rates(
    union: Union, units: dict[dt.date, Units], group_sets: Sequence[int] = ()
) -> dict[dt.date, StaffRate]:
    """The rate with the staff of unionised units below, for the days of ``units``, in one query;
    and for each of ``group_sets`` (keys).

    A covering union stands for its branches as well; one below another is not counted twice.
    """
    members: dict[dt.date, tuple[int, bool]] = {}
    sets: dict[dt.date, dict[int, StaffOfSet]] = {}
    asked = {"union": union.pk, "days": sorted(units), "sets": sorted(group_sets)}
    # Of a whole province tens of thousands of unions are looked up.
    parts = [union.pk, *(day.isoformat() for day in sorted(units)), *sorted(group_sets)]
    rows = kept_answer(f"staff:1:{':'.join(map(str, parts))}", lambda: _read_staff(asked))
    for day, key, unions, workers, value, differ in rows:
        if key is None:
            members[day] = int(value), differ
        else:
            of_set = StaffOfSet(int(value), int(workers), unions, differ)
            sets.setdefault(day, {})[key] = of_set
    rates = {}
    for day, found in units.items():
        value, differ = members.get(day, (0, False))
        rates[day] = StaffRate(value, found, sets.get(day, {}), differ)
    return rates


def _read_staff(asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    with reading_connection().cursor() as cursor:
        cursor.execute(_STAFF, asked)
        return list(cursor.fetchall())
