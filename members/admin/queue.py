"""The filters and the forms of the queue."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from members.enums import ApplicationStatus
from members.models import Application, RejectionReason
from members.models.application import WAITING_SINCE
from members.models.review import CorrectableField
from members.services.steps import NOTE_LENGTH
from members.waiting import SOON_DAYS, begun_before, is_escalated, rules_of_review
from unions.admin.forms import actor_of
from unions.scope import Actor, grants_of

WAITING = ApplicationStatus.SUBMITTED.value
ALL = "all"


class QueueFilter(admin.SimpleListFilter):
    """What waits is shown unless something else is asked for."""

    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Every status, then all of them."""
        return [*ApplicationStatus.choices, (ALL, _("All"))]

    def choices(self, changelist: Any) -> Any:
        """Without Django's "All", which here means what waits."""
        for value, title in self.lookup_choices:
            yield {
                "selected": (self.value() or WAITING) == value,
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": title,
            }

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Application]
    ) -> QuerySet[Application]:
        """The rows of the status."""
        status = self.value() or WAITING
        return queryset if status == ALL else queryset.filter(status=status)


class WaitingFilter(admin.SimpleListFilter):
    """How long it has waited, in working days, and who has been told."""

    title = _("waiting")
    parameter_name = "waiting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """From the most urgent."""
        return [
            ("to_us", _("escalated to us")),
            ("escalated", _("escalated")),
            ("overdue", _("overdue")),
            ("soon", _("due soon")),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Application]
    ) -> QuerySet[Application]:
        """Of those that wait."""
        chosen = self.value()
        if chosen not in dict(self.lookup_choices):
            return queryset
        rows = queryset.filter(status=WAITING)
        if chosen in {"escalated", "to_us"}:
            rows = rows.filter(is_escalated())
            return rows.filter(below_own(actor_of(request))) if chosen == "to_us" else rows
        days = rules_of_review().remind_after_days
        rows = rows.alias(begun=WAITING_SINCE)
        if chosen == "overdue":
            return rows.filter(begun__lt=begun_before(days))
        return rows.filter(
            begun__lt=begun_before(max(days - SOON_DAYS, 0)), begun__gte=begun_before(days)
        )


def below_own(actor: Actor) -> Q:
    """To unions directly below those the actor is appointed at; an operator is above them all."""
    paths = [grant.path for grant in grants_of(actor, "applications.review")]
    return Q() if "" in paths else Q(union__parent__path__in=paths)


class ProvenFilter(admin.SimpleListFilter):
    """Whether the phone was proven by a code."""

    title = _("phone")
    parameter_name = "phone"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Proven or not."""
        return [("proven", _("phone proven")), ("unproven", _("phone not proven"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Application]
    ) -> QuerySet[Application]:
        """Those of the choice."""
        if self.value() not in {"proven", "unproven"}:
            return queryset
        return queryset.filter(phone_proven_at__isnull=self.value() == "unproven")


class RejectionForm(forms.Form):
    """Why not, in words for the applicant."""

    reason = forms.ModelChoiceField(
        RejectionReason.objects.filter(is_active=True),
        label=_("Reason"),
        empty_label=_("Choose a reason"),
        error_messages={"required": _("Choose a reason.")},
    )
    note = forms.CharField(
        label=_("Note to the applicant"),
        max_length=NOTE_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The applicant reads the reason and this note."),
    )


class CorrectionRequestForm(forms.Form):
    """What the applicant is to correct."""

    prefix = "correction"

    fields_asked = forms.MultipleChoiceField(
        label=_("To be corrected"),
        choices=CorrectableField.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Say what is to be corrected.")},
    )
    note = forms.CharField(
        label=_("Note to the applicant"),
        max_length=NOTE_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The applicant reads what is to be corrected and this note."),
    )


class UndoForm(forms.Form):
    """Why the decision is taken back."""

    prefix = "undo"

    reason = forms.CharField(
        label=_("Why it is undone"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("For the trail; the applicant is told that it is reviewed again."),
    )


class RevealForm(forms.Form):
    """Why the full numbers are needed."""

    reason = forms.CharField(
        label=_("Why you need to see them"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
