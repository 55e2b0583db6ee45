"""Deadlines of the review and the trail of steps an applicant may read."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from members.models.application import Application


class ReviewRules(models.Model):
    """The one row of deadlines. Working days; an application is never approved by time."""

    remind_after_days = models.PositiveSmallIntegerField(
        _("remind after (working days)"), default=5
    )
    escalate_after_days = models.PositiveSmallIntegerField(
        _("tell the union above after (working days)"), default=10
    )
    undo_hours = models.PositiveSmallIntegerField(
        _("approval may be undone for (hours)"), default=24
    )
    requires_proven_phone = models.BooleanField(
        _("approve only with a proven phone"),
        default=False,
        help_text=_("Needs an SMS provider; otherwise officials see whether the phone is proven."),
    )
    transfer_deadline_days = models.PositiveSmallIntegerField(
        _("a transfer is decided within (working days)"), default=15
    )

    class Meta:
        verbose_name = _("rules of review")
        verbose_name_plural = _("rules of review")
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="members_review_rules_one_row"),
            models.CheckConstraint(
                condition=Q(escalate_after_days__gte=F("remind_after_days")),
                name="members_review_escalate_after_reminder",
            ),
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)


class StepType(models.TextChoices):
    """What happened to an application."""

    REMINDED = "reminded", _("the union was reminded")
    ESCALATED = "escalated", _("the union above was told")
    CORRECTION = "correction", _("correction asked for")
    RESUBMITTED = "resubmitted", _("corrected and sent again")
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("not approved")
    UNDONE = "undone", _("decision taken back")
    CANCELLED = "cancelled", _("taken back by the applicant")
    MOVED = "moved", _("passed to another union")


class CorrectableField(models.TextChoices):
    """What an applicant can be asked to correct."""

    NAME = "name", pgettext_lazy("person", "name")
    ID_NUMBER = "id_number", _("document and its number")
    PHONE = "phone", _("mobile number")
    WORKER_GROUP = "worker_group", _("worker group")
    EMPLOYER_NAME = "employer_name", _("employer or platform")


class ApplicationStep(models.Model):
    """One step after an application was sent in; append-only, shown to the applicant, no names.

    ``fields``: what the applicant is asked to correct (``CorrectableField``), else nothing.
    """

    # The index below begins with it; each further one would cost every sign-up.
    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, related_name="steps", db_index=False
    )
    type = models.CharField(_("step"), max_length=12, choices=StepType)
    at = models.DateTimeField(_("time"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    note = models.CharField(_("note"), max_length=300, blank=True)
    fields = models.JSONField(_("to be corrected"), default=list, blank=True)

    class Meta:
        verbose_name = _("step of an application")
        verbose_name_plural = _("steps of applications")
        ordering = ("at", "id")
        indexes = [
            models.Index(fields=["application", "at"], name="members_step_of_application"),
            # Few, and none of them written by a sign-up: for the funnel of the dashboards.
            models.Index(
                fields=["at", "application"],
                condition=models.Q(type=StepType.CORRECTION),
                name="members_step_corrections",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.type}"

    @property
    def field_labels(self) -> list[str]:
        """What is to be corrected, in words."""
        return [str(CorrectableField(name).label) for name in self.fields]


class BulkApproval(models.Model):
    """An official's wish to approve exactly these applications, as they were shown beforehand."""

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("asked by"),
    )
    asked_at = models.DateTimeField(_("asked"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("approval of many applications")
        verbose_name_plural = _("approvals of many applications")
        ordering = ("-id",)
        indexes = [
            models.Index(
                fields=["asked_at"],
                condition=Q(finished_at__isnull=True),
                name="members_bulk_approval_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class BulkApprovalItem(models.Model):
    """One application of it, and what became of it. Written with the approval itself."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", _("not yet dealt with")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("left as it was")

    approval = models.ForeignKey(BulkApproval, on_delete=models.PROTECT, related_name="items")
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome, default=Outcome.WAITING)
    why = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("application of a bulk approval")
        verbose_name_plural = _("applications of bulk approvals")
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(
                fields=["approval", "application"], name="members_bulk_approval_item_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.approval_id} {self.application_id} {self.outcome}"


class ApplicationPaper(models.Model):
    """The signed form of somebody who applied on paper."""

    application = models.OneToOneField(
        Application, on_delete=models.PROTECT, related_name="paper", verbose_name=_("application")
    )
    file = models.FileField(_("scan"), upload_to="papers/%Y/%m/")
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    uploaded_at = models.DateTimeField(_("uploaded"), auto_now_add=True)

    class Meta:
        verbose_name = _("application on paper")
        verbose_name_plural = _("applications on paper")

    def __str__(self) -> str:
        return str(self.application_id)
