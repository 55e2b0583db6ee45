"""Working days: holidays, weekends worked in exchange, years not announced yet."""

import datetime as dt

import pytest

from members.working_days import add_working_days, is_working_day, working_days_between


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (dt.date(2026, 9, 30), True),  # Wednesday
        (dt.date(2026, 10, 1), False),  # National Day
        (dt.date(2026, 10, 10), True),  # a Saturday worked in exchange
        (dt.date(2026, 10, 11), False),  # Sunday
        (dt.date(2099, 10, 1), True),  # Thursday of a year nobody has announced
        (dt.date(2099, 10, 3), False),  # its Saturday
    ],
)
def test_is_working_day(day: dt.date, expected: bool) -> None:
    assert is_working_day(day) is expected


def test_the_golden_week_does_not_count() -> None:
    assert add_working_days(dt.date(2026, 9, 30), 1) == dt.date(2026, 10, 8)
    assert add_working_days(dt.date(2026, 9, 30), 3) == dt.date(2026, 10, 10)
    assert add_working_days(dt.date(2026, 9, 30), 4) == dt.date(2026, 10, 12)
    assert working_days_between(dt.date(2026, 9, 30), dt.date(2026, 10, 12)) == 4


def test_nothing_to_add_and_nothing_between() -> None:
    day = dt.date(2026, 10, 3)
    assert add_working_days(day, 0) == day
    assert working_days_between(day, day) == 0
    assert working_days_between(day, day - dt.timedelta(days=9)) == 0
    with pytest.raises(ValueError, match="ahead"):
        add_working_days(day, -1)


def test_counting_back_gives_what_was_added() -> None:
    day = dt.date(2026, 12, 20)  # over the end of the announced years
    for n in range(1, 40):
        assert working_days_between(day, add_working_days(day, n)) == n
