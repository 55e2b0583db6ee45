"""Which unions a federation covers beside the tree."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from unions.admin.base import ScopedModelAdmin
from unions.admin.forms import ServiceForm, actor_of
from unions.models import UnionCoverage
from unions.services import cover_union


class CoverageForm(ServiceForm):
    """Who covers whom, since when."""

    class Meta:
        model = UnionCoverage
        fields = ("covering", "covered", "since")


@admin.register(UnionCoverage)
class UnionCoverageAdmin(ScopedModelAdmin):
    """Recorded once; seen by whoever sees the covering union."""

    form = CoverageForm
    view_permission = "unions.view"
    change_permission = "unions.change"
    own_union_fields = ("covering",)
    list_display = ("covering", "covered", "since", "until")
    list_select_related = ("covering", "covered")
    search_fields = ("covering__name", "covered__name")
    search_help_text = _("Name of either union")
    ordering = ("-since", "-id")
    autocomplete_fields = ("covering", "covered")
    fields = ("covering", "covered", "since")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Recorded, not edited."""
        return False

    def create_record(self, request: HttpRequest, values: dict[str, Any]) -> UnionCoverage:
        """Record the coverage."""
        return cover_union(
            values["covering"], values["covered"], since=values["since"], actor=actor_of(request)
        )
