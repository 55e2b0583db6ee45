"""What every endpoint of the API shares: checked query parameters and paging."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import pagination, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler


class RowPagination(pagination.CursorPagination):
    """Pages by the key of the last row: the millionth page costs what the first does, no count.

    The answer holds ``next`` and ``previous`` (addresses or null) and ``results``.
    """

    ordering = "id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500

    def decode_cursor(self, request: Request) -> Any:
        """The cursor of the request, or None. Raises ValidationError for one we never gave."""
        try:
            cursor = super().decode_cursor(request)
        except NotFound:
            cursor = None
            known = False
        else:
            # Rows are ordered by a unique number, so ours never hold an offset or another text.
            known = cursor is None or (
                cursor.offset == 0 and (cursor.position is None or str(cursor.position).isdecimal())
            )
        if not known:
            raise serializers.ValidationError({"cursor": [_("This page does not exist.")]})
        return cursor


class QueryParameters(serializers.Serializer[Any]):
    """The filters of a list. A misspelt name is an error, for it would silently show all."""

    def to_internal_value(self, data: Any) -> Any:
        """The checked values. Raises ValidationError with messages by parameter."""
        paging = {RowPagination.cursor_query_param, RowPagination.page_size_query_param}
        if unknown := sorted(set(data) - set(self.fields) - paging):
            raise serializers.ValidationError(
                {name: [_("There is no such filter.")] for name in unknown}
            )
        return super().to_internal_value(data)

    @classmethod
    def of(cls, request: Request) -> dict[str, Any]:
        """The checked parameters of a request. Raises ValidationError."""
        query = cls(data=request.query_params)
        query.is_valid(raise_exception=True)
        checked: dict[str, Any] = query.validated_data
        return checked


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's own answers; what is not found says so in the reader's language, and nothing else."""
    return exception_handler(NotFound() if isinstance(error, Http404) else error, context)
