"""Who reads figures without opening the dashboard: screens on walls, and subscribers."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from unions.models import Union
from unions.scope import ScopedQuerySet


class ScreenTokenQuerySet(ScopedQuerySet["ScreenToken"]):
    """Screens of unions in the viewer's scope."""

    def in_force(self) -> ScreenTokenQuerySet:
        """Those that have not been revoked."""
        return self.filter(revoked_at__isnull=True)


class ScreenToken(models.Model):
    """A big screen that shows one union's figures without a log-in, until it is revoked.

    Only the keyed hash of the token is kept; whoever loses the address asks for a new one. The
    screen shows what its maker may see: it is dark while the maker may not see the union.
    """

    union = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="screen_tokens", verbose_name=_("union")
    )
    name = models.CharField(_("where the screen is"), max_length=60)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(_("made"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last seen"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = ScreenTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("big screen")
        verbose_name_plural = _("big screens")
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return self.name


class BriefSubscriptionQuerySet(ScopedQuerySet["BriefSubscription"]):
    """Subscriptions to unions in the viewer's scope."""

    def in_force(self) -> BriefSubscriptionQuerySet:
        """Those that have not ended and whose phone, if they need one, has been proven."""
        return self.filter(ended_at__isnull=True).exclude(
            channel=BriefSubscription.Channel.SMS, phone_proven_at__isnull=True
        )


class BriefSubscription(models.Model):
    """A user hears every morning how ``union`` stands, by e-mail or text message.

    The e-mail address is that of the account. A phone is given here and proven by a code; it is
    erased with the end.
    """

    class Channel(models.TextChoices):
        EMAIL = "email", _("e-mail")
        SMS = "sms", _("text message")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="brief_subscriptions"
    )
    union = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="+", verbose_name=_("union")
    )
    channel = models.CharField(_("by"), max_length=5, choices=Channel)
    phone_encrypted = models.BinaryField(null=True)
    phone_proven_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    # The newest day that was sent: a night that runs twice sends once.
    sent_for = models.DateField(_("last sent for"), null=True, blank=True)

    objects = BriefSubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("morning brief")
        verbose_name_plural = _("morning briefs")
        ordering = ("-created_at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "union", "channel"],
                condition=Q(ended_at__isnull=True),
                name="reports_brief_once",
            ),
            models.CheckConstraint(
                condition=Q(channel="email", phone_encrypted__isnull=True)
                | Q(channel="sms", phone_encrypted__isnull=False, ended_at__isnull=True)
                | Q(ended_at__isnull=False, phone_encrypted__isnull=True),
                name="reports_brief_phone_while_needed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} · {self.union_id} · {self.channel}"

    @property
    def is_proven(self) -> bool:
        """False while a phone waits for its code."""
        return self.channel != self.Channel.SMS or self.phone_proven_at is not None
