"""Counted figures, the runs that counted them, what units say themselves, and who reads it all."""

from reports.models.books import (
    CountedStation,
    CountedUnion,
    LatePosting,
    NightDelta,
    NightPart,
    TouchedUnion,
    UnpostedEntry,
    UntoldFounding,
)
from reports.models.checks import Drift, QualitySignal, SignalKind, SignalRule
from reports.models.counts import DailyCount, DailyUnitCount, GroupNumber, LateCount
from reports.models.establishment import CountedEmployer, DailyEstablishment, TouchedEmployer
from reports.models.figures import ReportedFigure
from reports.models.forecasts import CampaignForecast, ForecastMethod, ForecastWeights
from reports.models.progress import CampaignProgress, PaceThreshold
from reports.models.readers import BriefSubscription, ScreenToken
from reports.models.runs import ReportRun

__all__ = [
    "BriefSubscription",
    "CampaignForecast",
    "CampaignProgress",
    "CountedEmployer",
    "CountedStation",
    "CountedUnion",
    "DailyCount",
    "DailyEstablishment",
    "DailyUnitCount",
    "Drift",
    "ForecastMethod",
    "ForecastWeights",
    "GroupNumber",
    "LateCount",
    "LatePosting",
    "NightDelta",
    "NightPart",
    "PaceThreshold",
    "QualitySignal",
    "ReportRun",
    "ReportedFigure",
    "ScreenToken",
    "SignalKind",
    "SignalRule",
    "TouchedEmployer",
    "TouchedUnion",
    "UnpostedEntry",
    "UntoldFounding",
]
