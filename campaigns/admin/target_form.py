"""The form of a target: what the page showed, what was changed, and what may be changed at all."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from campaigns.amounts import plain
from campaigns.models import Target
from unions.admin.remembering import RememberingForm


class TargetForm(RememberingForm):
    """A target with the reason that a published campaign asks for.

    The service looks once more, under its lock, at what the page showed. A withdrawn
    target is shown only.
    """

    reason = forms.CharField(
        label=_("reason"),
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"aria-label": _("reason")}),
        help_text=_("Needed once the campaign is published."),
    )

    class Meta:
        model = Target
        fields = ("value", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(value := self.initial.get("value"), Decimal):
            # Still a number: a text would differ from every number that is sent in.
            self.initial["value"] = Decimal(plain(value))
        if self.instance.pk is None:
            return
        # What is shown only is not sent; what is sent all the same, the service refuses.
        was_sent = self.is_bound and self.add_prefix("value") in self.data
        if self.instance.withdrawn_on is not None and "value" in self.fields and not was_sent:
            for field in self.fields.values():
                field.disabled, field.show_hidden_initial = True, False
