"""How far the owner of a campaign is, for the public page: no small number, nothing of others."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from campaigns.models import Campaign, Target
from reports.selectors.days import as_of
from reports.selectors.progress import TargetProgress, measured
from reports.selectors.small_targets import small_targets


@dataclass(frozen=True)
class PublicProgress:
    """A target of the owner as it stood on the day, and what had been reached by then.

    ``value`` and ``share`` are None where nothing is known, and where ``is_small``: fewer persons
    than the smallest number that may be told, or a rate that rests on so few. ``is_measured``: a
    night has looked, so that a rate without a value has no baseline.
    """

    target: Target
    target_value: Decimal
    value: Decimal | None
    share: Decimal | None
    is_small: bool
    is_measured: bool = True

    @property
    def bar(self) -> str:
        """The share in per cent for a style sheet, 100 at most."""
        return f"{min(max(self.share or Decimal(0), Decimal(0)), Decimal(1)) * 100:.2f}"


def public_progress(campaign: Campaign) -> tuple[list[PublicProgress], dt.date | None]:
    """The owner's targets of a campaign that shows its progress, with the day of the figures.

    Empty where the owner does not want it, or before anything was counted.
    """
    if not campaign.shows_progress:
        return [], None
    counted = as_of()
    if counted is None:
        return [], None
    targets = (
        Target.objects.in_force()
        .filter(
            indicator__campaign=campaign, union=campaign.owner_id, period_start__lte=counted.day
        )
        .select_related("indicator")
        .order_by("indicator", "period_start", "-period_end")
    )
    rows = measured(targets, counted.day)
    small = small_targets(rows)
    return [_told(row, row.target.pk in small) for row in rows], counted.day


def _told(row: TargetProgress, is_small: bool) -> PublicProgress:
    return PublicProgress(
        row.target,
        row.target_value,
        None if is_small else row.value,
        None if is_small else row.share,
        is_small,
        row.progress is not None,
    )
