"""What stands behind the link of a collective registration: one's own masked entry, yes or no.

A link that was used, ran out or never existed gets one and the same answer. Looking changes
nothing, for message apps open links by themselves.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from core.codes import format_receipt
from core.errors import RuleViolation
from core.throttling import RateLimit
from members.forms import ConsentField, consent_field
from members.models import CollectiveEntry, ConsentText
from members.selectors import current_consent_texts
from members.services.collective import confirm_entry, decline_entry, entry_of

# Links cannot be guessed; the limit keeps guessing from costing anything.
LINK_LIMIT = RateLimit("join.confirm", 60, 600)


class ConfirmForm(forms.Form):
    """The consents; what stands on the list is not changed here."""

    def __init__(self, *args: Any, texts: list[ConsentText], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for text in texts:
            self.fields[f"consent_{text.purpose}"] = consent_field(text)

    @property
    def consents(self) -> list[tuple[ConsentText, forms.BoundField]]:
        """Each text with its box, for the template."""
        return [(field.text, self[name]) for name, field in self._boxes()]

    def agreed_text_ids(self) -> set[int]:
        """The keys of the texts agreed to, of a valid form."""
        return {self.cleaned_data[name] for name, _field in self._boxes()}

    def _boxes(self) -> list[tuple[str, ConsentField]]:
        return [(n, field) for n, field in self.fields.items() if isinstance(field, ConsentField)]


@never_cache
@sensitive_variables("token")
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Show the entry; take the answer."""
    entry = entry_of(token) if LINK_LIMIT.allow(token[:64]) else None
    if entry is None:
        return _gone(request)
    texts = current_consent_texts()
    if request.method != "POST":
        return _page(request, entry, ConfirmForm(texts=texts))
    if request.POST.get("answer") == "no":
        if not decline_entry(token):
            return _gone(request)
        return render(request, "members/confirm_declined.html", {"union": entry.registration.union})
    form = ConfirmForm(request.POST, texts=texts)
    if not form.is_valid():
        return _page(request, entry, form)
    try:
        application = confirm_entry(token, agreed_text_ids=form.agreed_text_ids(), texts=texts)
    except RuleViolation as violation:
        form.add_error(violation.field if violation.field in form.fields else None, str(violation))
        return _page(request, entry, form)
    if application is None:
        return _gone(request)
    context = {
        "union": entry.registration.union,
        "receipt": format_receipt(application.receipt_number),
    }
    return render(request, "members/confirm_done.html", context)


def _page(request: HttpRequest, entry: CollectiveEntry, form: ConfirmForm) -> HttpResponse:
    context = {"entry": entry, "union": entry.registration.union, "form": form}
    return render(request, "members/confirm.html", context)


def _gone(request: HttpRequest) -> HttpResponse:
    return render(request, "members/confirm_gone.html", status=404)
