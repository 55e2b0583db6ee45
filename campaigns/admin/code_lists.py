"""Tables for operators."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.utils.translation import gettext as _

from campaigns.models import ReminderRule
from unions.admin.base import OperatorAdmin

# As the constraint of the table.
MOST_DAYS = 365


class ReminderRuleForm(forms.ModelForm):
    """A day of reminding; what the table refuses is said beside the box."""

    def clean_days(self) -> int:
        """Within a year of the due day."""
        days: int = self.cleaned_data["days"]
        if abs(days) > MOST_DAYS:
            raise forms.ValidationError(
                _("At most %(n)d days before or after the due day.") % {"n": MOST_DAYS}
            )
        return days


@admin.register(ReminderRule)
class ReminderRuleAdmin(OperatorAdmin):
    """On which days around the due day units are reminded of papers."""

    form = ReminderRuleForm
    list_display = ("__str__", "days", "is_active")
    ordering = ("days",)
    fields = ("days", "is_active")
