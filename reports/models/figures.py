"""What units say themselves."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _, pgettext_lazy

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
