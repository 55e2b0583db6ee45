"""The public pages about campaigns: what is planned, who is meant, how to join."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from campaigns.models import CampaignKind, CampaignStatus
from campaigns.selectors.public import (
    drives_of,
    for_public_list,
    open_code,
    practices_of,
    time_line,
)
from core.clock import local_today
from core.pagination import BoundedPaginator
from members.qr import as_svg, join_address

PAGE_SIZE = 20


@require_safe
def campaign_list(request: HttpRequest) -> HttpResponse:
    """Published and closed campaigns, the newest first."""
    paginator = BoundedPaginator(for_public_list(), PAGE_SIZE)
    page = paginator.get_page(request.GET.get("page"))
    return render(request, "campaigns/list.html", {"page": page, "today": local_today()})


@require_safe
def campaign_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One campaign: owner, dates, code to join by, phases on a time line, good practice."""
    rows = for_public_list().select_related("plan").prefetch_related("phases", "group_set__groups")
    campaign = get_object_or_404(rows, pk=pk)
    today = local_today()
    is_over = campaign.status == CampaignStatus.CLOSED or campaign.ends_on < today
    plan = campaign.plan
    context = {
        "campaign": campaign,
        "today": today,
        "line": time_line(campaign, today),
        "is_over": is_over,
        "code": None if is_over else open_code(campaign, today),
        "practices": practices_of(campaign, today),
        "plan": plan if plan and plan.status != CampaignStatus.DRAFT else None,
        "drives": drives_of(campaign) if campaign.kind == CampaignKind.PLAN else [],
    }
    return render(request, "campaigns/detail.html", context)


@require_safe
def campaign_qr(request: HttpRequest, pk: int) -> HttpResponse:
    """The sign of a campaign: where its open code leads, or where one finds the own union."""
    campaign = get_object_or_404(for_public_list(), pk=pk)
    code = open_code(campaign, local_today())
    finder = f"{settings.PUBLIC_BASE_URL}{reverse('members:find')}"
    picture = as_svg(join_address(code) if code else finder)
    response = HttpResponse(picture, content_type="image/svg+xml")
    response.headers["Cache-Control"] = "public, max-age=300"
    return response
