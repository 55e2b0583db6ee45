"""Joining in groups: an official's device at a stand, and uploaded lists that workers confirm."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.models.application import Application, PersonalData
from members.models.join_code import JoinCode
from reference.models import WorkerGroup
from unions.models import Union
from unions.scope import ScopedQuerySet


class MobileWindow(models.Model):
    """A stand (流动入会窗口): an official's phone or tablet takes one sign-up after another."""

    union = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="+", verbose_name=_("union")
    )
    join_code = models.OneToOneField(
        JoinCode, on_delete=models.PROTECT, related_name="mobile_window", verbose_name=_("code")
    )
    place = models.CharField(_("place"), max_length=80)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    opened_at = models.DateTimeField(_("opened"), auto_now_add=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("mobile window")
        verbose_name_plural = _("mobile windows")
        ordering = ("-opened_at",)

    def __str__(self) -> str:
        return self.place


class CollectiveRegistration(models.Model):
    """An uploaded list (集体登记). Nobody on it counts before confirming by the own link."""

    union = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="+", verbose_name=_("union")
    )
    join_code = models.OneToOneField(
        JoinCode, on_delete=models.PROTECT, related_name="collective", verbose_name=_("code")
    )
    file_name = models.CharField(_("file"), max_length=120)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    uploaded_at = models.DateTimeField(_("uploaded"), auto_now_add=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("collective registration")
        verbose_name_plural = _("collective registrations")
        ordering = ("-uploaded_at",)

    def __str__(self) -> str:
        return self.file_name


class CollectiveEntry(PersonalData):
    """One person on a list, until they confirm, decline or the link runs out."""

    class Status(models.TextChoices):
        INVITED = "invited", _("invited")
        CONFIRMED = "confirmed", _("confirmed")
        DECLINED = "declined", _("declined")
        EXPIRED = "expired", _("link ran out")

    registration = models.ForeignKey(
        CollectiveRegistration, on_delete=models.PROTECT, related_name="entries"
    )
    row_number = models.PositiveIntegerField(_("row"))
    worker_group = models.ForeignKey(WorkerGroup, on_delete=models.PROTECT, related_name="+")
    employer_name = models.CharField(_("employer or platform"), max_length=120, blank=True)
    token_hash = models.BinaryField(max_length=32, editable=False)
    expires_at = models.DateTimeField(_("link valid until"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.INVITED)
    # Somebody on two lists of a union who confirms both has one application.
    application = models.ForeignKey(
        Application,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="collective_entries",
    )

    class Meta:
        verbose_name = _("person on a list")
        verbose_name_plural = _("persons on lists")
        ordering = ("row_number",)
        constraints = [
            models.UniqueConstraint(fields=["token_hash"], name="members_collective_token"),
            models.UniqueConstraint(
                fields=["registration", "id_number_hash"], name="members_collective_person_once"
            ),
            models.CheckConstraint(
                condition=Q(status="confirmed", application__isnull=False)
                | (~Q(status="confirmed") & Q(application__isnull=True)),
                name="members_collective_confirmed_iff_application",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.registration_id} · {self.row_number}"
