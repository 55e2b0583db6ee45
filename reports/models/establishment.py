"""Which units had a union: what the nights found of the register, and the figures from it."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from enterprises.models import Employer
from unions.models import Union
from unions.scope import ScopedQuerySet


class CountedEmployerQuerySet(ScopedQuerySet["CountedEmployer"]):
    """Whoever may see the employer today may see what was counted of it."""

    scope_path = "employer__keeper__path"

    def on_day(self, day: dt.date) -> CountedEmployerQuerySet:
        """What stood in the books on ``day``: at most one row for each employer."""
        return self.filter(Q(until__isnull=True) | Q(until__gt=day), since__lte=day)


class CountedEmployer(models.Model):
    """What an employer stood for in the books from ``since`` to the day before ``until``.

    ``until`` is null where it still does. The register of employers knows only the present; the
    night compares it with these rows and begins a new one where something changed, so that a past
    figure leads to its rows whatever has become of a unit or its union since. ``path`` is where its
    keeper stood, ``covering_union`` what was named as covering it, ``is_covered`` whether that
    stood. Written by the night alone, without foreign keys in the database like ``DailyCount``.
    """

    employer = models.ForeignKey(
        Employer, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    since = models.DateField()
    until = models.DateField(null=True)
    path = models.TextField(db_collation="C")
    covering_union = models.ForeignKey(
        Union,
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    is_covered = models.BooleanField()
    is_marked = models.BooleanField()
    is_firm = models.BooleanField()
    staff_count = models.PositiveIntegerField(null=True)

    objects = CountedEmployerQuerySet.as_manager()

    class Meta:
        verbose_name = _("counted employer")
        verbose_name_plural = _("counted employers")
        constraints = [
            models.UniqueConstraint(
                fields=["employer", "since"], name="reports_counted_employer_since"
            ),
            models.UniqueConstraint(
                fields=["employer"],
                condition=Q(until__isnull=True),
                name="reports_counted_employer_one_now",
            ),
        ]
        indexes = [
            models.Index(fields=["path"], name="reports_counted_employer_path"),
            models.Index(fields=["since"], name="reports_counted_employer_new"),
            models.Index(
                fields=["until"],
                condition=Q(until__isnull=False),
                name="reports_counted_employer_old",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.employer_id} {self.since}–{self.until or ''}"


class DailyEstablishment(models.Model):
    """Units kept in the subtree of a union from a day on; sparse like ``DailyCount``.

    ``covered``: their covering union stood; ``marked_only``: said to have a union, but naming none
    or one that did not stand; ``firms``: platform and leading firms; ``staff`` (persons): of
    covered units, of which ``without_staff`` state none.
    """

    pk = models.CompositePrimaryKey("union_id", "day")
    union = models.ForeignKey(
        Union, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    day = models.DateField()
    units = models.IntegerField()
    covered = models.IntegerField()
    marked_only = models.IntegerField()
    firms = models.IntegerField()
    covered_firms = models.IntegerField()
    staff = models.BigIntegerField()
    without_staff = models.IntegerField()

    class Meta:
        verbose_name = _("daily establishment")
        verbose_name_plural = _("daily establishments")

    def __str__(self) -> str:
        return f"{self.union_id} {self.day}: {self.covered}/{self.units}"


class TouchedEmployer(models.Model):
    """An employer that may stand differently than in the books: the next night looks.

    Written by triggers (migration 0006) in the transaction that changed the employer, its keeper or
    its covering union, so that none can be forgotten; one row for each change, for a row that stood
    already might be taken by a night that does not see the change yet.
    """

    employer_id = models.BigIntegerField()

    class Meta:
        verbose_name = _("employer to be counted")
        verbose_name_plural = _("employers to be counted")

    def __str__(self) -> str:
        return str(self.employer_id)
