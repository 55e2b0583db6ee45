"""What the night found when it checked its own books and the entries behind them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from unions.models import Union
from unions.scope import ScopedQuerySet


class Drift(models.Model):
    """Two books that must agree did not, for a union on a day; marked on the page until mended.

    ``stored`` and ``expected`` are words or numbers of the two sides, never personal data.
    """

    class Book(models.TextChoices):
        LEDGER = "ledger", _("ledger against memberships")
        COUNTS = "counts", _("figures against the ledger")
        ROLL_UP = "roll_up", _("union against the unions below it")
        REPORTED = "reported", _("reported against register")

    day = models.DateField(_("day"))
    union = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="+", verbose_name=_("union")
    )
    book = models.CharField(_("books"), max_length=12, choices=Book)
    metric = models.CharField(_("metric"), max_length=60)
    breakdown = models.CharField(max_length=40, blank=True, default="")
    stored = models.CharField(_("stands"), max_length=60)
    expected = models.CharField(_("should stand"), max_length=60)
    found_at = models.DateTimeField(_("found"), auto_now_add=True)
    mended_at = models.DateTimeField(_("mended"), null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("drift")
        verbose_name_plural = _("drifts")
        ordering = ("-day", "union", "metric", "breakdown")
        constraints = [
            models.UniqueConstraint(
                fields=["union", "day", "book", "metric", "breakdown"],
                name="reports_drift_once_a_day",
            )
        ]

    def __str__(self) -> str:
        return f"{self.union_id} {self.day} {self.book} {self.metric}"


class QualitySignal(models.Model):
    """Something in the entries of a union that is worth a look: never a verdict.

    ``value`` is how many entries show it; ``details`` holds keys of records and codes only.
    """

    class Kind(models.TextChoices):
        BURST = "burst", _("many joins at once from one device or code")
        SHARED_PHONE = "shared_phone", _("several members with one phone")
        IMPOSSIBLE_AGE = "impossible_age", _("impossible age")
        LAST_DAY = "last_day", _("many joins on the last day of a phase")
        INACTIVE = "inactive", _("members without any activity")

    day = models.DateField(_("day"))
    union = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="+", verbose_name=_("union")
    )
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    value = models.PositiveIntegerField(_("entries"))
    details = models.JSONField(default=dict, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("quality signal")
        verbose_name_plural = _("quality signals")
        ordering = ("-day", "union", "kind", "id")
        indexes = [models.Index(fields=["union", "-day"], name="reports_signal_of_union")]

    def __str__(self) -> str:
        return f"{self.union_id} {self.day} {self.kind}"
