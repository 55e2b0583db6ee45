"""Tables for operators."""

from __future__ import annotations

from django.contrib import admin

from campaigns.models import ReminderRule
from unions.admin.base import OperatorAdmin


@admin.register(ReminderRule)
class ReminderRuleAdmin(OperatorAdmin):
    """On which days around the due day units are reminded of papers."""

    list_display = ("__str__", "days", "is_active")
    ordering = ("days",)
    fields = ("days", "is_active")
