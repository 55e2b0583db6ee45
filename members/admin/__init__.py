"""The officials' pages of joining and membership."""

from members.admin import (
    applications,
    code_lists,
    collective,
    join_codes,
    members,
    merges,
    messages,
    paper,
    papers,
    personal_exports,
    questions,
    requests,
    retention,
    routing,
    transfers,
    windows,
)

__all__ = [
    "applications",
    "code_lists",
    "collective",
    "join_codes",
    "members",
    "merges",
    "messages",
    "paper",
    "papers",
    "personal_exports",
    "questions",
    "requests",
    "retention",
    "routing",
    "transfers",
    "windows",
]
