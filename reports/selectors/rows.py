"""The rows behind a figure: who and what was counted, and that their sum is the figure.

A row counts where its union stood on the day, as in the figure. Who may see it, the present tree
says: what has moved out of the viewer's scope is part of the figure and not among the rows.

Which entries count on which day: ``entries``. A period is what counts at its end and did not count
before it began, so late entries stand in the period whose figure they changed.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Greatest, TruncDate
from django.http import Http404

from core.clock import CHINA
from members.models import Membership, MembershipEvent
from reference.models import GroupSet, WorkerGroup
from reports.selectors.counts import Counts, Metric, read_both_counts, read_counts
from reports.selectors.days import eve
from reports.selectors.entries import (
    FLOWS,
    PERSON_CHANGES,
    Entries,
    late_entries,
    passes,
    published_entries,
)
from reports.selectors.groups import Groups, groups_on, word_of
from reports.selectors.scope import PERMISSION, dashboard_union
from stations.models import Station, StationKind, StationQuerySet
from unions.kinds import HOLDING_POOL
from unions.models import PastPath, Union, UnionKind, UnionQuerySet
from unions.scope import Actor, can

UnitsT = TypeVar("UnitsT", bound="QuerySet[Any, Any]")

PAGE_SIZE = 100

# Comes along with a union: the last day that found any union at a place it has left since.
_NEWEST_MOVE = "newest_move"

# Figures that may be asked for a period: what came in it, or by how much the stock changed.
OF_PERIODS = (*FLOWS, Metric.MEMBERS, Metric.RETAINED)


@dataclass(frozen=True)
class Figure:
    """What is asked for: a metric of a union on a day, or from ``since`` (inclusive) to it."""

    union: Union
    metric: str
    day: dt.date
    since: dt.date | None = None
    group: WorkerGroup | None = None
    group_set: GroupSet | None = None
    kind: UnionKind | StationKind | None = None
    groups: Groups | None = field(default=None, repr=False)  # of the day, where they have been read

    @property
    def breakdowns(self) -> list[str]:
        """The breakdowns of ``DailyCount`` that add up to the figure."""
        if self.group_set is not None and self.groups is not None:
            found = self.groups.find(word_of(self.group_set))
            return found[1] if found else []
        part = self.group or self.kind
        return [str(part.pk)] if part else [""]

    @cached_property
    def anything_moved(self) -> bool:
        """Has any union moved since the first day that the figure rests on?"""
        first = eve(self.since) if self.since else self.day
        if self.metric in FLOWS and self.since is None:
            first = dt.date.min
        if _NEWEST_MOVE not in self.union.__dict__:
            return PastPath.objects.filter(until__gte=first).exists()
        newest: dt.date | None = self.union.__dict__[_NEWEST_MOVE]
        return newest is not None and newest >= first

    @property
    def code(self) -> str:
        """That of its definition: what a stock changed by in a period is another figure."""
        return "net_change" if self.since and self.metric == Metric.MEMBERS else self.metric

    @property
    def is_change(self) -> bool:
        """Of a stock in a period: it may be negative, and is shown with its sign."""
        return self.since is not None and self.metric not in FLOWS

    @property
    def is_of_persons(self) -> bool:
        """The rows are people."""
        return self.metric in PERSON_CHANGES

    @property
    def part(self) -> WorkerGroup | GroupSet | UnionKind | StationKind | None:
        """What the figure is narrowed to, if anything."""
        return self.group or self.group_set or self.kind


@dataclass(frozen=True)
class PersonRow:
    """One membership; ``change`` is what it adds to the figure (a correction may take away)."""

    membership: Membership
    union: Union
    group: WorkerGroup
    change: int


@dataclass(frozen=True)
class UnionSum:
    """What one union adds to the figure."""

    union: Union
    value: int


def union_behind(actor: Actor, pk: object) -> Union:
    """As ``dashboard_union``, with what a figure asks of the tree: that costs no further query."""
    newest = PastPath.objects.order_by("-until").values("until")[:1]
    return dashboard_union(actor, pk, **{_NEWEST_MOVE: Subquery(newest)})


def find_figure(
    union: Union, metric: str, day: dt.date, since: dt.date | None, breakdown: str, group_set: str
) -> Figure:
    """The figure of these words, in one query at most.

    Raises Http404 for one that is not on any dashboard.
    """
    if metric not in Metric.values or (since is not None and metric not in OF_PERIODS):
        raise Http404
    group: WorkerGroup | None = None
    kind: UnionKind | StationKind | None = None
    chosen_set: GroupSet | None = None
    groups = groups_on(day) if metric in PERSON_CHANGES and (group_set or breakdown) else None
    if group_set:
        found = groups.find(group_set) if groups else None
        if found is None:
            raise Http404
        chosen_set = found[0]
    elif breakdown:
        if groups is not None:
            group = groups.of_code(breakdown)
        elif metric == Metric.STATIONS:
            kind = StationKind.objects.filter(pk=breakdown).first()
        else:
            kind = UnionKind.objects.filter(pk=breakdown).first()
        if group is None and kind is None:
            raise Http404
    return Figure(union, metric, day, since, group, chosen_set, kind, groups)


def published_value(figure: Figure) -> int:
    """The figure as it was published."""
    return _value(figure, read_counts(*_asked(figure)))


def published_and_known(figure: Figure) -> tuple[int, int]:
    """The figure as it was published, and as it is known now."""
    published, known = read_both_counts(*_asked(figure))
    return _value(figure, published), _value(figure, known)


def _asked(figure: Figure) -> tuple[list[int], list[tuple[str, str]], list[dt.date]]:
    days = [figure.day] if figure.since is None else [figure.day, eve(figure.since)]
    return [figure.union.pk], [(figure.metric, part) for part in figure.breakdowns], days


def _value(figure: Figure, counts: Counts) -> int:
    value = counts.sum_at(figure.union.pk, figure.metric, figure.breakdowns, figure.day)
    if figure.since is not None:
        value -= counts.sum_at(figure.union.pk, figure.metric, figure.breakdowns, eve(figure.since))
    return value


def may_see_persons(actor: Actor, union: Union) -> bool:
    """Names are for those who may see the members of ``union``."""
    return can(actor, "members.view", union)


class PersonFigure:
    """The ledger entries of a figure of people."""

    def __init__(self, actor: Actor, figure: Figure) -> None:
        self.figure = figure
        self._actor = actor

    def total(self) -> int:
        """Persons, over what the viewer may see of the subtree."""
        return self._sum(self._entries(PERMISSION))

    def outside(self, visible: int) -> int:
        """By how much the whole figure's rows differ from ``visible``, those of the viewer.

        A number, of a union whose figures the viewer may see; never whose it is.
        """
        return self._sum(self._chosen(MembershipEvent.objects.all())) - visible

    def page(self, after: int) -> tuple[list[PersonRow], int | None]:
        """The next rows with a membership key above ``after``, and where to go on (or None).

        Only memberships that the viewer may see (``members.view``).
        """
        found = list(
            self._entries("members.view")
            .filter(membership__gt=after)
            .order_by()
            .values_list("membership", "union", "worker_group")
            .annotate(change=Sum("adds"))
            .exclude(change=0)
            .order_by("membership", "union", "worker_group")[: PAGE_SIZE + 1]
        )
        following = None
        if len(found) > PAGE_SIZE:
            # A page ends with a whole membership: one that was corrected has several rows.
            cut = found[-1][0]
            found = [row for row in found if row[0] != cut]
            following = found[-1][0]
        memberships = (
            Membership.objects.select_related("member", "worker_group", "union")
            .only(
                "started_on", "ended_on", "channel", "member__name", "worker_group", "union__name"
            )
            .in_bulk([row[0] for row in found])
        )
        unions = {one.union_id: one.union for one in memberships.values()}
        groups = {one.worker_group_id: one.worker_group for one in memberships.values()}
        # What was changed since counts where and as what it was then.
        if others := {row[1] for row in found} - unions.keys():
            unions |= Union.objects.only("name").in_bulk(others)
        if others_of_groups := {row[2] for row in found} - groups.keys():
            read = self.figure.groups
            groups |= (
                {group.pk: group for group in read.groups}
                if read
                else WorkerGroup.objects.in_bulk(others_of_groups)
            )
        rows = [
            PersonRow(memberships[m], unions[u], groups[g], change) for m, u, g, change in found
        ]
        return rows, following

    def by_union(self, first: int, last: int) -> list[UnionSum]:
        """What each union adds, the largest first, ``first`` ≤ place < ``last``."""
        sums = list(
            self._entries(PERMISSION)
            .order_by()
            .values_list("union")
            .annotate(value=Sum("adds"))
            .exclude(value=0)
            .order_by("-value", "union")[first:last]
        )
        unions = Union.objects.select_related("kind").in_bulk([pk for pk, _value in sums])
        return [UnionSum(unions[pk], value) for pk, value in sums]

    def _entries(self, permission: str) -> Entries:
        return self._chosen(MembershipEvent.objects.visible_to(self._actor, permission))

    def _chosen(self, entries: Entries) -> Entries:
        if self.figure.part is not None:
            entries = entries.filter(worker_group__in=self.figure.breakdowns)
        return self._choose(entries)

    def _choose(self, entries: Entries) -> Entries:
        return published_entries(entries, self.figure)

    def _sum(self, rows: QuerySet[MembershipEvent, Any]) -> int:
        return rows.aggregate(value=Coalesce(Sum("adds"), 0))["value"]


class LateFigure(PersonFigure):
    """The entries by which a figure of people, as it is known now, differs from the published."""

    def _choose(self, entries: Entries) -> Entries:
        return late_entries(entries, self.figure)


def unions_behind(actor: Actor, figure: Figure) -> UnionQuerySet:
    """The unions that make up a figure of unions, in the viewer's scope, by their place then.

    With ``since``, ``path_then`` (where each stood when it counted) and ``path_now``.
    """
    return _unions(Union.objects.visible_to(actor, PERMISSION), figure)


def stations_behind(actor: Actor, figure: Figure) -> QuerySet[Station, Any]:
    """The stations that make up a figure of stations, in the viewer's scope.

    With ``since``, and ``path_then`` and ``path_now`` of the host union.
    """
    return _stations(Station.objects.visible_to(actor, PERMISSION), figure)


def units_behind_outside(figure: Figure, visible: int) -> int:
    """How many unions or stations of a figure are not among the ``visible`` rows of a viewer.

    A number, of a union whose figures the viewer may see; never which ones.
    """
    if figure.metric == Metric.STATIONS:
        return _stations(Station.objects.all(), figure).order_by().count() - visible
    return _unions(Union.objects.all(), figure).order_by().count() - visible


def _unions(unions: UnionQuerySet, figure: Figure) -> UnionQuerySet:
    rows = (
        unions.ever_founded()
        .exclude(kind=HOLDING_POOL)
        # As the night counts: from the founding, or from the day of registration.
        .annotate(since=Coalesce("founded_on", TruncDate("created_at", tzinfo=CHINA)))
        .filter(since__lte=figure.day)
        .select_related("kind", "parent")
    )
    if figure.metric == Metric.UNIONS_FOUNDED:
        # A founding stays where it happened; one entered later, where its union was registered.
        rows = rows.annotate(placed_on=Greatest("since", TruncDate("created_at", tzinfo=CHINA)))
        rows = _below_then(rows, figure, "pk", "path", OuterRef("placed_on"))
        rows = rows.filter(since__gte=figure.since) if figure.since else rows
    else:
        rows = _below_then(rows, figure, "pk", "path", figure.day)
        rows = rows.filter(Q(closed_on__isnull=True) | Q(closed_on__gt=figure.day))
    if figure.metric == Metric.NEF_UNIONS:
        rows = rows.filter(is_nef=True)
    rows = rows.order_by(F("path_then"))
    return rows.filter(kind__in=figure.breakdowns) if figure.part else rows


def _stations(stations: StationQuerySet, figure: Figure) -> QuerySet[Station, Any]:
    rows = _below_then(
        stations.open_on(figure.day), figure, "host_union", "host_union__path", figure.day
    )
    rows = (
        rows.annotate(since=F("opened_on"))
        .select_related("kind", "host_union")
        .order_by(F("path_then"), "name", "pk")
    )
    return rows.filter(kind__in=figure.breakdowns) if figure.part else rows


def _below_then(
    rows: UnitsT, figure: Figure, union: str, path: str, day: dt.date | OuterRef
) -> UnitsT:
    """Those of ``rows`` whose ``union`` stood below the figure's when ``day`` ended."""
    if not figure.anything_moved:
        # A look-up for each row would be wasted.
        rows = rows.annotate(path_then=F(path), path_now=F(path))
        return rows.filter(path_now__startswith=figure.union.path)
    past = PastPath.objects.filter(union=OuterRef(union), until__gte=day).order_by("until")
    then = Coalesce(Subquery(past.values("path")[:1]), F(path))
    rows = rows.annotate(path_then=then, path_now=F(path))
    return rows.filter(passes("path_then", figure.union))
