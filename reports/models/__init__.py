"""Counted figures, the runs that counted them, what units say themselves, and who reads it all."""

from reports.models.checks import Drift, QualitySignal
from reports.models.counts import DailyCount
from reports.models.figures import ReportedFigure
from reports.models.forecasts import CampaignForecast
from reports.models.progress import CampaignProgress, PaceThreshold
from reports.models.readers import BriefSubscription, ScreenToken
from reports.models.runs import ReportRun

__all__ = [
    "BriefSubscription",
    "CampaignForecast",
    "CampaignProgress",
    "DailyCount",
    "Drift",
    "PaceThreshold",
    "QualitySignal",
    "ReportRun",
    "ReportedFigure",
    "ScreenToken",
]
