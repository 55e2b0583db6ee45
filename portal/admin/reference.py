"""Regions to look up and own areas to add; worker groups and group sets for operators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextareaWidget

from audit.services import log
from core.errors import RuleViolation
from reference.enums import RegionLevel
from reference.models import GroupSet, Region, WorkerGroup
from reference.selectors import search_regions
from reference.services import add_functional_area
from unions.admin.base import OperatorAdmin, PortalModelAdmin
from unions.admin.forms import ServiceForm, actor_of, cleaned_trade_words
from unions.models import Union
from unions.scope import can, grants_of


class FunctionalAreaForm(ServiceForm):
    """A name and the region it lies in."""

    class Meta:
        model = Region
        fields = ("parent", "name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "parent" in self.fields:
            self.fields["parent"].required = True


@admin.register(Region)
class RegionAdmin(PortalModelAdmin):
    """Everybody looks regions up; federations add functional areas of their own territory."""

    form = FunctionalAreaForm
    list_display = ("full_name", "code", "level_label", "kind_label")
    list_filter = ("level", "kind")
    search_fields = ("code", "full_name")
    search_help_text = _("Code, or parts of the full name")
    ordering = ("code",)
    autocomplete_fields = ("parent",)
    fieldsets = (
        (None, {"fields": ("full_name", ("code", "gb_code"), ("level", "kind"), "parent")}),
    )
    add_fieldsets = (
        (
            _("Functional area"),
            {
                "description": _("An area that the national code list does not know."),
                "fields": ("parent", "name"),
            },
        ),
    )

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever works with unions."""
        return can(actor_of(request), "unions.view")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Officials of federations, that is of a scope that reaches below."""
        return any(grant.below for grant in grants_of(actor_of(request), "unions.change"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: the national list is loaded, areas of one's own stay what they are."""
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Region], search_term: str
    ) -> tuple[QuerySet[Region], bool]:
        """As the rest of the portal searches regions; the best match first."""
        if not search_term.strip():
            return queryset.filter(level__lte=RegionLevel.PREFECTURE), False
        return search_regions(search_term), False

    def create_record(self, request: HttpRequest, values: dict[str, Any]) -> Region:
        """Add the area with its trail. Raises RuleViolation out of the own territory."""
        parent: Region = values["parent"]
        actor = actor_of(request)
        home = self._union_of_territory(request, parent)
        with transaction.atomic():
            area = add_functional_area(parent, name=values["name"], actor=None)
            log(
                actor,
                "region.area_added",
                area,
                {"parent": parent.pk},
                union_path=home.path if home else "",
            )
        return area

    def _union_of_territory(self, request: HttpRequest, parent: Region) -> Union | None:
        """The actor's union whose territory holds ``parent``; None stands for an operator.

        Raises RuleViolation. A union without a region has no territory.
        """
        actor = actor_of(request)
        if getattr(actor, "is_superuser", False):
            return None
        paths = [grant.path for grant in grants_of(actor, "unions.change") if grant.below]
        for union in Union.objects.filter(path__in=paths).order_by("path"):
            if union.region_id is not None and parent.pk.startswith(union.region_id):
                return union
        raise RuleViolation(
            gettext("This region lies outside the territory of your union."),
            field="parent",
            code="out_of_scope",
        )

    @admin.display(description=_("level"), ordering="level")
    def level_label(self, region: Region) -> str:
        """In words."""
        return region.get_level_display()

    @admin.display(description=_("kind"), ordering="kind")
    def kind_label(self, region: Region) -> str:
        """In words."""
        return region.get_kind_display()


class WorkerGroupForm(forms.ModelForm):
    """A group, and the words that lead it to its federation."""

    class Meta:
        model = WorkerGroup
        fields = (
            "code", "name_zh", "name_en", "description", "sort_order", "is_active", "trade_words",
        )  # fmt: skip

    def clean_trade_words(self) -> str:
        """As they are stored."""
        return cleaned_trade_words(self)


@admin.register(WorkerGroup)
class WorkerGroupAdmin(OperatorAdmin):
    """Groups are renamed and retired, never removed."""

    form = WorkerGroupForm
    list_display = ("name_zh", "name_en", "code", "trade_words", "sort_order", "is_active")
    search_fields = ("name_zh", "name_en", "code")
    ordering = ("sort_order", "code")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        """Memberships name the code."""
        return ("code",) if obj else ()


class GroupSetForm(forms.ModelForm):
    """A version of a definition."""

    class Meta:
        model = GroupSet
        fields = ("code", "version", "name_zh", "name_en", "valid_from", "source", "groups")
        widgets = {
            "source": UnfoldAdminTextareaWidget(attrs={"rows": 2}),
            "groups": UnfoldAdminCheckboxSelectMultipleWidget,
        }


@admin.register(GroupSet)
class GroupSetAdmin(OperatorAdmin):
    """Figures rest on a version: another definition is another version, added here."""

    form = GroupSetForm
    list_display = ("__str__", "code", "version", "valid_from", "group_names")
    search_fields = ("code", "name_zh", "name_en")
    ordering = ("code", "version")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the groups, in one query for all."""
        return super().get_queryset(request).prefetch_related("groups")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        """Of an existing version only names and source can be mended."""
        return ("code", "version", "valid_from", "groups") if obj else ()

    @admin.display(description=_("groups"))
    def group_names(self, group_set: GroupSet) -> str:
        """In a line."""
        return "、".join(group.name for group in group_set.groups.all())
