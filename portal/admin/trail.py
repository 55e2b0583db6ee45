"""The trail, in the viewer's scope."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy as _

from audit.labels import ACTIONS, action_label, record_label
from audit.models import AuditEntry
from audit.templatetags.audit_labels import audit_details
from unions.admin.base import OperatorAdmin, PortalModelAdmin
from unions.admin.forms import actor_of
from unions.scope import can, scope_filter


def list_actions() -> list[str]:
    """The actions that the pages of code lists write: these have no services."""
    return [
        f"{model._meta.model_name}.{verb}"
        for model, shown in admin.site._registry.items()
        if isinstance(shown, OperatorAdmin)
        for verb in ("added", "changed")
    ]


class ActionFilter(admin.SimpleListFilter):
    """By what was done."""

    title = _("what")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Every known action."""
        return [*ACTIONS.items(), *((code, action_label(code)) for code in list_actions())]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry]
    ) -> QuerySet[AuditEntry]:
        """The entries of the action."""
        return queryset.filter(action=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(PortalModelAdmin):
    """Who did what, when. Read only; entries without a union are the operators' to read."""

    list_display = ("at", "who", "what", "record", "object_id")
    list_filter = (ActionFilter,)
    list_select_related = ("actor",)
    search_fields = ("object_id",)
    search_help_text = _("Number of the record, or beginning of a user name")
    ordering = ("-id",)
    sortable_by = ()
    fields = ("at", "actor", "what", "record", "object_id", "details")
    readonly_fields = ("what", "record", "details")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Entries of unions in the viewer's scope."""
        rows = super().get_queryset(request)
        condition = scope_filter(actor_of(request), "audit.view", "union_path")
        return rows.none() if condition is None else rows.filter(condition)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may read the trail anywhere; which entries, the queryset says."""
        return can(actor_of(request), "audit.view")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: the database refuses it too."""
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        """By record or by user."""
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(Q(object_id=term) | Q(actor__username__startswith=term)), False

    @admin.display(description=_("done by"), ordering="actor")
    def who(self, entry: AuditEntry) -> str:
        """The user, or nobody for what the system did."""
        return str(entry.actor or gettext("the system"))

    @admin.display(description=_("what"), ordering="action")
    def what(self, entry: AuditEntry) -> str:
        """In words."""
        return action_label(entry.action)

    @admin.display(description=_("record type"), ordering="object_type")
    def record(self, entry: AuditEntry) -> str:
        """The kind of record."""
        return record_label(entry.object_type)

    @admin.display(description=_("details"))
    def details(self, entry: AuditEntry) -> str:
        """What changed."""
        return audit_details(entry)
