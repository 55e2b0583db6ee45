"""How long what is kept, and what leaves the house."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language, gettext_lazy as _

from unions.models import Union
from unions.scope import ScopedQuerySet

MERGE_CONTEXT = "members.merge_before"


class RetentionRule(models.Model):
    """How long one class of data is kept after it is last needed, and what then happens to it."""

    class Action(models.TextChoices):
        ERASE = "erase", _("erase")
        FREEZE = "freeze", _("keep the minimal roll, erase the rest")

    data_class = models.SlugField(_("data class"), max_length=40, primary_key=True)
    name_zh = models.CharField(_("Chinese name"), max_length=80)
    name_en = models.CharField(_("English name"), max_length=120)
    months = models.PositiveSmallIntegerField(_("months"))
    action = models.CharField(_("then"), max_length=8, choices=Action)
    basis = models.CharField(_("basis"), max_length=200)

    class Meta:
        verbose_name = _("retention rule")
        verbose_name_plural = _("retention rules")
        ordering = ("data_class",)

    def __str__(self) -> str:
        return self.name_en if (get_language() or "").startswith("en") else self.name_zh


class PurgeRun(models.Model):
    """A purge: first a report of what would go, then, once confirmed, the deed."""

    class Status(models.TextChoices):
        REPORTED = "reported", _("reported")
        CONFIRMED = "confirmed", _("confirmed")
        DONE = "done", _("done")
        DROPPED = "dropped", _("dropped")

    day = models.DateField(_("as of"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.REPORTED)
    found = models.JSONField(_("found"), default=dict)
    erased = models.JSONField(_("erased"), default=dict)
    reported_at = models.DateTimeField(auto_now_add=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("purge")
        verbose_name_plural = _("purges")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.day} {self.get_status_display()}"


class PersonalExport(models.Model):
    """An export with personal fields: asked for by one person, allowed by another, kept a week."""

    class Status(models.TextChoices):
        ASKED = "asked", _("asked for")
        ALLOWED = "allowed", _("allowed")
        REFUSED = "refused", _("refused")

    union = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="+", verbose_name=_("union and below")
    )
    purpose = models.CharField(_("purpose"), max_length=200)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(_("asked"), auto_now_add=True)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.ASKED)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    downloads = models.PositiveIntegerField(_("downloads"), default=0)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("export of personal data")
        verbose_name_plural = _("exports of personal data")
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")),
                name="members_export_two_persons",
            )
        ]

    def __str__(self) -> str:
        return f"{self.union} · {self.get_status_display()}"


class MemberMerge(models.Model):
    """Two records of one person became one; reversible."""

    kept = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="merges")
    absorbed = models.ForeignKey(
        "members.Member", on_delete=models.PROTECT, related_name="absorbed_by"
    )
    # What each record held before and after, so that the merge can be undone: JSON, encrypted as a
    # whole. Empty once the records are frozen.
    before_encrypted = models.BinaryField()
    moved_memberships = models.JSONField(default=list)
    merged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    merged_at = models.DateTimeField(auto_now_add=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("merge of two records")
        verbose_name_plural = _("merges of records")
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(condition=~Q(kept=F("absorbed")), name="members_merge_of_two")
        ]

    def __str__(self) -> str:
        return f"{self.absorbed_id} → {self.kept_id}"
