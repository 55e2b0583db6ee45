"""The officials' pages of indicators and targets: set, changed by versions, withdrawn, shared."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import F, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _, pgettext_lazy

from campaigns.admin.cascade import cascade_page
from campaigns.admin.target_form import TargetForm
from campaigns.amounts import amount
from campaigns.models import CampaignStatus, Target, VersionState
from campaigns.selectors.targets import compare, versions_of
from campaigns.services.targets import (
    may_set_targets,
    reinstate_target,
    set_target,
    withdraw_target,
)
from core.errors import RuleViolation
from unions.admin.base import ScopedModelAdmin
from unions.admin.forms import actor_of
from unions.enums import UnionStatus
from unions.scope import access, can, can_below, grants_of, scope_filter

_LOOKUPS = frozenset(
    {
        "indicator__campaign",
        "indicator__campaign__status__exact",
        "indicator__metric__exact",
        "union__status__exact",
    }
)

_OWNER_PATH = "indicator__campaign__owner__path"
_CHIP = '<span class="portal-chip portal-chip-rejected">{}</span>'


def _is_moved_away(target: Target) -> bool:
    """Its union stands no longer below the owner of the campaign."""
    return not target.union.path.startswith(target.indicator.campaign.owner.path)


@admin.register(Target)
class TargetAdmin(ScopedModelAdmin):
    """Targets of unions in the viewer's scope, of campaigns of unions above as well."""

    form = TargetForm
    view_permission = "campaigns.view"
    change_permission = "campaigns.change"
    list_display = (
        "union_name", "campaign_name", "indicator_name", "period", "amount_label", "below",
        "links",
    )  # fmt: skip
    list_filter = ("indicator__campaign__status", "indicator__metric")
    list_select_related = ("union", "indicator__campaign__owner")
    search_fields = ("union__name", "indicator__campaign__name", "indicator__name")
    search_help_text = _("Name of the union, the campaign or the indicator")
    ordering = ("-period_start", "indicator", "union__path")
    sortable_by = ()
    fields = (
        ("union_name", "campaign_name"),
        ("indicator_name", "period"),
        "value",
        "reason",
        "note",
    )
    readonly_fields = ("union_name", "campaign_name", "indicator_name", "period")
    change_form_outer_before_template = "admin/campaigns/target.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without drafts of campaigns that the viewer does not see; of the own campaigns also those
        of unions that were moved away, and took their targets along."""
        actor = actor_of(request)
        seen = scope_filter(actor, self.view_permission, self.get_scope_path())
        owned = scope_filter(actor, self.view_permission, _OWNER_PATH)
        rows = super(ScopedModelAdmin, self).get_queryset(request)
        if seen is None or owned is None:
            return rows.none()
        public = ~Q(indicator__campaign__status=CampaignStatus.DRAFT)
        shown = seen & (public | owned)
        # Who sees the owner alone, and nothing below it, saw none of these before either.
        for grant in grants_of(actor, self.view_permission):
            if grant.below:
                own = Q(**{f"{_OWNER_PATH}__startswith": grant.path})
                shown |= own & ~Q(union__path__startswith=F(_OWNER_PATH))
        rows = rows.select_related("union__parent", "indicator__campaign__owner")
        return rows.filter(shown)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Also whoever sees the owner of the campaign and all below it, of one moved away."""
        if super().has_view_permission(request, obj):
            return True
        if obj is None or not _is_moved_away(obj):
            return False
        return can_below(actor_of(request), self.view_permission, obj.indicator.campaign.owner)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Also the link from a campaign to its targets, and the filters."""
        return lookup in _LOOKUPS or super().lookup_allowed(lookup, value, request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """On the indicator's page, or by sharing the target above."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever says what this union is to reach; nobody, where it was moved away."""
        if not super().has_change_permission(request, obj):
            return False
        return obj is None or (
            not _is_moved_away(obj)
            and may_set_targets(actor_of(request), obj.indicator.campaign.owner, obj.union)
        )

    def _may_withdraw(self, request: HttpRequest, target: Target) -> bool:
        """Whoever may change it; the owner of the campaign, where its union was moved away."""
        if not _is_moved_away(target):
            return self.has_change_permission(request, target)
        return can(actor_of(request), "campaigns.change", target.indicator.campaign.owner)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Whoever only reads has the value above."""
        fields = super().get_fields(request, obj)
        may = obj is None or (obj.withdrawn_on is None and self.has_change_permission(request, obj))
        return fields if may else [name for name in fields if name not in ("value", "reason")]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A new version, or another note."""
        if changes := form.changes():
            # Not the page's, which shows as unchanged what a colleague has changed since.
            stored = Target.objects.get(pk=obj.pk)
            values = {"value": stored.value, "note": stored.note, "reason": "", **changes}
            set_target(
                obj.indicator,
                target=obj,
                union=obj.union,
                period_start=obj.period_start,
                period_end=obj.period_end,
                seen=form.seen_of_changed(),
                actor=actor_of(request),
                **values,
            )

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With the sum of the targets below, for the rows of the page."""
        page = super().get_changelist_instance(request)
        for row in compare(page.result_list):
            shown: Any = row.target
            shown.compared = row
            shown.may_share = self._may_share(request, row.target)
        return page

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With its versions and the targets below."""
        context: dict[str, Any] = {**(extra_context or {})}
        target = self.get_object(request, unquote(object_id))
        if isinstance(target, Target):
            unit = target.indicator.unit
            (compared,) = compare([target])
            context |= {
                "compared": compared,
                "target_value": amount(target.value, unit),
                "below_total": amount(compared.total, unit),
                "below_difference": amount(compared.difference, unit),
                "may_share": self._may_share(request, target),
                "may_withdraw": self._may_withdraw(request, target),
                "is_moved_away": _is_moved_away(target),
                "versions": [
                    (row, amount(row.value, unit), row.state == VersionState.WITHDRAWN)
                    for row in versions_of(target)
                ],
            }
        return super().change_view(request, object_id, form_url, context)

    # -- acts -----------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Also withdrawing it, putting it in force again, and sharing it among the unions below."""
        own = self.act_urls(
            withdraw=self.withdraw_view, reinstate=self.reinstate_view, cascade=self.cascade_view
        )
        return [*own, *super().get_urls()]

    def _may_share(self, request: HttpRequest, target: Target) -> bool:
        if target.withdrawn_on is not None or target.union.status == UnionStatus.DISSOLVED:
            return False
        if _is_moved_away(target):
            return False
        actor = actor_of(request)
        owner = target.indicator.campaign.owner
        return can(actor, "campaigns.change", target.union) or can(actor, "campaigns.change", owner)

    def _fetch(self, request: HttpRequest, object_id: str) -> Target:
        if not can(actor_of(request), "campaigns.change"):
            raise PermissionDenied
        rows: Any = self.get_queryset(request)
        return access(
            rows, unquote(object_id), actor=actor_of(request), permission="campaigns.change"
        )

    def _fetch_to_withdraw(self, request: HttpRequest, object_id: str) -> Target:
        """Also that of a union moved away, for the owner of the campaign."""
        if can(actor_of(request), "campaigns.change"):
            target = self.get_object(request, unquote(object_id))
            if isinstance(target, Target) and _is_moved_away(target):
                if self._may_withdraw(request, target):
                    return target
                raise Http404
        return self._fetch(request, object_id)

    def withdraw_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take the target back, with a reason."""
        target = self._fetch_to_withdraw(request, object_id)
        if request.method != "POST":
            return self.only_by_button(request, target.pk)
        is_draft = target.indicator.campaign.status == CampaignStatus.DRAFT
        try:
            withdraw_target(target, reason=request.POST.get("reason", ""), actor=actor_of(request))
        except RuleViolation as refusal:
            self.message_user(request, str(refusal.message), messages.ERROR)
            if not Target.objects.filter(pk=target.pk).exists():
                return HttpResponseRedirect(reverse("admin:campaigns_target_changelist"))
        else:
            self.message_user(request, gettext("The target is withdrawn."), messages.SUCCESS)
            if is_draft:
                return HttpResponseRedirect(reverse("admin:campaigns_target_changelist"))
        return HttpResponseRedirect(reverse("admin:campaigns_target_change", args=[target.pk]))

    def reinstate_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Put a withdrawn target in force again, with a reason."""
        target = self._fetch(request, object_id)
        if request.method != "POST":
            return self.only_by_button(request, target.pk)
        try:
            reinstate_target(target, reason=request.POST.get("reason", ""), actor=actor_of(request))
        except RuleViolation as refusal:
            self.message_user(request, str(refusal.message), messages.ERROR)
        else:
            self.message_user(request, gettext("The target is in force again."), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:campaigns_target_change", args=[target.pk]))

    def cascade_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Look at a proposal, change it, and save it."""
        target = self._fetch(request, object_id)
        if not self._may_share(request, target):
            raise PermissionDenied
        return cascade_page(request, target, admin_site=self.admin_site)

    # -- columns --------------------------------------------------------------------------------

    @admin.display(description=_("union"), ordering="union__name")
    def union_name(self, target: Target) -> str:
        """Whose; a union that is no more keeps its target until somebody withdraws it."""
        if _is_moved_away(target):
            return format_html("{} " + _CHIP, target.union.name, gettext("moved away"))
        if target.union.status != UnionStatus.DISSOLVED:
            return target.union.name
        name, status = target.union.name, target.union.get_status_display()
        return format_html("{} " + _CHIP, name, status)

    @admin.display(description=_("campaign"))
    def campaign_name(self, target: Target) -> str:
        """Of which campaign, and whose campaign it is."""
        campaign = target.indicator.campaign
        return f"{campaign.name} · {campaign.owner}"

    @admin.display(description=_("indicator"))
    def indicator_name(self, target: Target) -> str:
        """What is measured."""
        return f"{target.indicator.name} ({target.indicator.get_unit_display()})"

    @admin.display(description=_("period"))
    def period(self, target: Target) -> str:
        """Both days inclusive."""
        return format_html(
            '<span class="portal-nowrap">{} – {}</span>', target.period_start, target.period_end
        )

    @admin.display(description=_("target"), ordering="value")
    def amount_label(self, target: Target) -> str:
        """In the indicator's unit; withdrawn ones are struck out."""
        shown = amount(target.value, target.indicator.unit)
        if target.withdrawn_on is None:
            return shown
        return format_html("<s>{}</s> {}", shown, gettext("withdrawn"))

    @admin.display(description=_("set below"))
    def below(self, target: Any) -> str:
        """What the targets below come to: shown, never forced."""
        row = target.compared
        if not row.count:
            return "—"
        if row.total is None:
            return gettext("%(others)d of %(count)d unions differ") % {
                "others": row.others, "count": row.count,
            }  # fmt: skip
        unit = target.indicator.unit
        if row.agrees:
            return amount(row.total, unit)
        sign = "+" if row.difference > 0 else ""
        return format_html(
            '{} <span class="portal-chip portal-chip-waiting">{}{}</span>',
            amount(row.total, unit), sign, amount(row.difference, unit),
        )  # fmt: skip

    @admin.display(description=pgettext_lazy("where links lead", "open"))
    def links(self, target: Any) -> str:
        """The page, and the proposal."""
        page = format_html(
            '<a href="{}">{}</a>',
            reverse("admin:campaigns_target_change", args=[target.pk]), gettext("Target"),
        )  # fmt: skip
        if not target.may_share:
            return format_html('<span class="row-links">{}</span>', page)
        return format_html(
            '<span class="row-links">{} <a href="{}">{}</a></span>',
            page, reverse("admin:campaigns_target_cascade", args=[target.pk]), gettext("Share out"),
        )  # fmt: skip
