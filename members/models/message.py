"""Short messages to workers, and the one-time codes among them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.encryption import decrypt
from core.masking import mask_phone
from members.messages import LABELS
from members.models.application import PHONE_CONTEXT

BODY_CONTEXT = "members.message_body"


class MessageStatus(models.TextChoices):
    """Where a message stands."""

    QUEUED = "queued", _("queued")
    SENDING = "sending", _("being sent")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")
    KEPT = "kept", _("kept in the outbox")  # no gateway is set up: nothing leaves the house


class Message(models.Model):
    """One short message. Phone and text are encrypted: a text may hold a code.

    ``key`` makes sending idempotent: the gateway is given it, and a repeated request finds the row.
    """

    key = models.UUIDField(unique=True)
    template = models.SlugField(_("template"), max_length=40)
    phone_encrypted = models.BinaryField()
    phone_hash = models.BinaryField(max_length=32)
    body_encrypted = models.BinaryField()
    status = models.CharField(
        _("status"), max_length=8, choices=MessageStatus, default=MessageStatus.QUEUED
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"))
    error = models.CharField(_("error"), max_length=80, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ("-id",)
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(status__in=["queued", "sending"]),
                name="members_message_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.label} · {self.get_status_display()}"

    @property
    def label(self) -> str:
        """What the message is about, in words."""
        return str(LABELS.get(self.template, self.template))

    @property
    def masked_phone(self) -> str:
        """First three and last four digits."""
        return mask_phone(decrypt(self.phone_encrypted, context=PHONE_CONTEXT))


class OneTimeCode(models.Model):
    """A code sent to a phone. Only keyed hashes are kept; it works once, for some minutes."""

    class Purpose(models.TextChoices):
        JOIN = "join", _("prove the phone when joining")
        LOG_IN = "log_in", _("log in to the own page")
        CONFIRM = "confirm", _("confirm a collective registration")
        CHANGE = "change", _("prove a new phone")

    purpose = models.CharField(max_length=8, choices=Purpose)
    phone_hash = models.BinaryField(max_length=32)
    code_hash = models.BinaryField(max_length=32)
    # Keyed hash of the caller's address: its limit is counted here, also without Redis.
    address_hash = models.BinaryField(max_length=32, null=True)
    # Keyed hash of who asked (a receipt, a browser): told of what they caused themselves, no more.
    asker_hash = models.BinaryField(max_length=32, null=True)
    # False: the wish was answered like any other, but the phone had had enough; never right.
    is_sent = models.BooleanField(default=True, db_default=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    wrong_tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("one-time code")
        verbose_name_plural = _("one-time codes")
        indexes = [
            models.Index(
                fields=["phone_hash", "purpose", "-created_at"], name="members_code_of_phone"
            ),
            models.Index(fields=["address_hash", "-created_at"], name="members_code_of_address"),
            models.Index(fields=["created_at"], name="members_code_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.created_at:%Y-%m-%d %H:%M}"
