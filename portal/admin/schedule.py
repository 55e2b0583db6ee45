"""The schedule of the jobs, in the look of the site, for operators."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from django_celery_beat.admin import PeriodicTaskForm, TaskSelectWidget
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from rest_framework.authtoken.models import TokenProxy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from unions.admin.base import OperatorAdmin

for model in (ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule):
    admin.site.unregister(model)
# Tokens are secrets of their owners: made on the command line, shown to nobody.
if admin.site.is_registered(TokenProxy):
    admin.site.unregister(TokenProxy)


class TaskWidget(UnfoldAdminSelectWidget, TaskSelectWidget):
    """The registered tasks in the look of the site."""


class ScheduledTaskForm(PeriodicTaskForm):
    """A task with its time."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = TaskWidget()


@admin.register(PeriodicTask)
class ScheduledTaskAdmin(OperatorAdmin):
    """What runs when."""

    form = ScheduledTaskForm
    list_display = ("name", "job", "enabled", "when", "last_run_at", "total_run_count")
    search_fields = ("name", "task")
    ordering = ("name",)
    fields = (
        ("name", "enabled"), ("regtask", "task"), ("crontab", "interval"), "description",
    )  # fmt: skip

    @admin.display(description=_("job"), ordering="task")
    def job(self, task: PeriodicTask) -> str:
        """What is run."""
        return str(task.task)

    @admin.display(description=_("when"))
    def when(self, task: PeriodicTask) -> str:
        """The times."""
        return str(task.scheduler)


@admin.register(CrontabSchedule)
class CrontabAdmin(OperatorAdmin):
    """Times of day."""

    list_display = ("human_readable", "timezone")
    ordering = ("hour", "minute")


@admin.register(IntervalSchedule)
class IntervalAdmin(OperatorAdmin):
    """Every so often."""

    list_display = ("every", "period")
    ordering = ("period", "every")
