"""What a big screen shows: figures alone, and none so small that it points at somebody.

Anybody who walks past reads it, so counts of persons below the threshold of public views are left
out (``reports.metrics.suppressed``), and rates and bands that rest on them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from core.clock import CHINA, local_today
from reports.metrics import suppressed, suppressed_cells
from reports.ratios import rate_note
from reports.selectors.counts import Metric
from reports.selectors.dashboard import MonthValues, days_of_months, months_of
from reports.selectors.days import AsOf, as_of, eve
from reports.selectors.figures import Figures, figures_from
from reports.selectors.map import MAX_AREAS, METRICS, UnionMap, map_of_ranking
from reports.selectors.marks import Marks, Rests, marks_of, rests_on
from reports.selectors.progress import TargetProgress, campaigns_of
from reports.selectors.ranking import Ranking, ranking_of
from reports.selectors.ranking_rows import RankedUnion
from reports.selectors.reading import Reading
from reports.selectors.small_targets import small_targets
from unions.models import Union
from unions.scope import Actor

RANKED = 10
TARGETS = 4
# The night counts yesterday at two; from six on somebody should ask why it did not.
FRESH_FROM_HOUR = 6


@dataclass(frozen=True)
class BigFigure:
    """A key figure. ``value`` None: too small to be shown, or nothing to say (``is_missing``).

    ``rests_on``: the counts behind it; ``books_differ``: it is shown, and marked.
    """

    name: str
    value: int | Decimal | None
    unit: str = ""  # person, union, station, ratio
    change: int | None = None  # since the day before
    is_missing: bool = False
    rests_on: Rests = ()
    books_differ: bool = False

    @property
    def note(self) -> str:
        """What stands below a rate; "" where it is too small to be shown."""
        is_known = self.is_missing or (self.unit == "ratio" and self.value is not None)
        return rate_note(None if self.value is None else Decimal(self.value)) if is_known else ""


@dataclass(frozen=True)
class ScreenRow:
    """A child in the ranking; ``width`` is its bar in percent of the longest. The last two say
    which of its figures are marked."""

    place: int | None
    union: Union
    members: int | None
    joined_this_year: int | None
    width: int
    members_differ: bool
    joined_differ: bool


@dataclass(frozen=True)
class ScreenMonth:
    """A month of the trend."""

    month: dt.date
    members: int | None
    joined: int | None


@dataclass(frozen=True)
class ScreenTarget:
    """A target; ``is_small`` where what was reached is not shown."""

    row: TargetProgress
    is_small: bool


@dataclass(frozen=True)
class ScreenView:
    """All of the screen."""

    union: Union
    as_of: AsOf
    is_stale: bool
    figures: list[BigFigure]
    targets: list[ScreenTarget]
    ranking: list[ScreenRow]
    months: list[ScreenMonth]
    map: UnionMap
    trend_differs: list[str]  # names of the figures of which a month that is shown is marked


def screen_view(actor: Actor, union: Union) -> ScreenView | None:
    """The screen of ``union`` for its maker; None before the first night."""
    shown = as_of()
    if shown is None:
        return None
    # All that is shown of the union itself is read at once.
    also = {eve(shown.day), *days_of_months(shown.day)}
    reading = Reading([union.pk], [shown.day], also=also)
    ranking = ranking_of(
        actor, union, shown.day, sort="-year", page_size=MAX_AREAS, groups=reading.groups
    )
    metric = "set4" if any(row.rate_set4 is not None for row in ranking.rows) else "year"
    now = figures_from(reading, union, shown.day)
    hidden = _hidden(ranking, metric, now)
    marks = marks_of([union.pk], below=union)
    months = months_of(union, shown.day, reading, first=shown.first)
    told = _months(months, shown.day)
    targets = [
        row
        for view in campaigns_of(actor, union, shown.day)
        for row in view.targets
        if view.is_running and row.is_under_way
    ][:TARGETS]
    small = small_targets(targets)
    return ScreenView(
        union=union,
        as_of=shown,
        is_stale=is_stale(shown.day),
        figures=[
            replace(
                row,
                books_differ=row.value is not None
                and marks.differ(union.pk, row.rests_on, shown.day),
            )
            for row in _figures(now, _day_before(reading, union, shown.day), told[0].joined)
        ],
        targets=[ScreenTarget(row, row.target.pk in small) for row in targets],
        ranking=_rows(ranking, now, marks, shown.day),
        months=told[::-1],
        map=map_of_ranking(
            union, shown.day, metric, ranking, marks, is_hidden=lambda row: row.union.pk in hidden
        ),
        trend_differs=_marked_courses(union, months, told, marks),
    )


def _marked_courses(
    union: Union, months: list[MonthValues], shown: list[ScreenMonth], marks: Marks
) -> list[str]:
    members, joined = rests_on(Metric.MEMBERS), rests_on(Metric.JOINED)
    marked = set()
    for row, told in zip(months, shown, strict=True):
        if told.members is not None and marks.differ(union.pk, members, row.last_day):
            marked.add(Metric.MEMBERS)
        if told.joined is not None and marks.differ(union.pk, joined, row.last_day):
            marked.add(Metric.JOINED)
    names = (Metric.MEMBERS, _("Members")), (Metric.JOINED, _("New members a month"))
    return [name for metric, name in names if metric in marked]


def is_stale(day: dt.date) -> bool:
    """Should a newer day than ``day`` have been counted by now?"""
    hour = timezone.now().astimezone(CHINA).hour
    due = eve(local_today())
    return day < (due if hour >= FRESH_FROM_HOUR else eve(due))


def _day_before(reading: Reading, union: Union, day: dt.date) -> dict[str, int]:
    """The counts of the day before, by metric."""
    wanted = (Metric.MEMBERS, Metric.UNIONS, Metric.NEF_UNIONS, Metric.STATIONS)
    return {metric: reading.count(union.pk, metric, eve(day)) for metric in wanted}


def _figures(now: Figures, before: dict[str, int], this_month: int | None) -> list[BigFigure]:
    """``this_month``: new members as the trend tells them; beside the year's, what it leaves out
    would be read from the card."""
    set4 = next((row for row in now.sets if row.code == "set4"), None)
    rate = set4.rate if set4 else None
    is_small_rate = set4 is not None and suppressed(set4.members) is None
    share = None if suppressed(now.nef_members) is None else now.nef_member_share
    nef = next((row.groups for row in now.sets if row.code == "nef"), ())
    nef_members, members = rests_on(Metric.MEMBERS, nef), rests_on(Metric.MEMBERS)
    joined = rests_on(Metric.JOINED)

    def counted(name: str, value: int, metric: Metric, unit: str) -> BigFigure:
        return BigFigure(name, value, unit, value - before[metric], rests_on=rests_on(metric))

    return [
        BigFigure(_("Members"), suppressed(now.members), "person",
                  _change(now.members, before[Metric.MEMBERS]), rests_on=members),
        BigFigure(_("New this year"), suppressed(now.joined_this_year), "person", rests_on=joined),
        BigFigure(_("New this month"), this_month, "person", rests_on=joined),
        BigFigure(_("Rate, four groups"), None if is_small_rate else rate, "ratio",
                  is_missing=rate is None,
                  rests_on=rests_on(Metric.MEMBERS, set4.groups if set4 else ())),
        BigFigure(_("New-form members"), suppressed(now.nef_members), "person",
                  rests_on=nef_members),
        BigFigure(_("Share of new-form members"), share, "ratio",
                  is_missing=now.nef_member_share is None, rests_on=nef_members + members),
        counted(_("Unions"), now.unions, Metric.UNIONS, "union"),
        counted(_("Stations"), now.stations, Metric.STATIONS, "station"),
    ]  # fmt: skip


def _change(now: int, before: int) -> int | None:
    """The change of a number of persons, unless either end is too small to be shown."""
    if suppressed(now) is None or suppressed(before) is None:
        return None
    return now - before


def _rows(ranking: Ranking, now: Figures, marks: Marks, day: dt.date) -> list[ScreenRow]:
    rows = ranking.rows[:RANKED]
    members = _beside_their_sum([row.members for row in ranking.rows], now.members)
    joined = _beside_their_sum([row.joined_this_year for row in ranking.rows], now.joined_this_year)
    longest = max([value or 0 for value in joined[: len(rows)]], default=0)
    return [
        ScreenRow(
            row.place,
            row.union,
            members[index],
            value,
            round(100 * value / longest) if value and value > 0 and longest else 0,
            members[index] is not None
            and marks.differ(row.union.pk, ranking.rests_on["members"], day),
            value is not None and marks.differ(row.union.pk, ranking.rests_on["year"], day),
        )
        for index, (row, value) in enumerate(zip(rows, joined[: len(rows)], strict=True))
    ]


def _beside_their_sum(values: list[int], total: int) -> list[int | None]:
    """The figures of the unions below, beside which that of their union stands: a single one that
    is too small, among those that the table leaves out too, would be what is left of it."""
    rest = total - sum(values)  # of the union itself, and of others below it
    return suppressed_cells([*values, max(rest, 0)])[: len(values)]


def _months(months: list[MonthValues], day: dt.date) -> list[ScreenMonth]:
    """As they come. What is new this year is shown beside them: of its months none is what is left
    of it."""
    of_the_year = [
        place
        for place, row in enumerate(months)
        if row.month.year == day.year and row.joined is not None
    ]
    joined = [suppressed(row.joined) for row in months]
    cells = suppressed_cells([months[place].joined or 0 for place in of_the_year])
    for place, cell in zip(of_the_year, cells, strict=True):
        joined[place] = cell
    return [
        ScreenMonth(row.month, suppressed(row.members), new)
        for row, new in zip(months, joined, strict=True)
    ]


def _hidden(ranking: Ranking, metric: str, now: Figures) -> set[int]:
    """The keys of the children left out: of too few persons, or one that would betray another."""

    def persons(row: RankedUnion) -> int:
        basis = row.set_members[metric] if metric in row.set_members else METRICS[metric](row)
        return int(basis or 0)

    values = [persons(row) for row in ranking.rows]
    is_year = metric == "year"
    cells = _beside_their_sum(values, now.joined_this_year) if is_year else suppressed_cells(values)
    rows = zip(ranking.rows, cells, strict=True)
    return {row.union.pk for row, cell in rows if cell is None}
