"""The pages of data quality: books that differ, and signals, which are never verdicts."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.pagination import CountedPaginator, OneQueryPaginator
from reports.asking import asked_of, without
from reports.models import SignalKind
from reports.selectors import quality as signals
from reports.selectors.days import as_of
from reports.selectors.open_drifts import PAGE_SIZE as DRIFTS_SHOWN, OpenDrift, open_drifts


@never_cache
@require_safe
@login_required
def quality(request: HttpRequest) -> HttpResponse:
    """What is worth a look in a union and below: ``?union=``, ``?day=``, ``?signal=`` (a kind);
    ``page`` of the signals, ``drifts`` of the books that differ."""
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
    kind = next((row for row in kinds if row.kind == chosen), None)
    found = signals.signals_of_kind(request.user, place.union, shown.day, chosen)
    count = kind.signals if kind else found.count()
    page = CountedPaginator(found, signals.PAGE_SIZE, count).get_page(asked.page)
    drifts = OneQueryPaginator(
        open_drifts(request.user, place.union, shown.day), DRIFTS_SHOWN
    ).get_page(request.GET.get("drifts"))
    return render(
        request,
        "reports/quality.html",
        {
            "union": place.union,
            "ancestors": place.ancestors,
            "as_of": shown,
            "newest": shown.newest,
            "kinds": kinds,
            "chosen": kind,
            "rows": signals.with_names(page.object_list),
            "page": page,
            "page_address": without(request.GET, "page"),
            "drifts": drifts,
            "drift_rows": [OpenDrift(row) for row in drifts.object_list],
            "drifts_address": without(request.GET, "drifts"),
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
