"""The public pages about campaigns: what is planned and who is meant, no figures of progress."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from campaigns.selectors.public import for_public_list, time_line
from core.clock import local_today
from core.pagination import BoundedPaginator

PAGE_SIZE = 20


@require_safe
def campaign_list(request: HttpRequest) -> HttpResponse:
    """Published and closed campaigns, the newest first."""
    paginator = BoundedPaginator(for_public_list(), PAGE_SIZE)
    page = paginator.get_page(request.GET.get("page"))
    return render(request, "campaigns/list.html", {"page": page, "today": local_today()})


@require_safe
def campaign_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One campaign: owner, dates, phases on a time line, the groups it is for, its source."""
    rows = for_public_list().prefetch_related("phases", "group_set__groups")
    campaign = get_object_or_404(rows, pk=pk)
    today = local_today()
    return render(
        request,
        "campaigns/detail.html",
        {"campaign": campaign, "today": today, "line": time_line(campaign, today)},
    )
