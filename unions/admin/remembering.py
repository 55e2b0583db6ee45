"""Forms that remember what their page showed, so that nobody takes back what a colleague did."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from unions.admin.forms import ServiceForm

_LONGEST_SHOWN = 80


class RememberingForm(ServiceForm):
    """Of a stored record the page carries what it showed: changed is what differs from that,
    whatever somebody else has stored since. Where both changed one field, the second is told.

    A file is not remembered: another one is sent or none.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            return
        stored = {field.name for field in self._meta.model._meta.fields}
        for name, field in self.fields.items():
            if name in stored and not isinstance(field, forms.FileField):
                shown = self.add_initial_prefix(name)
                field.show_hidden_initial = not self.is_bound or shown in self.data

    def seen_of_changed(self) -> dict[str, Any]:
        """What the page showed of the fields that were changed on it; nothing where it did not
        say. For services that look once more, under their lock."""
        found = {}
        for name in self.changed_data:
            field = self.fields[name]
            if field.show_hidden_initial:
                try:
                    found[name] = field.clean(self.data[self.add_initial_prefix(name)])
                except forms.ValidationError:
                    continue
        return found

    def clean(self) -> dict[str, Any]:
        """Also refuse, beside the field, what somebody else has changed to something else."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in self.changed_data:
            field = self.fields[name]
            if not field.show_hidden_initial or name in self.errors:
                continue
            now = _plain(self.initial.get(name))
            shown = _plain(self.data.get(self.add_initial_prefix(name)))
            sent = _plain(self[name].data)
            if field.has_changed(now, shown) and field.has_changed(now, sent):
                said = _("Somebody else changed this meanwhile, to “%(now)s”: look at it again.")
                self.add_error(name, said % {"now": _in_words(field, now)})
                # What stands now is what the page shows when it is sent in again.
                self._refuse_once(name, now)
        return cleaned

    def _refuse_once(self, name: str, now: Any) -> None:
        """Let the page that comes back remember what stands now: sent again, it is meant."""
        data: Any = self.data
        data = data.copy()
        data[self.add_initial_prefix(name)] = self.fields[name].prepare_value(now)
        self.data = data


def _plain(value: Any) -> Any:
    """Lines end in one way: what browsers send is not what was stored."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


def _in_words(field: forms.Field, value: Any) -> str:
    """The value as the page shows it."""
    if value in (None, ""):
        return "—"
    if isinstance(field, forms.ModelChoiceField) and field.queryset is not None:
        return str(field.queryset.model._default_manager.filter(pk=value).first() or "—")
    if isinstance(field, forms.ChoiceField):
        labels: Any = field.choices
        return str(dict(labels).get(value, value))
    if isinstance(field, forms.BooleanField):
        return _("yes") if value else _("no")
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    text = date_format(value, "Y-m-d") if hasattr(value, "isoformat") else str(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
