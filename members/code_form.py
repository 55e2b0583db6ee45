"""The field for a code that was sent to a phone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.normalising import normalise_identifier
from members.services.codes import DIGITS


class CodeField(forms.CharField):
    """Six digits as people type them; phones offer the code out of the message."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Code from the message"),
            max_length=30,
            error_messages={"required": _("Enter the 6 digits of the message.")},
            widget=forms.TextInput(
                attrs={
                    "class": "form-control one-time-code",
                    "inputmode": "numeric",
                    "autocomplete": "one-time-code",
                    "enterkeyhint": "done",
                    "spellcheck": "false",
                }
            ),
        )

    def clean(self, value: Any) -> str:
        """The digits. Raises ValidationError."""
        code = normalise_identifier(super().clean(value))
        if len(code) != DIGITS or not (code.isascii() and code.isdigit()):
            raise forms.ValidationError(_("Enter the 6 digits of the message."), code="form")
        return code


class CodeForm(forms.Form):
    """A code and nothing else."""

    code = CodeField()
