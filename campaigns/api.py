"""The campaigns under /api/v1/campaigns/, in the caller's scope."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.models import (
    Campaign,
    CampaignKind,
    CampaignQuerySet,
    CampaignStatus,
    Indicator,
    Phase,
    Requirement,
    Target,
    TargetVersion,
)
from core.api import QueryParameters, RowPagination
from core.normalising import normalise_text
from reference.models import GroupSet


class PhaseOutput(serializers.ModelSerializer):
    """A phase; both dates inclusive."""

    class Meta:
        model = Phase
        fields = ("id", "name", "starts_on", "ends_on")


class TargetOutput(serializers.ModelSerializer):
    """What a union is to reach; ``value`` in the indicator's unit (ratio 0–1), dates inclusive."""

    union = serializers.IntegerField(source="union_id")

    class Meta:
        model = Target
        fields = ("id", "union", "period_start", "period_end", "value", "note", "withdrawn_on")


class VersionOutput(serializers.ModelSerializer):
    """A target as it stood from ``valid_from`` until its next version."""

    target = serializers.IntegerField(source="target_id")
    union = serializers.IntegerField(source="target.union_id")

    class Meta:
        model = TargetVersion
        fields = ("target", "union", "number", "state", "value", "valid_from", "reason")


class RequirementOutput(serializers.ModelSerializer):
    """A paper that units hand in by ``due_on`` (inclusive)."""

    class Meta:
        model = Requirement
        fields = ("id", "kind", "due_on", "required_of", "instructions")


class GroupSetCode(serializers.SlugRelatedField[GroupSet]):
    """A group set by its code."""


class IndicatorOutput(serializers.ModelSerializer):
    """What is measured, and the targets that the caller may see."""

    group_set = GroupSetCode(slug_field="code", read_only=True)
    targets = TargetOutput(many=True)

    class Meta:
        model = Indicator
        fields = ("id", "name", "metric", "unit", "group_set", "targets")


class CampaignOutput(serializers.ModelSerializer):
    """A campaign in the list; both dates inclusive."""

    owner = serializers.IntegerField(source="owner_id")
    group_set = GroupSetCode(slug_field="code", read_only=True)

    class Meta:
        model = Campaign
        fields = (
            "id", "name", "kind", "status", "owner", "starts_on", "ends_on", "group_set",
        )  # fmt: skip


class CampaignDetailOutput(CampaignOutput):
    """A campaign with its phases, indicators and targets."""

    plan = serializers.IntegerField(source="plan_id", allow_null=True)
    phases = PhaseOutput(many=True)
    requirements = RequirementOutput(many=True)
    indicators = IndicatorOutput(many=True)

    class Meta(CampaignOutput.Meta):
        fields = (  # type: ignore[assignment]
            *CampaignOutput.Meta.fields, "plan", "summary", "note", "source", "shows_progress",
            "phases", "requirements", "indicators",
        )  # fmt: skip


class CampaignQuery(QueryParameters):
    """The filters of the list of campaigns."""

    kind = serializers.ChoiceField(choices=CampaignKind.choices, required=False)
    status = serializers.ChoiceField(choices=CampaignStatus.choices, required=False)
    owner = serializers.IntegerField(required=False, min_value=1, help_text="Key of a union.")
    q = serializers.CharField(required=False, allow_blank=True, help_text="Words in the name.")


class CampaignViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Campaign]
):
    """Campaigns of the unions in the caller's scope, drafts too; any other is not found."""

    pagination_class = RowPagination
    lookup_value_converter = "int"

    def get_queryset(self) -> CampaignQuerySet:
        """What the caller may see; for one campaign with its parts."""
        rows = Campaign.objects.visible_to(self.request.user, "campaigns.view")
        rows = rows.select_related("group_set")
        if self.action == "list":
            return rows
        targets = Target.objects.visible_to(self.request.user, "campaigns.view")
        return rows.prefetch_related(
            "phases",
            "requirements",
            Prefetch("indicators", Indicator.objects.select_related("group_set")),
            Prefetch("indicators__targets", targets),
        )

    @extend_schema(responses=VersionOutput(many=True))
    @action(detail=True)
    def versions(self, request: Request, pk: int | None = None) -> Response:
        """Every version of the campaign's targets in the caller's scope, the newest first."""
        campaign = self.get_object()
        rows = (
            TargetVersion.objects.visible_to(request.user, "campaigns.view")
            .filter(target__indicator__campaign=campaign)
            .select_related("target")
            .order_by("-made_at", "-pk")
        )
        paginator: RowPagination = self.paginator  # type: ignore[assignment]
        page = paginator.paginate_queryset(rows, request, view=self)
        return paginator.get_paginated_response(VersionOutput(page, many=True).data)

    def get_serializer_class(self) -> type[CampaignOutput]:
        """Short in the list, whole on its own."""
        return CampaignOutput if self.action == "list" else CampaignDetailOutput

    @extend_schema(parameters=[CampaignQuery])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Campaigns of a kind, in a status, of an owner, by words."""
        query = CampaignQuery.of(request)
        rows = self.get_queryset()
        for name in ("kind", "status"):
            if name in query:
                rows = rows.filter(**{name: query[name]})
        if owner := query.get("owner"):
            rows = rows.filter(owner_id=owner)
        for word in normalise_text(query.get("q", "")).split():
            rows = rows.filter(name__icontains=word)
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
