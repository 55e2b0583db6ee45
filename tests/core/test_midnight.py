"""No whole run of the tests goes over midnight of China."""

import datetime as dt

import pytest

from tests.midnight import until_midnight


@pytest.mark.parametrize(
    ("clock", "minutes"),
    [("15:44:59", 0), ("15:45:00", 0), ("15:46:00", 14), ("15:59:00", 1), ("16:00:00", 0)],
)
def test_a_run_begins_after_midnight_where_it_would_go_over_it(clock: str, minutes: int) -> None:
    assert until_midnight(dt.datetime.fromisoformat(f"2023-09-05T{clock}+00:00")) == dt.timedelta(
        minutes=minutes
    )
