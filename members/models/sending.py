"""A form that came in while an application of the same person, phone and union was waiting."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from members.models.application import Application
from members.models.join_code import JoinCode
from reference.models import WorkerGroup


class RepeatedSending(models.Model):
    """A further form for ``application``, with a receipt of its own.

    Whoever knows a worker's document and phone can fill in the form in their name: the receipt
    must not open what is on file. It stands for the application as far as the union acts on it,
    and shows nothing of what the other sender does, until the phone is proven with it.
    """

    receipt_number = models.CharField(
        _("receipt number"), max_length=16, unique=True, db_collation="C"
    )
    application = models.ForeignKey(
        Application,
        on_delete=models.PROTECT,
        related_name="sendings",
        verbose_name=_("application"),
    )
    join_code = models.ForeignKey(
        JoinCode,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("join code"),
        db_index=False,
    )
    sent_at = models.DateTimeField(_("sent"))
    name = models.CharField(pgettext_lazy("person", "name"), max_length=60, blank=True)
    worker_group = models.ForeignKey(
        WorkerGroup,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("worker group"),
        db_index=False,
    )
    employer_name = models.CharField(_("employer or platform"), max_length=120, blank=True)
    # Keys of the consent texts agreed to; answers to the union's questions by key of the question.
    text_ids = models.JSONField(_("consents"), default=list, blank=True)
    answers = models.JSONField(_("answers"), default=dict, blank=True)
    proven_at = models.DateTimeField(_("phone proven"), null=True, blank=True)

    class Meta:
        verbose_name = _("repeated sending")
        verbose_name_plural = _("repeated sendings")
        ordering = ("sent_at", "id")

    def __str__(self) -> str:
        return f"{self.receipt_number} {self.application_id}"
