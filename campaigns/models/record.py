"""What the owner of a campaign sees on the spot, asks for and praises; what others may learn."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from campaigns.models.campaign import Campaign
from unions.models import Union
from unions.scope import ScopedQuerySet


class RecordKind(models.TextChoices):
    """Supervision of a campaign (督导检查, 任务交办, 表扬)."""

    INSPECTION = "inspection", pgettext_lazy("record", "inspection")
    TASK = "task", pgettext_lazy("record", "task")
    PRAISE = "praise", pgettext_lazy("record", "praise")


class CampaignRecordQuerySet(ScopedQuerySet["CampaignRecord"]):
    """Records of units in the viewer's scope: the owner's subtree, and each unit its own."""

    scope_path = "unit__path"


class CampaignRecord(models.Model):
    """An inspection of ``unit`` on ``day``, a task given to it, or praise."""

    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, related_name="records", verbose_name=_("campaign")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=RecordKind)
    unit = models.ForeignKey(
        Union,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=pgettext_lazy("organisation", "unit"),
    )
    day = models.DateField(_("day"))
    text = models.TextField(_("text"), max_length=2000)
    due_on = models.DateField(
        _("due on"), null=True, blank=True, help_text=_("For tasks: by when it is to be done.")
    )
    done_on = models.DateField(_("done on"), null=True, blank=True, editable=False)
    file = models.FileField(_("file"), upload_to="campaign_records/%Y/%m/", blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    made_at = models.DateTimeField(_("recorded"), auto_now_add=True)
    is_demo = models.BooleanField(_("demo record"), default=False, editable=False)

    objects = CampaignRecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("record of a campaign")
        verbose_name_plural = _("records of campaigns")
        ordering = ("-day", "-id")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="task") | Q(due_on__isnull=True, done_on__isnull=True),
                name="campaigns_record_only_tasks_are_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.unit} · {self.day}"


class GoodPracticeQuerySet(ScopedQuerySet["GoodPractice"]):
    """Those of campaigns whose owner the viewer sees."""

    scope_path = "campaign__owner__path"


class GoodPractice(models.Model):
    """What a unit did well, told on the public page from ``published_on``; a draft without it."""

    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, related_name="practices", verbose_name=_("campaign")
    )
    title = models.CharField(_("title"), max_length=80)
    text = models.TextField(_("text"), max_length=4000)
    unit = models.ForeignKey(
        Union,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=pgettext_lazy("organisation", "unit"),
    )
    published_on = models.DateField(_("published on"), null=True, blank=True)
    is_demo = models.BooleanField(_("demo record"), default=False, editable=False)

    objects = GoodPracticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("good practice")
        verbose_name_plural = _("good practices")
        ordering = ("-published_on", "-id")

    def __str__(self) -> str:
        return self.title
