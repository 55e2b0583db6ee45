"""The code behind a QR sign."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from core.clock import local_today
from enterprises.models import Employer
from members.enums import JoinChannel
from unions.models import Union
from unions.scope import ScopedQuerySet


class JoinCodeQuerySet(ScopedQuerySet["JoinCode"]):
    """Codes in the viewer's scope."""

    def usable_on(self, day: dt.date) -> JoinCodeQuerySet:
        """Codes that accept sign-ups on ``day`` (inclusive)."""
        return self.filter(Q(valid_until__isnull=True) | Q(valid_until__gte=day), is_active=True)


class JoinCode(models.Model):
    """``/join/<code>/`` leads to the sign-up of ``union``.

    A campaign or station is tied to the code from above (``campaigns.CampaignJoinCode``,
    ``stations.StationJoinCode``), so that what a membership came through follows from its code.
    """

    code = models.CharField(
        pgettext_lazy("join code", "code"), max_length=12, unique=True, db_collation="C"
    )
    union = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="join_codes", verbose_name=_("union")
    )
    channel = models.CharField(
        _("way of joining"), max_length=16, choices=JoinChannel, default=JoinChannel.QR
    )
    label = models.CharField(
        _("where it hangs"), max_length=80, blank=True, help_text=_("For your own overview.")
    )
    # A link in a firm's app: the form begins with the firm, and the application names it.
    employer = models.ForeignKey(
        Employer,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("employer or platform"),
    )
    is_active = models.BooleanField(_("accepts sign-ups"), default=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    is_demo = models.BooleanField(_("demo record"), default=False, editable=False)

    objects = JoinCodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("join code")
        verbose_name_plural = _("join codes")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.code} · {self.label or self.union}"

    @property
    def is_usable(self) -> bool:
        """Does it accept sign-ups today?"""
        return self.is_active and (self.valid_until is None or self.valid_until >= local_today())


class JoinCodeVisit(models.Model):
    """How often the form of a code was opened on a day in China; a reload counts again.

    A number and nothing else: no address, no device, no person, and so no period after which it is
    erased. Written by ``services.visits`` alone.
    """

    # The unique index below begins with it.
    code = models.ForeignKey(
        JoinCode, on_delete=models.PROTECT, related_name="visits", db_index=False
    )
    day = models.DateField()
    count = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("openings of a form on a day")
        verbose_name_plural = _("openings of forms by day")
        constraints = [
            models.UniqueConstraint(fields=["code", "day"], name="members_join_code_visit_once")
        ]
        # Since when they are counted, and those of all codes in a period.
        indexes = [models.Index(fields=["day"], name="members_join_code_visit_by_day")]

    def __str__(self) -> str:
        return f"{self.code_id} · {self.day} · {self.count}"
