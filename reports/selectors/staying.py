"""What stays with a union that ends: nothing of it is carried over by itself."""

from __future__ import annotations

from dataclasses import dataclass

from campaigns.models import CampaignStatus, Target
from core.clock import local_today
from reports.models import ReportedFigure
from stations.models import Station
from unions.models import Union


@dataclass(frozen=True)
class Staying:
    """Targets that are not over, stations that are not closed for good, reported figures."""

    targets: int
    stations: int
    figures: int


def staying_with(union: Union) -> Staying:
    """What hangs at ``union`` itself; the unions below it keep their own."""
    targets = Target.objects.in_force().filter(
        union=union,
        period_end__gte=local_today(),
        indicator__campaign__status=CampaignStatus.PUBLISHED,
    )
    return Staying(
        targets.count(),
        Station.objects.of_union(union).count(),
        ReportedFigure.objects.filter(union=union).count(),
    )
