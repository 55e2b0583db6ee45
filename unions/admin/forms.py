"""Forms whose records services write, and refusals that find their way beside the field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect, RelatedFieldWidgetWrapper
from django.forms.formsets import DELETION_FIELD_NAME
from django.http import HttpRequest
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe

from core.errors import RuleViolation
from reference.trade_words import tidy_trade_words

if TYPE_CHECKING:
    from unions.scope import Actor


MOST_DIGITS = 18  # of a bigint, whatever its digits
# In the address of a search for unions: see UnionForMembersSelect.
FOR_MEMBERS = "for_members"


class Refused(NamedTuple):
    """What a service refused, and on which form of the page (None: the record's own)."""

    field: str | None
    message: str
    prefix: str | None = None


class RowRefused(Exception):
    """A refusal that belongs to one row of an inline."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.message)
        self.refused = refused


@contextmanager
def beside(row: forms.BaseForm) -> Iterator[None]:
    """Say which row of the page a refusal inside belongs to."""
    try:
        yield
    except RuleViolation as refusal:
        raise RowRefused(Refused(refusal.field, str(refusal.message), row.prefix)) from refusal


def cleaned_trade_words(form: forms.BaseForm) -> str:
    """The words of a trade as they are stored. Raises ValidationError with what is wrong."""
    try:
        return tidy_trade_words(form.cleaned_data["trade_words"])
    except RuleViolation as refusal:
        raise forms.ValidationError(str(refusal), code=refusal.code) from refusal


class RecordSelect(AutocompleteSelect):
    """A record to be looked up, on a form of our own.

    What was sent and cannot be a key chooses nothing: Django asks the database for it all the same
    when it shows the form again.
    """

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        """The chosen record alone; the others are looked up."""
        keys = [key for key in value if str(key).isdecimal() and len(str(key)) <= MOST_DIGITS]
        return super().optgroups(name, keys, attr)


class UnionForMembersSelect(RecordSelect):
    """A union people can be moved to: the search leaves out those that take nobody, and pools."""

    def get_url(self) -> str:
        """The search, told so."""
        return f"{super().get_url()}?{FOR_MEMBERS}=1"


class ServiceForm(forms.ModelForm):
    """A form whose record a service will write.

    Uniqueness and constraints are the service's and the database's to judge, so that every way in
    refuses alike. ``refusal`` is what the service said when the page was sent in.
    """

    refusal: Refused | None = None

    def _get_validation_exclusions(self) -> set[str]:
        # Fields were cleaned by their form fields; this leaves out the model's uniqueness checks
        # and constraints, whose refusals would stand at the head of the page.
        return {field.name for field in self._meta.model._meta.get_fields()}

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.refusal is not None and self.refusal.prefix == self.prefix:
            field = self.refusal.field if self.refusal.field in self.fields else None
            self.add_error(field, self.refusal.message)
            # A row that was to go stays: one on its way out is not asked whether it is sound.
            self.cleaned_data.pop(DELETION_FIELD_NAME, None)

    def changes(self) -> dict[str, Any]:
        """The fields that were changed, with their new values."""
        return {name: self.cleaned_data[name] for name in self.changed_data}


def without_link(contents: str) -> SafeString:
    """The (escaped) text of a link."""
    return mark_safe(strip_tags(contents))  # tags taken off, entities left as they are


def without_related_links(field: Any) -> Any:
    """The form field with the plain widget; a box that looks records up is a ``RecordSelect``."""
    if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
        field.widget = field.widget.widget
    if field is not None and type(field.widget) is AutocompleteSelect:
        kept = field.widget
        box = RecordSelect(kept.field, kept.admin_site, attrs=kept.attrs, using=kept.db)
        box.choices, box.is_required = kept.choices, kept.is_required
        field.widget = box
    return field


def actor_of(request: HttpRequest) -> Actor:
    """The user as the services take them."""
    return request.user
