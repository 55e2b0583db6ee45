"""Registering unions and keeping their records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _, pgettext_lazy

from core.uscc import check_uscc
from unions.admin.base import ScopedModelAdmin
from unions.admin.exchange import ExchangeMixin
from unions.admin.forms import FOR_MEMBERS, actor_of
from unions.admin.remembering import RememberingForm
from unions.enums import ClosingStatus, UnionStatus
from unions.models import Union
from unions.resources import UnionResource
from unions.scope import can, grants_of
from unions.services import create_union, update_union
from unions.services.rights import may_close, may_rearrange

DASHBOARD = "/dashboard/"


class UnionForm(RememberingForm):
    """A union as officials fill it in."""

    class Meta:
        model = Union
        fields = (
            "name", "short_name", "kind", "parent", "region", "status", "mode", "strategy",
            "driver", "channel", "is_nef", "approval_number", "prepared_on", "founded_on",
            "term_ends_on", "code", "uscc", "contact_name", "contact_phone", "address",
        )  # fmt: skip

    def clean_uscc(self) -> str:
        """In its normal form. What is odd about it is a warning, not a refusal."""
        return check_uscc(self.cleaned_data["uscc"]).normalised


@admin.register(Union)
class UnionAdmin(ExchangeMixin, ScopedModelAdmin):
    """Unions of the viewer's subtree."""

    form = UnionForm
    resource_classes = (UnionResource,)
    view_permission = "unions.view"
    change_permission = "unions.change"
    own_union_fields = ("parent",)
    list_display = (
        "name", "kind", "parent", "region_name", "status_label", "nef_label", "founded_on", "links",
    )  # fmt: skip
    list_filter = ("status", "is_nef", "kind")
    list_select_related = ("kind", "parent", "region")
    search_fields = ("name", "short_name", "code")
    search_help_text = _("Name, short name or code")
    ordering = ("path",)
    autocomplete_fields = ("parent", "region")
    fieldsets = (
        (
            _("Union"),
            {"fields": (("name", "short_name"), ("kind", "parent"), ("region", "status"))},
        ),
        (
            _("Founding"),
            {
                "fields": (
                    ("mode", "strategy"),
                    ("driver", "channel"),
                    "is_nef",
                    ("approval_number", "prepared_on"),
                    ("founded_on", "term_ends_on"),
                )
            },
        ),
        (_("Registration"), {"fields": (("code", "uscc"),)}),
        (_("Contact"), {"fields": (("contact_name", "contact_phone"), "address")}),
    )
    change_form_outer_before_template = "admin/unions/union_links.html"

    # -- who ----------------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only whose scope reaches below the own union can see what they would register."""
        return any(grant.below for grant in grants_of(actor_of(request), "unions.change"))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With the acts that are the viewer's, and how the union ended if it has."""
        acts = self._acts(request, self.get_object(request, unquote(object_id)))
        extra = {**acts, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, extra)

    def _acts(self, request: HttpRequest, union: Union | None) -> dict[str, Any]:
        if union is None:
            return {}
        closings = union.closings.exclude(status=ClosingStatus.REFUSED)
        closing = closings.order_by("-id").first()
        if closing is not None or union.status == UnionStatus.DISSOLVED:
            return {"closing": closing}
        actor = actor_of(request)
        return {
            "may_move": may_rearrange(actor, union),
            "may_merge": can(actor, "unions.change", union),
            "may_dissolve": may_close(actor, union),
        }

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        """A union that stands is moved by an act of its own, which asks why."""
        given = super().get_readonly_fields(request, obj)
        return given if obj is None else (*given, "parent")

    def has_change_permission(self, request: HttpRequest, obj: Union | None = None) -> bool:
        """A dissolved union is history."""
        if obj is not None and obj.status == UnionStatus.DISSOLVED:
            return False
        return super().has_change_permission(request, obj)

    # -- what ---------------------------------------------------------------------------------

    def create_record(self, request: HttpRequest, values: dict[str, Any]) -> Union:
        """Register."""
        union = create_union(actor=actor_of(request), **values)
        self._warn_of_uscc(request, union.uscc)
        return union

    def update_record(self, request: HttpRequest, record: Union, changes: dict[str, Any]) -> None:
        """Change; a new parent moves the subtree."""
        update_union(record, actor=actor_of(request), **changes)
        if "uscc" in changes:
            self._warn_of_uscc(request, changes["uscc"])

    def _warn_of_uscc(self, request: HttpRequest, code: str) -> None:
        check = check_uscc(code)
        if not check.ok:
            self.message_user(request, check.message, messages.WARNING)

    def formfield_for_choice_field(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> forms.TypedChoiceField:
        """Dissolving is an act of its own, not a value to choose."""
        if db_field.name == "status":
            kwargs["choices"] = [
                choice for choice in UnionStatus.choices if choice[0] != UnionStatus.DISSOLVED
            ]
        field: forms.TypedChoiceField = super().formfield_for_choice_field(
            db_field, request, **kwargs
        )
        return field

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Union], search_term: str
    ) -> tuple[QuerySet[Union], bool]:
        """Every word in the name or short name, or the beginning of the code.

        For a ``UnionForMembersSelect`` those alone that enrol, stand, and are no holding pool.
        """
        if FOR_MEMBERS in request.GET:
            queryset = queryset.filter(pk__in=Union.objects.for_members())
        term = search_term.strip()
        for word in term.split():
            queryset = queryset.filter(
                Q(name__contains=word) | Q(short_name__contains=word) | Q(code__startswith=word)
            )
        return queryset, False

    # -- columns ------------------------------------------------------------------------------

    @admin.display(description=_("region"), ordering="region")
    def region_name(self, union: Union) -> str:
        """The short name: the long one fills the line."""
        return union.region.name if union.region else "—"

    @admin.display(description=_("status"), ordering="status")
    def status_label(self, union: Union) -> str:
        """The status in words."""
        return union.get_status_display()

    @admin.display(description=_("new-form"), ordering="is_nef")
    def nef_label(self, union: Union) -> str:
        """Whether it counts as a union of new-form workers; most do not, and that is no fault."""
        return gettext("Yes") if union.is_nef else "—"

    @admin.display(description=pgettext_lazy("where links lead", "open"))
    def links(self, union: Union) -> str:
        """Where to go from here."""
        codes = reverse("admin:members_joincode_changelist")
        return format_html(
            '<span class="row-links"><a href="{}?union={}">{}</a> '
            '<a href="{}?union={}">{}</a></span>',
            DASHBOARD, union.pk, gettext("Dashboard"),
            codes, union.pk, gettext("Join codes"),
        )  # fmt: skip
