"""Plans and drives, their phases, and the join codes that are theirs."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from members.models import JoinCode
from reference.models import GroupSet
from unions.models import Union
from unions.scope import ScopedQuerySet


class CampaignStatus(models.TextChoices):
    """Drafts are seen by officials only."""

    DRAFT = "draft", _("draft")
    PUBLISHED = "published", _("published")
    CLOSED = "closed", _("closed")


class CampaignKind(models.TextChoices):
    """A plan of several years, or a drive of some months."""

    PLAN = "plan", _("action plan")  # 行动计划
    DRIVE = "drive", _("concentrated drive")  # 集中行动


class CampaignQuerySet(ScopedQuerySet["Campaign"]):
    """Campaigns in the viewer's scope by their owner."""

    scope_path = "owner__path"

    def public(self) -> CampaignQuerySet:
        """Those anyone may read about."""
        return self.filter(status__in=[CampaignStatus.PUBLISHED, CampaignStatus.CLOSED])

    def running_on(self, day: dt.date) -> CampaignQuerySet:
        """Published campaigns whose dates include ``day``."""
        return self.filter(status=CampaignStatus.PUBLISHED, starts_on__lte=day, ends_on__gte=day)


class Campaign(models.Model):
    """A time-boxed drive or plan of ``owner`` for its subtree; both dates inclusive."""

    owner = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="campaigns", verbose_name=_("owner union")
    )
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(
        _("kind"), max_length=8, choices=CampaignKind, default=CampaignKind.DRIVE
    )
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"))
    group_set = models.ForeignKey(
        GroupSet, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("group set")
    )
    plan = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="drives",
        verbose_name=_("part of the plan"),
    )
    status = models.CharField(
        _("status"), max_length=10, choices=CampaignStatus, default=CampaignStatus.DRAFT
    )
    summary = models.TextField(_("summary"), blank=True)
    note = models.TextField(_("note on the figures"), blank=True)
    source = models.CharField(pgettext_lazy("of a plan", "source"), max_length=200, blank=True)
    shows_progress = models.BooleanField(
        _("progress on the public page"),
        default=False,
        help_text=_("How far the owner is towards its targets; small numbers are not shown."),
    )
    is_demo = models.BooleanField(_("demo record"), default=False, editable=False)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        ordering = ("-starts_on", "id")
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="campaigns_name_of_owner"),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="campaigns_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(plan__isnull=True) | ~Q(plan=F("id")), name="campaigns_no_own_plan"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def day_near(self, day: dt.date) -> dt.date:
        """``day`` where it lies in the campaign's dates, else the first or last of them."""
        return min(max(day, self.starts_on), self.ends_on)


class Phase(models.Model):
    """A dated step of a campaign; phases may overlap. Both dates inclusive."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="phases")
    name = models.CharField(_("name"), max_length=60)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"))

    class Meta:
        verbose_name = _("phase")
        verbose_name_plural = _("phases")
        ordering = ("starts_on", "id")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="campaigns_phase_ends_after_start"
            )
        ]

    def __str__(self) -> str:
        return self.name


class CampaignJoinCode(models.Model):
    """A join code belongs to a campaign: sign-ups through it are the campaign's, for good."""

    join_code = models.OneToOneField(
        JoinCode, on_delete=models.PROTECT, related_name="campaign_link"
    )
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="join_code_links")

    class Meta:
        verbose_name = _("join code of a campaign")
        verbose_name_plural = _("join codes of campaigns")

    def __str__(self) -> str:
        return f"{self.campaign_id} · {self.join_code_id}"
