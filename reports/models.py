"""Counted figures, the runs that counted them, and what units say themselves."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from campaigns.models import Target
from reference.models import GroupSet
from unions.models import Union
from unions.scope import ScopedQuerySet


class ReportedFigure(models.Model):
    """What a union *says* (上报数), with its paper; never added to what the register shows.

    ``value`` is in ``unit`` (ratio 0–1). The difference to the register is itself a finding.
    """

    class Unit(models.TextChoices):
        PERSON = "person", pgettext_lazy("unit", "persons")
        UNION = "union", pgettext_lazy("unit", "unions")
        RATIO = "ratio", pgettext_lazy("unit", "ratio")
        STATION = "station", pgettext_lazy("unit", "stations")
        ENTERPRISE = "enterprise", pgettext_lazy("unit", "enterprises")
        CHECKUP = "checkup", pgettext_lazy("unit", "check-ups")
        YUAN = "yuan", pgettext_lazy("unit", "yuan")

    union = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="reported_figures", verbose_name=_("union")
    )
    metric = models.SlugField(_("metric"), max_length=60)
    group_set = models.ForeignKey(
        GroupSet, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("group set")
    )
    value = models.DecimalField(_("value"), max_digits=20, decimal_places=4)
    unit = models.CharField(_("unit"), max_length=12, choices=Unit)
    as_of = models.DateField(_("as of"))
    source = models.CharField(_("source"), max_length=200)
    note = models.CharField(_("note"), max_length=300, blank=True)
    is_demo = models.BooleanField(_("demo record"), default=False, editable=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("reported figure")
        verbose_name_plural = _("reported figures")
        ordering = ("-as_of", "metric", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["union", "metric", "group_set", "as_of"],
                nulls_distinct=False,
                name="reports_reported_figure_unique",
            )
        ]

    def __str__(self) -> str:
        return f"{self.metric} · {self.union} · {self.as_of}"


class ReportRun(models.Model):
    """One step of the night for one day: claimed with a lease, resumable, idempotent.

    ``cut_off`` is the instant up to which entries were read; a run whose cut-off lies before the
    end of its day counted an unfinished day and is counted again later.
    """

    class Status(models.TextChoices):
        DUE = "due", _("due")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

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


class CampaignProgress(models.Model):
    """How far a target was on a day. ``value`` and ``share`` are null where nothing can be said.

    ``share`` = value ÷ target (1 is reached, may exceed 1); ``time_elapsed`` = days gone ÷ days of
    the period, 0–1.
    """

    class Status(models.TextChoices):
        REACHED = "reached", _("reached")
        AHEAD = "ahead", _("ahead")
        ON_PACE = "on_pace", _("on pace")
        BEHIND = "behind", _("behind")
        AT_RISK = "at_risk", _("at risk")
        NOT_STARTED = "not_started", _("not started")
        NO_DATA = "no_data", _("no data")

    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="progress")
    day = models.DateField()
    value = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    target_value = models.DecimalField(max_digits=16, decimal_places=4)
    share = models.DecimalField(max_digits=12, decimal_places=6, null=True)
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


class PaceThreshold(models.Model):
    """From which pace (share of target ÷ share of time) on a target has this status."""

    status = models.CharField(
        _("status"), max_length=12, choices=CampaignProgress.Status, primary_key=True
    )
    minimum_pace = models.DecimalField(_("from pace"), max_digits=5, decimal_places=2, unique=True)

    class Meta:
        verbose_name = _("pace threshold")
        verbose_name_plural = _("pace thresholds")
        ordering = ("-minimum_pace",)

    def __str__(self) -> str:
        return f"{self.get_status_display()} ≥ {self.minimum_pace}"
