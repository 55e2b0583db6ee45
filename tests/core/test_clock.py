"""A day is China's, not the server's."""

import datetime
from unittest import mock

from core.clock import local_day_end, local_day_start, local_today

UTC = datetime.UTC


def test_today_has_begun_in_china_when_it_is_evening_in_utc():
    evening = datetime.datetime(2023, 9, 5, 16, 0, tzinfo=UTC)
    with mock.patch("django.utils.timezone.now", return_value=evening):
        assert local_today() == datetime.date(2023, 9, 6)
    before = evening - datetime.timedelta(microseconds=1)
    with mock.patch("django.utils.timezone.now", return_value=before):
        assert local_today() == datetime.date(2023, 9, 5)


def test_day_runs_from_midnight_to_midnight_exclusive():
    day = datetime.date(2023, 9, 6)
    assert local_day_start(day) == datetime.datetime(2023, 9, 5, 16, 0, tzinfo=UTC)
    assert local_day_end(day) == datetime.datetime(2023, 9, 6, 16, 0, tzinfo=UTC)
