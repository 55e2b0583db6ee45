"""Everything one dashboard shows, read in a fixed number of queries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from reports.selectors.counts import Metric, read_counts
from reports.selectors.days import AsOf, eve, month_start
from reports.selectors.figures import Figures, figures_of
from reports.selectors.progress import CampaignView, campaigns_of
from reports.selectors.ranking import DEFAULT_SORT, PAGE_SIZE, Ranking, clean_sort, ranking_of
from reports.selectors.reported import (
    Comparison,
    ShareFinding,
    compare,
    latest,
    reported_figures,
    share_findings,
)
from unions.models import Union
from unions.scope import Actor

# A file can hold the whole ranking, within reason.
MAX_EXPORTED_CHILDREN = 10_000
MONTHS_SHOWN = 12


@dataclass(frozen=True)
class Dashboard:
    """The page of a union on a day; also what is exported."""

    union: Union
    as_of: AsOf
    figures: Figures
    reported: list[Comparison]
    shares: list[ShareFinding]
    campaigns: list[CampaignView]
    ranking: Ranking

    @property
    def reported_members(self) -> Comparison | None:
        """The newest reported number of members, if the union ever reported one."""
        return latest(self.reported, "members")

    @property
    def reported_nef_members(self) -> Comparison | None:
        """The newest reported number of new-form members, over whatever set was reported."""
        return next((row for row in self.reported if row.figure.metric == "nef_members"), None)


@dataclass(frozen=True)
class MonthValues:
    """The stock at the end of a month (or on the day shown) and what was new in it."""

    month: dt.date
    last_day: dt.date
    members: int
    joined: int


def dashboard_for(
    actor: Actor,
    union: Union,
    as_of: AsOf,
    *,
    sort: str = DEFAULT_SORT,
    page: int = 1,
    whole_ranking: bool = False,
) -> Dashboard:
    """The dashboard of ``union``, which the caller has fetched in the actor's scope.

    One page of the ranking, or ``whole_ranking`` up to ``MAX_EXPORTED_CHILDREN``.
    """
    figures = figures_of(union, as_of.day)
    rows = reported_figures(union, as_of.day)
    return Dashboard(
        union=union,
        as_of=as_of,
        figures=figures,
        reported=compare(rows, figures),
        shares=share_findings(rows, figures),
        campaigns=campaigns_of(actor, union, as_of.day),
        ranking=ranking_of(
            actor,
            union,
            as_of.day,
            sort=clean_sort(sort),
            page=1 if whole_ranking else page,
            page_size=MAX_EXPORTED_CHILDREN if whole_ranking else PAGE_SIZE,
        ),
    )


def monthly_values(union: Union, day: dt.date) -> list[MonthValues]:
    """The last twelve months up to ``day``, the newest first: the chart's figures as a table."""
    months = [month_start(day)]
    while len(months) < MONTHS_SHOWN:
        months.append(month_start(eve(months[-1])))
    ends = [day, *(eve(month) for month in months)]
    keys = [(Metric.MEMBERS, ""), (Metric.JOINED, "")]
    counts = read_counts([union.pk], keys, ends)
    return [
        MonthValues(
            month,
            end,
            counts.at(union.pk, Metric.MEMBERS, "", end),
            counts.at(union.pk, Metric.JOINED, "", end)
            - counts.at(union.pk, Metric.JOINED, "", eve(month)),
        )
        for month, end in zip(months, ends, strict=False)
    ]
