"""Who covers whom, beside the tree."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from unions.models.tree import Union
from unions.scope import ScopedQuerySet


class UnionCoverageQuerySet(ScopedQuerySet["UnionCoverage"]):
    """Seen by whoever sees the covering union."""

    scope_path = "covering__path"


class UnionCoverage(models.Model):
    """A federation covers or guides a union (涵盖/指导): many-to-many, never summed."""

    covering = models.ForeignKey(
        Union,
        on_delete=models.PROTECT,
        related_name="coverages",
        verbose_name=pgettext_lazy("coverage", "covering union"),
    )
    covered = models.ForeignKey(
        Union,
        on_delete=models.PROTECT,
        related_name="covered_by",
        verbose_name=pgettext_lazy("coverage", "covered union"),
    )
    since = models.DateField(_("since"))
    until = models.DateField(_("until"), null=True, blank=True)

    objects = UnionCoverageQuerySet.as_manager()

    class Meta:
        verbose_name = _("coverage")
        verbose_name_plural = _("coverage relations")
        constraints = [
            models.UniqueConstraint(
                fields=["covering", "covered"],
                condition=Q(until__isnull=True),
                name="unions_coverage_open_once",
            ),
            models.CheckConstraint(
                condition=~Q(covering=F("covered")), name="unions_coverage_not_itself"
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")),
                name="unions_coverage_until_after_since",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.covering_id} ⊇ {self.covered_id}"
