"""Download everything. By POST, for each download is written into the trail."""

from __future__ import annotations

import json

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from core.errors import RuleViolation
from members.own_data import Person
from members.own_export import explained, export_of, sections_of
from members.posters.own_papers import own_data_paper
from members.services.own_page import log_own_act
from members.views.own_page.session import own_page


@own_page
@require_safe
def download(request: HttpRequest, person: Person) -> HttpResponse:
    """What the download holds."""
    context = {"person": person, "keys": explained()}
    return render(request, "members/me/download.html", context)


@own_page
@require_POST
def as_json(request: HttpRequest, person: Person) -> HttpResponse:
    """For machines."""
    with transaction.atomic():
        log_own_act(person, "member.downloaded_by_self", {"format": "json"})
    text = json.dumps(export_of(person), ensure_ascii=False, indent=2)
    response = HttpResponse(text, content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@own_page
@require_POST
def as_pdf(request: HttpRequest, person: Person) -> HttpResponse:
    """For people."""
    with transaction.atomic():
        log_own_act(person, "member.downloaded_by_self", {"format": "pdf"})
    document = export_of(person)
    name = document["person"].get("name") or person.masked_name
    try:
        pdf = own_data_paper(name, sections_of(document))
    except RuleViolation as violation:
        return HttpResponse(str(violation), status=503, content_type="text/plain; charset=utf-8")
    response = HttpResponse(pdf, content_type="application/pdf")
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.pdf"'
    return response
