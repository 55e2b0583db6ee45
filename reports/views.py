"""The leaders' pages. They parse, ask the selectors, render."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.pagination import BoundedPaginator
from reports.exports import CONTENT_TYPE, file_name, workbook_of
from reports.metrics import Text, by_section, metric_of
from reports.selectors import progress, rows as rows_selectors
from reports.selectors.dashboard import Dashboard, dashboard_for, monthly_values
from reports.selectors.days import AsOf, as_of
from reports.selectors.scope import (
    ancestors_in_scope,
    dashboard_union,
    home_unions,
    visible_campaigns,
)
from unions.models import Union

Page = dict[str, Any]


@never_cache
@require_safe
@login_required
def dashboard(request: HttpRequest) -> HttpResponse:
    """The figures of a union: ``?union=`` (default: the viewer's highest), ``?day=``."""
    homes = home_unions(request.user)
    if not homes:
        return render(request, "reports/no_union.html", status=403)
    union = _union(request, homes)
    shown = as_of(_day(request))
    context: Page = {
        "homes": homes,
        "union": union,
        "ancestors": ancestors_in_scope(request.user, union),
        "as_of": shown,
        "newest": shown.newest if shown else None,
    }
    if shown is None:
        return render(request, "reports/empty.html", context)
    found = _dashboard(request, union, shown)
    context |= {
        "dashboard": found,
        "figures": found.figures,
        "months": monthly_values(union, shown.day),
        "rest_members": found.figures.members - found.ranking.members,
        "ranking_address": _address(request, "page"),
        "sorted_table": "ranking",
        "month_start": shown.day.replace(day=1),
        "year_start": shown.day.replace(month=1, day=1),
    }
    return render(request, "reports/dashboard.html", context)


@never_cache
@require_safe
@login_required
def campaign(request: HttpRequest, pk: int) -> HttpResponse:
    """A campaign's phases, indicators, and the targets in the viewer's scope."""
    found = get_object_or_404(
        visible_campaigns(request.user)
        .select_related("owner", "group_set")
        .prefetch_related("phases", "indicators__group_set"),
        pk=pk,
    )
    shown = as_of(_day(request))
    # Before the first night nothing is measured, but the plan can be read.
    day = shown.day if shown else found.starts_on
    sort = request.GET.get("sort", "-share")
    if sort.removeprefix("-") not in progress.TARGET_SORTS:
        sort = "-share"
    targets = progress.targets_of_campaign(request.user, found, day, sort)
    page = Paginator(targets, 100).get_page(request.GET.get("page"))
    measured = progress.measured(page.object_list, day)
    # A note that many targets share is printed once.
    notes = list(dict.fromkeys(row.target.note for row in measured if row.target.note))
    return render(
        request,
        "reports/campaign.html",
        {
            "campaign": found,
            "as_of": shown,
            "day": day,
            "newest": shown.newest if shown else None,
            "timeline": progress.timeline(found, day),
            "page": page,
            "targets": [
                (row, notes.index(row.target.note) + 1 if row.target.note else None)
                for row in measured
            ],
            "notes": notes,
            "sort": sort,
            "sorted_table": "targets",
            "page_address": _address(request, "page"),
        },
    )


@never_cache
@require_safe
@login_required
def rows(request: HttpRequest) -> HttpResponse:
    """The rows behind a figure: people, unions or stations, as of a day."""
    union = dashboard_union(request.user, request.GET.get("union"))
    shown = as_of(_day(request))
    if shown is None:
        raise Http404
    figure = rows_selectors.find_figure(
        union,
        request.GET.get("metric", ""),
        shown.day,
        _date(request.GET.get("since", "")),
        request.GET.get("breakdown", ""),
        request.GET.get("group_set", ""),
    )
    value = rows_selectors.figure_value(figure)
    context: Page = {
        "union": union,
        "ancestors": ancestors_in_scope(request.user, union),
        "as_of": shown,
        "newest": shown.newest,
        "figure": figure,
        "value": value,
        "name": _metric_name(figure),
    }
    if figure.is_of_persons:
        context |= _person_rows(request, figure, value)
    else:
        found = (
            rows_selectors.stations_behind(request.user, figure)
            if figure.metric == "stations"
            else rows_selectors.unions_behind(request.user, figure)
        )
        page = BoundedPaginator(found, rows_selectors.PAGE_SIZE).get_page(request.GET.get("page"))
        context |= {
            "page": page,
            "total": found.order_by().count(),
            "page_address": _address(request, "page"),
        }
    return render(request, "reports/rows.html", context)


@require_safe
@login_required
def export(request: HttpRequest) -> HttpResponse:
    """The dashboard as an xlsx file, in the language of the page."""
    homes = home_unions(request.user)
    union = _union(request, homes)
    shown = as_of(_day(request))
    if shown is None:
        raise Http404
    found = _dashboard(request, union, shown, whole_ranking=True)
    response = HttpResponse(workbook_of(found), content_type=CONTENT_TYPE)
    response["Content-Disposition"] = content_disposition_header(True, file_name(found)) or ""
    response["Cache-Control"] = "no-store"
    return response


@require_safe
@login_required
def definitions_page(request: HttpRequest) -> HttpResponse:
    """指标口径: what each figure means."""
    return render(request, "reports/definitions.html", {"sections": by_section()})


def _dashboard(
    request: HttpRequest, union: Union, shown: AsOf, *, whole_ranking: bool = False
) -> Dashboard:
    return dashboard_for(
        request.user,
        union,
        shown,
        sort=request.GET.get("sort", ""),
        page=_number(request.GET.get("page", ""), default=1),
        whole_ranking=whole_ranking,
    )


def _person_rows(request: HttpRequest, figure: rows_selectors.Figure, value: int) -> Page:
    """Names for those who may see them, sums by union for everybody else (or on request)."""
    people = rows_selectors.PersonFigure(request.user, figure)
    may_see = rows_selectors.may_see_persons(request.user, figure.union)
    bare = _address(request, "page", "after", "by")
    context: Page = {
        "may_see_persons": may_see,
        "total": people.total(),
        "first_url": f"?{bare}",
        "by_union_url": f"?{bare}by=union",
    }
    if may_see and request.GET.get("by") != "union":
        after = _number(request.GET.get("after", ""), default=0)
        context["persons"], context["next_after"] = people.page(after)
        context["after"] = after
        context["next_url"] = f"?{bare}after={context['next_after']}"
    else:
        number = _number(request.GET.get("page", ""), default=1)
        first = (number - 1) * rows_selectors.PAGE_SIZE
        sums = people.by_union(first, first + rows_selectors.PAGE_SIZE + 1)
        context["sums"] = sums[: rows_selectors.PAGE_SIZE]
        context["next_page"] = number + 1 if len(sums) > rows_selectors.PAGE_SIZE else None
        context["previous_page"] = number - 1
        context["next_url"] = f"?{bare}by=union&page={number + 1}"
        context["previous_url"] = f"?{bare}by=union&page={number - 1}"
    return context


def _address(request: HttpRequest, *dropped: str) -> str:
    """The query of this page without ``dropped``, ready for another word."""
    query = request.GET.copy()
    for key in dropped:
        query.pop(key, None)
    return f"{query.urlencode()}&" if query else ""


def _metric_name(figure: rows_selectors.Figure) -> Text:
    return metric_of(figure.metric).name


def _union(request: HttpRequest, homes: list[Union]) -> Union:
    """The union asked for, else the viewer's highest. Raises Http404 out of scope."""
    if asked := request.GET.get("union"):
        return dashboard_union(request.user, asked)
    if not homes:
        raise Http404
    return homes[0]


def _day(request: HttpRequest) -> dt.date | None:
    return _date(request.GET.get("day", ""))


def _date(text: str) -> dt.date | None:
    """An ISO date; None for nothing. Raises Http404 for what is no date."""
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise Http404 from error


def _number(text: str, *, default: int) -> int:
    """A positive number that fits the database; ``default`` for anything else."""
    return (
        int(text)
        if text.isascii() and text.isdigit() and 0 < len(text) < 16 and int(text)
        else default
    )
