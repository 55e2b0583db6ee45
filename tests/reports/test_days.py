"""Days at the edge of the calendar, which anybody can type into an address."""

import datetime as dt

import pytest
from django.test import Client

from reports.nightly import run_nightly
from reports.selectors.days import eve
from tests.builders import make_official, make_union
from unions.enums import Role


def test_the_day_before() -> None:
    assert eve(dt.date(2024, 3, 1)) == dt.date(2024, 2, 29)
    assert eve(dt.date.min) == dt.date.min


@pytest.mark.django_db
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_first_and_the_last_day_there_is(client: Client, day: str) -> None:
    union = make_union("县总", "county_federation")
    run_nightly(dt.date(2024, 3, 15))
    client.force_login(make_official("leader", union, Role.LEADER))
    for address in ("/dashboard/", "/api/v1/dashboard/ranking/", "/api/v1/dashboard/trend/"):
        assert client.get(address, {"union": str(union.pk), "day": day}).status_code == 200
