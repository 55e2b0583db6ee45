"""Forecasts of targets, and pace in calendar and in working days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import NamedTuple

from django.utils.translation import gettext as _

from campaigns.models import Target, Unit
from members.working_days import working_days_of
from reports.models import CampaignForecast, CampaignProgress, ForecastMethod
from reports.ratios import ratio
from reports.selectors.progress import TargetProgress


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

    row: TargetProgress
    forecast: CampaignForecast | None

    @property
    def target(self) -> Target:
        """The target."""
        return self.row.target

    @property
    def day(self) -> dt.date:
        """The day shown."""
        return self.row.day

    @property
    def progress(self) -> CampaignProgress | None:
        """The newest measurement up to the day."""
        return self.row.progress

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
        if self.row.share is None or not share_of_time:
            return None
        return self.row.share / share_of_time

    @property
    def expected_share(self) -> Decimal | None:
        """Expected value ÷ target."""
        if self.forecast is None or self.forecast.expected is None:
            return None
        return ratio(self.forecast.expected, self.row.target_value)

    @property
    def verdict(self) -> str:
        """Whether the recent days lead to the target, in words; "" without a forecast, and where
        nothing is asked."""
        found, wanted = self.forecast, self.row.target_value
        if found is None or found.low is None or found.high is None or not wanted:
            return ""
        reached = self.row.value
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
        if self.forecast is None:
            return None
        days = (self.target.period_end - self.forecast.day).days
        return self._needed(self.forecast.needed_per_day, days)

    @property
    def needed_per_working_day(self) -> Decimal | None:
        """What each working day left must bring, rounded up."""
        if self.forecast is None:
            return None
        days = working_days_of(self.forecast.day + dt.timedelta(days=1), self.target.period_end)
        return self._needed(self.forecast.needed_per_working_day, days)

    def _shown(self, value: Decimal | None) -> Decimal | None:
        if value is None or self.target.indicator.unit == Unit.RATIO:
            return value
        return value.quantize(Decimal(1), rounding=ROUND_HALF_UP)

    def _needed(self, measured: Decimal | None, days: int | None) -> Decimal | None:
        """``measured``, or, where the target was changed since, what is left in the ``days``."""
        value, found = measured, self.progress
        if found and found.value is not None and found.target_value != self.row.target_value:
            missing = self.row.target_value - found.value
            value = missing / days if missing > 0 and days else None
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


def forecasts_of(rows: Iterable[TargetProgress]) -> dict[int, TargetForecast]:
    """By key of the target, its newest forecast up to the day of its row; one query.

    A forecast older than a week, or of a period that is over, is no forecast any more.
    """
    wanted = list(rows)
    under_way = [
        row.target.pk
        for row in wanted
        if row.target.period_start <= row.day < row.target.period_end
    ]
    found: dict[int, CampaignForecast] = {}
    if under_way:
        day = wanted[0].day
        newest = CampaignForecast.objects.filter(
            target__in=under_way, day__lte=day, day__gt=day - dt.timedelta(days=7)
        )
        found = {
            forecast.target_id: forecast
            for forecast in newest.order_by("target_id", "-day").distinct("target_id")
        }
    return {row.target.pk: TargetForecast(row, found.get(row.target.pk)) for row in wanted}
