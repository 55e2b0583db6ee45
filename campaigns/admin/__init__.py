"""The officials' pages of campaigns, by noun."""

from campaigns.admin import (
    campaigns,
    code_lists,
    hand_ins,
    indicators,
    records,
    requirements,
    targets,
)

__all__ = [
    "campaigns",
    "code_lists",
    "hand_ins",
    "indicators",
    "records",
    "requirements",
    "targets",
]
