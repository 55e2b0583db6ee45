"""Working days in China: deadlines of review and transfer are counted in them.

Holidays and the weekends worked in exchange are announced by the State Council a year ahead, in
November. The library chinese-calendar knows the years announced when it was released (2004
onwards); in years beyond, Monday to Friday count as working days, so a deadline early in the coming
year may fall a few days sooner than it would with the holidays. Upgrade the library every December.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import chinese_calendar

_ONE_DAY = dt.timedelta(days=1)
_SATURDAY = 5


def is_working_day(day: dt.date) -> bool:
    """Is ``day`` worked: neither weekend nor holiday, or a weekend day worked in exchange?"""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:  # a year not announced yet
        return day.weekday() < _SATURDAY


def add_working_days(day: dt.date, n: int) -> dt.date:
    """The ``n``-th working day after ``day``; ``day`` itself when ``n`` is 0.

    Raises ValueError for a negative ``n``.
    """
    if n < 0:
        raise ValueError("a deadline lies ahead")
    while n:
        day += _ONE_DAY
        n -= is_working_day(day)
    return day


def working_days_between(start: dt.date, end: dt.date) -> int:
    """Working days after ``start`` up to and including ``end``; 0 if ``end`` is before.

    ``working_days_between(day, add_working_days(day, n)) == n``.
    """
    days = (end - start).days
    return sum(is_working_day(start + dt.timedelta(days=n)) for n in range(1, days + 1))


def is_announced(day: dt.date) -> bool:
    """Do we know whether ``day`` is worked? False before 2004 and beyond the library's years."""
    try:
        chinese_calendar.is_workday(day)
    except NotImplementedError:
        return False
    return True


@lru_cache(maxsize=4096)
def working_days_of(first: dt.date, last: dt.date) -> int | None:
    """Working days from ``first`` to ``last``, both counted; 0 when ``last`` lies before.

    None when the holidays of some of these days are not known: nothing is guessed here.
    """
    if last < first:
        return 0
    # Years are announced as a whole.
    years = range(first.year, last.year + 1)
    if not all(is_announced(dt.date(year, 6, 1)) for year in years):
        return None
    return working_days_between(first - _ONE_DAY, last)
