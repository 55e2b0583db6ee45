"""Which union a worker without a code is led to: ordered, editable rules."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language, gettext_lazy as _

from reference.models import Region, WorkerGroup
from reference.trade_words import STORED_FORM, TRADE_WORDS_LENGTH, split_trade_words
from unions.models import Union, UnionKind


class RoutingStep(models.TextChoices):
    """How a rule looks for a union."""

    EMPLOYER_UNION = "employer_union", _("the union of the employer")
    TRADE_FEDERATION = "trade_federation", _("the federation of the trade there")
    KIND_IN_REGION = "kind_in_region", _("a union of this kind there")
    HOLDING_POOL = "holding_pool", _("the county's holding pool")


class RoutingRule(models.Model):
    """Rules are tried in their order; the first that finds a usable union proposes it.

    ``region`` and ``worker_group`` narrow a rule to a region (and below) or a group; ``union_kind``
    says what ``KIND_IN_REGION`` looks for, ``trade_words`` which ``TRADE_FEDERATION`` it is. The
    reason is shown to the worker.
    """

    position = models.PositiveSmallIntegerField(_("order"), unique=True)
    step = models.CharField(_("looks for"), max_length=20, choices=RoutingStep)
    union_kind = models.ForeignKey(
        UnionKind, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("kind of union")
    )
    region = models.ForeignKey(
        Region,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("only in this region"),
    )
    worker_group = models.ForeignKey(
        WorkerGroup,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("only for this group"),
    )
    trade_words = models.CharField(
        _("words in the federation's name"),
        max_length=TRADE_WORDS_LENGTH,
        blank=True,
        default="",
        db_default="",
        help_text=_(
            "Only where the rule looks for the federation of the trade: one of these words has to "
            "stand in its name. Write spaces or 、 between the words. Without any, the words of "
            "the worker group count; a rule for one group alone then finds every federation of a "
            "trade there."
        ),
    )
    reason_zh = models.CharField(_("reason in Chinese"), max_length=120)
    reason_en = models.CharField(_("reason in English"), max_length=160)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("routing rule")
        verbose_name_plural = _("routing rules")
        ordering = ("position",)
        constraints = [
            models.CheckConstraint(
                name="members_routingrule_trade_words",
                condition=STORED_FORM & (Q(trade_words="") | Q(step=RoutingStep.TRADE_FEDERATION)),
            )
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.get_step_display()}"

    @property
    def federation_words(self) -> tuple[str, ...]:
        """Of these words one stands in the name of the federation; none where others decide."""
        return split_trade_words(self.trade_words)

    @property
    def reason(self) -> str:
        """The reason in the active language."""
        return self.reason_en if (get_language() or "").startswith("en") else self.reason_zh


class HoldingPool(Union):
    """A county's holding pool (周转库) as its officials see it: who waits there for a union.

    The same rows as unions: whoever reads them filters by the kind.
    """

    class Meta:
        proxy = True
        verbose_name = _("holding pool")
        verbose_name_plural = _("holding pools")
        ordering = ("path",)
