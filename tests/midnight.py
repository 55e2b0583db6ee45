"""A whole run stays within one day of China: modules fix the day they speak of when they are read,
and a run that went over midnight would speak of yesterday."""

from __future__ import annotations

import datetime as dt

from core.clock import CHINA

# Longer than the whole suite takes on a slow machine.
RUN_AT_MOST = dt.timedelta(minutes=15)


def until_midnight(now: dt.datetime) -> dt.timedelta:
    """How long a whole run that would begin at ``now`` (aware) waits, so as not to go over midnight
    of China; 0 for nearly all of the day."""
    local = now.astimezone(CHINA)
    midnight = dt.datetime.combine(local.date() + dt.timedelta(days=1), dt.time.min, tzinfo=CHINA)
    left = midnight - local
    return left if left < RUN_AT_MOST else dt.timedelta()
