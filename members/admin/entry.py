"""The form in which an official types in somebody else's application."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _, pgettext_lazy
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from core.errors import RuleViolation
from core.identity import IdentityType
from members.models import MobileWindow
from members.question_fields import AsksQuestions
from members.selectors import questions_of
from members.services.enrolment import PersonInput
from reference.models import WorkerGroup
from reference.selectors import active_groups
from unions.admin.forms import RecordSelect, actor_of
from unions.enums import UnionStatus
from unions.models import Union, UnionQuerySet

_PLAIN = {"autocomplete": "off", "spellcheck": "false"}


def unions_to_enrol_in(request: HttpRequest) -> UnionQuerySet:
    """Standing unions in the official's scope that enrol members themselves."""
    rows = Union.objects.visible_to(actor_of(request), "enrolment.change")
    return rows.filter(kind__enrols_members=True, status=UnionStatus.ACTIVE)


def union_field(request: HttpRequest) -> forms.ModelChoiceField:
    """A choice among them; whoever has but one needs not choose."""
    rows = unions_to_enrol_in(request)
    field = forms.ModelChoiceField(rows, label=_("union"))
    widget = RecordSelect(MobileWindow._meta.get_field("union"), admin.site)
    widget.choices = field.widget.choices
    field.widget = widget
    first = list(rows.values_list("pk", flat=True)[:2])
    if len(first) == 1:
        field.initial = first[0]
    return field


class PersonForm(AsksQuestions):
    """Whom, for which union. What is wrong with a number, the service says.

    A union's extra questions are known once it is chosen: until they were on the page the form
    comes back with them.
    """

    name = forms.CharField(
        label=pgettext_lazy("person", "name"),
        max_length=60,
        widget=UnfoldAdminTextInputWidget(attrs=_PLAIN),
    )
    id_type = forms.ChoiceField(
        label=_("document"),
        choices=IdentityType.choices,
        initial=IdentityType.RESIDENT_ID,
        widget=UnfoldAdminSelectWidget,
    )
    id_number = forms.CharField(
        label=_("ID number"), max_length=40, widget=UnfoldAdminTextInputWidget(attrs=_PLAIN)
    )
    phone = forms.CharField(
        label=_("phone"), max_length=30, widget=UnfoldAdminTextInputWidget(attrs=_PLAIN)
    )
    worker_group = forms.ModelChoiceField(
        WorkerGroup.objects.none(), label=_("worker group"), widget=UnfoldAdminSelectWidget
    )
    employer_name = forms.CharField(
        label=_("employer or platform"),
        max_length=120,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs=_PLAIN),
    )
    has_consented = forms.BooleanField(
        label=_("The person has agreed to both consent texts"),
        help_text=_("Joining and keeping the register; separately, the use of the ID number."),
        required=False,
        widget=UnfoldBooleanWidget,
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["worker_group"].queryset = active_groups()  # type: ignore[attr-defined]
        self.fields = {"union": union_field(request), **self.fields}
        union = self._chosen_union()
        self.add_questions(questions_of(union) if union is not None else [])
        for field in self.question_fields().values():
            field.widget = _as_officials_see(field.widget)

    def _chosen_union(self) -> int | None:
        """The key of the union that was sent, or of the only one there is."""
        field = self.fields["union"]
        if not self.is_bound:
            return cast("int | None", field.initial)
        try:
            return cast("int", field.clean(self.data.get("union")).pk)
        except forms.ValidationError:
            return None

    def clean(self) -> dict[str, Any]:
        """Nobody is recorded past a question that was not shown."""
        if any(name not in self.data for name in self.question_fields()):
            self.add_error(None, _("This union asks more: please answer the questions below."))
        return self.cleaned_data

    def values(self) -> dict[str, Any]:
        """What the services take, of a valid form."""
        sent = self.cleaned_data
        return {
            "union": sent["union"],
            "person": PersonInput(
                name=sent["name"],
                id_type=sent["id_type"],
                id_number=sent["id_number"],
                phone=sent["phone"],
            ),
            "worker_group": sent["worker_group"],
            "employer_name": sent["employer_name"],
            "has_consented": sent["has_consented"],
            "answers": self.answers(),
        }

    def add_violation(self, violation: RuleViolation) -> None:
        """Put a service's refusal beside its box, or above the form."""
        field = violation.field if violation.field in self.fields else None
        self.add_error(field, str(violation.message))


def _as_officials_see(widget: forms.Widget) -> forms.Widget:
    """The same box in the dress of the officials' site."""
    attributes = {name: value for name, value in widget.attrs.items() if name != "class"}
    if isinstance(widget, forms.Select):
        return UnfoldAdminSelectWidget(attrs=attributes, choices=widget.choices)
    if isinstance(widget, forms.TextInput):
        attributes["type"] = widget.input_type
    return UnfoldAdminTextInputWidget(attrs=attributes)


class PaperForm(PersonForm):
    """With the scan of the signed form."""

    file = forms.FileField(
        label=_("Scan of the signed form"),
        help_text=_("PDF, JPEG or PNG, at most 10 MB."),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".pdf,.jpg,.jpeg,.png"}),
    )


class DirectForm(PersonForm):
    """With the choice to approve at once."""

    at_once = forms.BooleanField(
        label=_("Approve at once"),
        help_text=_("Otherwise the application waits for a colleague to review it."),
        required=False,
        widget=UnfoldBooleanWidget,
    )
