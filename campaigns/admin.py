"""The officials' pages of campaigns: plan, indicators, targets, status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _, pgettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget

from campaigns.models import Campaign, CampaignStatus, Indicator, Phase, Target
from campaigns.services.campaigns import (
    add_campaign_join_code,
    close_campaign,
    create_campaign,
    publish_campaign,
    remove_indicator,
    remove_phase,
    save_indicator,
    save_phase,
    update_campaign,
)
from campaigns.services.targets import set_target
from core.errors import RuleViolation
from members.admin.linked_codes import linked_code_page
from unions.admin.base import ScopedModelAdmin
from unions.admin.forms import ServiceForm, actor_of, beside
from unions.admin.inlines import ScopedTabularInline
from unions.scope import access, scope_filter


class PlanInline(ScopedTabularInline):
    """Rows of a plan: they may also be taken out, as long as the campaign is a draft."""

    def has_delete_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        """Only from a draft."""
        is_draft = obj is None or obj.status == CampaignStatus.DRAFT
        return is_draft and self.has_change_permission(request, obj)


class PhaseInline(PlanInline):
    """Dated steps; they may overlap."""

    model = Phase
    form = ServiceForm
    fields = ("name", "starts_on", "ends_on")


class IndicatorInline(PlanInline):
    """What the campaign measures."""

    model = Indicator
    form = ServiceForm
    fields = ("name", "metric", "unit", "group_set")
    show_change_link = True


class CampaignForm(ServiceForm):
    """A campaign as officials fill it in."""

    class Meta:
        model = Campaign
        fields = (
            "owner", "name", "kind", "starts_on", "ends_on", "group_set", "summary", "note",
            "source",
        )  # fmt: skip
        widgets = {
            "summary": UnfoldAdminTextareaWidget(attrs={"rows": 4}),
            "note": UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        }


@admin.register(Campaign)
class CampaignAdmin(ScopedModelAdmin):
    """Campaigns of unions in the viewer's scope."""

    form = CampaignForm
    view_permission = "campaigns.view"
    change_permission = "campaigns.change"
    own_union_fields = ("owner",)
    list_display = ("name", "owner", "kind_label", "starts_on", "ends_on", "status_label", "links")
    list_filter = ("status", "kind", "group_set")
    list_select_related = ("owner",)
    search_fields = ("name", "owner__name")
    search_help_text = _("Name of the campaign or its union")
    ordering = ("-starts_on", "-id")
    autocomplete_fields = ("owner",)
    inlines = (PhaseInline, IndicatorInline)
    fieldsets = (
        (
            _("Campaign"),
            {"fields": (("name", "owner"), ("kind", "group_set"), ("starts_on", "ends_on"))},
        ),
        (_("Text"), {"fields": ("summary", "note", "source")}),
    )
    change_form_outer_before_template = "admin/campaigns/campaign_status.html"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        """The owner stays."""
        return (*super().get_readonly_fields(request, obj), *(("owner",) if obj else ()))

    def create_record(self, request: HttpRequest, values: dict[str, Any]) -> Campaign:
        """Draft."""
        return create_campaign(actor=actor_of(request), **values)

    def update_record(
        self, request: HttpRequest, record: Campaign, changes: dict[str, Any]
    ) -> None:
        """Change."""
        update_campaign(record, actor=actor_of(request), **changes)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Each row of the plan through its service."""
        campaign = form.instance
        actor = actor_of(request)
        for row in formset.initial_forms + formset.extra_forms:
            if not row.has_changed():
                continue
            record = row.instance if row.instance.pk else None
            with beside(row):
                if row in formset.deleted_forms:
                    self._remove(record, actor)
                elif formset.model is Phase:
                    values = {name: row.cleaned_data[name] for name in PhaseInline.fields}
                    save_phase(record, campaign=campaign, actor=actor, **values)
                else:
                    values = {name: row.cleaned_data[name] for name in IndicatorInline.fields}
                    save_indicator(record, campaign=campaign, actor=actor, **values)
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []

    @staticmethod
    def _remove(record: Phase | Indicator | None, actor: Any) -> None:
        if isinstance(record, Phase):
            remove_phase(record, actor=actor)
        elif record is not None:
            remove_indicator(record, actor=actor)

    # -- status -------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Also the two steps of a campaign's life, and codes of its own."""
        own = self.act_urls(
            publish=self.publish_view, close=self.close_view, join_code=self.join_code_view
        )
        return [*own, *super().get_urls()]

    def publish_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show a draft to everybody."""
        return self._step(request, object_id, publish_campaign, gettext("The campaign is public."))

    def close_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Close a published campaign."""
        return self._step(request, object_id, close_campaign, gettext("The campaign is closed."))

    def join_code_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make a join code whose sign-ups are the campaign's."""
        campaign = self._fetch(request, object_id)
        return linked_code_page(
            request,
            admin_site=self.admin_site,
            record=campaign,
            make_code=lambda union: add_campaign_join_code(
                campaign, union=union, actor=actor_of(request)
            ),
        )

    def _fetch(self, request: HttpRequest, object_id: str) -> Campaign:
        if not self.has_change_permission(request):
            raise PermissionDenied
        return access(
            Campaign.objects.select_related("owner"),
            unquote(object_id),
            actor=actor_of(request),
            permission="campaigns.change",
        )

    def _step(
        self, request: HttpRequest, object_id: str, service: Any, message: str
    ) -> HttpResponse:
        campaign = self._fetch(request, object_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            service(campaign, actor=actor_of(request))
        except RuleViolation as refusal:
            self.message_user(request, str(refusal.message), messages.ERROR)
        else:
            self.message_user(request, message, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:campaigns_campaign_change", args=[campaign.pk]))

    # -- columns ------------------------------------------------------------------------------

    @admin.display(description=_("kind"), ordering="kind")
    def kind_label(self, campaign: Campaign) -> str:
        """In words."""
        return campaign.get_kind_display()

    @admin.display(description=_("status"), ordering="status")
    def status_label(self, campaign: Campaign) -> str:
        """In words."""
        return campaign.get_status_display()

    @admin.display(description=pgettext_lazy("where links lead", "open"))
    def links(self, campaign: Campaign) -> str:
        """Targets and figures."""
        return format_html(
            '<span class="row-links"><a href="{}?campaign={}">{}</a> '
            '<a href="/dashboard/campaigns/{}/">{}</a></span>',
            reverse("admin:campaigns_indicator_changelist"), campaign.pk, gettext("Targets"),
            campaign.pk, gettext("Dashboard"),
        )  # fmt: skip


class TargetInline(ScopedTabularInline):
    """What each union in the viewer's scope is to reach."""

    model = Target
    form = ServiceForm
    fields = ("union", "period_start", "period_end", "value", "note")
    autocomplete_fields = ("union",)
    per_page = 50

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
            with beside(row):
                set_target(
                    form.instance,
                    target=row.instance if row.instance.pk else None,
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
