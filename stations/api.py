"""The stations under /api/v1/stations/: public, no log-in."""

from __future__ import annotations

import math
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, permissions, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import QueryParameters, RowPagination
from core.coordinates import Position, wgs84_to_gcj02
from reference.api import CodeAndName, RegionCodeField
from stations.models import Facility, Station, StationKind, StationQuerySet
from stations.selectors import find_stations, for_reading, near


class RegionOutput(serializers.Serializer[Any]):
    """A region: statistics code and full name."""

    code = serializers.CharField()
    full_name = serializers.CharField()


class HostUnion(serializers.Serializer[Any]):
    """The union that runs a station."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class StationOutput(serializers.ModelSerializer):
    """A station. ``longitude`` and ``latitude`` are GCJ-02 in degrees, null where not recorded."""

    kind = CodeAndName()
    host_union = HostUnion()
    region = RegionOutput()
    facilities = CodeAndName(many=True)
    longitude = serializers.FloatField(allow_null=True, help_text="GCJ-02, degrees")
    latitude = serializers.FloatField(allow_null=True, help_text="GCJ-02, degrees")
    distance = serializers.SerializerMethodField(
        help_text="Metres from the position asked about; null without one."
    )
    page = serializers.SerializerMethodField(help_text="The path of the station's page.")

    class Meta:
        model = Station
        fields = (
            "id", "name", "kind", "status", "region", "address", "longitude", "latitude",
            "opening_hours", "phone", "facilities", "host_union", "opened_on", "distance", "page",
        )  # fmt: skip

    def get_distance(self, station: Station) -> int | None:
        """Whole metres: positions are not more exact than that."""
        distance: float | None = getattr(station, "distance", None)
        return None if distance is None else round(distance)

    def get_page(self, station: Station) -> str:
        """Where a person reads about the station."""
        return reverse("stations:detail", args=[station.pk])


@extend_schema_field(OpenApiTypes.STR)
class PositionField(serializers.Field):
    """``longitude,latitude`` in degrees."""

    default_error_messages = {
        "invalid": _("Enter longitude and latitude in degrees, with a comma between.")
    }

    def to_internal_value(self, data: Any) -> Position:
        """The position, as it stands."""
        try:
            longitude, latitude = (float(part) for part in str(data).split(","))
        except ValueError:
            self.fail("invalid")
        if not (math.fabs(longitude) <= 180 and math.fabs(latitude) <= 90):
            self.fail("invalid")
        return Position(longitude, latitude)

    def to_representation(self, value: Position) -> str:
        """The same text again."""
        return f"{value.longitude},{value.latitude}"


class StationQuery(QueryParameters):
    """The filters of the list of stations."""

    region = RegionCodeField(
        required=False, help_text="Statistics code (GB/T 2260): the region and all below it."
    )
    kind = serializers.PrimaryKeyRelatedField(
        queryset=StationKind.objects.all(), required=False, help_text="Code of a kind."
    )
    facility = serializers.PrimaryKeyRelatedField(
        queryset=Facility.objects.all(),
        many=True,
        required=False,
        help_text="Code of a facility; given several times, all of them are wanted.",
    )
    q = serializers.CharField(
        required=False, allow_blank=True, help_text="Words in the name or the address."
    )
    near = PositionField(
        required=False,
        help_text="`longitude,latitude`: the nearest first, each with its distance in metres. "
        "One page of `page_size` stations; those without coordinates are left out.",
    )
    datum = serializers.ChoiceField(
        choices=("wgs84", "gcj02"),
        default="wgs84",
        help_text="What `near` is given in: `wgs84` as browsers and receivers say it, or `gcj02` "
        "as Chinese maps do.",
    )


class StationViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Station]
):
    """Stations that workers may use: open, or closed for now."""

    authentication_classes = ()
    permission_classes = (permissions.AllowAny,)
    pagination_class = RowPagination
    serializer_class = StationOutput
    lookup_value_converter = "int"

    def get_queryset(self) -> StationQuerySet:
        """The public stations."""
        return for_reading(Station.objects.public())

    @extend_schema(parameters=[StationQuery])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Stations in a region, of a kind, with facilities; or the nearest to a position."""
        query = StationQuery.of(request)
        rows = for_reading(
            find_stations(
                region=query.get("region", ""),
                kind=query.get("kind"),
                facilities=query.get("facility", ()),
                text=query.get("q", ""),
            )
        )
        if "near" not in query:
            page = self.paginate_queryset(rows)
            return self.get_paginated_response(self.get_serializer(page, many=True).data)
        position: Position = query["near"]
        if query["datum"] == "wgs84":
            position = wgs84_to_gcj02(*position)
        limit = RowPagination().get_page_size(request) or RowPagination.page_size
        nearest = near(position.longitude, position.latitude, limit, stations=rows)
        results = self.get_serializer(nearest, many=True).data
        return Response({"next": None, "previous": None, "results": results})
