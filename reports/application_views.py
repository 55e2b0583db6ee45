"""The applications behind the funnel."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.pagination import BoundedPaginator
from reports.asking import asked_of, without
from reports.parts import page_context
from reports.selectors.applications import (
    NAMES,
    STEPS,
    applications_behind,
    as_they_stood,
    by_union,
    find_step,
    may_see_names,
)
from reports.selectors.funnel import PERIODS, funnel_of
from unions.models import Union

PAGE_SIZE = 100


@never_cache
@require_safe
@login_required
def applications(request: HttpRequest) -> HttpResponse:
    """``?union=&day=&period=``: those of a ``step`` of the funnel, for a ``reason`` of refusal.

    Who may not see applications sees how many there are to each union; so does who asks for
    ``by=union``.
    """
    asked = asked_of(request)
    place, shown = asked.found(request)
    funnel = funnel_of(place.union, PERIODS[asked.period](shown.day), shown.day)
    step = find_step(funnel, request.GET.get("step", "sent"), request.GET.get("reason", ""))
    if step is None:
        raise Http404
    found = applications_behind(request.user, place.union, step)
    may_see = may_see_names(request.user, place.union)
    bare = without(request.GET, "page", "by")
    context: dict[str, Any] = {
        **page_context(asked, place, shown),
        "step": step,
        "step_name": STEPS[step.code],
        "funnel": funnel,
        "may_see_names": may_see,
        "total": found.order_by().count(),
        "page_address": without(request.GET, "page"),
        "names_url": f"?{bare}",
        "by_union_url": f"?{bare}by=union",
    }
    if may_see and request.GET.get("by") != "union":
        rows = applications_behind(request.user, place.union, step, NAMES).select_related(
            "union", "worker_group", "rejection_reason"
        )
        page = BoundedPaginator(rows, PAGE_SIZE).get_page(asked.page)
        context["rows"] = as_they_stood(list(page.object_list), funnel.last)
    else:
        page = BoundedPaginator(by_union(found), PAGE_SIZE).get_page(asked.page)
        sums = list(page.object_list)
        unions = Union.objects.select_related("kind").in_bulk([pk for pk, _value in sums])
        context["sums"] = [(unions[pk], value) for pk, value in sums]
    return render(request, "reports/applications.html", context | {"page": page})
