"""The officials' pages of reported figures; the operators' view of the nights."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from core.clock import local_today
from reports.metrics import REPORTED_NAMES, reported_name
from reports.models import (
    Drift,
    PaceThreshold,
    ReportedFigure,
    ReportRun,
    SignalKind,
    SignalRule,
)
from reports.models.counts import Metric
from reports.models.progress import PACE_ORDER
from reports.resources import ReportedFigureResource
from reports.screen_admin import ScreenTokenAdmin as ScreenTokenAdmin
from reports.services import record_figure, update_figure
from reports.templatetags.reports_figures import unit_word
from unions.admin.base import OperatorAdmin, ScopedModelAdmin
from unions.admin.exchange import ExchangeMixin
from unions.admin.forms import actor_of
from unions.admin.remembering import RememberingForm


class ReportedFigureForm(RememberingForm):
    """A figure with its paper."""

    metric = forms.ChoiceField(label=_("Metric"), widget=UnfoldAdminSelectWidget)

    class Meta:
        model = ReportedFigure
        fields = ("union", "metric", "group_set", "value", "unit", "as_of", "source", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "metric" in self.fields:
            known = list(REPORTED_NAMES.items())
            held = self.instance.metric
            if held and held not in REPORTED_NAMES:
                known.append((held, held))
            self.fields["metric"].choices = [("", "—"), *known]  # type: ignore[attr-defined]


@admin.register(ReportedFigure)
class ReportedFigureAdmin(ExchangeMixin, ScopedModelAdmin):
    """What unions of the viewer's scope say about themselves."""

    form = ReportedFigureForm
    resource_classes = (ReportedFigureResource,)
    view_permission = "figures.view"
    change_permission = "figures.change"
    own_union_fields = ("union",)
    list_display = ("metric_label", "union", "group_set", "shown", "as_of", "source")
    list_filter = ("unit", "group_set", "as_of")
    list_select_related = ("union", "group_set")
    search_fields = ("union__name", "source")
    search_help_text = _("Union, metric or source")
    ordering = ("-as_of", "metric", "id")
    autocomplete_fields = ("union",)
    fieldsets = (
        (
            _("Figure"),
            {"fields": (("union", "metric"), ("value", "unit"), ("group_set", "as_of"))},
        ),
        (_("Paper"), {"fields": ("source", "note")}),
    )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """As of today."""
        return {"as_of": local_today(), **super().get_changeform_initial_data(request)}

    def create_record(self, request: HttpRequest, values: dict[str, Any]) -> ReportedFigure:
        """Record."""
        return record_figure(actor=actor_of(request), **values)

    def update_record(
        self, request: HttpRequest, record: ReportedFigure, changes: dict[str, Any]
    ) -> None:
        """Change."""
        update_figure(record, actor=actor_of(request), **changes)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ReportedFigure], search_term: str
    ) -> tuple[QuerySet[ReportedFigure], bool]:
        """Every word in the union's name, the source, or the name of the metric."""
        for word in search_term.split():
            metrics = [code for code, name in REPORTED_NAMES.items() if word in str(name)]
            queryset = queryset.filter(
                Q(union__name__contains=word) | Q(source__contains=word) | Q(metric__in=metrics)
            )
        return queryset, False

    @admin.display(description=_("metric"), ordering="metric")
    def metric_label(self, figure: ReportedFigure) -> str:
        """In words."""
        return str(reported_name(figure.metric))

    @admin.display(description=_("value"), ordering="value")
    def shown(self, figure: ReportedFigure) -> str:
        """With its unit; ratios in per cent."""
        if figure.unit == ReportedFigure.Unit.RATIO:
            return f"{figure.value * 100:.2f} %"
        return f"{figure.value.normalize():,f} {unit_word(figure.unit)}"


class PaceThresholdForm(forms.ModelForm):
    """A limit that leaves the statuses in their order."""

    class Meta:
        model = PaceThreshold
        fields = ("minimum_pace",)

    def clean_minimum_pace(self) -> Decimal:
        """Refuse a limit below that of a worse status, or above that of a better one."""
        pace: Decimal = self.cleaned_data["minimum_pace"]
        place = PACE_ORDER.index(self.instance.status)
        for other in PaceThreshold.objects.exclude(pk=self.instance.pk):
            is_better = PACE_ORDER.index(other.status) < place
            if is_better and pace >= other.minimum_pace:
                said = _("It must be less than that of “%(status)s”, %(pace)s.")
            elif not is_better and pace <= other.minimum_pace:
                said = _("It must be more than that of “%(status)s”, %(pace)s.")
            else:
                continue
            values = {"status": other.get_status_display(), "pace": other.minimum_pace}
            raise forms.ValidationError(said % values)
        return pace


@admin.register(PaceThreshold)
class PaceThresholdAdmin(OperatorAdmin):
    """From which pace on a target is ahead, on pace, behind or at risk."""

    form = PaceThresholdForm
    list_display = ("status", "minimum_pace")
    fields = ("status", "minimum_pace")
    readonly_fields = ("status",)
    ordering = ("-minimum_pace",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never: each status that follows from pace has its threshold."""
        return False


class SignalRuleForm(forms.ModelForm):
    """Numbers that fit the kind: a share for the last day of a phase, whole numbers elsewhere."""

    class Meta:
        model = SignalRule
        fields = ("threshold", "window", "is_active")

    def clean_threshold(self) -> Decimal:
        """Refuse what the rule could not mean."""
        threshold: Decimal = self.cleaned_data["threshold"]
        if self.instance.kind == SignalKind.LAST_DAY:
            if not 0 < threshold <= 1:
                raise forms.ValidationError(_("A share lies between 0 and 1: 0.3 is 30%."))
        elif threshold < 1 or threshold != int(threshold):
            raise forms.ValidationError(_("Enter a whole number from 1 on."))
        return threshold


@admin.register(SignalRule)
class SignalRuleAdmin(OperatorAdmin):
    """From when on something in the entries is worth a look."""

    form = SignalRuleForm
    list_display = ("kind", "meaning_shown", "threshold", "window", "is_active", "swept")
    fields = ("kind", "meaning_shown", "threshold", "window", "is_active")
    readonly_fields = ("kind", "meaning_shown")
    ordering = ("kind",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never: each kind has its rule."""
        return False

    def save_model(self, request: HttpRequest, obj: SignalRule, form: Any, change: bool) -> None:
        """The register is gone through again in the coming night."""
        obj.swept_on = None
        super().save_model(request, obj, form, change)

    @admin.display(description=_("register last gone through on"), ordering="swept_on")
    def swept(self, rule: SignalRule) -> dt.date | None:
        """The newest sweep; nothing for rules that look at the day alone."""
        return rule.swept_on

    @admin.display(description=_("meaning"))
    def meaning_shown(self, rule: SignalRule) -> str:
        """The rule in a sentence."""
        return rule.meaning


@admin.register(ReportRun)
class ReportRunAdmin(OperatorAdmin):
    """The nights: written by the nightly job alone."""

    read_only = True
    list_display = (
        "day", "report", "status", "attempts", "started_at", "seconds", "row_count", "checksum",
        "error",
    )  # fmt: skip
    list_filter = ("status", "report", "day")
    ordering = ("-day", "report")


@admin.register(Drift)
class DriftAdmin(OperatorAdmin):
    """What the night and the weekly check found: two books that do not agree."""

    read_only = True
    list_display = (
        "day", "union", "book", "metric_name", "group_name", "stored", "expected", "found_at",
        "mended_at",
    )  # fmt: skip
    list_filter = ("book", "day")
    list_select_related = ("union",)
    ordering = ("-day", "pk")

    @admin.display(description=_("metric"))
    def metric_name(self, drift: Drift) -> str:
        """In words; what has none stands as it was recorded."""
        if drift.metric in Metric.values:
            return str(Metric(drift.metric).label)
        return str(reported_name(drift.metric))

    @admin.display(description=_("worker group"))
    def group_name(self, drift: Drift) -> str:
        """The code of the worker group of a count by group, or of a kind of unions."""
        return drift.breakdown or "—"
