"""Moving a membership between unions, each of which decides (一次入会、动态接转)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from members.models.membership import Membership
from reference.models import WorkerGroup
from unions.models import Union
from unions.scope import Actor, ScopedQuerySet, scope_filter


class TransferParty(models.TextChoices):
    """Who asked for the transfer."""

    MEMBER = "member", _("the member")
    RELEASING = "releasing", _("the releasing union")
    RECEIVING = "receiving", _("the receiving union")


class TransferDecision(models.TextChoices):
    """What one of the two unions has said."""

    PENDING = "pending", _("not decided yet")
    AGREED = "agreed", _("agreed")
    REFUSED = "refused", _("refused")


class TransferStatus(models.TextChoices):
    """Where a transfer stands. While it is open the member counts at the releasing union."""

    OPEN = "open", _("under way")
    DONE = "done", _("done")
    REFUSED = "refused", _("refused")
    CANCELLED = "cancelled", _("cancelled")
    EXPIRED = "expired", _("deadline passed")


class TransferQuerySet(ScopedQuerySet["Transfer"]):
    """Transfers are seen from both sides: by whoever sees the releasing or the receiving union."""

    def visible_to(self, actor: Actor, permission: str | None = None) -> TransferQuerySet:
        """Those with either union in the actor's scope."""
        releasing = scope_filter(actor, permission, "from_union__path")
        receiving = scope_filter(actor, permission, "to_union__path")
        if releasing is None or receiving is None:
            return self.none()
        return self.filter(releasing | receiving)


class Transfer(models.Model):
    """A request to move ``membership`` from one union to another; one open request at a time."""

    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="transfers", verbose_name=_("membership")
    )
    from_union = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="+", verbose_name=_("releasing union")
    )
    to_union = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="+", verbose_name=_("receiving union")
    )
    new_worker_group = models.ForeignKey(
        WorkerGroup,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("worker group from then on"),
    )
    new_employer_name = models.CharField(
        _("employer or platform from then on"), max_length=120, blank=True
    )
    reason = models.CharField(_("reason"), max_length=200)
    asked_by = models.CharField(_("asked for by"), max_length=10, choices=TransferParty)
    asked_at = models.DateTimeField(_("asked"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    deadline = models.DateField(_("deadline"))
    release_decision = models.CharField(
        _("releasing union"),
        max_length=8,
        choices=TransferDecision,
        default=TransferDecision.PENDING,
    )
    release_note = models.CharField(_("its note"), max_length=200, blank=True)
    release_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    release_at = models.DateTimeField(null=True, blank=True)
    receive_decision = models.CharField(
        _("receiving union"),
        max_length=8,
        choices=TransferDecision,
        default=TransferDecision.PENDING,
    )
    receive_note = models.CharField(_("its note"), max_length=200, blank=True)
    receive_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    receive_at = models.DateTimeField(null=True, blank=True)
    status = models.CharField(
        _("status"), max_length=10, choices=TransferStatus, default=TransferStatus.OPEN
    )
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    new_membership = models.OneToOneField(
        Membership,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="came_by",
        verbose_name=_("new membership"),
    )

    objects = TransferQuerySet.as_manager()

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        ordering = ("-asked_at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["membership"],
                condition=Q(status="open"),
                name="members_transfer_open_once",
            ),
            models.CheckConstraint(
                condition=~Q(from_union=F("to_union")), name="members_transfer_between_two"
            ),
            models.CheckConstraint(
                condition=Q(status="open", closed_at__isnull=True)
                | (~Q(status="open") & Q(closed_at__isnull=False)),
                name="members_transfer_closed_iff_time",
            ),
            models.CheckConstraint(
                condition=~Q(status="done")
                | Q(
                    release_decision="agreed",
                    receive_decision="agreed",
                    new_membership__isnull=False,
                ),
                name="members_transfer_done_when_both_agree",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_union} → {self.to_union}"
