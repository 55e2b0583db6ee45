"""Forms of the own page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from core.errors import RuleViolation
from core.identity import IdentityType, parse_identity
from core.normalising import normalise_text
from core.person_name import parse_name
from members.forms import EMPLOYER_LENGTH, NAME_LENGTH, MobileNumberField
from members.models import DataRequest
from reference.models import WorkerGroup
from reference.selectors import active_groups

REASON_LENGTH = 200
WRONG_CODE = _("This code does not fit or has run out. After five wrong tries ask for a new one.")


def _text(**attributes: str) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "form-control", **attributes})


class RefusableForm(forms.Form):
    """A form beside whose boxes a service's refusal can be put."""

    def add_violation(self, violation: RuleViolation) -> None:
        """Beside its box, or above the form."""
        field = violation.field if violation.field in self.fields else None
        self.add_error(field, forms.ValidationError(violation.message, code=violation.code))


class PhoneForm(RefusableForm):
    """A mobile number."""

    phone = MobileNumberField(enterkeyhint="next")


class CodeForm(RefusableForm):
    """The code that was sent."""

    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        error_messages={"required": _("Enter the code from the message.")},
        widget=_text(
            autocomplete="one-time-code",
            inputmode="numeric",
            enterkeyhint="go",
            autocorrect="off",
            spellcheck="false",
        ),
    )


class LastCharactersForm(RefusableForm):
    """Tells people apart who share a phone."""

    last_characters = forms.CharField(
        label=_("Last four characters of your document number"),
        help_text=_("If they are not enough, the whole number."),
        max_length=40,
        error_messages={"required": _("Enter the last four characters.")},
        widget=_text(
            autocomplete="off",
            autocapitalize="characters",
            autocorrect="off",
            spellcheck="false",
            enterkeyhint="go",
        ),
    )


class EmployerForm(RefusableForm):
    """Where one works now."""

    employer_name = forms.CharField(
        label=_("Employer or platform"),
        help_text=_("Leave it empty if you have none."),
        max_length=EMPLOYER_LENGTH,
        required=False,
        widget=_text(autocomplete="organization", enterkeyhint="done"),
    )

    def clean_employer_name(self) -> str:
        """One clean line."""
        return _no_longer(normalise_text(self.cleaned_data["employer_name"]), EMPLOYER_LENGTH)


class CorrectionForm(RefusableForm):
    """What else is wrong, and what is right; the union checks it."""

    field = forms.ChoiceField(
        label=_("What is wrong?"),
        choices=[
            (DataRequest.Field.NAME, pgettext_lazy("person", "name")),
            (DataRequest.Field.ID_NUMBER, _("document number")),
            (DataRequest.Field.WORKER_GROUP, _("worker group")),
        ],
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose what is to be corrected."),
            "invalid_choice": _("Choose what is to be corrected."),
        },
    )
    name = forms.CharField(
        label=_("The right name"),
        max_length=NAME_LENGTH,
        required=False,
        widget=_text(autocomplete="name"),
    )
    id_type = forms.ChoiceField(
        label=_("Document"),
        choices=IdentityType.choices,
        initial=IdentityType.RESIDENT_ID,
        required=False,
        error_messages={"invalid_choice": _("Choose a type of document.")},
        widget=forms.Select(attrs={"class": "form-select", "autocomplete": "off"}),
    )
    id_number = forms.CharField(
        label=_("The right document number"),
        max_length=40,
        required=False,
        widget=_text(autocomplete="off", autocapitalize="characters", spellcheck="false"),
    )
    worker_group = forms.ModelChoiceField(
        label=_("The right worker group"),
        queryset=WorkerGroup.objects.none(),
        required=False,
        error_messages={"invalid_choice": _("Choose the group that fits best.")},
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    note = forms.CharField(
        label=_("Note to the union"), max_length=REASON_LENGTH, required=False, widget=_text()
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["worker_group"].queryset = active_groups()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """The box that belongs to the choice is needed, and right."""
        values = self.cleaned_data
        field = values.get("field")
        if field == DataRequest.Field.NAME:
            try:
                values["value"] = parse_name(values.get("name") or "")
            except RuleViolation as violation:
                self.add_violation(violation)
        elif field == DataRequest.Field.ID_NUMBER and "id_type" in values:
            try:
                document = parse_identity(
                    values["id_type"] or IdentityType.RESIDENT_ID, values.get("id_number") or ""
                )
                values["value"] = f"{document.id_type}:{document.number}"
            except RuleViolation as violation:
                self.add_violation(violation)
        elif field == DataRequest.Field.WORKER_GROUP:
            if values.get("worker_group") is None and "worker_group" not in self.errors:
                self.add_error("worker_group", _("Choose the group that fits best."))
            elif values.get("worker_group") is not None:
                values["value"] = values["worker_group"].pk
        return values


class MoveForm(RefusableForm):
    """Where to, and why."""

    code = forms.CharField(widget=forms.HiddenInput, max_length=40)
    reason = forms.CharField(
        label=_("Why are you moving?"),
        help_text=_("For example: I work for another company now, in another district."),
        max_length=REASON_LENGTH,
        error_messages={"required": _("Say briefly why; both unions read it.")},
        widget=_text(enterkeyhint="next"),
    )
    employer_name = forms.CharField(
        label=_("Employer or platform from then on"),
        max_length=EMPLOYER_LENGTH,
        required=False,
        widget=_text(autocomplete="organization", enterkeyhint="done"),
    )

    def clean_reason(self) -> str:
        """One clean line."""
        return _no_longer(normalise_text(self.cleaned_data["reason"]), REASON_LENGTH)

    def clean_employer_name(self) -> str:
        """One clean line."""
        return _no_longer(normalise_text(self.cleaned_data["employer_name"]), EMPLOYER_LENGTH)


class SureForm(RefusableForm):
    """A box that says one has read what will happen."""

    sure = forms.BooleanField(
        label=_("I have read what will happen and want it."),
        error_messages={"required": _("Tick the box if you are sure.")},
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )


class ErasureForm(SureForm):
    """How far: members choose whether they stay."""

    field_order = ("extent", "sure")

    class Extent(models.TextChoices):
        PART = "part", _("I stay a member. What my membership does not need is erased.")
        ALL = "all", _("I leave the union today and ask it to erase the rest as well.")

    extent = forms.ChoiceField(
        label=_("How far?"),
        choices=Extent.choices,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose whether you stay a member."),
            "invalid_choice": _("Choose whether you stay a member."),
        },
    )

    def __init__(self, *args: Any, is_member: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_member:
            del self.fields["extent"]

    @property
    def leaves(self) -> bool:
        """Whether the membership is to end."""
        return self.cleaned_data.get("extent") == self.Extent.ALL


def _no_longer(text: str, length: int) -> str:
    if len(text) > length:
        raise forms.ValidationError(_("This is too long."), code="max_length")
    return text
