"""The forms and the filter of the queue."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members.enums import ApplicationStatus
from members.models import Application, RejectionReason

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
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The applicant reads the reason and this note."),
    )


class RevealForm(forms.Form):
    """Why the full numbers are needed."""

    reason = forms.CharField(
        label=_("Why you need to see them"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def days_waiting(application: Application) -> int:
    """Whole days from sending in to the decision, or to now."""
    return ((application.decided_at or timezone.now()) - application.submitted_at).days
