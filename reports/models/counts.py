"""Counted figures: what was published, and what entries recorded late would have made of it."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from reference.models import WorkerGroup
from unions.models import Union
from unions.scope import ScopedQuerySet


class Metric(models.TextChoices):
    """What is counted every night. Definitions: docs/metrics.md."""

    MEMBERS = "members", _("members")  # stock, persons
    RETAINED = "retained", _("retained members")  # stock, persons
    JOINED = "joined", _("joined so far")  # cumulative first joinings; a period is a difference
    REJOINED = "rejoined", _("joined again so far")  # cumulative, persons
    UNIONS = "unions", _("unions")  # stock
    UNIONS_FOUNDED = "unions_founded", _("unions founded so far")  # cumulative
    NEF_UNIONS = "nef_unions", _("unions of new-form workers")  # stock
    STATIONS = "stations", pgettext_lazy("metric", "stations")  # stock


# Each has columns of its own in ``DailyCount``; the others are rows of ``DailyUnitCount``.
PERSON_METRICS = (Metric.MEMBERS, Metric.RETAINED, Metric.JOINED, Metric.REJOINED)
STOCKS = (Metric.MEMBERS, Metric.RETAINED)


class GroupNumber(models.Model):
    """The number by which ``DailyCount`` names a worker group. Given by the night, never reused."""

    number = models.SmallAutoField(primary_key=True)
    # A group that anybody was ever counted in is kept by the ledger.
    worker_group = models.OneToOneField(WorkerGroup, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("number of a worker group")
        verbose_name_plural = _("numbers of worker groups")

    def __str__(self) -> str:
        return f"{self.number} {self.worker_group_id}"


class DailyCount(models.Model):
    """Persons of a union and its whole subtree from a day on. Sparse: a row only where it changed.

    The values on day D are those of the latest row ≤ D. The sums over all worker groups have
    columns of their own. Those of the single groups stand side by side: ``groups`` has the numbers
    (``GroupNumber``) of the groups that have been counted so far, and at the same place of the
    other arrays stand the figures. Null, or an array that is shorter, means 0. In SQL:
    ``figure_sql``.

    No foreign key in the database: rows are written by the night alone, from unions that are never
    deleted, and the check would cost a third of the night (ADR 11).
    """

    pk = models.CompositePrimaryKey("union_id", "day")
    union = models.ForeignKey(
        Union,
        on_delete=models.DO_NOTHING,
        related_name="daily_counts",
        db_index=False,
        db_constraint=False,
    )
    day = models.DateField()
    members = models.IntegerField(default=0, db_default=0)
    retained = models.IntegerField(default=0, db_default=0)
    joined = models.IntegerField(default=0, db_default=0)
    rejoined = models.IntegerField(default=0, db_default=0)
    definition_version = models.PositiveSmallIntegerField(default=1, db_default=1)
    groups = ArrayField(models.SmallIntegerField(), default=list, db_default=[])
    group_members = ArrayField(models.IntegerField(), null=True)
    group_retained = ArrayField(models.IntegerField(), null=True)
    group_joined = ArrayField(models.IntegerField(), null=True)
    group_rejoined = ArrayField(models.IntegerField(), null=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("daily count")
        verbose_name_plural = _("daily counts")
        # Rows are written day by day: a few bytes for each block of them find those of a day.
        indexes = [BrinIndex(fields=["day"], name="reports_daily_count_by_day", autosummarize=True)]

    def __str__(self) -> str:
        return f"{self.union_id} {self.day}: {self.members}"


# Breakdowns (``%(breakdowns)s``: codes of worker groups, or '' for the sum of all) with their
# numbers, where they have one.
NUMBERED_SQL = """(
    SELECT w.breakdown, n.number FROM unnest(%(breakdowns)s::text[]) AS w(breakdown)
    LEFT JOIN reports_groupnumber n ON n.worker_group_id = w.breakdown)"""


def figure_sql(metric: str, *, row: str = "c", breakdown: str = "''", number: str = "NULL") -> str:
    """What a row of ``DailyCount`` says of a person metric, in SQL: the sum over all groups, or the
    figure of one; null of a group that was not counted. The other arguments are SQL expressions:
    the group's code, or '', and its number.
    """
    column = Metric(metric).value
    if breakdown == "''":
        return f"{row}.{column}"
    of_group = f"{row}.group_{column}[array_position({row}.groups, {number})]"
    return f"CASE WHEN {breakdown} = '' THEN {row}.{column} ELSE {of_group} END"


class DailyUnitCount(models.Model):
    """Unions or stations of a union and its subtree from a day on; sparse like ``DailyCount``.

    ``breakdown`` is a union kind or a station kind, or empty for the sum.
    """

    pk = models.CompositePrimaryKey("union_id", "metric", "breakdown", "day")
    union = models.ForeignKey(
        Union, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    metric = models.CharField(max_length=16, choices=Metric)
    breakdown = models.CharField(max_length=40, blank=True, default="")
    day = models.DateField()
    value = models.IntegerField()
    definition_version = models.PositiveSmallIntegerField(default=1, db_default=1)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("daily count of units")
        verbose_name_plural = _("daily counts of units")

    def __str__(self) -> str:
        return f"{self.union_id} {self.metric} {self.breakdown} {self.day}: {self.value}"


class LateCount(models.Model):
    """What must be added to the published figures of ``first_day`` … ``last_day`` (both included)
    to know them as they are known now: entries that were recorded after those days were published.

    Rolled up like ``DailyCount``; ``last_day`` is null where it holds for ever (a joining that
    belongs to a place from which the union has moved since).
    """

    union = models.ForeignKey(
        Union, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    breakdown = models.CharField(max_length=40, blank=True, default="")
    first_day = models.DateField()
    last_day = models.DateField(null=True)
    members = models.IntegerField(default=0)
    retained = models.IntegerField(default=0)
    joined = models.IntegerField(default=0)
    rejoined = models.IntegerField(default=0)

    class Meta:
        verbose_name = _("late count")
        verbose_name_plural = _("late counts")
        indexes = [
            models.Index(fields=["union", "breakdown", "first_day"], name="reports_late_count")
        ]

    def __str__(self) -> str:
        return f"{self.union_id} {self.breakdown} {self.first_day}–{self.last_day}"
