"""Where a target will stand at the end of its period, as far as the recent days tell."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from campaigns.models import Target


class ForecastMethod(models.TextChoices):
    """How a forecast was made (docs/adr/0010-forecasts.md)."""

    WEEKLY_SMOOTHING = "weekly_smoothing", _("exponential smoothing with the week's pattern")
    SMOOTHING = "smoothing", _("exponential smoothing")
    MEAN_RATE = "mean_rate", _("mean of the recent days")
    TOO_FEW_DAYS = "too_few_days", _("too few days")


class CampaignForecast(models.Model):
    """The expected value of a target at ``target.period_end``, forecast on ``day``.

    ``expected``, ``low`` and ``high`` are in the indicator's unit; the interval holds the value
    with probability ``confidence`` (0–1). All three are null when the recent days are too few to
    say anything (``TOO_FEW_DAYS``). ``needed_per_day`` is what each remaining day must bring to
    reach the target (``day`` itself is over; the period's last day counts), in the indicator's
    unit; ``needed_per_working_day`` the same for working days. Both are null when the target is
    reached; the second also where the holidays up to the end are not announced yet.

    ``days_used`` days before and including ``day`` were read. ``back_test_error`` is by how much
    the same method missed the change of whole fortnights (weeks for short series) that are over by
    now: the sum of what it missed ÷ the sum of the changes, 0.12 is 12 %; null where nothing could
    be tried. ``back_tests`` is in how many such periods.
    """

    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="forecasts")
    day = models.DateField()
    method = models.CharField(_("method"), max_length=20, choices=ForecastMethod)
    expected = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    low = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    high = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    confidence = models.DecimalField(max_digits=4, decimal_places=3)
    needed_per_day = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    needed_per_working_day = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    days_used = models.PositiveSmallIntegerField(_("days used"))
    back_test_error = models.DecimalField(max_digits=10, decimal_places=4, null=True)
    back_tests = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("forecast")
        verbose_name_plural = _("forecasts")
        constraints = [
            models.UniqueConstraint(fields=["target", "day"], name="reports_forecast_once_a_day"),
            models.CheckConstraint(
                condition=Q(
                    method="too_few_days",
                    expected__isnull=True,
                    low__isnull=True,
                    high__isnull=True,
                )
                | (~Q(method="too_few_days") & Q(expected__gte=F("low"), high__gte=F("expected"))),
                name="reports_forecast_in_its_interval",
            ),
        ]
        indexes = [models.Index(fields=["day"], name="reports_forecast_by_day")]

    def __str__(self) -> str:
        return f"{self.target_id} {self.day}"
