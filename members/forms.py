"""The forms of the public pages.

Checks are those of the services, run field by field so that a worker sees all mistakes at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.forms.utils import pretty_name
from django.utils.functional import cached_property, lazy
from django.utils.translation import gettext_lazy as _

from core.codes import is_receipt_number
from core.errors import RuleViolation
from core.identity import IdentityDocument, IdentityType, parse_identity
from core.normalising import normalise_identifier, normalise_text
from core.person_name import parse_name
from core.phone import normalise_phone
from members.models import ConsentText, ExtraQuestion
from members.question_fields import AsksQuestions
from members.services.enrolment import CheckedPerson
from reference.models import WorkerGroup
from reference.selectors import groups_on_offer

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

NAME_LENGTH = 60
EMPLOYER_LENGTH = 120

# What people call their platform; the register of employers adds the firms near the union.
COMMON_PLATFORMS = (
    "美团", "饿了么", "京东到家", "达达秒送", "闪送", "滴滴出行", "高德打车", "曹操出行", "T3出行",
    "货拉拉", "满帮（运满满、货车帮）", "顺丰速运", "邮政EMS", "京东物流", "中通快递", "圆通速递",
    "申通快递", "韵达快递", "极兔速递", "菜鸟", "天鹅到家", "贝壳找房",
)  # fmt: skip


class ConsentField(forms.Field):
    """A tick that carries the key of the text that was shown: another version is not agreed to."""

    def __init__(self, text: ConsentText) -> None:
        self.text = text
        super().__init__(
            label=lazy(lambda: text.title, str)(),
            required=True,
            error_messages={"required": _("Please read this and tick the box to go on.")},
        )

    def clean(self, value: Any) -> int:
        """The key of the text agreed to."""
        super().clean(value)
        if value != str(self.text.pk):
            raise forms.ValidationError(
                _("This text has changed. Please read the new version and tick the box."),
                code="changed",
            )
        return self.text.pk


class WorkerGroupField(forms.Field):
    """The code of a group that can be chosen; clean it is the group."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Your work"),
            error_messages={
                "required": _("Choose the group that fits best."),
                "invalid_choice": _("Choose the group that fits best."),
            },
        )

    def clean(self, value: Any) -> WorkerGroup:
        """The group. Raises ValidationError."""
        super().clean(value)
        group = groups_on_offer().get(str(value))
        if group is None:
            raise forms.ValidationError(
                self.error_messages["invalid_choice"], code="invalid_choice"
            )
        return group


class MobileNumberField(forms.CharField):
    """A mobile number as people type it; clean it is in E.164."""

    def __init__(self, *, help_text: StrOrPromise = "", enterkeyhint: str = "next") -> None:
        super().__init__(
            label=_("Mobile number"),
            help_text=help_text,
            max_length=30,
            error_messages={"required": _("Enter a mobile number.")},
            widget=forms.TextInput(
                attrs={
                    "type": "tel",
                    "class": "form-control",
                    "inputmode": "tel",
                    "autocomplete": "tel",
                    "enterkeyhint": enterkeyhint,
                }
            ),
        )

    def clean(self, value: Any) -> str:
        """The number in E.164. Raises ValidationError."""
        try:
            return normalise_phone(super().clean(value))
        except RuleViolation as violation:
            raise forms.ValidationError(violation.message, code=violation.code) from violation


class SharedFields(dict[str, forms.Field]):
    """Fields that no form of a class changes, so that all its forms may hold the same ones.

    Django copies every field, with its widget and messages, for each form that is sent in.
    """

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, forms.Field]:
        return dict(self)


class LateBoundField(forms.BoundField):
    """A box that looks up its texts in the active language when a page shows them.

    Most forms that are sent in are never shown again.
    """

    def __init__(self, form: forms.BaseForm, field: forms.Field, name: str) -> None:
        self.form = form
        self.field = field
        self.name = name
        self.html_name = form.add_prefix(name)
        self.renderer = form.renderer

    @cached_property
    def label(self) -> StrOrPromise:  # type: ignore[override]
        """As the field has it, or as its name."""
        return pretty_name(self.name) if self.field.label is None else self.field.label

    @cached_property
    def help_text(self) -> StrOrPromise:  # type: ignore[override]
        """As the field has it."""
        return self.field.help_text or ""

    @cached_property
    def html_initial_name(self) -> str:  # type: ignore[override]
        """The name of the hidden box of a value that was there before."""
        return self.form.add_initial_prefix(self.name)

    @cached_property
    def html_initial_id(self) -> str:  # type: ignore[override]
        """Its id."""
        return self.form.add_initial_prefix(self.auto_id)


def consent_field(text: ConsentText) -> ConsentField:
    """The tick for ``text``, the same one as long as the text is kept; no form changes it."""
    kept: ConsentField | None = text.__dict__.get("consent_field")
    if kept is None:
        kept = text.__dict__["consent_field"] = ConsentField(text)
    return kept


class JoinForm(AsksQuestions):
    """What a worker fills in behind a join code."""

    name = forms.CharField(
        label=_("Your name"),
        help_text=_("As it stands in your document."),
        max_length=NAME_LENGTH,
        error_messages={"required": _("Please enter your name.")},
        widget=forms.TextInput(
            attrs={"class": "form-control", "autocomplete": "name", "enterkeyhint": "next"}
        ),
    )
    id_type = forms.ChoiceField(
        label=_("Document"),
        choices=IdentityType.choices,
        initial=IdentityType.RESIDENT_ID,
        error_messages={
            "required": _("Choose a type of document."),
            "invalid_choice": _("Choose a type of document."),
        },
        widget=forms.Select(attrs={"class": "form-select", "autocomplete": "off"}),
    )
    id_number = forms.CharField(
        label=_("Document number"),
        help_text=_("Stored encrypted. Spaces do not matter."),
        max_length=40,
        error_messages={"required": _("Enter the document number.")},
        widget=forms.TextInput(
            attrs={
                "class": "form-control",
                "autocomplete": "off",
                "autocapitalize": "characters",
                "autocorrect": "off",
                "spellcheck": "false",
                "enterkeyhint": "next",
            }
        ),
    )
    phone = MobileNumberField(help_text=_("So that the union can reach you."))
    worker_group = WorkerGroupField()
    employer_name = forms.CharField(
        label=_("Employer or platform"),
        help_text=_("The company, station or platform you work for most."),
        max_length=EMPLOYER_LENGTH,
        required=False,
        widget=forms.TextInput(
            attrs={
                "class": "form-control",
                "autocomplete": "organization",
                "enterkeyhint": "done",
                "list": "platforms",
            }
        ),
    )

    bound_field_class = LateBoundField

    _document: IdentityDocument

    def __init__(
        self,
        *args: Any,
        texts: Sequence[ConsentText],
        questions: Sequence[ExtraQuestion] = (),
        **kwargs: Any,
    ) -> None:
        # No page puts a colon behind a label; Django would look its translation up each time.
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.add_questions(questions)
        for text in texts:
            self.fields[f"consent_{text.purpose}"] = consent_field(text)

    @property
    def consents(self) -> list[tuple[ConsentText, forms.BoundField]]:
        """Each text with its box, for the template."""
        return [
            (field.text, self[name])
            for name, field in self.fields.items()
            if isinstance(field, ConsentField)
        ]

    @property
    def questions(self) -> list[forms.BoundField]:
        """The boxes of the union's own questions, for the template."""
        return [self[name] for name in self.question_fields()]

    def clean_name(self) -> str:
        """A name of a person, in its one spelling: people mix up the boxes."""
        try:
            return parse_name(self.cleaned_data["name"])
        except RuleViolation as violation:
            raise forms.ValidationError(violation.message, code=violation.code) from violation

    def clean_employer_name(self) -> str:
        """One clean line."""
        return _not_longer(normalise_text(self.cleaned_data["employer_name"]), EMPLOYER_LENGTH)

    def clean(self) -> dict[str, Any]:
        """Check the number against its type of document."""
        values = self.cleaned_data
        if "id_type" in values and "id_number" in values:
            try:
                document = parse_identity(values["id_type"], values["id_number"])
            except RuleViolation as violation:
                self.add_violation(violation)
            else:
                self._document = document
                values["id_number"] = document.number
        return values

    def add_violation(self, violation: RuleViolation) -> None:
        """Put a service's refusal beside its box, or above the form."""
        field = violation.field if violation.field in self.fields else None
        self.add_error(field, forms.ValidationError(violation.message, code=violation.code))

    def person(self) -> CheckedPerson:
        """The person of a valid form, who passed the checks of the service in its boxes."""
        values = self.cleaned_data
        return CheckedPerson(
            name=values["name"],
            id_type=self._document.id_type,
            id_number=self._document.number,
            phone=values["phone"],
            birth_date=self._document.birth_date,
            sex=self._document.sex,
        )

    def agreed_text_ids(self) -> set[int]:
        """The keys of the texts agreed to, of a valid form."""
        return {self.cleaned_data[field.name] for _text, field in self.consents}


JoinForm.base_fields = SharedFields(JoinForm.base_fields)


class StatusForm(forms.Form):
    """Receipt number and phone of an application."""

    receipt_number = forms.CharField(
        label=_("Receipt number"),
        help_text=_("12 letters and digits, such as K7MP-X3QR-9TWA."),
        max_length=40,
        error_messages={"required": _("Enter the receipt number.")},
        widget=forms.TextInput(
            attrs={
                "class": "form-control receipt-input",
                "autocomplete": "off",
                "autocapitalize": "characters",
                "autocorrect": "off",
                "spellcheck": "false",
                "enterkeyhint": "next",
            }
        ),
    )
    phone = MobileNumberField(enterkeyhint="search")

    def clean_receipt_number(self) -> str:
        """As stored; "" for what cannot be a receipt number, which then matches nothing."""
        typed = self.cleaned_data["receipt_number"]
        return normalise_identifier(typed) if is_receipt_number(typed) else ""


def _not_longer(text: str, length: int) -> str:
    """Composing characters (NFC) may lengthen a text after Django has measured it."""
    if len(text) > length:
        raise forms.ValidationError(_("This is too long."), code="max_length")
    return text
