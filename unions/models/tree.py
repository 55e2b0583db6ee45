"""The union tree: kinds of union, which may stand under which, and the unions themselves."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language, gettext_lazy as _

from reference.models import Region
from unions.enums import (
    FoundingChannel,
    FoundingDriver,
    FoundingMode,
    FoundingStrategy,
    UnionStatus,
)
from unions.kinds import HOLDING_POOL
from unions.scope import ScopedQuerySet


class UnionKind(models.Model):
    """A kind of union (county federation, joint union …). Rows come from ``unions/kinds.py``."""

    code = models.SlugField(_("code"), max_length=40, primary_key=True)
    name_zh = models.CharField(_("Chinese name"), max_length=40)
    name_en = models.CharField(_("English name"), max_length=60)
    level = models.PositiveSmallIntegerField(_("level"))
    family = models.SlugField(_("family"), max_length=40)
    is_territorial = models.BooleanField(
        _("territorial"), help_text=_("Its workers are those of its region.")
    )
    enrols_members = models.BooleanField(_("enrols members"))

    class Meta:
        verbose_name = _("kind of union")
        verbose_name_plural = _("kinds of union")
        ordering = ("level", "code")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the active language."""
        return self.name_en if (get_language() or "").startswith("en") else self.name_zh


class UnionKindRule(models.Model):
    """``child_kind`` may stand directly under ``parent_kind`` (null: may be the top)."""

    parent_kind = models.ForeignKey(
        UnionKind,
        on_delete=models.PROTECT,
        null=True,
        related_name="child_rules",
        verbose_name=_("kind above"),
    )
    child_kind = models.ForeignKey(
        UnionKind,
        on_delete=models.PROTECT,
        related_name="parent_rules",
        verbose_name=_("kind below"),
    )

    class Meta:
        verbose_name = _("rule of the tree")
        verbose_name_plural = _("rules of the tree")
        constraints = [
            models.UniqueConstraint(
                fields=["parent_kind", "child_kind"],
                nulls_distinct=False,
                name="unions_kind_rule_unique",
            )
        ]

    def __str__(self) -> str:
        return f"{self.parent_kind_id or '·'} → {self.child_kind_id}"


class UnionQuerySet(ScopedQuerySet["Union"]):
    """Queries on unions; the scope of a union is its own path."""

    scope_path = "path"

    def under(self, union: Union) -> UnionQuerySet:
        """``union`` and everything below it."""
        return self.filter(path__startswith=union.path)

    def for_members(self) -> UnionQuerySet:
        """Those that people can be moved to: they stand, enrol members and are no holding pool."""
        return self.filter(kind__enrols_members=True, status=UnionStatus.ACTIVE).exclude(
            kind=HOLDING_POOL
        )

    def standing_on(self, day: dt.date) -> UnionQuerySet:
        """Established and not yet dissolved on ``day`` (inclusive)."""
        return self.ever_founded().filter(
            Q(founded_on__isnull=True) | Q(founded_on__lte=day),
            Q(closed_on__isnull=True) | Q(closed_on__gt=day),
        )

    def ever_founded(self) -> UnionQuerySet:
        """Those that are not in preparation, nor were dissolved while they were."""
        return self.exclude(status=UnionStatus.PREPARING).exclude(ended_in_preparation=True)


class Union(models.Model):
    """A node of the tree (工会组织).

    ``parent`` (隶属) is the truth; ``path`` is derived from it ("1/23/456/", ids from the top, ends
    in a separator) and written only by ``unions/tree.py``. A deferred trigger in the database
    refuses an illegal parent kind and any path that disagrees with the parent, hence any cycle.
    """

    name = models.CharField(_("name"), max_length=120)
    short_name = models.CharField(_("short name"), max_length=60, blank=True)
    kind = models.ForeignKey(UnionKind, on_delete=models.PROTECT, verbose_name=_("kind"))
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("parent union"),
    )
    path = models.TextField(_("path"), editable=False, db_collation="C", default="")
    region = models.ForeignKey(
        Region,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("region"),
    )
    code = models.CharField(_("union code"), max_length=32, blank=True)
    uscc = models.CharField(_("unified social credit code"), max_length=18, blank=True)
    status = models.CharField(
        _("status"), max_length=12, choices=UnionStatus, default=UnionStatus.ACTIVE
    )
    mode = models.CharField(_("founding mode"), max_length=12, choices=FoundingMode, blank=True)
    strategy = models.CharField(
        _("founding strategy"), max_length=12, choices=FoundingStrategy, blank=True
    )
    driver = models.CharField(
        _("founding driver"), max_length=14, choices=FoundingDriver, blank=True
    )
    channel = models.CharField(
        _("founding channel"), max_length=10, choices=FoundingChannel, blank=True
    )
    is_nef = models.BooleanField(
        _("mainly new-form workers"),
        default=False,
        help_text=_("Counts as a union of new-form employment workers."),
    )
    approval_number = models.CharField(_("approval number"), max_length=60, blank=True)
    prepared_on = models.DateField(_("preparatory group set up on"), null=True, blank=True)
    founded_on = models.DateField(_("founded on"), null=True, blank=True)
    term_ends_on = models.DateField(_("term of office ends on"), null=True, blank=True)
    closed_on = models.DateField(_("dissolved on"), null=True, blank=True, editable=False)
    ended_in_preparation = models.BooleanField(
        _("dissolved in preparation"),
        default=False,
        db_default=False,
        editable=False,
        help_text=_("It was never founded, and counts as a union on no day."),
    )
    contact_name = models.CharField(_("contact person"), max_length=60, blank=True)
    contact_phone = models.CharField(_("contact phone"), max_length=30, blank=True)
    address = models.CharField(_("address"), max_length=200, blank=True)
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="merged",
        verbose_name=_("merged into"),
    )
    is_demo = models.BooleanField(_("demo record"), default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = UnionQuerySet.as_manager()

    class Meta:
        verbose_name = _("union")
        verbose_name_plural = _("unions")
        ordering = ("path",)
        constraints = [
            models.UniqueConstraint(
                fields=["parent", "name"],
                condition=~Q(status=UnionStatus.DISSOLVED),
                nulls_distinct=False,
                name="unions_union_name_under_parent",
            ),
            models.UniqueConstraint(
                fields=["code"], condition=~Q(code=""), name="unions_union_code_unique"
            ),
            models.UniqueConstraint(
                fields=["path"], condition=~Q(path=""), name="unions_union_path_unique"
            ),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")),
                name="unions_union_not_own_parent",
            ),
            models.CheckConstraint(
                condition=Q(closed_on__isnull=True)
                | Q(founded_on__isnull=True)
                | Q(closed_on__gte=F("founded_on")),
                name="unions_union_closed_after_founded",
            ),
            models.CheckConstraint(
                condition=Q(ended_in_preparation=False)
                | Q(status=UnionStatus.DISSOLVED, founded_on__isnull=True),
                name="unions_union_never_founded_has_ended",
            ),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True)
                | (Q(status=UnionStatus.DISSOLVED) & ~Q(merged_into=F("id"))),
                name="unions_union_merged_is_dissolved",
            ),
        ]
        indexes = [
            models.Index(fields=["name"], name="unions_union_by_name"),
            models.Index(fields=["kind", "path"], name="unions_union_kind_in_subtree"),
            # Every night asks which unions begin or end with the day.
            models.Index(fields=["founded_on"], name="unions_union_by_founding"),
            models.Index(fields=["closed_on"], name="unions_union_by_closing"),
        ]

    def __str__(self) -> str:
        return self.name
