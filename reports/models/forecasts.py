"""Where a target will stand at the end of its period, as far as the recent days tell."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models import Target


class CampaignForecast(models.Model):
    """The expected value of a target at ``target.period_end``, forecast on ``day``.

    ``expected``, ``low`` and ``high`` are in the indicator's unit; the interval holds the value
    with probability ``confidence`` (0–1). ``needed_per_day`` is what a day (calendar, inclusive)
    must still bring to reach the target; null when it is reached or its period is over.
    """

    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="forecasts")
    day = models.DateField()
    method = models.SlugField(_("method"), max_length=40)
    expected = models.DecimalField(max_digits=20, decimal_places=6)
    low = models.DecimalField(max_digits=20, decimal_places=6)
    high = models.DecimalField(max_digits=20, decimal_places=6)
    confidence = models.DecimalField(max_digits=4, decimal_places=3)
    needed_per_day = models.DecimalField(max_digits=20, decimal_places=6, null=True)

    class Meta:
        verbose_name = _("forecast")
        verbose_name_plural = _("forecasts")
        constraints = [
            models.UniqueConstraint(fields=["target", "day"], name="reports_forecast_once_a_day")
        ]
        indexes = [models.Index(fields=["day"], name="reports_forecast_by_day")]

    def __str__(self) -> str:
        return f"{self.target_id} {self.day}"
