"""What members ask to have corrected in their own record, or erased (PIPL art. 46, 47)."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _, pgettext, pgettext_lazy

from core.clock import local_today
from members.models.membership import Member
from unions.models import Union
from unions.scope import ScopedQuerySet

REQUEST_CONTEXT = "members.request"
# GB/T 35273-2020 8.7: people are answered within thirty days.
ANSWER_DAYS = 30


class DataRequestQuerySet(ScopedQuerySet["DataRequest"]):
    """Requests of members in the viewer's scope: they go along when the member moves."""

    scope_path = "member__home_union__path"


class DataRequest(models.Model):
    """A member says what one field of their record should be; an official of their union decides.

    The value asked for is encrypted, whatever it is (a request for erasure has none); one request
    per field is open at a time.
    """

    class Field(models.TextChoices):
        NAME = "name", pgettext_lazy("person", "name")
        ID_NUMBER = "id_number", _("document number")
        WORKER_GROUP = "worker_group", _("worker group")
        ERASURE = "erasure", _("erasure of the personal data")

    class Status(models.TextChoices):
        ASKED = "asked", _("asked for")
        ACCEPTED = "accepted", pgettext_lazy("request", "corrected")
        REFUSED = "refused", _("refused")
        CANCELLED = "cancelled", _("taken back")

    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="data_requests", verbose_name=_("member")
    )
    # Where the membership was when it was asked.
    union = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="+", verbose_name=_("union")
    )
    field = models.CharField(_("field"), max_length=16, choices=Field)
    value_encrypted = models.BinaryField()
    note = models.CharField(_("why"), max_length=200, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ASKED)
    asked_at = models.DateTimeField(_("asked"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decision_note = models.CharField(_("note to the member"), max_length=200, blank=True)

    objects = DataRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request about the own data")
        verbose_name_plural = _("requests about the own data")
        ordering = ("-asked_at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["member", "field"],
                condition=Q(status="asked"),
                name="members_request_open_once",
            ),
            models.CheckConstraint(
                condition=Q(status="asked", decided_at__isnull=True)
                | (~Q(status="asked") & Q(decided_at__isnull=False)),
                name="members_request_decided_iff_closed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member.masked_name} · {self.get_field_display()}"

    @property
    def is_erasure(self) -> bool:
        """Whether data are to go, not to be corrected."""
        return self.field == self.Field.ERASURE

    @property
    def status_label(self) -> str:
        """The status in words that fit what was asked for."""
        if self.is_erasure and self.status == self.Status.ACCEPTED:
            return pgettext("request", "erased")
        return self.get_status_display()

    @property
    def due_on(self) -> dt.date:
        """The day by which the union has to answer."""
        return timezone.localdate(self.asked_at) + dt.timedelta(days=ANSWER_DAYS)

    @property
    def is_overdue(self) -> bool:
        """Whether nobody has answered in time."""
        return self.status == self.Status.ASKED and self.due_on < local_today()
