"""Counted figures."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from unions.models import Union
from unions.scope import ScopedQuerySet


class DailyCount(models.Model):
    """A figure of a union and its whole subtree on a day. Sparse: a row only where it changed.

    The value on day D is that of the latest row ≤ D. ``breakdown`` is empty for the total, a
    worker group for member metrics, a union kind for unions, a station kind for stations.
    """

    class Metric(models.TextChoices):
        MEMBERS = "members", _("members")  # stock, persons
        RETAINED = "retained", _("retained members")  # stock, persons
        JOINED = "joined", _("joined so far")  # cumulative, persons; a period is a difference
        UNIONS = "unions", _("unions")  # stock
        UNIONS_FOUNDED = "unions_founded", _("unions founded so far")  # cumulative
        NEF_UNIONS = "nef_unions", _("unions of new-form workers")  # stock
        STATIONS = "stations", _("stations")  # stock

    # No index of its own: the unique one begins with the union.
    union = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="daily_counts", db_index=False
    )
    day = models.DateField()
    metric = models.CharField(max_length=16, choices=Metric)
    breakdown = models.CharField(max_length=40, blank=True, default="")
    value = models.BigIntegerField()
    definition_version = models.PositiveSmallIntegerField(default=1)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("daily count")
        verbose_name_plural = _("daily counts")
        constraints = [
            models.UniqueConstraint(
                fields=["union", "metric", "breakdown", "day"], name="reports_daily_count_unique"
            )
        ]
        indexes = [models.Index(fields=["day"], name="reports_daily_count_by_day")]

    def __str__(self) -> str:
        return f"{self.union_id} {self.metric} {self.breakdown} {self.day}: {self.value}"
