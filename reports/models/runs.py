"""The steps of the night and who is at them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _, pgettext_lazy


class ReportRun(models.Model):
    """One step of the night for one day: claimed with a lease, resumable, idempotent.

    ``cut_off`` is the instant up to which entries were read; a run whose cut-off lies before the
    end of its day counted an unfinished day and is counted again later.
    """

    class Status(models.TextChoices):
        DUE = "due", _("due")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", pgettext_lazy("run", "failed")

    report = models.SlugField(_("step"), max_length=40)
    day = models.DateField(_("day"))
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.DUE)
    claim = models.UUIDField(_("claim"), null=True, blank=True)
    lease_until = models.DateTimeField(_("claimed until"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    cut_off = models.DateTimeField(_("cut-off"), null=True, blank=True)
    row_count = models.PositiveIntegerField(_("rows written"), default=0)
    seconds = models.FloatField(_("seconds"), default=0)
    # Over the rows the step wrote: two runs that wrote the same have the same.
    checksum = models.BigIntegerField(_("checksum"), default=0)
    error = models.CharField(_("error"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("report run")
        verbose_name_plural = _("report runs")
        ordering = ("-day", "report")
        constraints = [
            models.UniqueConstraint(fields=["report", "day"], name="reports_run_once_a_day"),
            models.CheckConstraint(
                condition=~Q(status="running") | Q(claim__isnull=False, lease_until__isnull=False),
                name="reports_run_running_has_lease",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report} · {self.day}"
