"""Employers and the denominators: how many workers there are to organise."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from reference.models import GroupSet, Region, WorkerGroup
from unions.models import Union
from unions.scope import ScopedQuerySet


class AffiliateType(models.TextChoices):
    """How a firm hangs on a platform or leading firm (关联企业)."""

    TRUCK_AFFILIATE = "truck_affiliate", _("truck affiliation")  # 货运挂靠
    COURIER_FRANCHISE = "courier_franchise", _("courier franchise")  # 快递加盟
    DELIVERY_AGENT = "delivery_agent", _("delivery agent")  # 外卖代理商
    LABOUR_DISPATCH = "labour_dispatch", _("labour dispatch")  # 劳务派遣


class FoundingState(models.TextChoices):
    """The mark of the tax feeds: C 筹建, Y 已建, N 待筹建."""

    PREPARING = "C", _("preparing a union")
    UNIONISED = "Y", _("has a union")
    NONE = "N", _("no union yet")


class EmployerQuerySet(ScopedQuerySet["Employer"]):
    """Employers belong to the scope of the union that keeps the record."""

    scope_path = "keeper__path"


class Employer(models.Model):
    """A row of the enterprise register (用人单位).

    ``keeper`` is the union that keeps the record (its scope); ``covering_union`` the union, single
    or joint, that its staff may join, if there is one.
    """

    name = models.CharField(_("name"), max_length=120)
    uscc = models.CharField(_("unified social credit code"), max_length=18, blank=True)
    region = models.ForeignKey(
        Region, on_delete=models.PROTECT, related_name="+", verbose_name=_("region")
    )
    keeper = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="+", verbose_name=_("kept by")
    )
    covering_union = models.ForeignKey(
        Union,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="employers",
        verbose_name=_("covering union"),
    )
    founding_state = models.CharField(
        _("union founding"), max_length=1, choices=FoundingState, default=FoundingState.NONE
    )
    is_platform = models.BooleanField(_("platform firm"), default=False)
    is_head = models.BooleanField(_("leading firm"), default=False)
    affiliate_type = models.CharField(
        _("affiliate type"), max_length=20, choices=AffiliateType, blank=True
    )
    staff_count = models.PositiveIntegerField(_("staff"), null=True, blank=True)
    nef_worker_count = models.PositiveIntegerField(_("new-form workers"), null=True, blank=True)
    surveyed_on = models.DateField(_("surveyed on"), null=True, blank=True)
    is_demo = models.BooleanField(_("demo record"), default=False, editable=False)

    objects = EmployerQuerySet.as_manager()

    class Meta:
        verbose_name = _("employer")
        verbose_name_plural = _("employers")
        ordering = ("name", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["uscc"], condition=~Q(uscc=""), name="enterprises_employer_uscc_unique"
            ),
            models.UniqueConstraint(
                fields=["region", "name"], name="enterprises_employer_name_in_region"
            ),
        ]
        # What an applicant types is looked up by the exact name with each sign-up.
        indexes = [models.Index(fields=["name"], name="enterprises_employer_by_name")]

    def __str__(self) -> str:
        return self.name


class WorkforceBaselineQuerySet(ScopedQuerySet["WorkforceBaseline"]):
    """Baselines belong to the scope of the union that keeps them."""

    scope_path = "keeper__path"

    def known_on(self, day: dt.date) -> WorkforceBaselineQuerySet:
        """Those counted on or before ``day``."""
        return self.filter(counted_on__lte=day)


class WorkforceBaseline(models.Model):
    """How many workers there are (底数): group or group set × region or union × date, with source.

    Exactly one of ``group``/``group_set`` and exactly one of ``region``/``union`` is set. Where
    there is no baseline a rate is null, never 0. What it said before a change, and until it was
    deleted, stays in ``BaselineVersion``: rates are read from there.
    """

    keeper = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="+", verbose_name=_("kept by")
    )
    group = models.ForeignKey(
        WorkerGroup, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("worker group")
    )
    group_set = models.ForeignKey(
        GroupSet, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("group set")
    )
    region = models.ForeignKey(
        Region,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("region"),
    )
    union = models.ForeignKey(
        Union,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="baselines",
        verbose_name=_("union"),
    )
    counted_on = models.DateField(_("counted on"))
    worker_count = models.PositiveBigIntegerField(_("workers"))
    source = models.CharField(_("source"), max_length=200)
    note = models.CharField(_("note"), max_length=300, blank=True)
    is_demo = models.BooleanField(_("demo record"), default=False, editable=False)

    objects = WorkforceBaselineQuerySet.as_manager()

    class Meta:
        verbose_name = _("workforce baseline")
        verbose_name_plural = _("workforce baselines")
        ordering = ("-counted_on", "id")
        constraints = [
            models.CheckConstraint(
                condition=Q(group__isnull=True) ^ Q(group_set__isnull=True),
                name="enterprises_baseline_group_or_set",
            ),
            models.CheckConstraint(
                condition=Q(region__isnull=True) ^ Q(union__isnull=True),
                name="enterprises_baseline_region_or_union",
            ),
            models.UniqueConstraint(
                fields=["group", "group_set", "region", "union", "counted_on"],
                nulls_distinct=False,
                name="enterprises_baseline_unique",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group or self.group_set} · {self.region or self.union} · {self.counted_on}"


class BaselineVersion(models.Model):
    """What a baseline said from ``recorded_at`` until ``superseded_at`` (null: it stands today).

    Written by the database with every change of ``WorkforceBaseline``, in its transaction, and
    append-only: a row is closed once and never deleted. Days published in between rest on it.
    """

    # Of the baseline as it was recorded; that row may be gone.
    baseline_id = models.BigIntegerField()
    group = models.ForeignKey(
        WorkerGroup, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    group_set = models.ForeignKey(
        GroupSet, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    region = models.ForeignKey(Region, on_delete=models.PROTECT, null=True, related_name="+")
    union = models.ForeignKey(Union, on_delete=models.PROTECT, null=True, related_name="+")
    counted_on = models.DateField()
    worker_count = models.PositiveBigIntegerField()
    source = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("version of a workforce baseline")
        verbose_name_plural = _("versions of workforce baselines")
        constraints = [
            models.UniqueConstraint(
                fields=["baseline_id"],
                condition=Q(superseded_at__isnull=True),
                name="enterprises_baseline_one_standing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.baseline_id} · {self.recorded_at}"
