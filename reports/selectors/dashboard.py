"""Everything one dashboard shows, read in a fixed number of queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace

from reports.selectors.burn_up import CampaignCourse, courses_of
from reports.selectors.counts import Key, Metric, read_counts
from reports.selectors.coverage_rates import Units, read_units
from reports.selectors.days import AsOf, eve, month_start
from reports.selectors.figures import Figures, figures_from
from reports.selectors.funnel import DEFAULT_PERIOD, PERIODS, Funnel, funnel_of
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
from reports.selectors.structure import Coverage, Structure, coverage_of, structure_of
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
    reading: Reading  # behind the figures of the front
    units: Units
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
    """The stocks at the end of a month (or on the day shown) and what was new in it.

    Nobody knows the people of a month that was over before the figures begin: None.
    """

    month: dt.date
    last_day: dt.date
    members: int | None
    joined: int | None
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
    pace: str = "",
    known_now: bool = False,
    reading: Reading | None = None,
) -> Front:
    """The page of ``union``, which the caller has fetched in the actor's scope: five queries.

    ``reading`` is that of the day, where the caller has it: then two.
    """
    reading = reading or Reading([union.pk], [as_of.day], known_now=known_now)
    return Front(
        union=union,
        as_of=as_of,
        figures=figures_from(reading, union, as_of.day),
        keys=key_figures(reading, union, as_of.day, first=as_of.first),
        ranking=ranking_of(
            actor,
            union,
            as_of.day,
            sort=sort,
            page=page,
            page_size=page_size,
            kind=kind,
            status=status,
            pace=pace,
            groups=reading.groups,
        ),
        marks=marks_of([union.pk], below=union),
    )


def papers_of(figures: Figures, coverage: Coverage | None = None) -> Papers:
    """What was reported for the union and day of ``figures``, beside them: two queries.

    One where the caller has read the ``coverage``.
    """
    rows = reported_figures(figures.union, figures.day)
    covered = (coverage or coverage_of(figures.union, figures.day)).covered
    return Papers(compare(rows, figures, covered), share_findings(rows, figures))


def dashboard_for(
    actor: Actor,
    union: Union,
    as_of: AsOf,
    *,
    sort: str = DEFAULT_SORT,
    kind: str = "",
    status: str = "",
    pace: str = "",
    known_now: bool = False,
    months: int = MONTHS_SHOWN,
    period: str = DEFAULT_PERIOD,
) -> Dashboard:
    """All of it, with the whole ranking up to ``MAX_EXPORTED_CHILDREN``.

    ``months`` of the trend, the ``period`` (of ``PERIODS``) of the applications. What several
    blocks show is read once.
    """
    day = as_of.day
    reading = Reading([union.pk], [day], known_now=known_now)
    front = front_for(
        actor,
        union,
        as_of,
        sort=sort,
        page_size=MAX_EXPORTED_CHILDREN,
        kind=kind,
        status=status,
        pace=pace,
        reading=reading,
    )
    days = [day, month_ago(day), year_ago(day)]
    units = read_units([union.pk], days)
    structure = structure_of(union, day)
    return Dashboard(
        replace(
            front,
            keys=[
                with_units({one: units[union.pk, one] for one in days}, day)
                if key.code == ESTABLISHMENT
                else key
                for key in front.keys
            ],
        ),
        structure,
        papers_of(front.figures, structure.coverage),
        courses_of(actor, union, day),
        monthly_values(union, day, months, known_now=known_now, first=as_of.first),
        funnel_of(union, PERIODS[period](day), day),
        quality_box_of(union, day),
        reading,
        units[union.pk, day],
        known_now,
    )


def months_until(day: dt.date, months: int = MONTHS_SHOWN) -> list[tuple[dt.date, dt.date]]:
    """The last ``months``, the newest first: the first of each, and its last day or ``day``."""
    firsts = [month_start(day)]
    while len(firsts) < months:
        firsts.append(month_start(eve(firsts[-1])))
    return list(zip(firsts, [day, *(eve(first) for first in firsts)], strict=False))


def days_of_months(day: dt.date, months: int = MONTHS_SHOWN) -> set[dt.date]:
    """The days whose counts ``monthly_values`` rests on."""
    return {one for first, last in months_until(day, months) for one in (eve(first), last)}


def monthly_values(
    union: Union,
    day: dt.date,
    months: int = MONTHS_SHOWN,
    *,
    known_now: bool = False,
    first: dt.date | None = None,
) -> list[MonthValues]:
    """The last months up to ``day``, the newest first; one query.

    ``first``: the day on which the figures of people begin.
    """
    metrics = (Metric.MEMBERS, Metric.JOINED, Metric.UNIONS, Metric.STATIONS)
    keys: list[Key] = [(metric, "") for metric in metrics]
    days = days_of_months(day, months)
    counts = read_counts([union.pk], keys, days, known_now=known_now)
    found = _monthly(day, months, lambda metric, on: counts.at(union.pk, metric, "", on))
    return _known(found, first)


def months_of(
    union: Union, day: dt.date, reading: Reading, *, first: dt.date | None = None
) -> list[MonthValues]:
    """As ``monthly_values``, out of a reading of these days: no query."""
    found = _monthly(day, MONTHS_SHOWN, lambda metric, on: reading.count(union.pk, metric, on))
    return _known(found, first)


def _known(months: list[MonthValues], first: dt.date | None) -> list[MonthValues]:
    return [
        row if first is None or row.last_day >= first else replace(row, members=None, joined=None)
        for row in months
    ]


def _monthly(day: dt.date, months: int, at: Callable[[str, dt.date], int]) -> list[MonthValues]:
    return [
        MonthValues(
            month,
            end,
            at(Metric.MEMBERS, end),
            at(Metric.JOINED, end) - at(Metric.JOINED, eve(month)),
            at(Metric.UNIONS, end),
            at(Metric.STATIONS, end),
        )
        for month, end in months_until(day, months)
    ]
