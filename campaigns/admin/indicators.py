"""The officials' pages of indicators, with the targets that hang on each."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _

from campaigns.admin.target_form import TargetForm
from campaigns.models import Indicator, Target
from campaigns.services.targets import set_target
from unions.admin.base import ScopedModelAdmin
from unions.admin.forms import ServiceForm, actor_of, beside
from unions.admin.inlines import ScopedTabularInline
from unions.scope import scope_filter

_CHIP = '<span class="portal-chip portal-chip-rejected">{}</span>'


class TargetInline(ScopedTabularInline):
    """What each union in the viewer's scope is to reach."""

    model = Target
    form = TargetForm
    fields = ("union", "period_start", "period_end", "value", "reason", "note")
    readonly_fields = ("state",)
    autocomplete_fields = ("union",)
    per_page = 50
    show_change_link = True

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Where any has been withdrawn, also which."""
        is_any = obj is not None and obj.targets.filter(withdrawn_on__isnull=False).exists()
        return (*self.fields, "state") if is_any else self.fields

    @admin.display(description=_("state"))
    def state(self, target: Target) -> str:
        """Whether it has been withdrawn; it is put in force again on its own page."""
        if target.withdrawn_on is None:
            return "—"
        return format_html(_CHIP, gettext("withdrawn"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Targets of unions the viewer may see."""
        rows = super().get_queryset(request)
        return rows.visible_to(actor_of(request), "campaigns.view").select_related("union")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Unions in the viewer's scope."""
        if db_field.name == "union":
            kwargs["queryset"] = db_field.remote_field.model.objects.visible_to(
                actor_of(request), "campaigns.change"
            )
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(Indicator)
class IndicatorAdmin(ScopedModelAdmin):
    """Indicators with their targets; the indicator itself is changed on the campaign's page."""

    form = ServiceForm
    view_permission = "campaigns.view"
    change_permission = "campaigns.change"
    scope_path = "campaign__owner__path"
    list_display = (
        "name",
        "of_campaign",
        "metric_label",
        "unit_label",
        "group_set",
        "target_count",
    )
    list_filter = ("metric",)
    list_select_related = ("campaign__owner", "group_set")
    search_fields = ("name", "campaign__name")
    search_help_text = _("Name of the indicator or the campaign")
    ordering = ("-campaign__starts_on", "id")
    inlines = (TargetInline,)
    fields = ("of_campaign", ("name", "metric"), ("unit", "group_set"))
    readonly_fields = ("of_campaign", "name", "metric", "unit", "group_set")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the number of targets of unions the viewer may see."""
        seen = scope_filter(actor_of(request), self.view_permission, "targets__union__path")
        rows = super().get_queryset(request)
        # Who sees nothing has no rows to count for.
        return rows.annotate(targets_set=Count("targets", filter=seen)) if seen else rows

    def has_add_permission(self, request: HttpRequest) -> bool:
        """On the campaign's page."""
        return False

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Each target through its service."""
        for row in formset.initial_forms + formset.extra_forms:
            if not row.has_changed():
                continue
            values = {name: row.cleaned_data[name] for name in TargetInline.fields}
            target = row.instance if row.instance.pk else None
            if target is not None:
                # What the page has not changed stays as it is stored by now.
                stored = Target.objects.select_related("union").get(pk=target.pk)
                kept = [name for name in TargetInline.fields if name not in row.changed_data]
                values |= {name: getattr(stored, name) for name in kept if name != "reason"}
            with beside(row):
                set_target(
                    form.instance,
                    target=target,
                    seen=row.seen_of_changed(),
                    actor=actor_of(request),
                    **values,
                )
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []

    @admin.display(description=_("campaign"), ordering="campaign")
    def of_campaign(self, indicator: Indicator) -> str:
        """With a link to where the indicator is changed."""
        return format_html(
            '<a class="portal-link" href="{}">{}</a>',
            reverse("admin:campaigns_campaign_change", args=[indicator.campaign_id]),
            indicator.campaign,
        )

    @admin.display(description=_("metric"), ordering="metric")
    def metric_label(self, indicator: Indicator) -> str:
        """In words."""
        return indicator.get_metric_display()

    @admin.display(description=_("unit"))
    def unit_label(self, indicator: Indicator) -> str:
        """In words."""
        return indicator.get_unit_display()

    @admin.display(description=_("targets"), ordering="targets_set")
    def target_count(self, indicator: Any) -> int:
        """How many have been set, as far as the viewer sees them."""
        return int(indicator.targets_set)
