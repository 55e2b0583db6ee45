"""Tables of campaigns, by noun."""

from campaigns.models.campaign import (
    Campaign,
    CampaignJoinCode,
    CampaignKind,
    CampaignQuerySet,
    CampaignStatus,
    Phase,
)
from campaigns.models.hand_in import (
    HandIn,
    HandInReminder,
    HandInState,
    ReminderRule,
    RequiredOf,
    Requirement,
    RequirementKind,
)
from campaigns.models.record import CampaignRecord, GoodPractice, RecordKind
from campaigns.models.target import (
    METRICS_BY_GROUP,
    Indicator,
    Metric,
    Target,
    TargetQuerySet,
    TargetVersion,
    Unit,
    VersionState,
)

__all__ = [
    "METRICS_BY_GROUP",
    "Campaign",
    "CampaignJoinCode",
    "CampaignKind",
    "CampaignQuerySet",
    "CampaignRecord",
    "CampaignStatus",
    "GoodPractice",
    "HandIn",
    "HandInReminder",
    "HandInState",
    "Indicator",
    "Metric",
    "Phase",
    "RecordKind",
    "ReminderRule",
    "RequiredOf",
    "Requirement",
    "RequirementKind",
    "Target",
    "TargetQuerySet",
    "TargetVersion",
    "Unit",
    "VersionState",
]
