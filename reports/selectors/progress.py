"""Campaigns, their targets, and how far they were on a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, NullIf
from django.utils.translation import gettext as _

from campaigns.models import Campaign, Phase, Target, TargetQuerySet, TargetVersion
from campaigns.selectors.targets import VALUE_ON_DAY_SQL
from core.clock import local_today
from core.replica import reading_connection
from reports.models import CampaignProgress
from reports.pace import STATUS_ON_DAY_SQL
from reports.ratios import ratio
from reports.selectors.marks import DOUBTED_TARGETS_SQL, books_note
from reports.selectors.scope import PERMISSION, visible_campaigns
from unions.models import Union
from unions.scope import Actor

Status = CampaignProgress.Status


@dataclass(frozen=True)
class TargetProgress:
    """A target and its newest measurement up to the day (None: nothing was measured yet).

    ``target_value`` is the target as it stood on the day, in the indicator's unit;
    ``target.value`` is that of today. ``books_differ``: the books behind what was reached differ.
    """

    target: Target
    progress: CampaignProgress | None
    day: dt.date
    target_value: Decimal
    books_differ: bool = False

    @property
    def status(self) -> str:
        """A code of ``CampaignProgress.Status``."""
        if self.target.period_start > self.day:
            return Status.NOT_STARTED
        return self.progress.status if self.progress else Status.NO_DATA

    @property
    def status_label(self) -> str:
        """The status in words. After the end of its period a target is no longer at risk."""
        if self.is_finished and self.status in (
            Status.AHEAD,
            Status.ON_PACE,
            Status.BEHIND,
            Status.AT_RISK,
        ):
            return _("not reached")
        return str(Status(self.status).label)

    @property
    def is_closed(self) -> bool:
        """The union had been dissolved by the day: nobody is left to reach the target."""
        closed_on = self.target.union.closed_on
        return closed_on is not None and closed_on <= self.day

    @property
    def is_over(self) -> bool:
        """The period has ended."""
        return self.target.period_end < self.day

    @property
    def is_finished(self) -> bool:
        """Nothing can be added any more: as ``is_over``, and on the last day once it has passed."""
        return self.is_over or self.target.period_end == self.day < local_today()

    @property
    def is_under_way(self) -> bool:
        """The day lies in the period."""
        return self.target.period_start <= self.day <= self.target.period_end

    @property
    def value(self) -> Decimal | None:
        """What has been reached, in the indicator's unit."""
        return self.progress.value if self.progress else None

    @property
    def share(self) -> Decimal | None:
        """Value ÷ target; may exceed 1."""
        found = self.progress
        if found is None or found.value is None:
            return None
        if found.target_value == self.target_value:
            return found.share
        # The target was changed after the last measurement.
        return ratio(found.value, self.target_value)

    @property
    def measured_earlier(self) -> dt.date | None:
        """The day of the measurement, where what counts on the day shown may be another value."""
        if self.progress is None:
            return None
        end, measured = self.target.period_end, self.progress.day
        return measured if measured < min(self.day, end) else None

    @property
    def remark(self) -> str:
        """What must be known of the value, in words: its books differ, it is of an earlier day; ""
        mostly, and where there is none."""
        earlier = self.measured_earlier if self.value is not None else None
        measured = _("measured on %(day)s") % {"day": earlier} if earlier else ""
        return " · ".join(filter(None, (books_note(self.books_differ), measured)))

    @property
    def time_elapsed(self) -> Decimal:
        """Days gone ÷ days of the period on the day shown, 0–1."""
        length = (self.target.period_end - self.target.period_start).days + 1
        gone = (min(self.day, self.target.period_end) - self.target.period_start).days + 1
        return Decimal(max(gone, 0)) / length

    @property
    def pace(self) -> Decimal | None:
        """Share of target ÷ share of time, both of the day of the measurement."""
        if self.share is None or self.progress is None or not self.progress.time_elapsed:
            return None
        return self.share / self.progress.time_elapsed


@dataclass(frozen=True)
class CampaignView:
    """A campaign with the targets of one union."""

    campaign: Campaign
    targets: list[TargetProgress]
    day: dt.date

    @property
    def is_running(self) -> bool:
        """The day lies in the campaign's dates."""
        return self.campaign.starts_on <= self.day <= self.campaign.ends_on


@dataclass(frozen=True)
class PhaseBar:
    """A phase on the time line: ``left`` and ``width`` in percent of its length."""

    phase: Phase
    left: Decimal
    width: Decimal
    is_current: bool


@dataclass(frozen=True)
class Timeline:
    """The phases over the campaign's time; ``today`` is where the day stands, in percent."""

    starts_on: dt.date
    ends_on: dt.date
    bars: list[PhaseBar]
    today: Decimal | None


_MEASUREMENT = ("id", "day", "value", "target_value", "share", "time_elapsed", "status")
_MEASURED = f"""
WITH doubted AS ({DOUBTED_TARGETS_SQL})
SELECT t.id, on_day.value,
    p.value IS NOT NULL AND COALESCE(doubted.since <= LEAST(p.day, t.period_end), false),
    {", ".join(f"p.{column}" for column in _MEASUREMENT[:-1])}, {STATUS_ON_DAY_SQL}
FROM campaigns_target t
CROSS JOIN LATERAL (
    SELECT {VALUE_ON_DAY_SQL.format(target="t.id", day="%(day)s")} AS value
) on_day
LEFT JOIN LATERAL (
    SELECT * FROM reports_campaignprogress p
    WHERE p.target_id = t.id AND p.day <= %(day)s ORDER BY p.day DESC LIMIT 1
) p ON true
LEFT JOIN doubted ON doubted.target_id = t.id
WHERE t.id = ANY(%(targets)s::bigint[])
"""


def measured(targets: Iterable[Target], day: dt.date) -> list[TargetProgress]:
    """``targets`` with their value and the newest measurement up to ``day`` each, in one query."""
    rows = {row.pk: row for row in targets}
    if not rows:
        return []
    found: dict[int, TargetProgress] = {}
    with reading_connection().cursor() as cursor:
        cursor.execute(_MEASURED, {"targets": list(rows), "day": day})
        for key, on_day, books_differ, *measurement in cursor.fetchall():
            target = rows[key]
            progress = None
            if measurement[0] is not None:
                progress = CampaignProgress(
                    target_id=key, **dict(zip(_MEASUREMENT, measurement, strict=True))
                )
            # Of a withdrawn target, which only its own page asks for, the last value.
            value = target.value if on_day is None else on_day
            found[key] = TargetProgress(target, progress, day, value, books_differ)
    return [found[key] for key in rows]


def told_on(targets: TargetQuerySet, day: dt.date) -> TargetQuerySet:
    """Those of ``targets`` that were in force on ``day`` and of which ``day`` knew: they had been
    set by then, or were measured for a day up to it (the first night measures the past).

    What is published later takes no place on days that are out.
    """
    later = TargetVersion.objects.filter(target=OuterRef("pk"), number=1, valid_from__gt=day)
    measured_by_then = CampaignProgress.objects.filter(target=OuterRef("pk"), day__lte=day)
    return targets.in_force_on(day).filter(~Exists(later) | Exists(measured_by_then))


def campaigns_of(actor: Actor, union: Union, day: dt.date) -> list[CampaignView]:
    """Campaigns of which ``day`` knew that they set ``union`` a target, running ones first, then
    by their beginning."""
    targets = (
        told_on(Target.objects.all(), day)
        .filter(union=union, indicator__campaign__in=visible_campaigns(actor).values("pk"))
        .select_related("indicator__campaign__owner", "indicator__group_set")
        .order_by("indicator", "period_start", "-period_end")
    )
    views: dict[int, CampaignView] = {}
    for row in measured(targets, day):
        campaign = row.target.indicator.campaign
        views.setdefault(campaign.pk, CampaignView(campaign, [], day)).targets.append(row)
    return sorted(
        views.values(),
        key=lambda view: (not view.is_running, -view.campaign.starts_on.toordinal()),
    )


def timeline(campaign: Campaign, day: dt.date) -> Timeline:
    """The phases of ``campaign``, one bar each, so that overlaps can be seen."""
    phases = list(campaign.phases.all())
    first = min([campaign.starts_on, *(phase.starts_on for phase in phases)])
    last = max([campaign.ends_on, *(phase.ends_on for phase in phases)])
    length = (last - first).days + 1

    def place(days: int) -> Decimal:
        return round(Decimal(days * 100) / length, 2)

    return Timeline(
        first,
        last,
        [
            PhaseBar(
                phase,
                place((phase.starts_on - first).days),
                place((phase.ends_on - phase.starts_on).days + 1),
                phase.starts_on <= day <= phase.ends_on,
            )
            for phase in phases
        ],
        place((day - first).days) if first <= day <= last else None,
    )


# What the table of targets can be sorted by → the column.
TARGET_SORTS = {
    "union": "union__name",
    "indicator": "indicator_id",
    "period": "period_start",
    "target": "value_on_day",
    "value": "progress_value",
    "share": "progress_share",
    "pace": "progress_pace",
}


def targets_of_campaign(
    actor: Actor, campaign: Campaign, day: dt.date, sort: str = "-share"
) -> QuerySet[Target, Any]:
    """The targets of ``campaign`` in the viewer's scope, sorted; unmeasured ones stand last."""
    newest = CampaignProgress.objects.filter(target=OuterRef("pk"), day__lte=day).order_by("-day")
    version = TargetVersion.objects.standing_on(day, OuterRef("pk"))
    column = TARGET_SORTS.get(sort.removeprefix("-"), "progress_share")
    order = (
        F(column).desc(nulls_last=True) if sort.startswith("-") else F(column).asc(nulls_last=True)
    )
    return (
        told_on(Target.objects.visible_to(actor, PERMISSION), day)
        .filter(Q(indicator__campaign=campaign))
        .annotate(
            value_on_day=Coalesce(Subquery(version.values("value")[:1]), F("value")),
            progress_value=Subquery(newest.values("value")[:1]),
            progress_time=Subquery(newest.values("time_elapsed")[:1]),
        )
        .annotate(progress_share=F("progress_value") / NullIf(F("value_on_day"), Decimal(0)))
        .annotate(progress_pace=F("progress_share") / NullIf(F("progress_time"), Decimal(0)))
        .select_related("union", "indicator", "indicator__group_set")
        .order_by(order, "union__path", "indicator_id", "period_start", "pk")
    )
