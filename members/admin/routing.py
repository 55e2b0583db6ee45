"""The rules that lead people without a code to a union, a box to try them, holding pools."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from core.clock import local_today
from core.errors import RuleViolation
from members.models import HoldingPool, JoinCode, Membership, RoutingRule
from members.models.routing import RoutingStep
from members.routing import WorkPlace, advise
from members.services.pools import COUNTY_FEDERATION, open_pool
from reference.models import Region, WorkerGroup
from reference.selectors import active_groups
from unions.admin.base import OperatorAdmin, ScopedModelAdmin
from unions.admin.forms import RecordSelect, ServiceForm, actor_of, cleaned_trade_words
from unions.enums import UnionStatus
from unions.kinds import HOLDING_POOL
from unions.models import Union


class RoutingRuleForm(forms.ModelForm):
    """A rule that looks for a kind of union names it, and only such a rule does; so with words."""

    class Meta:
        model = RoutingRule
        fields = (
            "position", "step", "union_kind", "region", "worker_group", "trade_words",
            "reason_zh", "reason_en", "is_active",
        )  # fmt: skip

    def clean_trade_words(self) -> str:
        """As they are stored."""
        return cleaned_trade_words(self)

    def clean(self) -> dict[str, Any]:
        """Kind and step belong together, words and step too."""
        values: dict[str, Any] = super().clean() or {}
        needs = values.get("step") == RoutingStep.KIND_IN_REGION
        kind = values.get("union_kind")
        if needs and kind is None:
            self.add_error("union_kind", _("Say which kind of union the rule looks for."))
        elif not needs and kind is not None:
            self.add_error("union_kind", _("Only a rule that looks for a kind names one."))
        if kind is not None and not kind.enrols_members:
            self.add_error(
                "union_kind",
                _("A “%(kind)s” does not enrol members itself.") % {"kind": kind.name},
            )
        if values.get("trade_words") and values.get("step") != RoutingStep.TRADE_FEDERATION:
            self.add_error(
                "trade_words",
                _("Only a rule that looks for a federation of a trade has words."),
            )
        return values


class TryForm(forms.Form):
    """What a worker would answer."""

    region = forms.ModelChoiceField(Region.objects.all(), label=_("region"))
    worker_group = forms.ModelChoiceField(
        WorkerGroup.objects.none(),
        label=_("worker group"),
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    employer_name = forms.CharField(
        label=_("employer or platform"),
        max_length=120,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        region: Any = self.fields["region"]
        widget = RecordSelect(RoutingRule._meta.get_field("region"), admin.site)
        widget.choices = region.widget.choices
        region.widget = widget
        self.fields["worker_group"].queryset = active_groups()  # type: ignore[attr-defined]


@admin.register(RoutingRule)
class RoutingRuleAdmin(OperatorAdmin):
    """Tried from the smallest number on; the first that finds a union proposes it."""

    form = RoutingRuleForm
    list_display = ("position", "step_label", "union_kind", "region", "worker_group", "trade_words",
                    "reason_zh", "is_active")  # fmt: skip
    list_display_links = ("position", "step_label")
    list_select_related = ("union_kind", "region", "worker_group")
    ordering = ("position",)
    sortable_by = ()
    autocomplete_fields = ("region",)
    fields = (
        ("position", "is_active"), ("step", "union_kind"), ("region", "worker_group"),
        "trade_words", "reason_zh", "reason_en",
    )  # fmt: skip
    list_before_template = "admin/members/routing_try_link.html"

    @admin.display(description=_("looks for"))
    def step_label(self, rule: RoutingRule) -> str:
        """In words."""
        return rule.get_step_display()

    def get_urls(self) -> list[URLPattern]:
        """Also the box to try the rules."""
        attempt = path(
            "try/", self.admin_site.admin_view(self.try_view), name="members_routingrule_try"
        )
        return [attempt, *super().get_urls()]

    def try_view(self, request: HttpRequest) -> HttpResponse:
        """Which rules hit for a place, group and employer, and what they propose."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = TryForm(request.POST if request.method == "POST" else None)
        advice = None
        if form.is_valid():
            values = form.cleaned_data
            advice = advise(
                WorkPlace(values["region"], values["worker_group"], values["employer_name"])
            )
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Try the rules"),
            "opts": self.opts,
            "form": form,
            "advice": advice,
            "media": form.media,
            "list_url": reverse("admin:members_routingrule_changelist"),
        }
        return TemplateResponse(request, "admin/members/routing_try.html", context)


class PoolForm(ServiceForm):
    """Whose pool."""

    class Meta:
        model = HoldingPool
        fields = ("parent",)


@admin.register(HoldingPool)
class HoldingPoolAdmin(ScopedModelAdmin):
    """Who waits in a county's pool for a union of their own."""

    form = PoolForm
    view_permission = "unions.view"
    change_permission = "unions.change"
    list_display = ("name", "parent", "region", "waiting", "open_code")
    list_select_related = ("parent", "region")
    ordering = ("path",)
    sortable_by = ()
    fields = ("parent",)
    autocomplete_fields = ("parent",)
    search_fields = ("name",)
    change_form_outer_before_template = "admin/members/pool.html"
    own_union_fields = ("parent",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the number of members and the code."""
        held = Membership.objects.filter(union=OuterRef("pk"), ended_on__isnull=True).order_by()
        counted = held.values("union").annotate(number=Count("*")).values("number")
        codes = JoinCode.objects.usable_on(local_today()).filter(union=OuterRef("pk"))
        return (
            super()
            .get_queryset(request)
            .filter(kind=HOLDING_POOL)
            .annotate(
                member_count=Coalesce(Subquery(counted), 0),
                public_code=Subquery(codes.order_by("pk").values("code")[:1]),
            )
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A pool is opened; its record is kept with the unions."""
        return False

    def choice_queryset(self, request: HttpRequest, field: Any) -> QuerySet[Any] | None:
        """County federations."""
        rows = super().choice_queryset(request, field)
        if rows is None or field.name != "parent":
            return rows
        return rows.filter(kind=COUNTY_FEDERATION, status=UnionStatus.ACTIVE)

    def create_record(self, request: HttpRequest, values: dict[str, Any]) -> HoldingPool:
        """Open the pool, or find the one that is there."""
        parent: Union | None = values.get("parent")
        if parent is None:
            raise RuleViolation(gettext("Choose the county federation."), field="parent")
        try:
            pool, _code = open_pool(parent, actor=actor_of(request))
        except RuleViolation as refusal:
            raise RuleViolation(refusal.message, field="parent") from refusal
        return HoldingPool.objects.get(pk=pool.pk)

    def response_add(
        self, request: HttpRequest, obj: HoldingPool, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the pool."""
        self.message_user(
            request,
            gettext("The holding pool is open: people without a union are led to it."),
            messages.SUCCESS,
        )
        return HttpResponseRedirect(reverse("admin:members_holdingpool_change", args=[obj.pk]))

    @admin.display(description=_("members waiting"))
    def waiting(self, pool: Any) -> str:
        """How many, with a link to move them on."""
        return format_html(
            '<a class="portal-link" href="{}?union={}">{}</a>',
            reverse("admin:members_membership_changelist"), pool.pk, pool.member_count,
        )  # fmt: skip

    @admin.display(description=_("join code"))
    def open_code(self, pool: Any) -> str:
        """The code people are led to."""
        return pool.public_code or "—"
