"""What a briefing tells: the targets of a campaign on a day, unit by unit."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from campaigns.models import Campaign, Indicator, Target
from core.clock import local_today
from reports.models import CampaignProgress, PaceThreshold
from reports.ratios import ratio
from reports.selectors.days import AsOf
from reports.selectors.forecasts import TargetForecast, forecasts_of
from reports.selectors.progress import TargetProgress, measured, told_on
from reports.selectors.scope import PERMISSION
from unions.enums import UnionStatus
from unions.history import paths_on
from unions.models import Union, UnionQuerySet
from unions.scope import Actor

Status = CampaignProgress.Status

# After the end of its period a target is reached or missed.
MISSED = "missed"
# Its union was dissolved before it was reached: nobody lags any more.
CLOSED = "closed"
# The order in which states are told, the best first.
STATES = (
    Status.REACHED, Status.AHEAD, Status.ON_PACE, Status.BEHIND, Status.AT_RISK, MISSED,
    Status.NO_DATA, Status.NO_TARGET, Status.NOT_STARTED, CLOSED,
)  # fmt: skip
# Indicator, first and last day.
Key = tuple[int, dt.date, dt.date]
LAGGING = (Status.BEHIND, Status.AT_RISK, MISSED)
_UNDER_WAY = (Status.AHEAD, Status.ON_PACE, Status.BEHIND, Status.AT_RISK)


@dataclass(frozen=True)
class Line:
    """One unit's target. ``depth`` 0 has no unit with a target between it and the owner.

    ``place`` is that among the units whose targets stand under that of the same unit, 1 the best;
    units with one share hold one place, and those without a share none.
    """

    progress: TargetProgress
    depth: int
    place: int | None
    forecast: TargetForecast

    @property
    def union(self) -> Union:
        """The unit."""
        return self.progress.target.union

    @property
    def target_value(self) -> Decimal:
        """The target as it stood on the day; in the indicator's unit."""
        return self.progress.target_value

    @property
    def state(self) -> str:
        """A code of ``STATES``; its words are ``status_label``."""
        if self.progress.is_closed and self.progress.status != Status.REACHED:
            return CLOSED
        is_missed = self.progress.is_finished and self.progress.status in _UNDER_WAY
        return MISSED if is_missed else self.progress.status

    @property
    def status_label(self) -> str:
        """The state in words."""
        if self.state == CLOSED:
            return str(UnionStatus.DISSOLVED.label)
        return self.progress.status_label


@dataclass(frozen=True)
class Sheet:
    """One indicator over one period: the owner's own target, the others in the tree's order.

    ``left``: units that had such a target below the owner on the day, and have left the reader's
    scope since.
    """

    indicator: Indicator
    period_start: dt.date
    period_end: dt.date
    own: Line | None
    lines: list[Line]
    left: int = 0

    @property
    def next_below(self) -> list[Line]:
        """The units with a target next below the owner, which may be further down than its
        children: the best first, those without a share last."""
        return sorted(
            (line for line in self.lines if line.depth == 0),
            key=lambda line: (line.place is None, line.place or 0, _tree_order(line.union.path)),
        )

    @property
    def laggards(self) -> list[Line]:
        """Units behind or at risk, or that have missed their target; the slowest first."""
        return sorted(
            (line for line in self.lines if line.state in LAGGING),
            key=lambda line: (line.progress.pace or Decimal(0), _tree_order(line.union.path)),
        )

    @property
    def doubted(self) -> list[Line]:
        """Units behind whose figures books do not agree."""
        return [line for line in self.lines if line.progress.books_differ]

    @property
    def earlier(self) -> list[Line]:
        """Units whose figures were measured before the day, the earliest first."""
        known = (line for line in self.lines if line.progress.value is not None)
        found = [line for line in known if line.progress.measured_earlier]
        return sorted(found, key=lambda line: line.progress.measured_earlier or dt.date.max)

    @property
    def states(self) -> list[tuple[str, str, int]]:
        """Code, words and number of units of each state, the best first; empty ones left out."""
        counted = Counter((line.state, line.status_label) for line in self.lines)
        return sorted(
            ((state, label, count) for (state, label), count in counted.items()),
            key=lambda row: STATES.index(row[0]),
        )

    @property
    def promised(self) -> Decimal | None:
        """Sum of the targets next below; None where targets do not add up (ratios)."""
        if not self.indicator.is_divisible or not self.next_below:
            return None
        return sum((line.target_value for line in self.next_below), Decimal(0))

    @property
    def done(self) -> Decimal | None:
        """Sum of what the units next below have reached; None like ``promised``, and when
        nothing was measured of any: unknown is not nothing."""
        if self.promised is None or all(line.progress.value is None for line in self.next_below):
            return None
        return sum((line.progress.value or Decimal(0) for line in self.next_below), Decimal(0))

    @property
    def done_share(self) -> Decimal | None:
        """``done`` ÷ ``promised``."""
        return None if self.done is None else ratio(self.done, self.promised)

    @property
    def days(self) -> int:
        """Calendar days of the period."""
        return (self.period_end - self.period_start).days + 1


@dataclass(frozen=True)
class Briefing:
    """A campaign on a day. ``as_of`` is None before the first night: then nothing is measured.

    ``knows_targets``: by that day any target had been set that the reader may see.
    """

    campaign: Campaign
    day: dt.date
    as_of: AsOf | None
    sheets: list[Sheet]
    knows_targets: bool
    thresholds: list[PaceThreshold] = field(default_factory=list)


def briefing_of(actor: Actor, campaign: Campaign, as_of: AsOf | None) -> Briefing:
    """What can be told of ``campaign``, which the caller has fetched in the actor's scope.

    The targets of a day are those of units that stood below the owner on it, in the tree of that
    day, whose period holds it; when none does, those that ended last. Units that have left the
    actor's scope since are counted, not told.
    The number of queries does not depend on the number of units.
    """
    day = as_of.day if as_of else campaign.day_near(local_today())
    told = told_on(Target.objects.visible_to(actor, PERMISSION), day).filter(
        indicator__campaign=campaign
    )
    targets = list(
        told.filter(period_start__lte=day).select_related("indicator__group_set", "union")
    )
    knows_targets = bool(targets) or told.exists()
    beyond = list(
        told_on(Target.objects.all(), day)
        .filter(indicator__campaign=campaign, period_start__lte=day)
        .exclude(pk__in=[target.pk for target in targets])
    )
    paths = paths_on(_with_owner(campaign, [*targets, *beyond]), day)
    top = paths[campaign.owner_id]
    targets = [target for target in targets if paths[target.union_id].startswith(top)]
    left = Counter(_key(target) for target in beyond if paths[target.union_id].startswith(top))
    # A unit stands before what was below it.
    targets.sort(key=lambda row: (*_key(row), _tree_order(paths[row.union_id])))
    shown = [target for target in targets if target.period_end >= day]
    if not shown and targets:
        last = max(target.period_end for target in targets)
        shown = [target for target in targets if target.period_end == last]
    rows = measured(shown, day)
    forecasts = forecasts_of(rows)
    grouped: dict[Key, list[TargetProgress]] = {}
    for row in rows:
        grouped.setdefault(_key(row.target), []).append(row)
    return Briefing(
        campaign=campaign,
        day=day,
        as_of=as_of,
        sheets=[
            _sheet(campaign.owner_id, rows, forecasts, paths, left[key])
            for key, rows in grouped.items()
        ],
        knows_targets=knows_targets,
        thresholds=list(PaceThreshold.objects.all()),
    )


def _tree_order(path: str) -> tuple[int, ...]:
    """The place of a path among others: of unions below the same one, the older first. As texts,
    key 10 would stand before key 9."""
    return tuple(int(key) for key in path.split("/") if key)


def _key(target: Target) -> Key:
    return target.indicator_id, target.period_start, target.period_end


def _with_owner(campaign: Campaign, targets: list[Target]) -> UnionQuerySet:
    return Union.objects.filter(pk__in={campaign.owner_id, *(row.union_id for row in targets)})


def _sheet(
    owner_id: int,
    rows: list[TargetProgress],
    forecasts: dict[int, TargetForecast],
    paths: dict[int, str],
    left: int,
) -> Sheet:
    """``rows`` of one indicator and period, in the order of the tree: ``paths`` of the day."""
    first = rows[0].target
    own = next((row for row in rows if row.target.union_id == owner_id), None)
    below = [row for row in rows if row is not own]
    above = _nearest_above(below, paths)
    depths: dict[int, int] = {}
    for row in below:
        parent = above[row.target.pk]
        depths[row.target.pk] = 0 if parent is None else depths[parent] + 1
    places = _places(below, above)
    return Sheet(
        first.indicator,
        first.period_start,
        first.period_end,
        Line(own, 0, None, forecasts[own.target.pk]) if own else None,
        [
            Line(
                row,
                depths[row.target.pk],
                places.get(row.target.pk),
                forecasts[row.target.pk],
            )
            for row in below
        ],
        left,
    )


def _nearest_above(rows: Iterable[TargetProgress], paths: dict[int, str]) -> dict[int, int | None]:
    """The target of the nearest unit above each, by key; ``rows`` come in the order of the tree."""
    found: dict[int, int | None] = {}
    open_units: list[tuple[str, int]] = []
    for row in rows:
        path = paths[row.target.union_id]
        while open_units and not path.startswith(open_units[-1][0]):
            open_units.pop()
        found[row.target.pk] = open_units[-1][1] if open_units else None
        open_units.append((path, row.target.pk))
    return found


def _places(rows: list[TargetProgress], above: dict[int, int | None]) -> dict[int, int]:
    """The place of each target among those that stand under the same target, by share."""
    families: dict[int | None, list[TargetProgress]] = {}
    for row in rows:
        if row.share is not None:
            families.setdefault(above[row.target.pk], []).append(row)
    places: dict[int, int] = {}
    for family in families.values():
        family.sort(key=lambda row: -(row.share or Decimal(0)))
        place, share = 0, None
        for number, row in enumerate(family, start=1):
            if row.share != share:
                place, share = number, row.share
            places[row.target.pk] = place
    return places
