"""The boxes of a union's extra questions on the public form."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.normalising import normalise_text
from members.models import ExtraQuestion
from members.models.question import QuestionKind
from members.services.questions import ANSWER_LENGTH, FIRST_DAY, LARGEST_NUMBER, LAST_DAY

# As the browser's calendar sends it, and as people without one type it.
_DAY = re.compile(r"([0-9]{4})[-/.年]?([0-9]{1,2})[-/.月]?([0-9]{1,2})日?")
_REQUIRED = _("Please answer this question.")


class QuestionField(forms.CharField):
    """A box whose clean value is the answer as plain text; "" was left empty."""

    def __init__(self, question: ExtraQuestion, **kwargs: Any) -> None:
        messages = {"required": _REQUIRED, **kwargs.pop("error_messages", {})}
        super().__init__(
            label=question.text,
            required=question.is_required,
            error_messages=messages,
            **kwargs,
        )
        self.question = question


class TextAnswerField(QuestionField):
    """One clean line of bounded length."""

    def __init__(self, question: ExtraQuestion) -> None:
        widget = forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"})
        super().__init__(question, max_length=question.maximum or ANSWER_LENGTH, widget=widget)

    def clean(self, value: Any) -> str:
        """Measured after it was made one clean line."""
        text = normalise_text(super().clean(value))
        if self.required and not text:
            raise forms.ValidationError(_REQUIRED, code="required")
        if self.max_length is not None and len(text) > self.max_length:
            raise forms.ValidationError(_("This is too long."), code="max_length")
        if text and len(text) < (self.question.minimum or 0):
            raise forms.ValidationError(
                _("Please write at least %(number)d characters.")
                % {"number": self.question.minimum},
                code="min_length",
            )
        return text


class ChoiceAnswerField(QuestionField):
    """One of the union's own list."""

    def __init__(self, question: ExtraQuestion) -> None:
        self.options = question.choices.splitlines()
        choices = [("", _("Please choose")), *((line, line) for line in self.options)]
        widget = forms.Select(attrs={"class": "form-select"}, choices=choices)
        super().__init__(question, widget=widget)

    def clean(self, value: Any) -> str:
        """As it stands in the list."""
        text = super().clean(value)
        if text and text not in self.options:
            raise forms.ValidationError(_("Choose one of the list."), code="invalid_choice")
        return text


class NumberAnswerField(QuestionField):
    """A whole number within the bounds."""

    def __init__(self, question: ExtraQuestion) -> None:
        widget = forms.TextInput(
            attrs={"class": "form-control", "inputmode": "numeric", "autocomplete": "off"}
        )
        super().__init__(question, max_length=20, widget=widget)
        self.first = -LARGEST_NUMBER if question.minimum is None else question.minimum
        self.last = LARGEST_NUMBER if question.maximum is None else question.maximum

    def clean(self, value: Any) -> str:
        """Its plain digits."""
        text = normalise_text(super().clean(value)).replace("\u2212", "-").replace("－", "-")
        if not text:
            if self.required:
                raise forms.ValidationError(_REQUIRED, code="required")
            return ""
        number = int(text) if re.fullmatch(r"-?[0-9]{1,10}", text) else None
        if number is None or not self.first <= number <= self.last:
            raise forms.ValidationError(
                _("Enter a whole number from %(first)s to %(last)s.")
                % {"first": self.first, "last": self.last},
                code="invalid",
            )
        return str(number)


class DateAnswerField(QuestionField):
    """A day; the answer is its ISO form."""

    def __init__(self, question: ExtraQuestion) -> None:
        widget = forms.TextInput(
            attrs={
                "type": "date",
                "class": "form-control",
                "min": FIRST_DAY.isoformat(),
                "max": LAST_DAY.isoformat(),
            }
        )
        super().__init__(question, max_length=20, widget=widget)

    def clean(self, value: Any) -> str:
        """In ISO form."""
        text = normalise_text(super().clean(value)).replace(" ", "")
        if not text:
            if self.required:
                raise forms.ValidationError(_REQUIRED, code="required")
            return ""
        day = _day_of(text)
        if day is None or not FIRST_DAY <= day <= LAST_DAY:
            raise forms.ValidationError(_("Enter a date such as 2023-07-14."), code="invalid")
        return day.isoformat()


FIELD_OF_KIND: dict[
    str, type[TextAnswerField | ChoiceAnswerField | NumberAnswerField | DateAnswerField]
] = {
    QuestionKind.TEXT: TextAnswerField,
    QuestionKind.CHOICE: ChoiceAnswerField,
    QuestionKind.NUMBER: NumberAnswerField,
    QuestionKind.DATE: DateAnswerField,
}


class AsksQuestions(forms.Form):
    """A form with boxes for the extra questions of a union."""

    def add_questions(self, questions: Iterable[ExtraQuestion]) -> None:
        """A box for each, after the others."""
        for question in questions:
            self.fields[f"question_{question.pk}"] = field_for(question)

    def question_fields(self) -> dict[str, QuestionField]:
        """The boxes of the union's own questions."""
        return {
            name: field for name, field in self.fields.items() if isinstance(field, QuestionField)
        }

    def answers(self) -> dict[int, str]:
        """The answers to the union's own questions, by question, of a valid form."""
        return {
            field.question.pk: self.cleaned_data[name]
            for name, field in self.question_fields().items()
            if self.cleaned_data[name]
        }


def field_for(question: ExtraQuestion) -> QuestionField:
    """The box that takes the answer to ``question``."""
    return FIELD_OF_KIND[question.kind](question)


def _day_of(text: str) -> dt.date | None:
    parts = _DAY.fullmatch(text)
    if parts is None:
        return None
    try:
        return dt.date(*(int(part) for part in parts.groups()))
    except ValueError:
        return None
