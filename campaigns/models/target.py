"""What a campaign measures, what each union is to reach, and every version of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from campaigns.models.campaign import Campaign
from reference.models import GroupSet
from unions.models import Union
from unions.scope import ScopedQuerySet


class Metric(models.TextChoices):
    """What an indicator counts. Formulas: ``reports/progress.py``."""

    NEW_MEMBERS = "new_members", _("new members")
    ENROLMENT_RATE = "enrolment_rate", _("enrolment rate")
    UNIONS_ESTABLISHED = "unions_established", _("unions established")
    STATIONS = "stations", _("stations")
    MOST_BEAUTIFUL_STATIONS = "most_beautiful_stations", _("most beautiful stations")
    GRANT_PER_NEF_UNION = "grant_per_nef_union", _("funds per union of new-form workers")


# Promised by each unit alike: shared out they are copied, not divided.
UNDIVIDED_METRICS = frozenset({Metric.ENROLMENT_RATE, Metric.GRANT_PER_NEF_UNION})


# What is counted by worker group, so that a group set says whose. A rate needs one: its workers.
METRICS_BY_GROUP = frozenset({Metric.NEW_MEMBERS, Metric.ENROLMENT_RATE})


class Unit(models.TextChoices):
    """The unit of an indicator and of its targets."""

    PERSON = "person", pgettext_lazy("unit", "persons")
    RATIO = "ratio", pgettext_lazy("unit", "ratio")
    UNION = "union", pgettext_lazy("unit", "unions")
    STATION = "station", pgettext_lazy("unit", "stations")
    YUAN = "yuan", pgettext_lazy("unit", "yuan")


# What each metric is counted in: a target of 500 "ratio" would be 50,000 %.
UNIT_OF_METRIC: dict[str, Unit] = {
    Metric.NEW_MEMBERS: Unit.PERSON,
    Metric.ENROLMENT_RATE: Unit.RATIO,
    Metric.UNIONS_ESTABLISHED: Unit.UNION,
    Metric.STATIONS: Unit.STATION,
    Metric.MOST_BEAUTIFUL_STATIONS: Unit.STATION,
    Metric.GRANT_PER_NEF_UNION: Unit.YUAN,
}


class Indicator(models.Model):
    """What a campaign measures: a metric over a group set, in a unit."""

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="indicators", verbose_name=_("campaign")
    )
    metric = models.CharField(_("metric"), max_length=24, choices=Metric)
    group_set = models.ForeignKey(
        GroupSet, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("group set")
    )
    name = models.CharField(_("name"), max_length=80)
    unit = models.CharField(_("unit"), max_length=8, choices=Unit)

    class Meta:
        verbose_name = _("indicator")
        verbose_name_plural = _("indicators")
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name

    @property
    def is_divisible(self) -> bool:
        """Do the targets of the unions below add up to the target above?"""
        return self.unit != Unit.RATIO and self.metric not in UNDIVIDED_METRICS

    @property
    def is_count(self) -> bool:
        """Are only whole numbers a target?"""
        return self.unit in (Unit.PERSON, Unit.UNION, Unit.STATION)


class TargetQuerySet(ScopedQuerySet["Target"]):
    """Targets of unions in the viewer's scope."""

    def in_force(self) -> TargetQuerySet:
        """Those that have not been withdrawn."""
        return self.filter(withdrawn_on__isnull=True)

    def in_force_on(self, day: dt.date) -> TargetQuerySet:
        """Those that were not withdrawn on ``day``, whatever became of them since."""
        of_the_day = TargetVersion.objects.standing_on(day, OuterRef("pk"))
        # A draft has no version yet.
        return self.alias(state_on_day=Subquery(of_the_day.values("state")[:1])).filter(
            Q(state_on_day__isnull=True) | Q(state_on_day=VersionState.SET)
        )


class Target(models.Model):
    """What ``union`` is to reach for ``indicator`` from ``period_start`` to ``period_end``.

    Both dates inclusive; yearly and cumulative targets stand side by side. ``value`` is in the
    indicator's unit (ratio 0–1) and is that of the newest ``TargetVersion``. Once the campaign is
    published the database refuses any other value, another union or period, and deletion.
    """

    indicator = models.ForeignKey(Indicator, on_delete=models.PROTECT, related_name="targets")
    union = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="targets", verbose_name=_("union")
    )
    period_start = models.DateField(_("from"))
    period_end = models.DateField(_("to"))
    value = models.DecimalField(_("target"), max_digits=16, decimal_places=4)
    note = models.CharField(_("note"), max_length=200, blank=True)
    withdrawn_on = models.DateField(_("withdrawn on"), null=True, blank=True, editable=False)

    objects = TargetQuerySet.as_manager()

    class Meta:
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        ordering = ("indicator", "period_start", "union")
        constraints = [
            models.UniqueConstraint(
                fields=["indicator", "union", "period_start", "period_end"],
                name="campaigns_target_unique",
            ),
            models.CheckConstraint(
                condition=Q(period_end__gte=F("period_start")),
                name="campaigns_target_ends_after_start",
            ),
            models.CheckConstraint(condition=Q(value__gte=0), name="campaigns_target_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.indicator} · {self.union} · {self.period_start}–{self.period_end}"


class VersionState(models.TextChoices):
    """Whether the target stands."""

    SET = "set", pgettext_lazy("target", "set")
    WITHDRAWN = "withdrawn", pgettext_lazy("target", "withdrawn")


class TargetVersionQuerySet(ScopedQuerySet["TargetVersion"]):
    """Versions of targets of unions in the viewer's scope."""

    scope_path = "target__union__path"

    def standing_on(self, day: dt.date, target: Any) -> TargetVersionQuerySet:
        """The versions of ``target`` known on ``day``, the one that stood then first.

        Before the first version it is the first one (``selectors.targets.VALUE_ON_DAY_SQL``).
        """
        known = Q(valid_from__lte=day) | Q(number=1)
        return self.filter(known, target=target).order_by("-number")


class TargetVersion(models.Model):
    """A target as it stood from ``valid_from`` until the next version; append-only.

    Number 1 is written when the campaign is published or the target is added to a published one;
    while it is a draft there are none. Of several versions of one day the highest number counts.
    """

    target = models.ForeignKey(
        Target, on_delete=models.PROTECT, related_name="versions", verbose_name=_("target")
    )
    number = models.PositiveSmallIntegerField(_("version"))
    state = models.CharField(
        _("state"), max_length=10, choices=VersionState, default=VersionState.SET
    )
    value = models.DecimalField(_("target"), max_digits=16, decimal_places=4)
    valid_from = models.DateField(_("valid from"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    made_at = models.DateTimeField(_("made"))

    objects = TargetVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("version of a target")
        verbose_name_plural = _("versions of targets")
        ordering = ("target", "number")
        constraints = [
            models.UniqueConstraint(
                fields=["target", "number"], name="campaigns_target_version_once"
            ),
            models.CheckConstraint(
                condition=Q(number=1) | ~Q(reason=""), name="campaigns_target_version_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.target_id} · {self.number}"
