"""The rows behind the establishment rate."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.pagination import BoundedPaginator
from reports.asking import asked_of, without
from reports.parts import page_context
from reports.selectors.coverage_rates import read_units
from reports.selectors.units import sums_of, units_behind

PAGE_SIZE = 100
CHOICES = {"yes": True, "no": False}


@never_cache
@require_safe
@login_required
def units(request: HttpRequest) -> HttpResponse:
    """``?union=&day=``: the units of the register and their unions; ``covered=yes`` or ``no``."""
    asked = asked_of(request)
    place, shown = asked.found(request)
    chosen = request.GET.get("covered", "")
    chosen = chosen if chosen in CHOICES else ""
    units_then = units_behind(request.user, place.union, shown.day)
    rows = units_then.filter(is_covered=CHOICES[chosen]) if chosen else units_then
    page = BoundedPaginator(rows, PAGE_SIZE).get_page(asked.page)
    return render(
        request,
        "reports/units.html",
        {
            **page_context(asked, place, shown),
            "figure": read_units([place.union.pk], [shown.day])[place.union.pk, shown.day],
            "rested": ("covered", "units"),
            "sums": sums_of(units_then),
            "page": page,
            "chosen": chosen,
            "choice_address": without(request.GET, "page", "covered"),
            "page_address": without(request.GET, "page"),
        },
    )
