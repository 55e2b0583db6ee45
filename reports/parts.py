"""The blocks of a dashboard that are pages of their own.

The dashboard fetches them after itself (htmx), so that each costs a few queries only; without
scripts each is a page behind a link. Both ways give the same block for the same address.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from reports.asking import Asked, asked_of, state_of
from reports.models import CampaignProgress
from reports.selectors.burn_up import courses_of
from reports.selectors.coverage_rates import read_units
from reports.selectors.dashboard import monthly_values, papers_of
from reports.selectors.days import AsOf, month_start, year_start
from reports.selectors.figures import figures_from
from reports.selectors.funnel import PERIODS, funnel_of
from reports.selectors.key_figures import Text, with_units
from reports.selectors.late import late_figures
from reports.selectors.marks import rests_on
from reports.selectors.place import Place
from reports.selectors.quality_box import quality_box_of
from reports.selectors.ranking import STATUSES
from reports.selectors.rates import rate_table
from reports.selectors.reading import Reading, month_ago, year_ago
from reports.selectors.structure import structure_of
from reports.selectors.trends import months_in
from reports.shelf import Block, shelved
from unions.scope import Actor

Values = dict[str, Any]


def _campaigns(actor: Actor, asked: Asked, place: Place, shown: AsOf) -> Values:
    return {"courses": courses_of(actor, place.union, shown.day)}


TREND_FIGURES = ("members", "joined", "unions", "stations")


def _trend(actor: Actor, asked: Asked, place: Place, shown: AsOf) -> Values:
    figure = asked.query.get("figure", "members")
    figure = figure if figure in TREND_FIGURES else "members"
    months = months_in(asked.range, place.union, shown.day)
    found = monthly_values(
        place.union, shown.day, months, known_now=asked.known_now, first=shown.first
    )
    doubted = place.marks.since(place.union.pk, rests_on(figure))
    return {
        "figure_choices": [
            ("members", _("Members")),
            ("joined", _("New members a month")),
            ("unions", pgettext_lazy("figure", "Unions")),
            ("stations", pgettext_lazy("figure", "Stations")),
        ],
        "range_choices": [("12", _("12 months")), ("36", _("3 years")), ("all", _("All"))],
        "months": found,
        "is_cut": any(row.members is None for row in found),
        "range": asked.range,
        "figure": figure,
        "figure_unit": {"unions": "union", "stations": "station"}.get(figure, "person"),
        "doubted_since": doubted if doubted and doubted <= shown.day else None,
    }


def _funnel(actor: Actor, asked: Asked, place: Place, shown: AsOf) -> Values:
    funnel = funnel_of(place.union, PERIODS[asked.period](shown.day), shown.day)
    names = (_("Sent in"), _("Phone proven"), _("Decided"), _("Approved"))
    times = (None, funnel.proof_days, funnel.median_days, funnel.approval_days)
    return {
        "period_choices": [
            ("month", _("This month")),
            ("year", _("This year")),
            ("12", _("12 months")),
        ],
        "funnel": funnel,
        "funnel_steps": [
            (code, name, value, share, days)
            for name, (code, value, share), days in zip(names, funnel.steps, times, strict=True)
        ],
        "period": asked.period,
    }


def _quality(actor: Actor, asked: Asked, place: Place, shown: AsOf) -> Values:
    try:
        page = reverse("reports:quality")
    except NoReverseMatch:
        page = ""
    return {"quality": quality_box_of(place.union, shown.day), "quality_url": page}


def _structure(actor: Actor, asked: Asked, place: Place, shown: AsOf) -> Values:
    return {"structure": structure_of(place.union, shown.day)}


def _reported(actor: Actor, asked: Asked, place: Place, shown: AsOf) -> Values:
    reading = Reading([place.union.pk], [shown.day], known_now=asked.known_now)
    return {"papers": papers_of(figures_from(reading, place.union, shown.day))}


def _establishment(actor: Actor, asked: Asked, place: Place, shown: AsOf) -> Values:
    days = [shown.day, month_ago(shown.day), year_ago(shown.day)]
    units = read_units([place.union.pk], days)
    return {
        "key": with_units({day: units[place.union.pk, day] for day in days}, shown.day),
    }


def _rates(actor: Actor, asked: Asked, place: Place, shown: AsOf) -> Values:
    return {"table": rate_table(place.union, shown.day)}


def _late(actor: Actor, asked: Asked, place: Place, shown: AsOf) -> Values:
    found = late_figures(place.union, shown.day)
    return {"late": found.rows, "late_rates": found.rates}


@dataclass(frozen=True)
class Part:
    """A block: its heading, its template, and what it reads for the template."""

    title: Text
    template: str
    read: Callable[[Actor, Asked, Place, AsOf], Values]


PARTS: dict[str, Part] = {
    "campaigns": Part(_("Campaigns and targets"), "reports/_campaigns.html", _campaigns),
    "trend": Part(_("Trend"), "reports/_trend.html", _trend),
    "funnel": Part(_("From application to membership"), "reports/_funnel.html", _funnel),
    "quality": Part(_("Data quality"), "reports/_quality_box.html", _quality),
    "structure": Part(_("Unions and stations by kind"), "reports/_unions.html", _structure),
    "reported": Part(_("Reported figures"), "reports/_reported.html", _reported),
    "rates": Part(_("Rates and changes"), "reports/_rates.html", _rates),
    "late": Part(_("Published and known now"), "reports/_late.html", _late),
    "establishment": Part(_("Establishment rate"), "reports/_establishment.html", _establishment),
}


def login_required_of_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """As ``login_required``; a script of the dashboard is told to fetch the whole page anew, which
    leads to the log-in: the page to log in would stand inside the block."""
    guarded = login_required(view)

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.headers.get("HX-Request") == "true" and not request.user.is_authenticated:
            return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        return guarded(request, *args, **kwargs)

    return answer


@never_cache
@require_safe
@login_required_of_page
@vary_on_headers("HX-Request")
def part(request: HttpRequest, name: str) -> HttpResponse:
    """One block, alone for a script of the dashboard, else as a page."""
    found = PARTS.get(name)
    asked = asked_of(request)
    shown = asked.as_of()
    if found is None or shown is None:
        raise Http404

    for_script = request.headers.get("HX-Request") == "true"
    # The page around the block shows the place also when the block lies on the shelf.
    place = None if for_script else asked.place(request)
    if place is None and not for_script:
        raise Http404

    def make() -> Block | None:
        here = place or asked.place(request)
        if here is None:
            return None
        context = page_context(asked, here, shown) | {"part": name, "title": found.title}
        read = found.read(request.user, asked, here, shown)
        return Block(str(found.title), render_to_string(found.template, context | read, request))

    block = shelved(request, f"part:{name}", shown, make)
    if block is None:
        raise Http404
    if place is None:
        return HttpResponse(block.body)
    context = page_context(asked, place, shown) | {"title": found.title, "shelved": block.body}
    return render(request, "reports/part.html", context)


def page_context(asked: Asked, place: Place, shown: AsOf | None) -> Values:
    """What the head of every page of figures shows, and what its links keep."""
    return {
        "asked": asked,
        "union": place.union,
        "homes": place.homes,
        "ancestors": place.ancestors,
        "as_of": shown,
        "marks": place.marks,
        "newest": shown.newest if shown else None,
        "month_start": month_start(shown.day) if shown else None,
        "year_start": year_start(shown.day) if shown else None,
        "state": state_of(asked.query, union=place.union.pk),
    }


def statuses() -> list[tuple[str, str]]:
    """The statuses of pace by which the ranking can be filtered, in words."""
    return [(code, str(CampaignProgress.Status(code).label)) for code in STATUSES]
