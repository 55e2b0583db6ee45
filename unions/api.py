"""The unions under /api/v1/unions/, in the caller's scope."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import QueryParameters, RowPagination
from core.normalising import normalise_text
from reference.api import CodeAndName, RegionCodeField
from reference.selectors import within
from unions.models import Union, UnionKind, UnionQuerySet


class UnionOutput(serializers.ModelSerializer):
    """A union. ``parent`` is a key: of the parent itself the caller may see nothing."""

    kind = CodeAndName()
    region = serializers.CharField(
        source="region_id", allow_null=True, help_text="Statistics code (GB/T 2260)."
    )
    # The name is also an attribute of every field; declared ones do not become attributes.
    parent = serializers.IntegerField(  # type: ignore[assignment]
        source="parent_id", allow_null=True
    )

    class Meta:
        model = Union
        fields = (
            "id", "name", "short_name", "kind", "parent", "region", "code", "status", "is_nef",
            "mode", "strategy", "driver", "channel", "founded_on", "term_ends_on", "closed_on",
        )  # fmt: skip


class UnionQuery(QueryParameters):
    """The filters of the list of unions."""

    kind = serializers.PrimaryKeyRelatedField(
        queryset=UnionKind.objects.all(), required=False, help_text="Code of a kind."
    )
    parent = serializers.IntegerField(  # type: ignore[assignment]
        required=False, min_value=1, help_text="Key of a union: those directly under it."
    )
    region = RegionCodeField(
        required=False, help_text="Statistics code (GB/T 2260): the region and all below it."
    )
    q = serializers.CharField(
        required=False, allow_blank=True, help_text="Words in the name, or the union's code."
    )


class UnionViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Union]
):
    """Unions in the caller's scope; any other is not found."""

    pagination_class = RowPagination
    serializer_class = UnionOutput
    lookup_value_converter = "int"

    def get_queryset(self) -> UnionQuerySet:
        """What the caller may see."""
        rows = Union.objects.visible_to(self.request.user, "unions.view")
        return rows.select_related("kind")

    @extend_schema(parameters=[UnionQuery])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Unions of a kind, under a parent, in a region, by words."""
        query = UnionQuery.of(request)
        rows = self.get_queryset()
        if kind := query.get("kind"):
            rows = rows.filter(kind=kind)
        if parent := query.get("parent"):
            rows = rows.filter(parent_id=parent)
        if region := query.get("region"):
            rows = rows.filter(within(region, through="region"))
        for word in normalise_text(query.get("q", "")).split():
            rows = rows.filter(
                Q(name__icontains=word) | Q(short_name__icontains=word) | Q(code=word)
            )
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
