"""Rates over the register of units: who has a union, what share of their staff are members.

As published: what the night of a day found in the register (``reports.counting.establishment``),
in the tree of that day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings

from core.replica import reading_connection
from reports.ratios import ratio
from reports.selectors.counts import Metric, value_sql
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

# Of the covering unions those below none of the others: their figures hold their branches.
# ``k`` lies in the subtree of ``top``: a range of the index on paths ("0" follows the separator),
# so that a small subtree costs little in a large register.
_STAFF = f"""
WITH top AS (
    SELECT d.day, {PATH_ON_SQL.format(union="u", day="d.day")} AS path
    FROM unions_union u CROSS JOIN unnest(%(days)s::date[]) AS d(day)
    WHERE u.id = %(union)s
),
covering AS (
    SELECT c.day, u.id, {PATH_ON_SQL.format(union="u", day="c.day")} AS path
    FROM (
        SELECT DISTINCT top.day, k.covering_union_id AS id
        FROM top JOIN reports_countedemployer k
          ON k.path >= top.path AND k.path < rtrim(top.path, '/') || '0'
         AND k.is_covered AND k.since <= top.day AND (k.until IS NULL OR k.until > top.day)
    ) c JOIN unions_union u ON u.id = c.id
),
above AS MATERIALIZED (
    SELECT c.day, c.id, a.id AS above
    FROM covering c
    CROSS JOIN LATERAL unnest(string_to_array(rtrim(c.path, '/'), '/')::bigint[]) AS a(id)
),
highest AS (
    SELECT a.day, a.id
    FROM above a JOIN covering o ON o.day = a.day AND o.id = a.above
    GROUP BY a.day, a.id
    HAVING COUNT(*) = 1
)
SELECT h.day, SUM({value_sql(Metric.MEMBERS, union="h.id", day="h.day")})
FROM highest h GROUP BY h.day
"""


@dataclass(frozen=True)
class Units:
    """The units of a subtree on a day. Rates are None where nothing is registered.

    ``marked_only``: said to have a union (the mark of the tax feeds) that nobody has named, hence
    not covered. ``firms`` are platform and leading firms. ``staff`` (persons) is that of covered
    units, of which ``without_staff`` state none.
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
class StaffRate:
    """Members of the unions that cover units, beside the staff of these units."""

    members: int
    units: Units

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


def staff_rates(union: Union, units: dict[dt.date, Units]) -> dict[dt.date, StaffRate]:
    """The rate with the staff of unionised units below, for the days of ``units``, in one query.

    A covering union stands for its branches as well; one below another is not counted twice.
    """
    with reading_connection().cursor() as cursor:
        cursor.execute(_STAFF, {"union": union.pk, "days": sorted(units)})
        members = {day: int(value) for day, value in cursor.fetchall()}
    return {day: StaffRate(members.get(day, 0), found) for day, found in units.items()}
