"""The figures of one union on one day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, Q

from reference.models import GroupSet, WorkerGroup
from reports.baselines import Baseline, baselines_of, group_baselines_of
from reports.ratios import ratio
from reports.selectors.counts import Counts, Key, Metric, read_counts
from reports.selectors.days import eve, month_start, year_start
from stations.models import StationKind
from unions.kinds import KINDS
from unions.models import Union, UnionCoverage, UnionKind

# The sets whose enrolment rates are shown, in this order.
SHOWN_SETS = ("set4", "set8", "set9", "nef")
RATED_SETS = ("set4", "set9", "nef")


@dataclass(frozen=True)
class Rate:
    """Members of a group or set beside their baseline. ``rate`` is None without a baseline."""

    name: str
    code: str
    members: int
    joined_this_month: int
    joined_this_year: int
    share_of_members: Decimal | None
    baseline: Baseline | None
    source_number: int | None = None  # place of the baseline's source in ``Figures.sources``

    @property
    def rate(self) -> Decimal | None:
        """Members ÷ workers."""
        return ratio(self.members, self.baseline.worker_count) if self.baseline else None

    @property
    def is_empty(self) -> bool:
        """Nobody in it, nobody joined this year, nobody counted: nothing to show."""
        return not self.members and not self.joined_this_year and self.baseline is None

    @property
    def is_over_full(self) -> bool:
        """More members than workers were counted: the baseline is old or too small."""
        return self.rate is not None and self.rate > 1


@dataclass(frozen=True)
class KindCount:
    """How many unions or stations of a kind there are."""

    code: str
    name: str
    value: int
    nef: int = 0


@dataclass(frozen=True)
class Family:
    """Kinds of union that belong together."""

    code: str
    kinds: list[KindCount]

    @property
    def value(self) -> int:
        """Unions of the family."""
        return sum(kind.value for kind in self.kinds)

    @property
    def nef(self) -> int:
        """Unions of the family that are mainly for new-form workers."""
        return sum(kind.nef for kind in self.kinds)


@dataclass(frozen=True)
class Coverage:
    """How many unions federations of the subtree cover: apart from the tree, never added to it."""

    covered: int
    by_federation: list[tuple[Union, int]]


@dataclass(frozen=True)
class Figures:
    """What the register shows for ``union`` and its subtree on ``day``."""

    union: Union
    day: dt.date
    members: int
    retained: int
    joined_this_month: int
    joined_this_year: int
    unions: int
    nef_unions: int
    nef_members: int
    stations: int
    groups: list[Rate]
    sets: list[Rate]
    families: list[Family]
    station_kinds: list[KindCount]
    coverage: Coverage
    sources: list[str]  # of the baselines, each once
    set_members: dict[int, int] = field(default_factory=dict)  # by the key of the group set

    @property
    def sum_of_groups(self) -> int:
        """Equals ``members``: every member belongs to exactly one group."""
        return sum(group.members for group in self.groups)

    @property
    def nef_union_share(self) -> Decimal | None:
        """Unions of new-form workers ÷ all unions."""
        return ratio(self.nef_unions, self.unions)

    @property
    def nef_member_share(self) -> Decimal | None:
        """Members in new forms of employment ÷ all members."""
        return ratio(self.nef_members, self.members)

    @property
    def flexible_unions(self) -> list[KindCount]:
        """Flexible joint unions by kind: township, village, community."""
        families = [f for f in self.families if f.code == "flexible_joint_union"]
        return [kind for family in families for kind in family.kinds]


def valid_group_sets(day: dt.date) -> dict[str, GroupSet]:
    """The version of each set that is valid on ``day``, with its groups, by code."""
    rows = (
        GroupSet.objects.filter(valid_from__lte=day)
        .order_by("code", "-valid_from", "-version")
        .distinct("code")
        .prefetch_related("groups")
    )
    return {row.code: row for row in rows}


def figures_of(union: Union, day: dt.date) -> Figures:
    """All figures of ``union`` on ``day``. The number of queries does not depend on the data."""
    groups = list(WorkerGroup.objects.all())
    kinds = sorted(UnionKind.objects.all(), key=_place_of_kind)
    station_kinds = list(StationKind.objects.all())
    sets = valid_group_sets(day)
    keys: list[Key] = [(metric, "") for metric in Metric]
    keys += [(m, g.pk) for m in (Metric.MEMBERS, Metric.JOINED) for g in groups]
    keys += [(m, k.pk) for m in (Metric.UNIONS, Metric.NEF_UNIONS) for k in kinds]
    keys += [(Metric.STATIONS, k.pk) for k in station_kinds]
    days = [day, eve(month_start(day)), eve(year_start(day))]
    reader = _Reader(union.pk, day, read_counts([union.pk], keys, days))

    members = reader.now(Metric.MEMBERS)
    set_groups = {code: [g.pk for g in row.groups.all()] for code, row in sets.items()}
    group_baselines = group_baselines_of(union.pk, day)
    rates = [
        reader.rate(group.name, group.pk, [group.pk], group_baselines.get(group.pk))
        for group in groups
    ]
    set_rates = []
    for code in SHOWN_SETS:
        if code in sets:
            found = baselines_of([union.pk], sets[code].pk, day) if code in RATED_SETS else {}
            set_rates.append(
                reader.rate(sets[code].name, code, set_groups[code], found.get(union.pk))
            )
    return Figures(
        union=union,
        day=day,
        members=members,
        retained=reader.now(Metric.RETAINED),
        joined_this_month=reader.joined("", month_start(day)),
        joined_this_year=reader.joined("", year_start(day)),
        unions=reader.now(Metric.UNIONS),
        nef_unions=reader.now(Metric.NEF_UNIONS),
        nef_members=sum(reader.now(Metric.MEMBERS, g) for g in set_groups.get("nef", [])),
        stations=reader.now(Metric.STATIONS),
        # A group that was retired stays as long as it has members: the sum must hold.
        groups=[
            rate
            for rate, group in zip(rates, groups, strict=True)
            if group.is_active or rate.members
        ],
        sets=set_rates,
        families=_families(kinds, reader),
        station_kinds=[
            KindCount(kind.pk, kind.name, reader.now(Metric.STATIONS, kind.pk))
            for kind in station_kinds
        ],
        coverage=coverage_of(union, day),
        sources=reader.sources,
        set_members={
            sets[code].pk: sum(reader.now(Metric.MEMBERS, g) for g in set_groups[code])
            for code in sets
        },
    )


def coverage_of(union: Union, day: dt.date) -> Coverage:
    """Unions covered (涵盖) on ``day`` by federations in the subtree of ``union``."""
    relations = UnionCoverage.objects.filter(
        Q(until__isnull=True) | Q(until__gte=day),
        covering__path__startswith=union.path,
        since__lte=day,
    )
    total = relations.aggregate(value=Count("covered", distinct=True))["value"]
    counted = list(
        relations.values_list("covering")
        .annotate(value=Count("covered", distinct=True))
        .order_by("-value", "covering")[:10]
    )
    names = Union.objects.in_bulk([pk for pk, _value in counted])
    return Coverage(total, [(names[pk], value) for pk, value in counted])


class _Reader:
    """The counts of one union, by what the page asks."""

    def __init__(self, union_id: int, day: dt.date, counts: Counts) -> None:
        self._union_id, self._day, self._counts = union_id, day, counts
        self.sources: list[str] = []

    def now(self, metric: str, breakdown: str = "") -> int:
        return self._counts.at(self._union_id, metric, breakdown, self._day)

    def joined(self, breakdown: str, since: dt.date) -> int:
        """Persons who joined from ``since`` to the day: a difference of the cumulative count."""
        before = self._counts.at(self._union_id, Metric.JOINED, breakdown, eve(since))
        return self.now(Metric.JOINED, breakdown) - before

    def rate(self, name: str, code: str, groups: list[str], baseline: Baseline | None) -> Rate:
        members = sum(self.now(Metric.MEMBERS, group) for group in groups)
        return Rate(
            name=name,
            code=code,
            members=members,
            joined_this_month=sum(self.joined(g, month_start(self._day)) for g in groups),
            joined_this_year=sum(self.joined(g, year_start(self._day)) for g in groups),
            share_of_members=ratio(members, self.now(Metric.MEMBERS)),
            baseline=baseline,
            source_number=self._number_of(baseline.source) if baseline else None,
        )

    def _number_of(self, source: str) -> int:
        if source not in self.sources:
            self.sources.append(source)
        return self.sources.index(source) + 1


_PLACES = {kind.code: place for place, kind in enumerate(KINDS)}


def _place_of_kind(kind: UnionKind) -> tuple[int, str]:
    """The order in which the kinds are listed: township before village before community."""
    return _PLACES.get(kind.pk, len(_PLACES)), kind.pk


def _families(kinds: list[UnionKind], reader: _Reader) -> list[Family]:
    families: dict[str, Family] = {}
    for kind in kinds:
        count = KindCount(
            kind.pk,
            kind.name,
            reader.now(Metric.UNIONS, kind.pk),
            reader.now(Metric.NEF_UNIONS, kind.pk),
        )
        if count.value or kind.family == "flexible_joint_union":
            families.setdefault(kind.family, Family(kind.family, [])).kinds.append(count)
    return [family for family in families.values() if family.value]
