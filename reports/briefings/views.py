"""The addresses of a briefing: PDF and xlsx of a campaign on a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from core.clock import local_today
from core.errors import RuleViolation
from reports.briefings.content import Briefing, briefing_of
from reports.briefings.paper import paper_of
from reports.briefings.workbook import workbook_of
from reports.selectors.days import as_of
from reports.selectors.scope import PERMISSION, visible_campaigns
from reports.sheets import CONTENT_TYPE, safe_file_name
from unions.scope import can_below


@require_safe
@login_required
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """``/dashboard/campaigns/<id>/briefing.pdf?day=``."""
    try:
        return _answer(
            request, pk, lambda briefing: paper_of(briefing, local_today()), "pdf",
            "application/pdf",
        )  # fmt: skip
    except RuleViolation as refusal:
        return HttpResponse(refusal.message, status=503, content_type="text/plain; charset=utf-8")


@require_safe
@login_required
def xlsx(request: HttpRequest, pk: int) -> HttpResponse:
    """``/dashboard/campaigns/<id>/briefing.xlsx?day=``."""
    return _answer(request, pk, workbook_of, "xlsx", CONTENT_TYPE)


def _answer(
    request: HttpRequest, pk: int, make: Callable[[Briefing], bytes], suffix: str, content_type: str
) -> HttpResponse:
    briefing = _briefing(request, pk)
    name = safe_file_name(briefing.campaign.name, "通报", briefing.day.isoformat(), suffix=suffix)
    response = HttpResponse(make(briefing), content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, name) or ""
    response["Cache-Control"] = "no-store"
    return response


def _briefing(request: HttpRequest, pk: int) -> Briefing:
    """The briefing of a campaign whose owner the viewer may see, with all below it: it speaks for
    the owner.

    Who sees only units below, or the owner alone, reads the campaign's page. Raises Http404.
    """
    campaign = get_object_or_404(
        visible_campaigns(request.user).select_related("owner", "group_set"), pk=pk
    )
    if not can_below(request.user, PERMISSION, campaign.owner):
        raise Http404
    return briefing_of(request.user, campaign, as_of(_day(request.GET.get("day", ""))))


def _day(text: str) -> dt.date | None:
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise Http404 from error
