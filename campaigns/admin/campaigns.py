"""The officials' pages of campaigns: plan, phases, indicators, papers, status."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _, pgettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget

from campaigns.admin.steps import CLOSING, PUBLISHING, Step, step_page
from campaigns.amounts import amount
from campaigns.models import (
    Campaign,
    CampaignKind,
    CampaignQuerySet,
    CampaignRecord,
    CampaignStatus,
    Indicator,
    Phase,
    Requirement,
    Target,
)
from campaigns.selectors.hand_ins import tallies
from campaigns.selectors.targets import compare_campaign, disagreements
from campaigns.services.campaigns import (
    add_campaign_join_code,
    create_campaign,
    remove_indicator,
    remove_phase,
    save_indicator,
    save_phase,
    tie_join_code,
    update_campaign,
)
from campaigns.services.hand_ins import remove_requirement, save_requirement
from campaigns.services.shortening import check_phases
from core.errors import RuleViolation
from members.admin.linked_codes import linked_code_page
from unions.admin.base import ScopedModelAdmin
from unions.admin.forms import actor_of, beside
from unions.admin.inlines import ScopedTabularInline
from unions.admin.remembering import RememberingForm
from unions.enums import UnionStatus
from unions.scope import access, grants_of

SHOWN_COMPARISONS = 50
SHOWN_RECORDS = 20


def plans_for(request: HttpRequest) -> CampaignQuerySet:
    """The plans a campaign of the viewer may be part of; the service checks the owner."""
    actor = actor_of(request)
    above = {int(key) for grant in grants_of(actor) for key in grant.path.split("/") if key}
    in_scope = Campaign.objects.visible_to(actor, "campaigns.view").values("pk")
    public = Campaign.objects.public().filter(owner__in=above).values("pk")
    rows = Campaign.objects.filter(kind=CampaignKind.PLAN)
    return rows.filter(Q(pk__in=in_scope) | Q(pk__in=public))


class PlanInline(ScopedTabularInline):
    """Rows of a plan: they may also be taken out, as long as the campaign is a draft."""

    def has_delete_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        """Only from a draft."""
        is_draft = obj is None or obj.status == CampaignStatus.DRAFT
        return is_draft and self.has_change_permission(request, obj)

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """The rows. Whether one may go is for its service to say, without a list of records."""
        formset = super().get_formset(request, obj, **kwargs)
        if hasattr(formset.form, "hand_clean_DELETE"):
            formset.form.hand_clean_DELETE = lambda _row: None
        return formset


class PhaseInline(PlanInline):
    """Dated steps; they may overlap."""

    model = Phase
    form = RememberingForm
    fields = ("name", "starts_on", "ends_on")


class IndicatorInline(PlanInline):
    """What the campaign measures."""

    model = Indicator
    form = RememberingForm
    fields = ("name", "metric", "unit", "group_set")
    show_change_link = True


class RequirementInline(PlanInline):
    """The papers that units hand in; what nobody has handed in yet may be taken out again."""

    model = Requirement
    form = RememberingForm
    fields = ("kind", "due_on", "required_of", "instructions")
    show_change_link = True

    def has_delete_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        """As the page; the service refuses where papers are there."""
        return self.has_change_permission(request, obj)


PlanRow = Phase | Indicator | Requirement
# What saves a row of each inline, and its fields.
_SERVICES: dict[type[PlanRow], tuple[Callable[..., Any], tuple[str, ...]]] = {
    Phase: (save_phase, PhaseInline.fields),
    Indicator: (save_indicator, IndicatorInline.fields),
    Requirement: (save_requirement, RequirementInline.fields),
}


class CampaignForm(RememberingForm):
    """A campaign as officials fill it in."""

    class Meta:
        model = Campaign
        fields = (
            "owner", "name", "kind", "plan", "starts_on", "ends_on", "group_set", "summary", "note",
            "source", "shows_progress",
        )  # fmt: skip
        widgets = {
            "summary": UnfoldAdminTextareaWidget(attrs={"rows": 4}),
            "note": UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plans: Any = self.fields.get("plan")
        if plans is not None and self.instance.plan_id:
            # Also a plan the viewer could not choose, as a draft of the union above: left as it
            # is, it stays.
            plans.queryset = plans.queryset | Campaign.objects.filter(pk=self.instance.plan_id)


@admin.register(Campaign)
class CampaignAdmin(ScopedModelAdmin):
    """Campaigns of unions in the viewer's scope."""

    form = CampaignForm
    view_permission = "campaigns.view"
    change_permission = "campaigns.change"
    own_union_fields = ("owner",)
    list_display = (
        "name", "owner", "kind_label", "starts_on", "ends_on", "status_label", "above_and_below",
        "links",
    )  # fmt: skip
    list_filter = ("status", "kind", "group_set")
    list_select_related = ("owner",)
    search_fields = ("name", "owner__name")
    search_help_text = _("Name of the campaign or its union")
    ordering = ("-starts_on", "-id")
    autocomplete_fields = ("owner",)
    inlines = (PhaseInline, IndicatorInline, RequirementInline)
    fieldsets = (
        (
            _("Campaign"),
            {
                "fields": (
                    ("name", "owner"),
                    ("kind", "plan"),
                    ("starts_on", "ends_on"),
                    "group_set",
                )
            },
        ),
        (_("Text"), {"fields": ("summary", "note", "source", "shows_progress")}),
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
        # Not the page's, which shows as unchanged what a colleague has changed since.
        stored = Campaign.objects.select_related("owner", "plan").get(pk=record.pk)
        # The page's phases follow, each within the new days; ``save_related`` looks at all.
        update_campaign(stored, actor=actor_of(request), phases_follow=True, **changes)

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:
        """The rows of the plan; then no phase lies outside the days."""
        campaign = form.instance
        campaign.refresh_from_db()
        super().save_related(request, form, formsets, change)
        if {"starts_on", "ends_on"} & set(form.changed_data):
            check_phases(campaign, campaign.starts_on, campaign.ends_on)

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
                else:
                    self._save(record, campaign, row, actor)
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []

    @staticmethod
    def _save(record: PlanRow | None, campaign: Campaign, row: RememberingForm, actor: Any) -> None:
        service, fields = _SERVICES[row._meta.model]
        values = {name: row.cleaned_data[name] for name in fields}
        if record is not None:
            # What the page has not changed stays as it is stored by now.
            record.refresh_from_db()
            kept = {name: getattr(record, name) for name in fields}
            values = kept | {name: values[name] for name in fields if name in row.changed_data}
        service(record, campaign=campaign, actor=actor, **values)

    @staticmethod
    def _remove(record: PlanRow | None, actor: Any) -> None:
        if isinstance(record, Phase):
            remove_phase(record, actor=actor)
        elif isinstance(record, Requirement):
            remove_requirement(record, actor=actor)
        elif record is not None:
            remove_indicator(record, actor=actor)

    def choice_queryset(self, request: HttpRequest, field: Any) -> Any:
        """Of plans: public ones of the unions above, and every one in the viewer's scope."""
        if field.name == "plan":
            return plans_for(request)
        return super().choice_queryset(request, field)

    # -- what hangs on it -----------------------------------------------------------------------

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With how the targets below come to those above, for the rows of the page."""
        page = super().get_changelist_instance(request)
        found = disagreements(page.result_list)
        for campaign in page.result_list:
            campaign.with_others, campaign.different = found[campaign.pk]
        return page

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With targets above and below, papers, and records."""
        context: dict[str, Any] = {**(extra_context or {})}
        campaign = self.get_object(request, unquote(object_id))
        if isinstance(campaign, Campaign):
            requirements = list(campaign.requirements.select_related("campaign"))
            counted = tallies(requirements)
            context["requirements"] = [(row, counted[row.pk]) for row in requirements]
            compared = compare_campaign(campaign, actor_of(request))
            context["compared_count"] = len(compared)
            of_dissolved = (
                Target.objects.visible_to(actor_of(request), "campaigns.view")
                .in_force()
                .filter(indicator__campaign=campaign, union__status=UnionStatus.DISSOLVED)
                .select_related("union")
            )
            found = list(of_dissolved[: SHOWN_COMPARISONS + 1])
            context["of_dissolved"] = found[:SHOWN_COMPARISONS]
            context["more_of_dissolved"] = len(found) > SHOWN_COMPARISONS
            context["compared"] = [
                {
                    "row": row,
                    "value": amount(row.target.value, row.target.indicator.unit),
                    "total": amount(row.total, row.target.indicator.unit),
                    "difference": amount(row.difference, row.target.indicator.unit),
                }
                for row in sorted(compared, key=lambda row: row.agrees)[:SHOWN_COMPARISONS]
            ]
            context["records"] = (
                CampaignRecord.objects.visible_to(actor_of(request), "campaigns.view")
                .filter(campaign=campaign)
                .select_related("unit")[:SHOWN_RECORDS]
            )
        return super().change_view(request, object_id, form_url, context)

    # -- status -------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Also the two steps of a campaign's life, and codes of its own."""
        own = self.act_urls(
            publish=self.publish_view, close=self.close_view, join_code=self.join_code_view
        )
        return [*own, *super().get_urls()]

    def publish_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show a draft to everybody, once it was asked whether to."""
        return self._step(request, object_id, PUBLISHING)

    def close_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Close a published campaign, once it was asked whether to."""
        return self._step(request, object_id, CLOSING)

    def join_code_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make a join code whose sign-ups are the campaign's, or tie an unused one to it."""
        campaign = self._fetch(request, object_id)
        return linked_code_page(
            request,
            admin_site=self.admin_site,
            record=campaign,
            make_code=lambda union: add_campaign_join_code(
                campaign, union=union, actor=actor_of(request)
            ),
            tie_code=lambda code: tie_join_code(campaign, code, actor=actor_of(request)),
            below=campaign.owner,
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

    def _step(self, request: HttpRequest, object_id: str, step: Step) -> HttpResponse:
        """Its page says what follows; the button on it does it."""
        campaign = self._fetch(request, object_id)
        if request.method != "POST":
            return step_page(request, campaign, step, admin_site=self.admin_site)
        try:
            step.service(campaign, actor=actor_of(request))
        except RuleViolation as refusal:
            self.message_user(request, str(refusal.message), messages.ERROR)
        else:
            self.message_user(request, str(step.done), messages.SUCCESS)
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

    @admin.display(description=_("targets below"))
    def above_and_below(self, campaign: Any) -> str:
        """Whether they come to the targets above: shown, never forced."""
        if not campaign.with_others:
            return "—"
        if not campaign.different:
            return gettext("come to those above")
        return format_html(
            '<span class="portal-chip portal-chip-waiting">{}</span>',
            gettext("%(different)d of %(all)d differ")
            % {"different": campaign.different, "all": campaign.with_others},
        )

    @admin.display(description=pgettext_lazy("where links lead", "open"))
    def links(self, campaign: Campaign) -> str:
        """Targets, and figures once there is a page of them."""
        figures = format_html(
            ' <a href="/dashboard/campaigns/{}/">{}</a>', campaign.pk, gettext("Dashboard")
        )
        return format_html(
            '<span class="row-links"><a href="{}?indicator__campaign={}">{}</a>{}</span>',
            reverse("admin:campaigns_target_changelist"), campaign.pk, gettext("Targets"),
            "" if campaign.status == CampaignStatus.DRAFT else figures,
        )  # fmt: skip
