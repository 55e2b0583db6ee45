"""The leaders' pages. They parse, ask the selectors, render."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from campaigns.models import Indicator
from campaigns.selectors.targets import versions_of_campaign
from core.clock import local_today
from core.errors import RuleViolation
from core.pagination import BoundedPaginator, OneQueryPaginator
from reports.asking import NOW, Asked, asked_of, date_of, number_of, start_of, without
from reports.exports import CONTENT_TYPE, file_name, workbook_of
from reports.metrics import Text, by_section, metric_of
from reports.models.counts import PERSON_METRICS
from reports.parts import PARTS, page_context, statuses
from reports.selectors import progress, rows as rows_selectors
from reports.selectors.cascades import cascades_of
from reports.selectors.dashboard import Dashboard, dashboard_for, front_for
from reports.selectors.days import AsOf, as_of
from reports.selectors.marks import marks_with
from reports.selectors.scope import (
    PERMISSION,
    dashboard_union,
    home_unions,
    visible_campaigns,
)
from reports.selectors.trends import DEFAULT_RANGE, months_in
from reports.shelf import Block, shelved
from reports.summary import summary_of
from unions.models import Union
from unions.scope import can, can_below

Page = dict[str, Any]


@never_cache
@require_safe
@login_required
def dashboard(request: HttpRequest) -> HttpResponse:
    """The figures of a union: ``?union=`` (default: the viewer's highest), ``?day=``.

    The other words of the address: ``sort``, ``kind``, ``status``, ``pace`` (which target) and
    ``page`` of the ranking, ``view`` (as published, or as known now); ``range``, ``figure`` and
    ``period`` of the blocks; ``map``, the figure on the map.
    """
    asked = asked_of(request)
    shown = asked.as_of()
    if shown is None:
        place = asked.place(request)
        if place is not None:
            return render(request, "reports/empty.html", page_context(asked, place, shown))
        front = None
    else:
        front = shelved(request, "front", shown, lambda: _front(request, asked, shown))
    if front is None:
        return render(request, "reports/no_union.html", status=403)
    return render(request, "reports/dashboard.html", {"front": front})


def _front(request: HttpRequest, asked: Asked, shown: AsOf) -> Block | None:
    """What stands under the head of the page: depends on the address and the viewer's scope."""
    place = asked.place(request)
    if place is None:
        return None
    front = front_for(
        request.user,
        place.union,
        shown,
        sort=asked.sort,
        page=asked.page,
        kind=asked.kind,
        status=asked.status,
        pace=asked.pace,
        known_now=asked.known_now,
    )
    context = {
        **page_context(asked, place, shown),
        "front": front,
        "figures": front.figures,
        "ranking": front.ranking,
        "statuses": statuses(),
        "rest_members": front.figures.members - front.ranking.members,
        "ranking_address": without(request.GET, "page"),
        "sorted_table": "ranking",
        "marks": front.marks,
        "parts": PARTS,
        # Without a target there is no pace to show.
        "map_metric": asked.map if asked.map != "pace" or front.ranking.pace else "members",
    }
    return Block(place.union.name, render_to_string("reports/_front.html", context, request))


@never_cache
@require_safe
@login_required
def campaign(request: HttpRequest, pk: int) -> HttpResponse:
    """A campaign's phases, indicators, the targets in the viewer's scope and their changes.

    ``?union=``: whose targets stand beside those below it (default: the owner's where the viewer
    may see it, else those of the viewer's highest union); ``day``, ``sort``, ``page``, ``changes``.
    """
    found = get_object_or_404(
        visible_campaigns(request.user)
        .select_related("owner", "group_set")
        .prefetch_related(
            "phases",
            Prefetch("indicators", queryset=Indicator.objects.select_related("group_set")),
        ),
        pk=pk,
    )
    sees_owner = can(request.user, PERMISSION, found.owner)
    beside = _union_beside(request, found.owner if sees_owner else None)
    shown = as_of(date_of(request.GET.get("day", "")))
    # Before the first night nothing is measured, but the plan can be read.
    day = shown.day if shown else found.day_near(local_today())
    sort = request.GET.get("sort", "-share")
    if sort.removeprefix("-") not in progress.TARGET_SORTS:
        sort = "-share"
    targets = progress.targets_of_campaign(request.user, found, day, sort)
    page = OneQueryPaginator(targets, 100).get_page(request.GET.get("page"))
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
            "books_differ": any(row.books_differ for row in measured),
            "sort": sort,
            "sorted_table": "targets",
            "page_address": without(request.GET, "page"),
            "changes": OneQueryPaginator(versions_of_campaign(found, request.user), 50).get_page(
                request.GET.get("changes")
            ),
            "changes_address": without(request.GET, "changes"),
            # A briefing speaks for the owner: who sees only units below it, or it alone, may not
            # send one.
            "may_brief": can_below(request.user, PERMISSION, found.owner),
            "cascade_union": beside,
            "cascades": cascades_of(found, beside, day) if beside else [],
        },
    )


def _union_beside(request: HttpRequest, owner: Union | None) -> Union | None:
    """Whose targets stand beside those below: asked for, ``owner``, or the viewer's highest."""
    if request.GET.get("union"):
        return dashboard_union(request.user, request.GET["union"])
    return owner or next(iter(home_unions(request.user)), None)


@never_cache
@require_safe
@login_required
def rows(request: HttpRequest) -> HttpResponse:
    """The rows behind a figure: people, unions or stations, as of a day."""
    union = rows_selectors.union_behind(request.user, request.GET.get("union"))
    metric = request.GET.get("metric", "")
    shown = as_of(date_of(request.GET.get("day", "")), of_people=metric in PERSON_METRICS)
    if shown is None:
        raise Http404
    figure = rows_selectors.find_figure(
        union,
        metric,
        shown.day,
        start_of(request.GET.get("since", ""), shown.day),
        request.GET.get("breakdown", ""),
        request.GET.get("group_set", ""),
    )
    known, is_late = None, False
    if figure.is_of_persons and (request.GET.get("view") == NOW or request.GET.get("late") == "1"):
        value, known = rows_selectors.published_and_known(figure)
        is_late = request.GET.get("late") == "1"
    else:
        value = rows_selectors.published_value(figure)
    context: Page = {
        "union": union,
        "as_of": shown,
        "marks": marks_with([union]),
        "newest": shown.newest,
        "figure": figure,
        "value": known - value if is_late and known is not None else value,
        "published": value,
        "known": known,
        "is_late": is_late,
        "late_url": f"?{without(request.GET, 'late', 'page', 'after', 'by')}late=1",
        "published_url": f"?{without(request.GET, 'late', 'page', 'after', 'by')}",
        "name": _metric_name(figure),
    }
    if figure.is_of_persons:
        context |= _person_rows(request, figure, is_late=is_late)
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
            "page_address": without(request.GET, "page"),
        }
    gap = context["value"] - context["total"]
    if gap:
        outside = _outside(request, figure, context["total"], is_late=is_late)
        context |= {"gap": gap, "outside": outside, "changed_since": gap - outside}
    return render(request, "reports/rows.html", context)


@require_safe
@login_required
def export(request: HttpRequest) -> HttpResponse:
    """The dashboard as an xlsx file, in the language of the page."""
    found = _whole(request, holds_range=True)
    return _file(workbook_of(found), CONTENT_TYPE, file_name(found))


@require_safe
@login_required
def summary(request: HttpRequest) -> HttpResponse:
    """The dashboard on two pages of A4, as PDF."""
    found = _whole(request)
    try:
        content = summary_of(found)
    except RuleViolation as refusal:  # this machine cannot print it, see there
        return HttpResponse(refusal.message, status=503, content_type="text/plain; charset=utf-8")
    return _file(content, "application/pdf", file_name(found, "pdf"))


@require_safe
def definitions_page(request: HttpRequest) -> HttpResponse:
    """指标口径: what each figure means. To strangers, those that stand on public pages."""
    is_public = not request.user.is_authenticated
    return render(
        request,
        "reports/definitions.html",
        {"sections": by_section(public_only=is_public), "is_public": is_public},
    )


def _whole(request: HttpRequest, *, holds_range: bool = False) -> Dashboard:
    """All blocks of the dashboard that the address asks for, the trend of its range or of twelve
    months. Raises Http404 where there is none."""
    asked = asked_of(request)
    place, shown = asked.found(request)
    return dashboard_for(
        request.user,
        place.union,
        shown,
        sort=asked.sort,
        kind=asked.kind,
        status=asked.status,
        pace=asked.pace,
        known_now=asked.known_now,
        months=months_in(asked.range if holds_range else DEFAULT_RANGE, place.union, shown.day),
        period=asked.period,
    )


def _file(content: bytes, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, name) or ""
    response["Cache-Control"] = "no-store"
    return response


def _people(
    request: HttpRequest, figure: rows_selectors.Figure, *, is_late: bool
) -> rows_selectors.PersonFigure:
    kind = rows_selectors.LateFigure if is_late else rows_selectors.PersonFigure
    return kind(request.user, figure)


def _outside(
    request: HttpRequest, figure: rows_selectors.Figure, visible: int, *, is_late: bool
) -> int:
    """What the rows outside the viewer's scope add to the figure, beyond the ``visible``."""
    if figure.is_of_persons:
        return _people(request, figure, is_late=is_late).outside(visible)
    return rows_selectors.units_behind_outside(figure, visible)


def _person_rows(request: HttpRequest, figure: rows_selectors.Figure, *, is_late: bool) -> Page:
    """Names for those who may see them, sums by union for everybody else (or on request)."""
    people = _people(request, figure, is_late=is_late)
    may_see = rows_selectors.may_see_persons(request.user, figure.union)
    bare = without(request.GET, "page", "after", "by")
    context: Page = {
        "may_see_persons": may_see,
        "total": people.total(),
        "first_url": f"?{bare}",
        "by_union_url": f"?{bare}by=union",
    }
    if may_see and request.GET.get("by") != "union":
        after = number_of(request.GET.get("after", ""), default=0)
        context["persons"], context["next_after"] = people.page(after)
        context["after"] = after
        context["next_url"] = f"?{bare}after={context['next_after']}"
    else:
        number = number_of(request.GET.get("page", ""), default=1)
        first = (number - 1) * rows_selectors.PAGE_SIZE
        sums = people.by_union(first, first + rows_selectors.PAGE_SIZE + 1)
        context["sums"] = sums[: rows_selectors.PAGE_SIZE]
        context["next_page"] = number + 1 if len(sums) > rows_selectors.PAGE_SIZE else None
        context["previous_page"] = number - 1
        context["next_url"] = f"?{bare}by=union&page={number + 1}"
        context["previous_url"] = f"?{bare}by=union&page={number - 1}"
    return context


def _metric_name(figure: rows_selectors.Figure) -> Text:
    return metric_of(figure.code).name
