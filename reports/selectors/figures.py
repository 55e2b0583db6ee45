"""The figures of one union on one day, by group and set."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

from enterprises.baselines import Baseline
from reports.ratios import ratio
from reports.selectors.counts import Metric
from reports.selectors.days import month_start, year_start
from reports.selectors.reading import FLEXIBLE_KINDS, RATED_SETS, Reading
from unions.models import Union


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
    groups: tuple[str, ...] = ()  # codes of the groups that are added up

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
    sources: list[str]  # of the baselines, each once
    set_members: dict[int, int] = field(default_factory=dict)  # by the key of the group set
    set_groups: dict[int, tuple[str, ...]] = field(default_factory=dict)  # codes, by the same
    flexible_unions: dict[str, int] = field(default_factory=dict)  # by kind

    @property
    def sum_of_groups(self) -> int:
        """Equals ``members``: every member belongs to exactly one group."""
        return sum(group.members for group in self.groups)

    @property
    def all_groups(self) -> list[str]:
        """The codes of the groups that are added up."""
        return [group.code for group in self.groups]

    @property
    def nef_union_share(self) -> Decimal | None:
        """Unions of new-form workers ÷ all unions."""
        return ratio(self.nef_unions, self.unions)

    @property
    def nef_member_share(self) -> Decimal | None:
        """Members in new forms of employment ÷ all members."""
        return ratio(self.nef_members, self.members)


def figures_of(union: Union, day: dt.date) -> Figures:
    """All figures of ``union`` on ``day``. The number of queries does not depend on the data."""
    return figures_from(Reading([union.pk], [day]), union, day)


def figures_from(reading: Reading, union: Union, day: dt.date) -> Figures:
    """The figures of ``union`` on ``day`` out of what was read for them."""
    pk = union.pk
    month, year = month_start(day), year_start(day)
    members = reading.count(pk, Metric.MEMBERS, day)
    sources: list[str] = []

    def rate(name: str, code: str, groups: list[str], baseline: Baseline | None) -> Rate:
        if baseline and baseline.source not in sources:
            sources.append(baseline.source)
        part = sum(reading.count(pk, Metric.MEMBERS, day, group) for group in groups)
        return Rate(
            name=name,
            code=code,
            members=part,
            joined_this_month=sum(reading.joined(pk, month, day, group) for group in groups),
            joined_this_year=sum(reading.joined(pk, year, day, group) for group in groups),
            share_of_members=ratio(part, members),
            baseline=baseline,
            source_number=sources.index(baseline.source) + 1 if baseline else None,
            groups=tuple(groups),
        )

    known = reading.groups
    rates = [
        (group, rate(group.name, group.pk, [group.pk], reading.group_baseline(pk, group.pk, day)))
        for group in known.groups
    ]
    return Figures(
        union=union,
        day=day,
        members=members,
        retained=reading.count(pk, Metric.RETAINED, day),
        joined_this_month=reading.joined(pk, month, day),
        joined_this_year=reading.joined(pk, year, day),
        unions=reading.count(pk, Metric.UNIONS, day),
        nef_unions=reading.count(pk, Metric.NEF_UNIONS, day),
        nef_members=reading.members_of_set(pk, "nef", day),
        stations=reading.count(pk, Metric.STATIONS, day),
        # A group that was retired stays as long as it has members: the sum must hold.
        groups=[row for group, row in rates if group.is_active or row.members],
        sets=[
            rate(
                known.sets[code].name,
                code,
                known.codes_of(code),
                reading.set_baseline(pk, code, day),
            )
            for code in RATED_SETS
            if code in known.sets
        ],
        sources=sources,
        flexible_unions={
            kind: reading.count(pk, Metric.UNIONS, day, kind) for kind in FLEXIBLE_KINDS
        },
        set_members={
            found.pk: reading.members_of_set(pk, code, day) for code, found in known.sets.items()
        },
        set_groups={found.pk: tuple(known.codes_of(code)) for code, found in known.sets.items()},
    )
