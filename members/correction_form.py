"""The form with which an applicant corrects an application: only what the union asks for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from members.forms import JoinForm, MobileNumberField
from members.models import Application
from members.models.review import CorrectableField
from reference.selectors import groups_on_offer

# The boxes behind each thing that can be asked for, in the order of the form.
BOXES = {
    CorrectableField.NAME.value: ("name",),
    CorrectableField.ID_NUMBER.value: ("id_type", "id_number"),
    CorrectableField.PHONE.value: ("phone",),
    CorrectableField.WORKER_GROUP.value: ("worker_group",),
    CorrectableField.EMPLOYER_NAME.value: ("employer_name",),
}
ALWAYS = ("worker_group", "employer_name")


class KeptMobileNumberField(MobileNumberField):
    """A mobile number; empty for the one that is stored."""

    def clean(self, value: Any) -> str:
        """The number in E.164, or ""."""
        return super().clean(value) if str(value or "").strip() else ""


class CorrectionForm(JoinForm):
    """What may be shown is filled in; numbers are not: left empty they stay as they are."""

    def __init__(self, *args: Any, application: Application, asked: list[str], **kwargs: Any):
        initial = {
            "name": application.name,
            "id_type": application.id_type,
            "worker_group": application.worker_group_id,
            "employer_name": application.employer_name,
        }
        super().__init__(*args, texts=(), initial=initial, **kwargs)
        self.application = application
        boxes = {box for name in asked for box in BOXES.get(name, ())}
        for name in list(self.fields):
            if name not in boxes and name not in ALWAYS:
                del self.fields[name]
        if "phone" in self.fields:
            self.fields["phone"] = KeptMobileNumberField()
        self.asked_boxes = boxes
        group = self.fields["worker_group"]
        group.widget = forms.Select(
            attrs={"class": "form-select"},
            choices=[(item.pk, str(item)) for item in groups_on_offer().values()],
        )
        self.fields["employer_name"].widget.attrs.pop("list", None)
        self._keep_when_empty("id_number", application.masked_id_number)
        self._keep_when_empty("phone", application.masked_phone)

    def _keep_when_empty(self, name: str, masked: str) -> None:
        if field := self.fields.get(name):
            field.required = False
            field.help_text = _("We have %(masked)s. Leave this empty if that is right.") % {
                "masked": masked
            }

    def clean(self) -> dict[str, Any]:
        """Another type of document has another number."""
        values = self.cleaned_data
        if not values.get("id_number"):
            values.pop("id_number", None)
            if values.get("id_type", self.application.id_type) != self.application.id_type:
                self.add_error("id_number", self.fields["id_number"].error_messages["required"])
        if not values.get("phone"):
            values.pop("phone", None)
        return super().clean()

    @property
    def asked_fields(self) -> list[forms.BoundField]:
        """The boxes the union asks to look at."""
        return [self[name] for name in self.fields if name in self.asked_boxes]

    @property
    def other_fields(self) -> list[forms.BoundField]:
        """The boxes that may be changed as well."""
        return [self[name] for name in self.fields if name not in self.asked_boxes]

    def changes(self) -> dict[str, Any]:
        """What a valid form sends on to ``resubmit_application``."""
        values = dict(self.cleaned_data)
        if "id_number" not in values:
            values.pop("id_type", None)
        return values
