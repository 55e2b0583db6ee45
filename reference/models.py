"""Regions, worker groups and the versioned sets they are counted in."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language, gettext_lazy as _, pgettext_lazy

from reference.codes import is_own_area
from reference.enums import RegionKind, RegionLevel
from reference.trade_words import STORED_FORM, TRADE_WORDS_LENGTH, split_trade_words

CODE_LENGTH = 16
_OWN_AREA = "F[0-9]{2}"


def _level_forms() -> Q:
    """What a code looks like on each level, divisions and own functional areas."""
    forms = Q()
    parent_digits = ""
    for level, digits in zip(RegionLevel, (2, 4, 6, 9, 12), strict=True):
        pattern = f"^[0-9]{{{digits}}}$"
        if parent_digits:
            pattern = f"^([0-9]{{{digits}}}|[0-9]{{{parent_digits}}}{_OWN_AREA})$"
        forms |= Q(level=level.value, code__regex=pattern)
        parent_digits = str(digits)
    return forms


class Region(models.Model):
    """One row of the statistics codes, or a functional area that officials added.

    See `reference.codes` for what a code says. The collation "C" sorts codes by their characters
    and lets the primary key's index answer prefix searches, which is what a subtree is here.
    """

    code = models.CharField(_("code"), max_length=CODE_LENGTH, primary_key=True, db_collation="C")
    gb_code = models.CharField(_("GB/T 2260 code"), max_length=CODE_LENGTH, db_collation="C")
    name = models.CharField(_("name"), max_length=100)
    full_name = models.CharField(_("full name"), max_length=250)
    level = models.PositiveSmallIntegerField(_("level"), choices=RegionLevel.choices)
    kind = models.CharField(
        _("kind"), max_length=20, choices=RegionKind.choices, default=RegionKind.DIVISION
    )
    parent = models.ForeignKey(
        "self",
        verbose_name=_("parent"),
        on_delete=models.PROTECT,
        related_name="children",
        null=True,
        blank=True,
    )

    class Meta:
        verbose_name = _("region")
        verbose_name_plural = _("regions")
        ordering = ["code"]
        indexes = [models.Index(fields=["level", "code"], name="region_level_code")]
        constraints = [
            models.CheckConstraint(name="region_code_fits_level", condition=_level_forms()),
            models.CheckConstraint(
                name="region_code_begins_with_parent",
                condition=Q(parent__isnull=True, level=RegionLevel.PROVINCE)
                | Q(
                    Q(parent__isnull=False, level__gt=RegionLevel.PROVINCE),
                    Q(code__startswith=F("parent_id")),
                    ~Q(code=F("parent_id")),
                ),
            ),
            models.CheckConstraint(
                name="region_kind_known", condition=Q(kind__in=RegionKind.values)
            ),
            models.CheckConstraint(name="region_has_name", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def is_own_area(self) -> bool:
        """True for a functional area that officials added; loading leaves it alone."""
        return is_own_area(self.code)


class _Named(models.Model):
    """A name in each language of the interface."""

    name_zh = models.CharField(_("Chinese name"), max_length=100)
    name_en = models.CharField(_("English name"), max_length=100)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the active language; Chinese unless that is English."""
        in_english = (get_language() or "").startswith("en")
        return self.name_en if in_english and self.name_en else self.name_zh


class WorkerGroup(_Named):
    """An occupation that members are counted by. Officials may add, rename and retire groups."""

    code = models.SlugField(_("code"), max_length=40, primary_key=True)
    description = models.TextField(_("description"), blank=True)
    sort_order = models.PositiveSmallIntegerField(_("order"), default=0)
    is_active = models.BooleanField(_("can be chosen"), default=True)
    trade_words = models.CharField(
        _("words of the trade's federation"),
        max_length=TRADE_WORDS_LENGTH,
        blank=True,
        default="",
        db_default="",
        help_text=_(
            "Who looks for a union is led to federations with one of these words in their name. "
            "Write spaces or 、 between the words. Without any, the Chinese name of the group has "
            "to stand there."
        ),
    )

    class Meta:
        verbose_name = _("worker group")
        verbose_name_plural = _("worker groups")
        ordering = ["sort_order", "code"]
        constraints = [
            models.CheckConstraint(name="workergroup_trade_words", condition=STORED_FORM)
        ]

    @property
    def federation_words(self) -> tuple[str, ...]:
        """Of these words one stands in the name of the trade's federation; at least one word."""
        return split_trade_words(self.trade_words) or (self.name_zh,)


class GroupSet(_Named):
    """A set of groups that a policy counts together, in one version of its definition.

    Never edited once figures rest on it: another definition is another version.
    """

    code = models.SlugField(_("code"), max_length=40)
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    valid_from = models.DateField(_("valid from"))
    source = models.TextField(pgettext_lazy("of a plan", "source"))
    groups = models.ManyToManyField(
        WorkerGroup, verbose_name=_("groups"), related_name="group_sets"
    )

    class Meta:
        verbose_name = _("group set")
        verbose_name_plural = _("group sets")
        ordering = ["code", "version"]
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="group_set_code_version"),
            models.CheckConstraint(name="group_set_version_from_1", condition=Q(version__gte=1)),
        ]
