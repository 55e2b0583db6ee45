"""Figures for programs, and for the charts of the dashboard itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reports.models.counts import PERSON_METRICS, Metric
from reports.ratios import is_over_full
from reports.selectors.counts import trend
from reports.selectors.days import as_of
from reports.selectors.marks import marks_of, marks_with, rests_on
from reports.selectors.ranked import SUMS, marked_columns, marked_sums
from reports.selectors.ranking import SORTS, clean_sort, ranking_of
from reports.selectors.ranking_rows import RankedUnion
from reports.selectors.rows import find_figure
from reports.selectors.scope import dashboard_union

# A baseline of one worker makes a rate of millions; it is shown, and answered, all the same.
RATIO_DIGITS = 26


class PointOutput(serializers.Serializer[Any]):
    """The value from a day on, until the next point."""

    day = serializers.DateField()
    value = serializers.IntegerField()


class TrendOutput(serializers.Serializer[Any]):
    """The course of a figure: a point per change."""

    union = serializers.IntegerField()
    metric = serializers.ChoiceField(choices=Metric.choices)
    breakdown = serializers.CharField(allow_blank=True)
    points = PointOutput(many=True)
    books_differ_from = serializers.DateField(
        allow_null=True,
        help_text="From this day on the books behind the figure do not agree; null: they do.",
    )


# Columns of the ranking → the fields that hold them.
_FIELDS = {
    "members": "members",
    "month": "joined_this_month",
    "year": "joined_this_year",
    "set4": "enrolment_rate_set4",
    "nef": "enrolment_rate_nef",
    "pace": "pace",
}
_SUMS = [_FIELDS[column] for column in SUMS]


class RankedOutput(serializers.Serializer[RankedUnion]):
    """A child union. Rates and pace are null where nothing can be said."""

    place = serializers.IntegerField(
        allow_null=True, help_text="Null where the row has nothing that the table is sorted by."
    )
    union = serializers.IntegerField(source="union.pk")
    name = serializers.CharField(source="union.name")
    kind = serializers.CharField(source="union.kind_id")
    members = serializers.IntegerField()
    joined_this_month = serializers.IntegerField()
    joined_this_year = serializers.IntegerField()
    share = serializers.DecimalField(max_digits=RATIO_DIGITS, decimal_places=6, allow_null=True)
    enrolment_rate_set4 = serializers.DecimalField(
        max_digits=RATIO_DIGITS, decimal_places=6, allow_null=True, source="rate_set4"
    )
    enrolment_rate_nef = serializers.DecimalField(
        max_digits=RATIO_DIGITS, decimal_places=6, allow_null=True, source="rate_nef"
    )
    is_over_full_set4 = serializers.SerializerMethodField(
        help_text="The rate of the four groups is above one: the baseline is old or too small."
    )
    is_over_full_nef = serializers.SerializerMethodField(
        help_text="The rate of new-form workers is above one: the baseline is old or too small."
    )
    pace = serializers.DecimalField(
        max_digits=RATIO_DIGITS, decimal_places=6, allow_null=True, source="pace_value"
    )
    books_differ = serializers.SerializerMethodField(
        help_text="The fields of the row behind which books do not agree."
    )

    def get_is_over_full_set4(self, row: RankedUnion) -> bool:
        """False without a baseline."""
        return is_over_full(row.rate_set4)

    def get_is_over_full_nef(self, row: RankedUnion) -> bool:
        """False without a baseline."""
        return is_over_full(row.rate_nef)

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField([*_FIELDS.values()])))
    def get_books_differ(self, row: RankedUnion) -> list[str]:
        """Empty where all of them agree."""
        marked: Callable[[RankedUnion], list[str]] = self.context["marked_columns"]
        return [_FIELDS[column] for column in marked(row)]


class RankingOutput(serializers.Serializer[Any]):
    """One page of the children of a union, and the sums over all of them."""

    union = serializers.IntegerField(source="union_id")
    day = serializers.DateField()
    metric = serializers.CharField(source="sort")
    page = serializers.IntegerField()
    page_count = serializers.IntegerField()
    child_count = serializers.IntegerField()
    members = serializers.IntegerField()
    joined_this_month = serializers.IntegerField()
    joined_this_year = serializers.IntegerField()
    books_differ = serializers.ListField(
        child=serializers.ChoiceField(_SUMS),
        help_text="The sums behind which books do not agree.",
    )
    rows = RankedOutput(many=True)


_UNION = OpenApiParameter("union", int, required=True, description="Key of a union in scope.")


class TrendView(APIView):
    """`GET /api/v1/dashboard/trend/`."""

    @extend_schema(
        operation_id="dashboard_trend",
        summary="The course of a figure",
        parameters=[
            _UNION,
            OpenApiParameter("metric", str, enum=Metric.values, default="members"),
            OpenApiParameter("breakdown", str, description="Group, kind of union or of station."),
            OpenApiParameter("from", dt.date, description="First day; default: the beginning."),
            OpenApiParameter("to", dt.date, description="Last day; default: the newest counted."),
        ],
        responses=TrendOutput,
    )
    def get(self, request: Request) -> Response:
        """Sparse points: the value of a day is that of the latest point up to it."""
        query = request.query_params
        union = dashboard_union(request.user, query.get("union"))
        metric, breakdown = query.get("metric", "members"), query.get("breakdown", "")
        shown = as_of(_date(query.get("to", ""), "to"), of_people=metric in PERSON_METRICS)
        points = []
        differ_from = None
        if shown is not None:
            figure = find_figure(union, metric, shown.day, None, breakdown, "")
            first = _date(query.get("from", ""), "from")
            if first is None or first <= shown.day:
                points = trend(union.pk, metric, figure.breakdowns, first, shown.day)
            marks = marks_with([union])
            differ_from = marks.since(union.pk, rests_on(metric, figure.breakdowns))
            if differ_from is not None and differ_from > shown.day:
                differ_from = None
        answer = {
            "union": union.pk,
            "metric": metric,
            "breakdown": breakdown,
            "points": points,
            "books_differ_from": differ_from,
        }
        return Response(TrendOutput(answer).data)


class RankingView(APIView):
    """`GET /api/v1/dashboard/ranking/`."""

    @extend_schema(
        operation_id="dashboard_ranking",
        summary="The unions below a union, side by side",
        parameters=[
            _UNION,
            OpenApiParameter("day", dt.date, description="Default: the newest counted day."),
            OpenApiParameter(
                "metric",
                str,
                enum=[*SORTS, *(f"-{name}" for name in SORTS)],
                default="-members",
                description="What to sort by; with a minus the largest first.",
            ),
            OpenApiParameter("page", int, default=1, description="A page holds 100 unions."),
        ],
        responses=RankingOutput,
    )
    def get(self, request: Request) -> Response:
        """Unions without members stand last, whatever the order."""
        query = request.query_params
        union = dashboard_union(request.user, query.get("union"))
        shown = as_of(_date(query.get("day", ""), "day"))
        if shown is None:
            raise ValidationError({"day": "Nothing has been counted yet."})
        page = query.get("page", "1")
        if not (page.isascii() and page.isdigit() and int(page[:9]) > 0):
            raise ValidationError({"page": "Not a page number."})
        ranking = ranking_of(
            request.user,
            union,
            shown.day,
            sort=clean_sort(query.get("metric", "-members")),
            page=int(page[:9]),
        )
        fields = (
            "sort", "page", "page_count", "child_count", "members", "joined_this_month",
            "joined_this_year",
        )  # fmt: skip
        answer = {name: getattr(ranking, name) for name in fields}
        marks = marks_of([], below=union)
        sums = marked_sums(ranking, union, marks, shown.day)
        answer |= {
            "union_id": union.pk,
            "day": shown.day,
            "rows": ranking.rows,
            "books_differ": [_FIELDS[column] for column in sums],
        }
        marked = partial(marked_columns, ranking, marks=marks, day=shown.day)
        return Response(RankingOutput(answer, context={"marked_columns": marked}).data)


def _date(text: str, name: str) -> dt.date | None:
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise ValidationError({name: "Not a date (YYYY-MM-DD)."}) from error


# To be included under /api/v1/dashboard/.
urlpatterns = [
    path("trend/", TrendView.as_view(), name="dashboard-trend"),
    path("ranking/", RankingView.as_view(), name="dashboard-ranking"),
]
