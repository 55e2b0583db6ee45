"""The unions below one union, side by side."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count

from campaigns.models import Indicator, Target
from reports.baselines import BASELINE_SQL, Baseline, baselines_of
from reports.ratios import ratio
from reports.selectors.counts import VALUE_SQL, Key, Metric, read_counts
from reports.selectors.days import eve, month_start, year_start
from reports.selectors.figures import valid_group_sets
from reports.selectors.progress import TargetProgress, measured
from reports.selectors.scope import PERMISSION, visible_campaigns
from unions.models import Union
from unions.scope import Actor

PAGE_SIZE = 100
RATES = ("set4", "nef")
DEFAULT_SORT = "-members"


@dataclass(frozen=True)
class RankedUnion:
    """One child union and its subtree on the day."""

    place: int
    union: Union
    members: int
    joined_this_month: int
    joined_this_year: int
    share: Decimal | None
    set_members: dict[str, int]
    baselines: dict[str, Baseline]
    pace: TargetProgress | None

    @property
    def rates(self) -> list[Decimal | None]:
        """Enrolment rates of ``RATES``, None without a baseline."""
        return [
            ratio(self.set_members[code], self.baselines[code].worker_count)
            if code in self.baselines
            else None
            for code in RATES
        ]

    @property
    def rate_set4(self) -> Decimal | None:
        """Enrolment rate of the four focus groups."""
        return self.rates[RATES.index("set4")]

    @property
    def rate_nef(self) -> Decimal | None:
        """Enrolment rate of all new-form workers."""
        return self.rates[RATES.index("nef")]

    @property
    def pace_value(self) -> Decimal | None:
        """Share of target ÷ share of time, for the target that is compared."""
        return self.pace.pace if self.pace else None


@dataclass(frozen=True)
class PaceColumn:
    """The target that most of the children have: what the last column compares."""

    indicator: Indicator
    period_start: dt.date
    period_end: dt.date


@dataclass(frozen=True)
class Ranking:
    """One page of the children; the sums are over all of them."""

    rows: list[RankedUnion]
    sort: str
    page: int
    child_count: int
    members: int
    joined_this_month: int
    joined_this_year: int
    pace: PaceColumn | None

    @property
    def page_count(self) -> int:
        """At least 1."""
        return max(-(-self.child_count // PAGE_SIZE), 1)


def _value(metric: str, day: str) -> str:
    return VALUE_SQL.format(union="u.id", metric=f"'{metric}'", breakdown="''", day=day)


def _set_rate(code: str) -> str:
    """Members of the set ÷ baseline of a union; SQL."""
    members = VALUE_SQL.format(
        union="u.id", metric=f"'{Metric.MEMBERS}'", breakdown="sg.workergroup_id", day="%(day)s"
    )
    group_set = f"%({code})s"
    baseline = BASELINE_SQL.format(union="u.id", group_set=group_set, day="%(day)s")
    return f"""(
        SELECT (SELECT SUM({members}) FROM reference_groupset_groups sg
                WHERE sg.groupset_id = {group_set})::numeric / NULLIF(base.worker_count, 0)
        FROM ({baseline}) base)"""


_MEMBERS = _value(Metric.MEMBERS, "%(day)s")
_MONTH = f"{_value(Metric.JOINED, '%(day)s')} - {_value(Metric.JOINED, '%(month_eve)s')}"
_YEAR = f"{_value(Metric.JOINED, '%(day)s')} - {_value(Metric.JOINED, '%(year_eve)s')}"
_PACE = """(
    SELECT p.share / NULLIF(p.time_elapsed, 0)
    FROM campaigns_target t
    JOIN reports_campaignprogress p ON p.target_id = t.id AND p.day <= %(day)s
    WHERE t.union_id = u.id AND t.indicator_id = %(indicator)s
      AND t.period_start = %(period_start)s AND t.period_end = %(period_end)s
    ORDER BY p.day DESC LIMIT 1)"""

# What the table can be sorted by → its SQL.
SORTS = {
    "name": "u.name",
    "members": _MEMBERS,
    "month": _MONTH,
    "year": _YEAR,
    "set4": _set_rate("set4"),
    "nef": _set_rate("nef"),
    "pace": _PACE,
}

_ORDER = """
SELECT u.id FROM unions_union u WHERE u.id = ANY(%(ids)s::bigint[])
ORDER BY ({members} = 0), {key} {direction} NULLS LAST, u.name, u.id
LIMIT %(limit)s OFFSET %(offset)s
"""

_SUMS = f"""
SELECT COALESCE(SUM({_MEMBERS}), 0), COALESCE(SUM({_MONTH}), 0), COALESCE(SUM({_YEAR}), 0)
FROM unions_union u WHERE u.id = ANY(%(ids)s::bigint[])
"""


def clean_sort(asked: str) -> str:
    """``asked`` where the table knows it ("members", "-members"), else the default."""
    return asked if asked.removeprefix("-") in SORTS else DEFAULT_SORT


def ranking_of(
    actor: Actor,
    union: Union,
    day: dt.date,
    *,
    sort: str = DEFAULT_SORT,
    page: int = 1,
    page_size: int = PAGE_SIZE,
) -> Ranking:
    """The children of ``union`` in the viewer's scope that stood on ``day``.

    Those without members stand last, whatever the order. The number of queries does not depend on
    the number of children.
    """
    sort = clean_sort(sort)
    child_ids = list(
        Union.objects.visible_to(actor, PERMISSION)
        .filter(parent=union)
        .standing_on(day)
        .order_by()
        .values_list("pk", flat=True)
    )
    sets = valid_group_sets(day)
    pace = _pace_column(actor, union, day)
    values: dict[str, Any] = {
        "ids": child_ids,
        "day": day,
        "month_eve": eve(month_start(day)),
        "year_eve": eve(year_start(day)),
        "set4": sets["set4"].pk if "set4" in sets else None,
        "nef": sets["nef"].pk if "nef" in sets else None,
        "indicator": pace.indicator.pk if pace else None,
        "period_start": pace.period_start if pace else None,
        "period_end": pace.period_end if pace else None,
        "limit": page_size,
        "offset": (page - 1) * page_size,
    }
    order = _ORDER.format(
        members=_MEMBERS,
        key=SORTS[sort.removeprefix("-")],
        direction="DESC" if sort.startswith("-") else "ASC",
    )
    with connection.cursor() as cursor:
        cursor.execute(order, values)
        page_ids = [pk for (pk,) in cursor.fetchall()]
        cursor.execute(_SUMS, values)
        members, this_month, this_year = (int(value) for value in cursor.fetchone())

    set_groups = {
        code: [group.pk for group in sets[code].groups.all()] if code in sets else []
        for code in RATES
    }
    keys: list[Key] = [(Metric.MEMBERS, ""), (Metric.JOINED, "")]
    keys += [(Metric.MEMBERS, group) for groups in set_groups.values() for group in groups]
    month_eve, year_eve = values["month_eve"], values["year_eve"]
    counts = read_counts([*page_ids, union.pk], keys, [day, month_eve, year_eve])
    total = counts.at(union.pk, Metric.MEMBERS, "", day)
    baselines = {
        code: baselines_of(page_ids, sets[code].pk, day) if code in sets else {} for code in RATES
    }
    paces = _paces(pace, page_ids, day)
    unions = Union.objects.select_related("kind").in_bulk(page_ids)

    def joined_since(pk: int, before: dt.date) -> int:
        return counts.at(pk, Metric.JOINED, "", day) - counts.at(pk, Metric.JOINED, "", before)

    rows = [
        RankedUnion(
            place=values["offset"] + index,
            union=unions[pk],
            members=counts.at(pk, Metric.MEMBERS, "", day),
            joined_this_month=joined_since(pk, month_eve),
            joined_this_year=joined_since(pk, year_eve),
            share=ratio(counts.at(pk, Metric.MEMBERS, "", day), total),
            set_members={
                code: counts.sum_at(pk, Metric.MEMBERS, set_groups[code], day) for code in RATES
            },
            baselines={code: baselines[code][pk] for code in RATES if pk in baselines[code]},
            pace=paces.get(pk),
        )
        for index, pk in enumerate(page_ids, start=1)
    ]
    return Ranking(rows, sort, page, len(child_ids), members, this_month, this_year, pace)


def _pace_column(actor: Actor, union: Union, day: dt.date) -> PaceColumn | None:
    """The target in force on ``day`` that most children have; of several, the longest period."""
    found = (
        Target.objects.visible_to(actor, PERMISSION)
        .filter(
            union__parent=union,
            period_start__lte=day,
            period_end__gte=day,
            indicator__campaign__in=visible_campaigns(actor).values("pk"),
        )
        .values_list("indicator", "period_start", "period_end")
        .annotate(value=Count("pk"))
        .order_by("-value", "period_start", "-period_end", "indicator")
        .first()
    )
    if found is None:
        return None
    indicator = Indicator.objects.select_related("campaign").get(pk=found[0])
    return PaceColumn(indicator, found[1], found[2])


def _paces(
    column: PaceColumn | None, union_ids: list[int], day: dt.date
) -> dict[int, TargetProgress]:
    if column is None:
        return {}
    targets = Target.objects.filter(
        indicator=column.indicator,
        period_start=column.period_start,
        period_end=column.period_end,
        union__in=union_ids,
    )
    return {row.target.union_id: row for row in measured(targets, day)}
