"""The unions below one union, side by side: sorted, filtered and paged in one statement."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter
from typing import Any

from campaigns.models import Target
from campaigns.selectors.targets import VALUE_ON_DAY_SQL
from core.replica import reading_connection
from enterprises.baselines import BASELINE_SQL, known_at
from reports.models import CampaignProgress
from reports.pace import STATUS_ON_DAY_SQL
from reports.runs import PUBLISHED_BY_SQL
from reports.selectors.counts import Metric, set_value_sql, value_sql
from reports.selectors.days import eve, month_start, year_start
from reports.selectors.embedding import embedded
from reports.selectors.groups import Groups, groups_on
from reports.selectors.marks import Rests, columns_rest_on
from reports.selectors.progress import told_on
from reports.selectors.ranking_rows import (
    RATES,
    PaceColumn,
    RankedUnion,
    kinds_of,
    pace_column_of,
    pace_columns_of,
    ranked_union,
)
from reports.selectors.scope import PERMISSION, visible_campaigns
from unions.models import Union, UnionKind
from unions.scope import Actor

PAGE_SIZE = 100
DEFAULT_SORT = "-members"
# What the children can be filtered by: how they keep pace with the target that is compared.
STATUSES = tuple(
    status
    for status in CampaignProgress.Status.values
    if status != CampaignProgress.Status.NOT_STARTED
)


@dataclass(frozen=True)
class Wanted:
    """Which of the children are asked for, and in which order; "" leaves nobody out.

    ``pace``: the key of the ``PaceColumn`` that was chosen, "" where none was.
    """

    sort: str = DEFAULT_SORT
    kind: str = ""
    status: str = ""
    pace: str = ""
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
    paces: list[PaceColumn] = field(default_factory=list)  # to choose from
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
WITH under_way(target_id, union_id, indicator_id, period_start, period_end) AS MATERIALIZED (
    {{under_way}}
),
pace_columns AS MATERIALIZED (
    SELECT w.*, row_number() OVER (
        ORDER BY (concat_ws('.', indicator_id, to_char(period_start, 'YYYY-MM-DD'),
                to_char(period_end, 'YYYY-MM-DD')) = %(pace)s) DESC,
            is_measured DESC, how_many DESC, period_start, period_end DESC, indicator_id) AS choice,
        row_number() OVER (
            ORDER BY is_measured DESC, how_many DESC, period_start, period_end DESC, indicator_id
        ) AS place
    FROM (
        SELECT indicator_id, period_start, period_end, COUNT(*) AS how_many,
            bool_or(EXISTS (SELECT FROM reports_campaignprogress p
                WHERE p.target_id = under_way.target_id AND p.day <= %(day)s
                  AND p.value IS NOT NULL)) AS is_measured
        FROM under_way GROUP BY 1, 2, 3
    ) w
),
pace_column AS (SELECT * FROM pace_columns WHERE choice = 1),
published_by AS MATERIALIZED (SELECT {PUBLISHED_BY_SQL.format(day="%(day)s")} AS moment),
asked(id) AS ({{children}}),
valued AS (
    SELECT u.id, u.name, u.short_name, u.code, u.kind_id, u.region_id,
        {_value(Metric.MEMBERS, "%(day)s")} AS members,
        joined.upto - {_value(Metric.JOINED, "%(month_eve)s")} AS month,
        joined.upto - {_value(Metric.JOINED, "%(year_eve)s")} AS year,
        pace.target_id, pace.target_value, pace.value, pace.share, pace.time_elapsed,
        pace.measured_on,
        CASE WHEN pace.target_id IS NOT NULL THEN COALESCE(pace.status, 'no_data') END AS status
    FROM unions_union u
    JOIN asked ON asked.id = u.id
    CROSS JOIN LATERAL (SELECT {_value(Metric.JOINED, "%(day)s")} AS upto) joined
    LEFT JOIN LATERAL (
        SELECT t.target_id, on_day.value AS target_value, p.value, p.time_elapsed,
            p.day AS measured_on, {STATUS_ON_DAY_SQL} AS status,
            CASE WHEN p.target_value = on_day.value THEN p.share
                ELSE p.value / NULLIF(on_day.value, 0) END AS share
        FROM pace_column pc
        JOIN under_way t ON t.union_id = u.id AND t.indicator_id = pc.indicator_id
            AND t.period_start = pc.period_start AND t.period_end = pc.period_end
        JOIN LATERAL (
            SELECT {VALUE_ON_DAY_SQL.format(target="t.target_id", day="%(day)s")} AS value
        ) on_day ON on_day.value IS NOT NULL
        LEFT JOIN LATERAL (
            SELECT * FROM reports_campaignprogress p
            WHERE p.target_id = t.target_id AND p.day <= %(day)s ORDER BY p.day DESC LIMIT 1
        ) p ON true
    ) pace ON true
),
kept AS (
    SELECT u.*, {{key}} AS sort_key FROM valued u
    WHERE (%(kind)s = '' OR u.kind_id = %(kind)s)
      AND (%(status)s = '' OR u.status = %(status)s OR NOT EXISTS (SELECT FROM pace_column))
),
page AS (
    SELECT u.*, row_number() OVER course AS line, CASE WHEN u.sort_key IS NOT NULL
        THEN COUNT(u.sort_key) OVER (course ROWS UNBOUNDED PRECEDING) END AS place
    FROM kept u
    WINDOW course AS (
        ORDER BY {{empty_last}} u.sort_key {{direction}} NULLS LAST, u.name, u.id)
    ORDER BY line
    LIMIT %(limit)s OFFSET %(offset)s
)
SELECT sums.child_count, sums.all_members, sums.all_month, sums.all_year,
    (SELECT COUNT(*) FROM valued) AS all_count,
    (SELECT array_agg(DISTINCT
        ARRAY[k.level::text, k.code, k.name_zh, k.name_en, k.is_territorial::text])
     FROM valued v JOIN unions_unionkind k ON k.code = v.kind_id) AS kinds,
    {_value(Metric.MEMBERS, "%(day)s").replace("u.id", "%(union)s")} AS union_members,
    pc.indicator_id, pc.period_start, pc.period_end, ARRAY(SELECT workergroup_id
        FROM reference_groupset_groups WHERE groupset_id = i.group_set_id) AS indicator_groups,
    i.name AS indicator_name, i.unit AS indicator_unit, i.metric AS indicator_metric,
    c.id AS campaign_id, c.name AS campaign_name,
    u.id, u.name, u.short_name, u.code, u.kind_id, u.members, u.month, u.year, u.target_id,
    u.target_value, u.value, u.share, u.time_elapsed, u.measured_on, u.status, u.line, u.place,
    (SELECT array_agg(
        ARRAY[w.indicator_id::text, wi.name, wc.id::text, wc.name,
            to_char(w.period_start, 'YYYY-MM-DD'), to_char(w.period_end, 'YYYY-MM-DD')]
        ORDER BY w.place)
     FROM pace_columns w JOIN campaigns_indicator wi ON wi.id = w.indicator_id
     JOIN campaigns_campaign wc ON wc.id = wi.campaign_id) AS pace_columns,
    r.code AS region_id, r.gb_code AS region_gb_code, r.name AS region_name,
    r.level AS region_level, r.parent_id AS region_parent_id,
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
LEFT JOIN reference_region r ON r.code = u.region_id
LEFT JOIN LATERAL unnest(%(rated)s::bigint[]) AS s(id) ON true
LEFT JOIN LATERAL ({_baseline("s.id")}) base ON true
ORDER BY u.line
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
    pace: str = "",
    groups: Groups | None = None,
) -> Ranking:
    """The children of ``union`` in the viewer's scope that stood on ``day``; one query.

    Those without members stand last, but where pace is the order. ``kind`` and ``status`` (of pace)
    leave the others out; where no pace is told, a status is no filter.
    ``pace`` is the key of the target to compare; without it, or where it is not under way, it is
    the first of those measured that most children have. ``groups`` are those of the day, where the
    caller has read them.
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
        "pace": pace,
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
        under_way=embedded(_under_way(actor, union, day), "pace", values),
        children=embedded(children, "child", values),
        key=SORTS[wanted.sort.removeprefix("-")],
        # Who has a target and nobody yet is the slowest of all.
        empty_last="" if wanted.sort.removeprefix("-") == "pace" else "(u.members = 0),",
        direction="DESC" if wanted.sort.startswith("-") else "ASC",
    )
    with reading_connection().cursor() as cursor:
        cursor.execute(statement, values)
        names = [column.name for column in cursor.description or ()]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    first = found[0]  # the sums are there even where no child is
    kinds = kinds_of(first)
    codes = {sets[code].pk: code for code in RATES if code in sets}
    column, columns = pace_column_of(first), pace_columns_of(first)
    return Ranking(
        rows=[
            ranked_union(list(rows), codes, kinds, column, day)
            for line, rows in groupby(found, key=itemgetter("line"))
            if line is not None
        ],
        sort=wanted.sort,
        page=page,
        child_count=first["child_count"],
        members=int(first["all_members"]),
        joined_this_month=int(first["all_month"]),
        joined_this_year=int(first["all_year"]),
        pace=column,
        paces=columns,
        all_count=first["all_count"],
        kinds=list(kinds.values()),
        wanted=replace(
            wanted,
            status=wanted.status if column else "",
            pace=pace if any(one.key == pace for one in columns) else "",
        ),
        rests_on=columns_rest_on(groups, first["indicator_metric"], first["indicator_groups"]),
    )


def _under_way(actor: Actor, union: Union, day: dt.date) -> Any:
    """The children's targets that ``day`` knew of and whose period it lies in."""
    return (
        told_on(Target.objects.visible_to(actor, PERMISSION), day)
        .filter(
            union__parent=union,
            period_start__lte=day,
            period_end__gte=day,
            indicator__campaign__in=visible_campaigns(actor).values("pk"),
        )
        .order_by()
        .values_list("pk", "union", "indicator", "period_start", "period_end")
    )
