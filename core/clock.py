"""Days as the unions count them: midnight to midnight in China, whatever the server thinks."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

CHINA = ZoneInfo("Asia/Shanghai")


def local_today() -> datetime.date:
    """The current day in China."""
    return timezone.now().astimezone(CHINA).date()


def local_day_start(day: datetime.date) -> datetime.datetime:
    """The first instant of `day` in China, aware."""
    return datetime.datetime.combine(day, datetime.time.min, tzinfo=CHINA)


def local_day_end(day: datetime.date) -> datetime.datetime:
    """The first instant after `day` in China, aware. Exclusive: compare with `<`."""
    return local_day_start(day + datetime.timedelta(days=1))
