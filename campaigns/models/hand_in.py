"""What the units hand in to the owner of a campaign, by when, and who was reminded."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from campaigns.models.campaign import Campaign
from unions.models import Union
from unions.scope import ScopedQuerySet


class RequirementKind(models.TextChoices):
    """The two papers of a campaign (方案, 总结)."""

    PLAN = "plan", pgettext_lazy("to hand in", "plan")
    SUMMARY = "summary", pgettext_lazy("to hand in", "summary")


class RequiredOf(models.TextChoices):
    """Which units owe it."""

    WITH_TARGET = "with_target", _("unions that have a target")
    CHILDREN = "children", _("unions directly below the owner")


class RequirementQuerySet(ScopedQuerySet["Requirement"]):
    """What owners in the viewer's scope ask for."""

    scope_path = "campaign__owner__path"


class Requirement(models.Model):
    """Each of the units hands in a paper of this kind by ``due_on`` (inclusive)."""

    campaign = models.ForeignKey(
        Campaign,
        on_delete=models.PROTECT,
        related_name="requirements",
        verbose_name=_("campaign"),
    )
    kind = models.CharField(
        pgettext_lazy("to hand in", "paper"), max_length=8, choices=RequirementKind
    )
    due_on = models.DateField(_("due on"))
    required_of = models.CharField(
        pgettext_lazy("to hand in", "from"),
        max_length=12,
        choices=RequiredOf,
        default=RequiredOf.WITH_TARGET,
    )
    instructions = models.CharField(_("what it should hold"), max_length=300, blank=True)

    objects = RequirementQuerySet.as_manager()

    class Meta:
        verbose_name = _("paper to hand in")
        verbose_name_plural = _("papers to hand in")
        ordering = ("due_on", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "kind"], name="campaigns_requirement_once_a_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.campaign} · {self.get_kind_display()}"


class HandInState(models.TextChoices):
    """What has become of a paper."""

    HANDED_IN = "handed_in", _("handed in")
    ACCEPTED = "accepted", pgettext_lazy("paper", "accepted")
    RETURNED = "returned", pgettext_lazy("paper", "returned")


class HandInQuerySet(ScopedQuerySet["HandIn"]):
    """Papers of units in the viewer's scope; an owner's subtree holds all units that owe."""

    scope_path = "unit__path"


class HandIn(models.Model):
    """One version of a unit's paper. Handed in again it is a new row with the next number."""

    requirement = models.ForeignKey(
        Requirement,
        on_delete=models.PROTECT,
        related_name="hand_ins",
        verbose_name=_("paper to hand in"),
    )
    unit = models.ForeignKey(
        Union,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=pgettext_lazy("organisation", "unit"),
    )
    number = models.PositiveSmallIntegerField(_("version"))
    file = models.FileField(_("file"), upload_to="hand_ins/%Y/%m/")
    note = models.CharField(_("note"), max_length=300, blank=True)
    state = models.CharField(
        _("state"), max_length=10, choices=HandInState, default=HandInState.HANDED_IN
    )
    handed_in_at = models.DateTimeField(_("handed in on"), auto_now_add=True)
    handed_in_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    is_demo = models.BooleanField(_("demo record"), default=False, editable=False)

    objects = HandInQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("paper", "hand-in")
        verbose_name_plural = pgettext_lazy("paper", "hand-ins")
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=["requirement", "unit", "number"], name="campaigns_hand_in_version_once"
            ),
            # Nobody hands in a paper while the one before waits or stands.
            models.UniqueConstraint(
                fields=["requirement", "unit"],
                condition=~Q(state="returned"),
                name="campaigns_hand_in_one_stands",
            ),
            models.CheckConstraint(
                condition=~Q(state="returned") | ~Q(reason=""),
                name="campaigns_hand_in_returned_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.requirement} · {self.unit} · {self.number}"


class ReminderRule(models.Model):
    """On which days around the due day units are reminded; operators change the rows."""

    days = models.SmallIntegerField(
        _("days from the due day"),
        unique=True,
        help_text=_("Negative: before the due day. 0: on it. Positive: after it."),
    )
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("day of a reminder")
        verbose_name_plural = _("days of reminders")
        ordering = ("days",)
        constraints = [
            models.CheckConstraint(
                condition=Q(days__range=(-365, 365)), name="campaigns_reminder_within_a_year"
            )
        ]

    def __str__(self) -> str:
        return f"{self.days:+d}"


class ReminderQuerySet(models.QuerySet["HandInReminder"]):
    """Reminders that were recorded."""

    def told(self) -> ReminderQuerySet:
        """Those a letter of which went, as far as is known."""
        return self.exclude(letters=0)


class HandInReminder(models.Model):
    """``unit`` was reminded of ``requirement``: by the clock (``days``) or by the owner (null).

    ``due_on`` is the due day it was reminded of: of another one it is reminded anew. ``letters``:
    how many went; None where that is not known any more.
    """

    requirement = models.ForeignKey(Requirement, on_delete=models.PROTECT, related_name="reminders")
    unit = models.ForeignKey(Union, on_delete=models.PROTECT, related_name="+")
    days = models.SmallIntegerField(null=True)
    due_on = models.DateField()
    letters = models.PositiveSmallIntegerField(null=True)
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    objects = ReminderQuerySet.as_manager()

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        constraints = [
            models.UniqueConstraint(
                fields=["requirement", "unit", "due_on", "days"],
                name="campaigns_reminder_once_a_day",
            )
        ]

    def __str__(self) -> str:
        return f"{self.requirement_id} · {self.unit_id} · {self.days}"
