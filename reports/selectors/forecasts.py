"""Forecasts of targets, and pace in calendar and in working days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import NamedTuple

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from campaigns.models import Target, Unit
from members.working_days import working_days_of
from reports.models import CampaignForecast, CampaignProgress, ForecastMethod


class TimeShares(NamedTuple):
    """The shares of a period that have gone by a day, 0–1.

    ``working`` is None where the holidays of the whole period are not announced yet, or it has no
    working day.
    """

    calendar: Decimal
    working: Decimal | None


def time_shares(first: dt.date, last: dt.date, day: dt.date) -> TimeShares:
    """How much of ``first`` … ``last`` (both inclusive) is over at the end of ``day``."""
    upto = min(day, last)
    gone = max((upto - first).days + 1, 0)
    calendar = Decimal(gone) / ((last - first).days + 1)
    whole = working_days_of(first, last)
    worked = working_days_of(first, upto)
    if not whole or worked is None:
        return TimeShares(calendar, None)
    return TimeShares(calendar, Decimal(worked) / whole)


@dataclass(frozen=True)
class TargetForecast:
    """A target on ``day``: its pace, and what the recent days let one expect at its end.

    ``forecast`` is None when none was made: the period has not begun or is over, or the target has
    no value. Status and forecast are two things: the status says where the target stands against
    the time that has gone, the forecast where the recent days lead.
    """

    target: Target
    day: dt.date
    progress: CampaignProgress | None
    forecast: CampaignForecast | None

    @property
    def has_expectation(self) -> bool:
        """Does the forecast say anything?"""
        return self.forecast is not None and self.forecast.expected is not None

    @property
    def shares(self) -> TimeShares:
        """The shares of time that have gone."""
        return time_shares(self.target.period_start, self.target.period_end, self.day)

    @property
    def pace(self) -> Decimal | None:
        """Share of target ÷ share of calendar days."""
        return self._pace(self.shares.calendar)

    @property
    def working_pace(self) -> Decimal | None:
        """Share of target ÷ share of working days; None where those are not known."""
        return self._pace(self.shares.working)

    def _pace(self, share_of_time: Decimal | None) -> Decimal | None:
        if self.progress is None or self.progress.share is None or not share_of_time:
            return None
        return self.progress.share / share_of_time

    @property
    def expected_share(self) -> Decimal | None:
        """Expected value ÷ target."""
        if self.forecast is None or self.forecast.expected is None or not self.target.value:
            return None
        return self.forecast.expected / self.target.value

    @property
    def verdict(self) -> str:
        """Whether the recent days lead to the target, in words; "" without a forecast."""
        found, wanted = self.forecast, self.target.value
        if found is None or found.low is None or found.high is None:
            return ""
        reached = self.progress.value if self.progress else None
        if reached is not None and reached >= wanted:
            return _("The target is reached already.")
        if found.low >= wanted:
            return _("As things go, the target will be reached.")
        if found.high < wanted:
            return _("As things go, the target will be missed.")
        return _("As things go, the target may be reached or missed.")

    @property
    def expected(self) -> Decimal | None:
        """The expected value, as it is shown: persons whole, ratios as they are."""
        return self._shown(self.forecast.expected if self.forecast else None)

    @property
    def low(self) -> Decimal | None:
        """The lower end of the interval, as it is shown."""
        return self._shown(self.forecast.low if self.forecast else None)

    @property
    def high(self) -> Decimal | None:
        """The upper end of the interval, as it is shown."""
        return self._shown(self.forecast.high if self.forecast else None)

    @property
    def needed_per_day(self) -> Decimal | None:
        """What each calendar day left must bring; rounded up, so that it does reach the target."""
        return self._needed(self.forecast.needed_per_day if self.forecast else None)

    @property
    def needed_per_working_day(self) -> Decimal | None:
        """What each working day left must bring, rounded up."""
        return self._needed(self.forecast.needed_per_working_day if self.forecast else None)

    def _shown(self, value: Decimal | None) -> Decimal | None:
        if value is None or self.target.indicator.unit == Unit.RATIO:
            return value
        return value.quantize(Decimal(1), rounding=ROUND_HALF_UP)

    def _needed(self, value: Decimal | None) -> Decimal | None:
        if value is None or self.target.indicator.unit == Unit.RATIO:
            return value
        return value.quantize(Decimal("0.1"), rounding=ROUND_CEILING)

    @property
    def method_label(self) -> str:
        """The method in words."""
        return str(ForecastMethod(self.forecast.method).label) if self.forecast else ""

    @property
    def days_left(self) -> int:
        """Calendar days left, ``day`` itself not included."""
        return max((self.target.period_end - self.day).days, 0)

    @property
    def working_days_left(self) -> int | None:
        """Working days left; None where the holidays are not announced yet."""
        return working_days_of(self.day + dt.timedelta(days=1), self.target.period_end)


def forecasts_of(targets: Iterable[Target], day: dt.date) -> dict[int, TargetForecast]:
    """By key of the target, its newest progress and forecast up to ``day``; three queries at most.

    A forecast older than a week, or of a period that is over, is no forecast any more.
    """
    rows = list(targets)
    keys = [row.pk for row in rows]
    newest = Target.objects.filter(pk__in=keys).values(
        newest_progress=Subquery(
            CampaignProgress.objects.filter(target=OuterRef("pk"), day__lte=day)
            .order_by("-day")
            .values("pk")[:1]
        ),
        newest_forecast=Subquery(
            CampaignForecast.objects.filter(
                target=OuterRef("pk"), day__lte=day, day__gt=day - dt.timedelta(days=7)
            )
            .order_by("-day")
            .values("pk")[:1]
        ),
    )
    found = list(newest)
    progress = {
        row.target_id: row
        for row in CampaignProgress.objects.filter(pk__in=[row["newest_progress"] for row in found])
    }
    forecasts = {
        row.target_id: row
        for row in CampaignForecast.objects.filter(pk__in=[row["newest_forecast"] for row in found])
    }
    return {
        row.pk: TargetForecast(
            row,
            day,
            progress.get(row.pk),
            forecasts.get(row.pk) if row.period_start <= day < row.period_end else None,
        )
        for row in rows
    }
