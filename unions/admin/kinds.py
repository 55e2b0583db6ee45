"""Kinds of union and what may stand under what: to look up."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from unions.admin.base import OperatorAdmin
from unions.admin.forms import actor_of
from unions.admin.inlines import ReadOnlyInline
from unions.models import UnionKind, UnionKindRule
from unions.scope import can


class LegalChildInline(ReadOnlyInline):
    """What may stand directly under this kind."""

    model = UnionKindRule
    fk_name = "parent_kind"
    fields = ("child_kind",)
    verbose_name_plural = _("May stand under it")


class LegalParentInline(ReadOnlyInline):
    """Under what this kind may stand."""

    model = UnionKindRule
    fk_name = "child_kind"
    fields = ("parent_kind",)
    verbose_name_plural = _("May stand under")


@admin.register(UnionKind)
class UnionKindAdmin(OperatorAdmin):
    """Read only: the rules are in the program and loaded with it."""

    read_only = True
    list_display = ("__str__", "level", "family", "is_territorial", "enrols_members")
    ordering = ("level", "code")
    search_fields = ("name_zh", "name_en", "code")
    inlines = (LegalParentInline, LegalChildInline)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may see unions may look the rules up."""
        return can(actor_of(request), "unions.view")
