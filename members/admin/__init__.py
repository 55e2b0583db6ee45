"""The officials' pages of joining and membership."""

from members.admin import (
    applications,
    code_lists,
    join_codes,
    members,
    messages,
    questions,
    requests,
    retention,
)

__all__ = [
    "applications",
    "code_lists",
    "join_codes",
    "members",
    "messages",
    "questions",
    "requests",
    "retention",
]
