"""Everything one dashboard shows, read in a fixed number of queries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from reports.selectors.burn_up import CampaignCourse, courses_of
from reports.selectors.counts import Key, Metric, read_counts
from reports.selectors.coverage_rates import read_units
from reports.selectors.days import AsOf, eve, month_start, year_start
from reports.selectors.figures import Figures, figures_from
from reports.selectors.funnel import Funnel, funnel_of
from reports.selectors.key_figures import ESTABLISHMENT, KeyFigure, key_figures, with_units
from reports.selectors.marks import Marks, Rests, books_note, marks_of
from reports.selectors.quality_box import QualityBox, quality_box_of
from reports.selectors.ranked import summed
from reports.selectors.ranking import DEFAULT_SORT, PAGE_SIZE, Ranking, ranking_of
from reports.selectors.reading import Reading, month_ago, year_ago
from reports.selectors.reported import (
    Comparison,
    ShareFinding,
    compare,
    latest,
    reported_figures,
    share_findings,
)
from reports.selectors.structure import Structure, coverage_of, structure_of
from unions.models import Union
from unions.scope import Actor

# A file can hold the whole ranking, within reason.
MAX_EXPORTED_CHILDREN = 10_000
MONTHS_SHOWN = 12


@dataclass(frozen=True)
class Front:
    """What the page itself shows; the other blocks are pages of their own. ``marks`` are those of
    the union and of the unions right below it."""

    union: Union
    as_of: AsOf
    figures: Figures
    keys: list[KeyFigure]
    ranking: Ranking
    marks: Marks

    @property
    def summed(self) -> list[int]:
        """The unions whose marks the sums of the ranking bear."""
        return summed(self.ranking, self.union, self.marks)


@dataclass(frozen=True)
class Papers:
    """What the union says itself, beside the register."""

    reported: list[Comparison]
    shares: list[ShareFinding]

    @property
    def reported_members(self) -> Comparison | None:
        """The newest reported number of members, if the union ever reported one."""
        return latest(self.reported, "members")


@dataclass(frozen=True)
class Dashboard:
    """All blocks at once: what is exported."""

    front: Front
    structure: Structure
    papers: Papers
    courses: list[CampaignCourse]
    months: list[MonthValues]
    funnel: Funnel
    quality: QualityBox
    known_now: bool = False

    @property
    def union(self) -> Union:
        """Whose figures they are."""
        return self.front.union

    @property
    def as_of(self) -> AsOf:
        """The day shown."""
        return self.front.as_of

    def mark(self, behind: Rests, day: dt.date | None = None) -> str:
        """The mark in words of a figure of the union that rests on ``behind``; "" for none."""
        differ = self.front.marks.differ(self.union.pk, behind, day or self.as_of.day)
        return books_note(differ)


@dataclass(frozen=True)
class MonthValues:
    """The stocks at the end of a month (or on the day shown) and what was new in it."""

    month: dt.date
    last_day: dt.date
    members: int
    joined: int
    unions: int
    stations: int


def front_for(
    actor: Actor,
    union: Union,
    as_of: AsOf,
    *,
    sort: str = DEFAULT_SORT,
    page: int = 1,
    page_size: int = PAGE_SIZE,
    kind: str = "",
    status: str = "",
    known_now: bool = False,
) -> Front:
    """The page of ``union``, which the caller has fetched in the actor's scope: five queries."""
    reading = Reading([union.pk], [as_of.day], known_now=known_now)
    return Front(
        union=union,
        as_of=as_of,
        figures=figures_from(reading, union, as_of.day),
        keys=key_figures(reading, union, as_of.day),
        ranking=ranking_of(
            actor,
            union,
            as_of.day,
            sort=sort,
            page=page,
            page_size=page_size,
            kind=kind,
            status=status,
            groups=reading.groups,
        ),
        marks=marks_of([union.pk], below=union),
    )


def papers_of(figures: Figures) -> Papers:
    """What was reported for the union and day of ``figures``, beside them."""
    rows = reported_figures(figures.union, figures.day)
    covered = coverage_of(figures.union, figures.day).covered
    return Papers(compare(rows, figures, covered), share_findings(rows, figures))


def dashboard_for(
    actor: Actor,
    union: Union,
    as_of: AsOf,
    *,
    sort: str = DEFAULT_SORT,
    kind: str = "",
    status: str = "",
    known_now: bool = False,
) -> Dashboard:
    """All of it, with the whole ranking up to ``MAX_EXPORTED_CHILDREN``."""
    front = front_for(
        actor,
        union,
        as_of,
        sort=sort,
        page_size=MAX_EXPORTED_CHILDREN,
        kind=kind,
        status=status,
        known_now=known_now,
    )
    days = [as_of.day, month_ago(as_of.day), year_ago(as_of.day)]
    units = read_units([union.pk], days)
    return Dashboard(
        replace(
            front,
            keys=[
                with_units({day: units[union.pk, day] for day in days}, as_of.day)
                if key.code == ESTABLISHMENT
                else key
                for key in front.keys
            ],
        ),
        structure_of(union, as_of.day),
        papers_of(front.figures),
        courses_of(actor, union, as_of.day),
        monthly_values(union, as_of.day, known_now=known_now),
        funnel_of(union, year_start(as_of.day), as_of.day),
        quality_box_of(union, as_of.day),
        known_now,
    )


def monthly_values(
    union: Union, day: dt.date, months_shown: int = MONTHS_SHOWN, *, known_now: bool = False
) -> list[MonthValues]:
    """The last months up to ``day``, the newest first; one query, two with ``known_now``."""
    months = [month_start(day)]
    while len(months) < months_shown:
        months.append(month_start(eve(months[-1])))
    ends = [day, *(eve(month) for month in months)]
    metrics = (Metric.MEMBERS, Metric.JOINED, Metric.UNIONS, Metric.STATIONS)
    keys: list[Key] = [(metric, "") for metric in metrics]
    counts = read_counts([union.pk], keys, ends, known_now=known_now)

    def at(metric: str, on: dt.date) -> int:
        return counts.at(union.pk, metric, "", on)

    return [
        MonthValues(
            month,
            end,
            at(Metric.MEMBERS, end),
            at(Metric.JOINED, end) - at(Metric.JOINED, eve(month)),
            at(Metric.UNIONS, end),
            at(Metric.STATIONS, end),
        )
        for month, end in zip(months, ends, strict=False)
    ]
