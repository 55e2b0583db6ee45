"""How far the targets of a campaign are: /api/v1/campaigns/<id>/progress/."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from campaigns.models import Target
from core.api import QueryParameters
from core.clock import local_today
from reports.models import CampaignProgress
from reports.selectors.days import as_of
from reports.selectors.progress import TargetProgress, measured, told_on
from reports.selectors.scope import PERMISSION, visible_campaigns


class ProgressQuery(QueryParameters):
    """Which day."""

    day = serializers.DateField(
        required=False, help_text="The newest measurement up to it; default: the newest of all."
    )


class TargetProgressOutput(serializers.Serializer[TargetProgress]):
    """A target and how far it was; null where nothing can be said, never 0."""

    target = serializers.IntegerField(source="target.pk")
    indicator = serializers.IntegerField(source="target.indicator_id")
    indicator_name = serializers.CharField(source="target.indicator.name")
    unit = serializers.CharField(source="target.indicator.unit")
    union = serializers.IntegerField(source="target.union_id")
    union_name = serializers.CharField(source="target.union.name")
    period_start = serializers.DateField(source="target.period_start")
    period_end = serializers.DateField(source="target.period_end")
    target_value = serializers.DecimalField(16, 4, help_text="As it stood on the day.")
    measured_on = serializers.DateField(source="progress.day", default=None, allow_null=True)
    value = serializers.DecimalField(
        20, 6, source="progress.value", default=None, allow_null=True, help_text="In the unit."
    )
    share = serializers.DecimalField(
        12, 6, allow_null=True, help_text="Value ÷ target; may exceed 1."
    )
    time_elapsed = serializers.DecimalField(7, 6, help_text="Days gone ÷ days of the period, 0–1.")
    status = serializers.ChoiceField(choices=CampaignProgress.Status.choices)
    books_differ = serializers.BooleanField(
        help_text="The books behind the value do not agree: it is in doubt."
    )


class CampaignProgressOutput(serializers.Serializer[Any]):
    """The targets of a campaign that stand in the caller's scope."""

    campaign = serializers.IntegerField()
    day = serializers.DateField()
    targets = TargetProgressOutput(many=True)


class CampaignProgressView(APIView):
    """`GET /api/v1/campaigns/<id>/progress/`."""

    @extend_schema(
        operation_id="campaigns_progress",
        parameters=[ProgressQuery],
        responses=CampaignProgressOutput,
    )
    def get(self, request: Request, pk: int) -> Response:
        """The targets in the caller's scope, each with its newest measurement up to the day."""
        campaign = get_object_or_404(visible_campaigns(request.user), pk=pk)
        asked: dt.date | None = ProgressQuery.of(request).get("day")
        counted = as_of(asked)
        day = counted.day if counted else asked or local_today()
        targets = (
            told_on(Target.objects.visible_to(request.user, PERMISSION), day)
            .filter(indicator__campaign=campaign)
            .select_related("indicator", "union")
            .order_by("union__path", "indicator_id", "period_start", "period_end")
        )
        answer = {"campaign": campaign.pk, "day": day, "targets": measured(targets, day)}
        return Response(CampaignProgressOutput(answer).data)
