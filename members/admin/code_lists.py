"""Code lists of joining."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from members.models import Consent, ConsentText, RejectionReason, ReviewRules
from unions.admin.base import OperatorAdmin


@admin.register(RejectionReason)
class RejectionReasonAdmin(OperatorAdmin):
    """What applicants may read."""

    list_display = ("code", "text_zh", "text_en", "sort_order", "is_active")
    ordering = ("sort_order", "code")
    search_fields = ("text_zh", "text_en", "code")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        """Decisions name the code."""
        return ("code",) if obj else ()


@admin.register(ConsentText)
class ConsentTextAdmin(OperatorAdmin):
    """Versions of what people agree to. One that was agreed to is never edited."""

    list_display = ("purpose", "version", "title_zh", "published_on")
    list_filter = ("purpose",)
    ordering = ("purpose", "-version")
    search_fields = ("title_zh", "title_en")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only before somebody agreed to it."""
        if obj is not None and Consent.objects.filter(text=obj).exists():
            return False
        return super().has_change_permission(request, obj)


@admin.register(ReviewRules)
class ReviewRulesAdmin(OperatorAdmin):
    """The one row of deadlines: changed, never added to."""

    list_display = (
        "__str__", "remind_after_days", "escalate_after_days", "undo_hours",
        "requires_proven_phone", "transfer_deadline_days",
    )  # fmt: skip
    fields = (
        "remind_after_days", "escalate_after_days", "undo_hours", "requires_proven_phone",
        "transfer_deadline_days",
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one row."""
        return False
