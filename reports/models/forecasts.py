"""Where a target will stand at the end of its period, as far as the recent days tell."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from campaigns.models import Metric, Target
from reference.models import GroupSet
from unions.models import Union


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


class ForecastWeights(models.Model):
    """How the recent days of a figure were fitted on ``fitted_on``: the forecasts of the six days
    after it use the same weights (docs/adr/0010-forecasts.md).

    The figure is what targets of ``metric`` and ``group_set`` count for ``union``. ``parameters``,
    ``components``, ``season`` and ``free`` are those of statsforecast's model, whose days begin
    with ``first_day``. ``missed`` and ``brought``: for each back-test, over ``period`` days, by how
    much the figure was missed and what came. Written by the night alone, and no figure itself.
    """

    union = models.ForeignKey(Union, on_delete=models.PROTECT, related_name="+", db_index=False)
    metric = models.CharField(max_length=24, choices=Metric)
    group_set = models.ForeignKey(
        GroupSet, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    fitted_on = models.DateField()
    first_day = models.DateField()
    method = models.CharField(max_length=20, choices=ForecastMethod)
    components = models.CharField(max_length=4)
    season = models.PositiveSmallIntegerField()
    free = models.PositiveSmallIntegerField()
    parameters = ArrayField(models.FloatField())
    period = models.PositiveSmallIntegerField()
    missed = ArrayField(models.FloatField())
    brought = ArrayField(models.FloatField())

    class Meta:
        verbose_name = _("weights of a forecast")
        verbose_name_plural = _("weights of forecasts")
        constraints = [
            models.UniqueConstraint(
                fields=["metric", "group_set", "union"],
                nulls_distinct=False,
                name="reports_forecast_weights_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.union_id} {self.metric} {self.fitted_on}"
