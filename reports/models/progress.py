"""How far targets are."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models import Target


class CampaignProgress(models.Model):
    """How far a target was on a day. ``value`` and ``share`` are null where nothing can be said.

    ``share`` = value ÷ target (1 is reached, may exceed 1); ``time_elapsed`` = days gone ÷ days of
    the period, 0–1. Its column holds the largest value over the smallest target.
    """

    class Status(models.TextChoices):
        REACHED = "reached", _("reached")
        AHEAD = "ahead", _("ahead")
        ON_PACE = "on_pace", _("on pace")
        BEHIND = "behind", _("behind")
        AT_RISK = "at_risk", _("at risk")
        NOT_STARTED = "not_started", _("not started")
        NO_DATA = "no_data", _("no data")
        # A target of 0 asks for nothing: there is no share of it.
        NO_TARGET = "no_target", _("target of 0")

    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="progress")
    day = models.DateField()
    value = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    target_value = models.DecimalField(max_digits=16, decimal_places=4)
    share = models.DecimalField(max_digits=26, decimal_places=6, null=True)
    time_elapsed = models.DecimalField(max_digits=7, decimal_places=6)
    status = models.CharField(max_length=12, choices=Status)

    class Meta:
        verbose_name = _("campaign progress")
        verbose_name_plural = _("campaign progress")
        constraints = [
            models.UniqueConstraint(fields=["target", "day"], name="reports_progress_once_a_day")
        ]
        indexes = [models.Index(fields=["day"], name="reports_progress_by_day")]

    def __str__(self) -> str:
        return f"{self.target_id} {self.day}"


# The statuses that follow from pace, the best first; each has its threshold.
PACE_ORDER = (
    CampaignProgress.Status.AHEAD, CampaignProgress.Status.ON_PACE,
    CampaignProgress.Status.BEHIND, CampaignProgress.Status.AT_RISK,
)  # fmt: skip


class PaceThreshold(models.Model):
    """From which pace (share of target ÷ share of time) on a target has this status."""

    status = models.CharField(
        _("status"),
        max_length=12,
        choices=[(status.value, status.label) for status in PACE_ORDER],
        primary_key=True,
    )
    minimum_pace = models.DecimalField(_("from pace"), max_digits=5, decimal_places=2, unique=True)

    class Meta:
        verbose_name = _("pace threshold")
        verbose_name_plural = _("pace thresholds")
        ordering = ("-minimum_pace",)

    def __str__(self) -> str:
        return f"{self.get_status_display()} ≥ {self.minimum_pace}"
