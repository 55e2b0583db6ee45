"""Two unions, or two days of one, side by side."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from reports.asking import asked_of, without
from reports.parts import page_context
from reports.selectors.coverage_rates import read_units
from reports.selectors.figures import Figures, Rate, figures_from
from reports.selectors.key_figures import (
    ESTABLISHMENT,
    KeyFigure,
    RowsAsked,
    Value,
    difference,
    key_figures,
    with_units,
)
from reports.selectors.place import Place
from reports.selectors.reading import Reading, month_ago, year_ago
from reports.selectors.scope import PERMISSION
from unions.models import Union
from unions.scope import Actor

# The list to choose from holds the neighbours; any other union is named in the address.
MAX_CHOICES = 300


@dataclass(frozen=True)
class Side:
    """A union on a day. ``sets``: of the sets of groups shown, those that were valid on it."""

    union: Union
    day: dt.date
    keys: list[KeyFigure]
    figures: Figures
    sets: set[str]


@dataclass(frozen=True)
class Line:
    """One figure on both sides; ``difference`` = second − first, None where one is unknown."""

    first: KeyFigure
    second: KeyFigure

    @property
    def difference(self) -> Value:
        """Second − first."""
        return difference(self.second.value, self.first.value, self.first.unit)


@dataclass(frozen=True)
class GroupLine:
    """One group or set on both sides, and the rows behind its members."""

    first: Rate
    second: Rate
    rows: RowsAsked

    @property
    def difference(self) -> int:
        """Members, second − first."""
        return self.second.members - self.first.members


@never_cache
@require_safe
@login_required
def compare(request: HttpRequest) -> HttpResponse:
    """``?union=&day=`` beside ``?with=&day2=``; what is left out is as on the first side.

    Where both are left out, a month ago stands beside the day.
    """
    asked = asked_of(request)
    place = asked.place(request)
    if place is None:
        return render(request, "reports/no_union.html", status=403)
    shown = asked.as_of()
    context = page_context(asked, place, shown)
    if shown is None:
        return render(request, "reports/empty.html", context)
    second_shown = shown if asked.second_day is None else shown.beside(asked.second_day)
    nothing_asked = place.other is None and asked.second_day is None
    first_day = shown.beside(month_ago(shown.day)).day if nothing_asked else shown.day
    first, second = _sides(place, first_day, second_shown.day, known_now=asked.known_now)
    return render(
        request,
        "reports/compare.html",
        {
            **context,
            "first": first,
            "second": second,
            # Two different days that were asked for may both be none.
            "other_days": [shown]
            if second_shown.asked in (None, shown.asked)
            else [shown, second_shown],
            "version_address": without(request.GET, "view"),
            "books_differ": place.marks.anything_by(max(first.day, second.day)),
            "lines": [Line(a, b) for a, b in zip(first.keys, second.keys, strict=True)],
            "group_lines": _group_lines(first, second),
            "choices": _choices(request.user, place),
            "is_same": (first.union, first.day) == (second.union, second.day),
        },
    )


def _sides(
    place: Place, day: dt.date, second_day: dt.date, *, known_now: bool
) -> tuple[Side, Side]:
    other = place.other or place.union
    keys = list({place.union.pk, other.pk})
    reading = Reading(keys, [day, second_day], known_now=known_now)
    days = {
        one for shown in (day, second_day) for one in (shown, month_ago(shown), year_ago(shown))
    }
    units = read_units(keys, days)

    def side(union: Union, on: dt.date) -> Side:
        found = [
            with_units({one: units[union.pk, one] for one in days}, on)
            if key.code == ESTABLISHMENT
            else key
            for key in key_figures(reading, union, on)
        ]
        sets = {code for code, one in reading.groups.sets.items() if one.valid_from <= on}
        return Side(union, on, found, figures_from(reading, union, on), sets)

    return side(place.union, day), side(other, second_day)


def _group_lines(first: Side, second: Side) -> list[GroupLine]:
    lines = []
    for is_set, one, two in (
        (False, first.figures.groups, second.figures.groups),
        (True, first.figures.sets, second.figures.sets),
    ):
        others = {rate.code: rate for rate in two}
        lines += [
            GroupLine(
                rate,
                others[rate.code],
                RowsAsked("members", group_set=rate.code)
                if is_set
                else RowsAsked("members", breakdown=rate.code),
            )
            for rate in one
            if rate.code in others and not (rate.is_empty and others[rate.code].is_empty)
        ]
    return lines


def _choices(actor: Actor, place: Place) -> list[Union]:
    """The unions in sight beside and below the one shown, and where the viewer's sight begins."""
    union = place.union
    near = Q(parent=union) | Q(parent=union.parent_id) if union.parent_id else Q(parent=union)
    rows = list(
        Union.objects.visible_to(actor, PERMISSION)
        .filter(near)
        .exclude(pk=union.pk)
        .only("name", "path")
        .order_by("path")[:MAX_CHOICES]
    )
    known = {row.pk for row in rows} | {union.pk}
    extra = [place.other] if place.other else []
    return [
        *rows,
        *(row for row in {u.pk: u for u in (*extra, *place.homes)}.values() if row.pk not in known),
    ]
