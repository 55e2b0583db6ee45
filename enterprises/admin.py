"""The officials' pages of employers and denominators."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.normalising import normalise_identifier, normalise_text
from core.uscc import check_uscc
from enterprises.models import Employer, WorkforceBaseline
from enterprises.resources import EmployerResource, WorkforceBaselineResource
from enterprises.services import (
    record_baseline,
    record_employer,
    update_baseline,
    update_employer,
)
from unions.admin.base import ScopedModelAdmin
from unions.admin.exchange import ExchangeMixin
from unions.admin.forms import actor_of
from unions.admin.remembering import RememberingForm


class EmployerForm(RememberingForm):
    """An employer as officials fill it in."""

    class Meta:
        model = Employer
        fields = (
            "name", "uscc", "region", "keeper", "covering_union", "founding_state", "is_platform",
            "is_head", "affiliate_type", "staff_count", "nef_worker_count", "surveyed_on",
        )  # fmt: skip

    def clean_uscc(self) -> str:
        """In its normal form. What is odd about it is a warning, not a refusal."""
        return check_uscc(self.cleaned_data["uscc"]).normalised


@admin.register(Employer)
class EmployerAdmin(ExchangeMixin, ScopedModelAdmin):
    """Employers whose record a union of the viewer's scope keeps."""

    form = EmployerForm
    resource_classes = (EmployerResource,)
    view_permission = "employers.view"
    change_permission = "employers.change"
    own_union_fields = ("keeper",)
    list_display = (
        "name", "region_name", "keeper", "covering_union", "founding_label", "is_platform",
        "is_head", "staff_count", "nef_worker_count",
    )  # fmt: skip
    list_filter = ("founding_state", "is_platform", "is_head", "affiliate_type")
    list_select_related = ("region", "keeper", "covering_union")
    search_fields = ("name", "uscc")
    search_help_text = _("Name, or unified social credit code")
    ordering = ("name", "id")
    autocomplete_fields = ("region", "keeper", "covering_union")
    fieldsets = (
        (_("Employer"), {"fields": (("name", "uscc"), ("region", "keeper"))}),
        (
            _("Union"),
            {"fields": (("covering_union", "founding_state"), ("is_platform", "is_head"))},
        ),
        (
            _("Workers"),
            {"fields": ("affiliate_type", ("staff_count", "nef_worker_count"), "surveyed_on")},
        ),
    )

    def create_record(self, request: HttpRequest, values: dict[str, Any]) -> Employer:
        """Record."""
        employer = record_employer(actor=actor_of(request), **values)
        self._warn_of_uscc(request, employer.uscc)
        return employer

    def update_record(
        self, request: HttpRequest, record: Employer, changes: dict[str, Any]
    ) -> None:
        """Change."""
        update_employer(record, actor=actor_of(request), **changes)
        if "uscc" in changes:
            self._warn_of_uscc(request, changes["uscc"])

    def _warn_of_uscc(self, request: HttpRequest, code: str) -> None:
        check = check_uscc(code)
        if not check.ok:
            self.message_user(request, check.message, messages.WARNING)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Employer], search_term: str
    ) -> tuple[QuerySet[Employer], bool]:
        """Every word in the name, or the beginning of the code."""
        for word in normalise_text(search_term).split():
            queryset = queryset.filter(
                Q(name__contains=word) | Q(uscc__startswith=normalise_identifier(word))
            )
        return queryset, False

    @admin.display(description=_("region"), ordering="region")
    def region_name(self, employer: Employer) -> str:
        """The short name."""
        return employer.region.name

    @admin.display(description=_("union founding"), ordering="founding_state")
    def founding_label(self, employer: Employer) -> str:
        """In words."""
        return employer.get_founding_state_display()


class WorkforceBaselineForm(RememberingForm):
    """A denominator with its paper."""

    class Meta:
        model = WorkforceBaseline
        fields = (
            "keeper", "group", "group_set", "region", "union", "counted_on", "worker_count",
            "source", "note",
        )  # fmt: skip


@admin.register(WorkforceBaseline)
class WorkforceBaselineAdmin(ExchangeMixin, ScopedModelAdmin):
    """Denominators that unions of the viewer's scope keep."""

    form = WorkforceBaselineForm
    resource_classes = (WorkforceBaselineResource,)
    view_permission = "figures.view"
    change_permission = "figures.change"
    own_union_fields = ("keeper",)
    list_display = ("whom", "place", "counted_on", "worker_count", "source", "keeper")
    list_filter = ("group", "group_set", "counted_on")
    list_select_related = ("group", "group_set", "region", "union", "keeper")
    search_fields = ("source", "region__name", "union__name")
    search_help_text = _("Source, region or union")
    ordering = ("-counted_on", "-id")
    autocomplete_fields = ("keeper", "region", "union")
    fieldsets = (
        (
            _("Who is counted"),
            {
                "description": _(
                    "Either a worker group or a group set; either a region or a union."
                ),
                "fields": (("group", "group_set"), ("region", "union")),
            },
        ),
        (_("Count"), {"fields": (("worker_count", "counted_on"), ("source", "keeper"), "note")}),
    )

    def create_record(self, request: HttpRequest, values: dict[str, Any]) -> WorkforceBaseline:
        """Record."""
        return record_baseline(actor=actor_of(request), **values)

    def update_record(
        self, request: HttpRequest, record: WorkforceBaseline, changes: dict[str, Any]
    ) -> None:
        """Change."""
        update_baseline(record, actor=actor_of(request), **changes)

    @admin.display(description=_("workers of"))
    def whom(self, baseline: WorkforceBaseline) -> str:
        """The group or the set."""
        return str(baseline.group or baseline.group_set)

    @admin.display(description=_("place"))
    def place(self, baseline: WorkforceBaseline) -> str:
        """The region or the union."""
        return str(baseline.region or baseline.union)
