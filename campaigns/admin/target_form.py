"""The form of a target: what the page showed, what was changed, and what may be changed at all."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from campaigns.amounts import plain
from campaigns.models import Target
from unions.admin.forms import ServiceForm


class TargetForm(ServiceForm):
    """A target with the reason that a published campaign asks for.

    Of a stored target the page carries what it showed: changed is what differs from that, whatever
    somebody else has stored since (``seen``). A withdrawn one is shown only.
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
        for name in self._meta.fields or ():
            if name in self.fields and name != "reason":
                shown = self.add_initial_prefix(name)
                self.fields[name].show_hidden_initial = not self.is_bound or shown in self.data
        # What is shown only is not sent; what is sent all the same, the service refuses.
        was_sent = self.is_bound and self.add_prefix("value") in self.data
        if self.instance.withdrawn_on is not None and "value" in self.fields and not was_sent:
            for field in self.fields.values():
                field.disabled, field.show_hidden_initial = True, False

    def seen(self) -> dict[str, Any]:
        """What the page showed when it was opened, by field; nothing where it did not say."""
        found = {}
        for name, field in self.fields.items():
            if field.show_hidden_initial and self.is_bound:
                try:
                    found[name] = field.clean(self.data[self.add_initial_prefix(name)])
                except forms.ValidationError:
                    continue
        return found
