"""How long applications wait for their union, in working days.

The union's time begins when an application is sent in, and anew when it is sent again after a
correction. It ends with the decision. Time alone never decides anything.
"""

from __future__ import annotations

import datetime as dt

from django.db.models import DateTimeField, Exists, OuterRef
from django.db.models.functions import Coalesce

from core.clock import CHINA, local_day_end, local_today
from members.models import Application, ApplicationStep, ReviewRules
from members.models.application import WAITING_SINCE, ApplicationQuerySet
from members.models.review import StepType
from members.working_days import is_working_day, working_days_between

_ONE_DAY = dt.timedelta(days=1)
# A reminder lies ahead within so many working days: "due soon".
SOON_DAYS = 2


def rules_of_review() -> ReviewRules:
    """The one row of deadlines; the defaults if somebody took it out."""
    return ReviewRules.objects.filter(pk=1).first() or ReviewRules(pk=1)


def waiting_since(application: Application) -> dt.datetime:
    """When the union's present time began."""
    return application.resubmitted_at or application.submitted_at


def working_days_waited(application: Application, today: dt.date | None = None) -> int:
    """Working days after the day it was sent in, up to the decision or to ``today``."""
    begun = waiting_since(application).astimezone(CHINA).date()
    if application.decided_at is not None:
        ended = application.decided_at.astimezone(CHINA).date()
    else:
        ended = today or local_today()
    return working_days_between(begun, ended)


def begun_before(days: int, today: dt.date | None = None) -> dt.datetime:
    """What was sent in before this moment has waited ``days`` working days or more by ``today``."""
    day = today or local_today()
    while days > 0:
        days -= is_working_day(day)
        day -= _ONE_DAY
    return local_day_end(day)


def waited_at_least(
    rows: ApplicationQuerySet, days: int, today: dt.date | None = None
) -> ApplicationQuerySet:
    """Those of ``rows`` that wait and have done so for ``days`` working days or more."""
    waiting = rows.waiting().alias(begun=WAITING_SINCE)
    return waiting.filter(begun__lt=begun_before(days, today))


def step_in_present_time(*types: StepType) -> Exists:
    """Has the outer application had one of these steps since its union's time began?"""
    begun = Coalesce(
        OuterRef("resubmitted_at"), OuterRef("submitted_at"), output_field=DateTimeField()
    )
    steps = ApplicationStep.objects.filter(
        application=OuterRef("pk"), type__in=[step.value for step in types], at__gte=begun
    )
    return Exists(steps)


def is_escalated() -> Exists:
    """Has the union above the outer application's union been told?"""
    return step_in_present_time(StepType.ESCALATED)
