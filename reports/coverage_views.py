"""The unions behind the number of those that federations cover."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.pagination import BoundedPaginator
from reports.asking import asked_of, number_of, without
from reports.parts import page_context
from reports.selectors.structure import coverage_of, coverages_behind

PAGE_SIZE = 100


@never_cache
@require_safe
@login_required
def covered(request: HttpRequest) -> HttpResponse:
    """``?union=&day=``: unions that federations of the subtree cover; ``by``: one federation."""
    asked = asked_of(request)
    place, shown = asked.found(request)
    chosen = number_of(request.GET.get("by", ""), default=0)
    rows = coverages_behind(request.user, place.union, shown.day, chosen or None)
    page = BoundedPaginator(rows, PAGE_SIZE).get_page(asked.page)
    listed = list(page.object_list)
    return render(
        request,
        "reports/covered.html",
        {
            **page_context(asked, place, shown),
            "value": None if chosen else coverage_of(place.union, shown.day).covered,
            "total": rows.order_by().values("covered").distinct().count(),
            "federation": listed[0].covering if chosen and listed else None,
            "chosen": chosen,
            "rows": listed,
            "page": page,
            "all_url": f"?{without(request.GET, 'page', 'by')}",
            "page_address": without(request.GET, "page"),
        },
    )
