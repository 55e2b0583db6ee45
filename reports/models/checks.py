"""What the night found when it checked its own books and the entries behind them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from unions.models import Union
from unions.scope import ScopedQuerySet

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Drift(models.Model):
    """Two books that must agree did not, for a union on a day; marked on the page until mended.

    ``stored`` and ``expected`` are words or numbers of the two sides, never personal data.
    """

    class Book(models.TextChoices):
        LEDGER = "ledger", _("ledger against memberships")
        COUNTS = "counts", _("figures against the ledger")
        ROLL_UP = "roll_up", _("union against the unions below it")
        REPORTED = "reported", _("reported against register")

    day = models.DateField(_("day"))
    union = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="+", verbose_name=_("union")
    )
    book = models.CharField(_("books"), max_length=12, choices=Book)
    metric = models.CharField(_("metric"), max_length=60)
    breakdown = models.CharField(max_length=40, blank=True, default="")
    stored = models.CharField(_("stands"), max_length=60)
    expected = models.CharField(_("should stand"), max_length=60)
    found_at = models.DateTimeField(_("found"), auto_now_add=True)
    mended_at = models.DateTimeField(_("mended"), null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("drift")
        verbose_name_plural = _("drifts")
        ordering = ("-day", "union", "metric", "breakdown")
        constraints = [
            models.UniqueConstraint(
                fields=["union", "day", "book", "metric", "breakdown"],
                name="reports_drift_once_a_day",
            )
        ]
        # Marks ask for those not mended, on each page of figures; in years most are.
        indexes = [
            models.Index(
                fields=["union"], condition=models.Q(mended_at=None), name="reports_drift_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.union_id} {self.day} {self.book} {self.metric}"


class SignalKind(models.TextChoices):
    """What is looked for."""

    BURST = "burst", _("many joins at once through one code")
    SHARED_PHONE = "shared_phone", _("several members with one phone")
    IMPOSSIBLE_AGE = "impossible_age", _("impossible age")
    LAST_DAY = "last_day", _("many joins on the last day of a phase")
    INACTIVE = "inactive", _("members without any activity")


class SignalRule(models.Model):
    """From when on something is worth a look. ``meaning`` says what both numbers stand for."""

    kind = models.CharField(_("kind"), max_length=16, choices=SignalKind, primary_key=True)
    threshold = models.DecimalField(
        pgettext_lazy("threshold", "from"), max_digits=7, decimal_places=2
    )
    window = models.PositiveIntegerField(_("within"))
    is_active = models.BooleanField(_("in use"), default=True)
    # The newest day on which the whole register was gone through for it.
    swept_on = models.DateField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("rule of a quality signal")
        verbose_name_plural = _("rules of quality signals")
        ordering = ("kind",)
        constraints = [
            models.CheckConstraint(
                condition=Q(threshold__gt=0), name="reports_signal_rule_above_zero"
            )
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())

    @property
    def meaning(self) -> str:
        """The rule in a sentence."""
        sentences: dict[str, StrOrPromise] = {
            SignalKind.BURST: _(
                "%(threshold)s or more approved joins through one code within %(window)s minutes"
            ),
            SignalKind.SHARED_PHONE: _("%(threshold)s or more active members with one phone"),
            SignalKind.IMPOSSIBLE_AGE: _(
                "younger than %(threshold)s when joining, or older than %(window)s on the day"
            ),
            SignalKind.LAST_DAY: _(
                "%(threshold)s or more of a phase's joins on its last day, from %(window)s joins on"
            ),
            SignalKind.INACTIVE: _(
                "%(threshold)s or more active members who joined over %(window)s months ago and "
                "of whom nothing has been heard since"
            ),
        }
        shown = f"{self.threshold.normalize():f}"
        if self.kind == SignalKind.LAST_DAY:
            shown = f"{(self.threshold * 100).normalize():f}%"
        return str(sentences[self.kind]) % {"threshold": shown, "window": self.window}


class QualitySignalQuerySet(ScopedQuerySet["QualitySignal"]):
    """Signals of unions in the viewer's scope."""

    def standing_on(self, day: dt.date) -> QualitySignalQuerySet:
        """Those that had been found by ``day`` and had not been cleared."""
        return self.filter(Q(cleared_on__isnull=True) | Q(cleared_on__gt=day), day__lte=day)


class QualitySignal(models.Model):
    """Something in the entries of a union itself that is worth a look: never a verdict.

    ``value`` is how many memberships show it; ``details`` holds keys of records, times and counts:
    ``memberships`` (200 at most) and, by kind, ``join_code``, ``channel``, ``from``, ``to``,
    ``phase``, ``joins``. It stands from ``day`` until the day before ``cleared_on``.
    """

    Kind = SignalKind

    day = models.DateField(_("day"))
    union = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="+", verbose_name=_("union")
    )
    kind = models.CharField(_("kind"), max_length=16, choices=SignalKind)
    value = models.PositiveIntegerField(_("entries"))
    details = models.JSONField(default=dict, blank=True)
    cleared_on = models.DateField(_("no more from"), null=True, blank=True)

    objects = QualitySignalQuerySet.as_manager()

    class Meta:
        verbose_name = _("quality signal")
        verbose_name_plural = _("quality signals")
        ordering = ("-day", "union", "kind", "id")
        indexes = [
            models.Index(fields=["union", "-day"], name="reports_signal_of_union"),
            models.Index(fields=["kind", "day"], name="reports_signal_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.union_id} {self.day} {self.kind}"
