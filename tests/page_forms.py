"""What a browser would send of a page of the officials' site."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse


def boxes_of(form: Any) -> dict[str, Any]:
    sent = {}
    for box in form:
        value = box.value()
        if value is not None and value is not False:
            sent[box.html_name] = value
        if box.field.show_hidden_initial:
            sent[box.html_initial_name] = "" if value is None else value
    return sent


def as_sent(client: Client, page: str) -> dict[str, Any]:
    """What a browser would send of the page, untouched."""
    context = client.get(page).context
    sent = boxes_of(context["adminform"].form)
    for inline in context["inline_admin_formsets"]:
        for form in (inline.formset.management_form, *inline.formset.initial_forms):
            sent |= boxes_of(form)
    return sent


def page_of(record: Any) -> str:
    name = f"admin:{record._meta.app_label}_{record._meta.model_name}_change"
    return reverse(name, args=[record.pk])
