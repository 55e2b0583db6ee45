"""The map of a union for the page that draws it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, JsonResponse
from django.templatetags.static import static
from django.utils.translation import gettext as _, pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from reports.selectors.days import as_of
from reports.selectors.map import Area, UnionMap, Value, clean_metric, map_of
from reports.selectors.marks import books_note
from reports.selectors.ranking_rows import RATES
from reports.selectors.scope import dashboard_union
from reports.templatetags.reports_figures import number, pace, percent_text, rate_text, unit_word

# The sentence under the map names so many; the ranking marks them all.
MOST_NAMED = 20
# Figures of the map that are persons; the others speak for themselves.
_PERSONS = ("members", "year")


@never_cache
@require_safe
@login_required
def map_json(request: HttpRequest) -> JsonResponse:
    """``?union=&day=&metric=&pace=``: the children in bands of colour, on their shapes.

    404 for a union out of scope, a day that is none, and before the first night.
    """
    union = dashboard_union(request.user, request.GET.get("union"))
    try:
        asked = request.GET.get("day", "")
        shown = as_of(dt.date.fromisoformat(asked) if asked else None)
    except ValueError as error:
        raise Http404 from error
    if shown is None:
        raise Http404
    metric = clean_metric(request.GET.get("metric", ""))
    target = request.GET.get("pace", "")[:60]
    found = map_of(request.user, union, shown.day, metric, target=target)
    return JsonResponse(map_data(found))


def metric_names() -> dict[str, str]:
    """The figures a map can show, in words of the active language."""
    return {
        "members": _("Members"),
        "year": _("New this year"),
        "set4": _("Rate, four groups"),
        "nef": _("Rate, new-form workers"),
        "pace": _("Pace"),
    }


def map_data(found: UnionMap) -> dict[str, Any]:
    """What the script draws. Numbers come as text too, as the page writes them."""
    return {
        "union": found.union.pk,
        "day": found.day.isoformat(),
        "metric": found.metric,
        "name": metric_names()[found.metric],
        "unit": unit_word("person") if found.metric in _PERSONS else "",
        "has_pace": found.has_pace,
        "left_out": found.left_out,
        "marked": marked_text(found),
        "shapes": {"map": found.shapes.map_name, "url": static(found.shapes.file)}
        if found.shapes
        else None,
        "bands": [
            value_text(found.metric, band.low)
            if band.low == band.high
            else f"{value_text(found.metric, band.low)} – {value_text(found.metric, band.high)}"
            for band in found.bands
        ],
        "areas": [
            {
                "union": area.union.pk,
                "name": area.union.name,
                "short": area.union.short_name or area.union.name,
                "place": area.place,
                "value": None if area.value is None else float(area.value),
                "text": area_text(found.metric, area),
                "mark": books_note(area.books_differ),
                "band": area.band,
                "shape": area.shape,
            }
            for area in found.areas
        ],
    }


def marked_text(found: UnionMap) -> str:
    """Whose figures are marked, in words: on a small shape there is no room for them."""
    names = [area.union.name for area in found.areas if area.books_differ]
    if not names:
        return ""
    named = pgettext("between names", ", ").join(names[:MOST_NAMED])
    return _("Books differ: ") + named + (" …" if len(names) > MOST_NAMED else "")


def area_text(metric: str, area: Area) -> str:
    """The figure of a union in words: a rate with its mark, and why there is none."""
    if metric in RATES and not area.is_hidden:
        return rate_text(None if area.value is None else Decimal(area.value))
    return _("no figure") if area.value is None else value_text(metric, area.value)


def value_text(metric: str, value: Value) -> str:
    """A value as the page writes it."""
    if metric in RATES:
        return percent_text(value)  # type: ignore[arg-type]
    return pace(value) if metric == "pace" else number(value)  # type: ignore[arg-type]
