"""The unions below one union, side by side: sorted, filtered and paged in one statement."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import Count

from campaigns.models import Campaign, Indicator, Target
from campaigns.selectors.targets import VALUE_ON_DAY_SQL
from core.replica import reading_connection
from enterprises.baselines import BASELINE_SQL, Baseline, known_at
from reports.models import CampaignProgress
from reports.pace import STATUS_ON_DAY_SQL
from reports.ratios import ratio
from reports.runs import PUBLISHED_BY_SQL
from reports.selectors.counts import Metric, set_value_sql, value_sql
from reports.selectors.days import eve, month_start, year_start
from reports.selectors.embedding import embedded
from reports.selectors.groups import Groups, groups_on
from reports.selectors.marks import Rests, columns_rest_on
from reports.selectors.progress import TargetProgress
from reports.selectors.scope import PERMISSION, visible_campaigns
from unions.models import Union, UnionKind
from unions.scope import Actor

PAGE_SIZE = 100
RATES = ("set4", "nef")
DEFAULT_SORT = "-members"
# What the children can be filtered by: how they keep pace with the target that is compared.
STATUSES = tuple(
    status
    for status in CampaignProgress.Status.values
    if status != CampaignProgress.Status.NOT_STARTED
)


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
class Wanted:
    """Which of the children are asked for, and in which order; "" leaves nobody out."""

    sort: str = DEFAULT_SORT
    kind: str = ""
    status: str = ""
    page: int = 1
    page_size: int = PAGE_SIZE


@dataclass(frozen=True)
class Ranking:
    """One page of the children; the sums are over all that the filters let through."""

    rows: list[RankedUnion]
    sort: str
    page: int
    child_count: int
    members: int
    joined_this_month: int
    joined_this_year: int
    pace: PaceColumn | None
    all_count: int = 0  # children before filtering
    kinds: list[UnionKind] = field(default_factory=list)  # of all children
    wanted: Wanted = field(default_factory=Wanted)
    rests_on: dict[str, Rests] = field(default_factory=dict)  # by column, as in ``SORTS``

    @property
    def page_count(self) -> int:
        """At least 1."""
        return max(-(-self.child_count // self.wanted.page_size), 1)

    @property
    def is_filtered(self) -> bool:
        """A filter is set, whether or not it leaves anybody out."""
        return bool(self.wanted.kind or self.wanted.status)


def _value(metric: str, day: str) -> str:
    return value_sql(metric, union="u.id", day=day)


def _set_members(group_set: str) -> str:
    """Members of the set of a union; SQL. ``group_set`` is an expression, too."""
    return set_value_sql(Metric.MEMBERS, union="u.id", group_set=group_set, day="%(day)s")


def _baseline(group_set: str) -> str:
    known = known_at("(SELECT moment FROM published_by)")
    return BASELINE_SQL.format(union="u.id", group_set=group_set, day="%(day)s", known=known)


def _set_rate(code: str) -> str:
    """Members of the set ÷ baseline of a union; SQL."""
    group_set = f"%({code})s"
    return f"""(
        SELECT {_set_members(group_set)}::numeric / NULLIF(base.worker_count, 0)
        FROM ({_baseline(group_set)}) base)"""


# What the table can be sorted by → its SQL over the columns of ``valued``.
SORTS = {
    "name": "u.name",
    "members": "u.members",
    "month": "u.month",
    "year": "u.year",
    "set4": _set_rate("set4"),
    "nef": _set_rate("nef"),
    "pace": "u.share / NULLIF(u.time_elapsed, 0)",
}

# Each child is valued once; only those of the page are read further, a row for each rated set.
_RANKING = f"""
WITH pace_column(indicator_id, period_start, period_end, how_many) AS ({{pace_column}}),
published_by AS MATERIALIZED (SELECT {PUBLISHED_BY_SQL.format(day="%(day)s")} AS moment),
asked(id) AS ({{children}}),
valued AS (
    SELECT u.id, u.name, u.code, u.kind_id,
        {_value(Metric.MEMBERS, "%(day)s")} AS members,
        joined.upto - {_value(Metric.JOINED, "%(month_eve)s")} AS month,
        joined.upto - {_value(Metric.JOINED, "%(year_eve)s")} AS year,
        pace.target_id, pace.target_value, pace.value, pace.share, pace.time_elapsed,
        CASE WHEN pace.target_id IS NOT NULL THEN COALESCE(pace.status, 'no_data') END AS status
    FROM unions_union u
    JOIN asked ON asked.id = u.id
    CROSS JOIN LATERAL (SELECT {_value(Metric.JOINED, "%(day)s")} AS upto) joined
    LEFT JOIN LATERAL (
        SELECT t.id AS target_id, on_day.value AS target_value, p.value, p.time_elapsed,
            {STATUS_ON_DAY_SQL} AS status,
            CASE WHEN p.target_value = on_day.value THEN p.share
                ELSE p.value / NULLIF(on_day.value, 0) END AS share
        FROM pace_column pc
        JOIN campaigns_target t ON t.union_id = u.id AND t.indicator_id = pc.indicator_id
            AND t.period_start = pc.period_start AND t.period_end = pc.period_end
        JOIN LATERAL (
            SELECT {VALUE_ON_DAY_SQL.format(target="t.id", day="%(day)s")} AS value
        ) on_day ON on_day.value IS NOT NULL
        LEFT JOIN LATERAL (
            SELECT * FROM reports_campaignprogress p
            WHERE p.target_id = t.id AND p.day <= %(day)s ORDER BY p.day DESC LIMIT 1
        ) p ON true
    ) pace ON true
),
kept AS (
    SELECT * FROM valued u
    WHERE (%(kind)s = '' OR u.kind_id = %(kind)s) AND (%(status)s = '' OR u.status = %(status)s)
),
page AS (
    SELECT u.*, row_number() OVER (
        ORDER BY (u.members = 0), {{key}} {{direction}} NULLS LAST, u.name, u.id) AS place
    FROM kept u
    ORDER BY place
    LIMIT %(limit)s OFFSET %(offset)s
)
SELECT sums.child_count, sums.all_members, sums.all_month, sums.all_year,
    (SELECT COUNT(*) FROM valued) AS all_count,
    (SELECT array_agg(DISTINCT ARRAY[k.level::text, k.code, k.name_zh, k.name_en])
     FROM valued v JOIN unions_unionkind k ON k.code = v.kind_id) AS kinds,
    {_value(Metric.MEMBERS, "%(day)s").replace("u.id", "%(union)s")} AS union_members,
    pc.indicator_id, pc.period_start, pc.period_end, ARRAY(SELECT workergroup_id
        FROM reference_groupset_groups WHERE groupset_id = i.group_set_id) AS indicator_groups,
    i.name AS indicator_name, i.unit AS indicator_unit, i.metric AS indicator_metric,
    c.id AS campaign_id, c.name AS campaign_name,
    u.id, u.name, u.code, u.kind_id, u.members, u.month, u.year, u.target_id, u.target_value,
    u.value, u.share, u.time_elapsed, u.status, u.place,
    s.id AS set_id, {_set_members("s.id")} AS set_members,
    base.worker_count, base.counted_on, base.source
FROM (
    SELECT COUNT(*) AS child_count, COALESCE(SUM(members), 0) AS all_members,
        COALESCE(SUM(month), 0) AS all_month, COALESCE(SUM(year), 0) AS all_year FROM kept
) sums
LEFT JOIN pace_column pc ON true
LEFT JOIN campaigns_indicator i ON i.id = pc.indicator_id
LEFT JOIN campaigns_campaign c ON c.id = i.campaign_id
LEFT JOIN page u ON true
LEFT JOIN LATERAL unnest(%(rated)s::bigint[]) AS s(id) ON true
LEFT JOIN LATERAL ({_baseline("s.id")}) base ON true
ORDER BY u.place
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
    kind: str = "",
    status: str = "",
    groups: Groups | None = None,
) -> Ranking:
    """The children of ``union`` in the viewer's scope that stood on ``day``; one query.

    Those without members stand last, whatever the order. ``kind`` and ``status`` (of pace) leave
    the others out. ``groups`` are those of the day, where the caller has read them.
    """
    wanted = Wanted(
        sort=clean_sort(sort),
        kind=kind,
        status=status if status in STATUSES else "",
        page=page,
        page_size=page_size,
    )
    sets = (groups := groups or groups_on(day)).sets
    values: dict[str, Any] = {
        "day": day,
        "month_eve": eve(month_start(day)),
        "year_eve": eve(year_start(day)),
        "union": union.pk,
        "kind": wanted.kind,
        "status": wanted.status,
        "limit": page_size,
        "offset": (page - 1) * page_size,
        **{code: sets[code].pk if code in sets else None for code in RATES},
        "rated": [sets[code].pk for code in RATES if code in sets],
    }
    children = (
        Union.objects.visible_to(actor, PERMISSION)
        .filter(parent=union)
        .standing_on(day)
        .order_by()
        .values_list("pk")
    )
    statement = _RANKING.format(
        pace_column=embedded(_pace_column(actor, union, day), "pace", values),
        children=embedded(children, "child", values),
        key=SORTS[wanted.sort.removeprefix("-")],
        direction="DESC" if wanted.sort.startswith("-") else "ASC",
    )
    with reading_connection().cursor() as cursor:
        cursor.execute(statement, values)
        names = [column.name for column in cursor.description or ()]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    first = found[0]  # the sums are there even where no child is
    by_level = sorted(first["kinds"] or (), key=lambda row: (int(row[0]), row[1]))
    kinds = {
        code: UnionKind(code=code, name_zh=zh, name_en=en) for _level, code, zh, en in by_level
    }
    codes = {sets[code].pk: code for code in RATES if code in sets}
    pace = _pace(first)
    return Ranking(
        rows=[
            _ranked(list(rows), codes, kinds, pace, day)
            for place, rows in groupby(found, key=itemgetter("place"))
            if place is not None
        ],
        sort=wanted.sort,
        page=page,
        child_count=first["child_count"],
        members=int(first["all_members"]),
        joined_this_month=int(first["all_month"]),
        joined_this_year=int(first["all_year"]),
        pace=pace,
        all_count=first["all_count"],
        kinds=list(kinds.values()),
        wanted=wanted,
        rests_on=columns_rest_on(groups, first["indicator_metric"], first["indicator_groups"]),
    )


def _pace_column(actor: Actor, union: Union, day: dt.date) -> Any:
    """The target in force on ``day`` that most children have; of several, the longest period."""
    return (
        Target.objects.visible_to(actor, PERMISSION)
        .in_force_on(day)
        .filter(
            union__parent=union,
            period_start__lte=day,
            period_end__gte=day,
            indicator__campaign__in=visible_campaigns(actor).values("pk"),
        )
        .values_list("indicator", "period_start", "period_end")
        .annotate(value=Count("pk"))
        .order_by("-value", "period_start", "-period_end", "indicator")[:1]
    )


def _pace(row: dict[str, Any]) -> PaceColumn | None:
    if row["indicator_id"] is None:
        return None
    campaign = Campaign(pk=row["campaign_id"], name=row["campaign_name"])
    indicator = Indicator(
        pk=row["indicator_id"],
        name=row["indicator_name"],
        unit=row["indicator_unit"],
        metric=row["indicator_metric"],
        campaign=campaign,
    )
    return PaceColumn(indicator, row["period_start"], row["period_end"])


def _ranked(
    rows: list[dict[str, Any]],
    codes: dict[int, str],
    kinds: dict[str, UnionKind],
    column: PaceColumn | None,
    day: dt.date,
) -> RankedUnion:
    """One child; its rows differ in the set (of ``codes``, by key) alone."""
    row = rows[0]
    of_sets = {codes[one["set_id"]]: one for one in rows if one["set_id"] is not None}
    union = Union(pk=row["id"], name=row["name"], code=row["code"], kind=kinds[row["kind_id"]])
    pace = None
    if column is not None and row["target_id"] is not None:
        target = Target(
            pk=row["target_id"],
            union=union,
            indicator=column.indicator,
            period_start=column.period_start,
            period_end=column.period_end,
            value=row["target_value"],
        )
        # Nothing was measured yet where there is no share of time.
        progress = None
        if row["time_elapsed"] is not None:
            progress = CampaignProgress(
                target=target,
                value=row["value"],
                target_value=row["target_value"],
                share=row["share"],
                time_elapsed=row["time_elapsed"],
                status=row["status"],
            )
        pace = TargetProgress(target, progress, day, row["target_value"])
    return RankedUnion(
        place=row["place"],
        union=union,
        members=row["members"],
        joined_this_month=row["month"],
        joined_this_year=row["year"],
        share=ratio(row["members"], row["union_members"]),
        set_members={
            code: int(of_sets[code]["set_members"] or 0) if code in of_sets else 0 for code in RATES
        },
        baselines={
            code: Baseline(int(one["worker_count"]), one["counted_on"], one["source"])
            for code, one in of_sets.items()
            if one["worker_count"] is not None
        },
        pace=pace,
    )
