"""The pages of the quality signals: lists to look at, never verdicts."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from reports.asking import asked_of, without
from reports.models import SignalKind
from reports.selectors import quality as signals
from reports.selectors.days import as_of


@never_cache
@require_safe
@login_required
def quality(request: HttpRequest) -> HttpResponse:
    """What is worth a look in a union and below: ``?union=``, ``?day=``, ``?signal=`` (a kind)."""
    asked = asked_of(request)
    place = asked.place(request)
    if place is None:
        return render(request, "reports/no_union.html", status=403)
    shown = asked.as_of()
    if shown is None:
        return render(request, "reports/empty.html", {"union": place.union})
    kinds = signals.kinds_of(request.user, place.union, shown.day)
    chosen = request.GET.get("signal", "")
    if chosen not in SignalKind.values:
        # The first of which anything stands.
        chosen = next((row.kind for row in kinds if row.entries), SignalKind.BURST)
    found = signals.signals_of_kind(request.user, place.union, shown.day, chosen)
    page = Paginator(found, signals.PAGE_SIZE).get_page(asked.page)
    return render(
        request,
        "reports/quality.html",
        {
            "union": place.union,
            "ancestors": place.ancestors,
            "as_of": shown,
            "newest": shown.newest,
            "kinds": kinds,
            "chosen": next((row for row in kinds if row.kind == chosen), None),
            "rows": signals.with_names(page.object_list),
            "page": page,
            "page_address": without(request.GET, "page"),
            "kind_address": without(request.GET, "page", "signal"),
        },
    )


@never_cache
@require_safe
@login_required
def quality_signal(request: HttpRequest, pk: int) -> HttpResponse:
    """The memberships behind one signal, for those who may read them; for others its sum."""
    signal = signals.signal_in_scope(request.user, pk)
    may_see = signals.may_see_members(request.user, signal)
    (row,) = signals.with_names([signal])
    shown = as_of()
    return render(
        request,
        "reports/quality_signal.html",
        {
            "signal": signal,
            "row": row,
            "union": signal.union,
            "newest": shown.newest if shown else None,
            "may_see_persons": may_see,
            "memberships": signals.memberships_behind(request.user, signal) if may_see else None,
        },
    )
