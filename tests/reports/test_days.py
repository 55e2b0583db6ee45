"""Days at the edge of the calendar, which anybody can type into an address."""

import datetime as dt

import pytest
from django.test import Client

from reports.nightly import run_nightly
from reports.selectors.dashboard import monthly_values
from reports.selectors.days import as_of, eve
from tests.builders import make_official, make_union
from tests.reports.world import World
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


# Pages that show the figures of a day. The first entry of the world is of 1 May 2023.
PAGES = {
    "dashboard": "/dashboard/?",
    "block": "/dashboard/parts/campaigns/?",
    "compare": "/dashboard/compare/?",
    "rows": "/dashboard/rows/?metric=members&",
    "units": "/dashboard/units/?",
    "quality": "/dashboard/quality/?",
    "campaign": "/dashboard/campaigns/{campaign}/?",
}
FUTURE = "2999-01-01 has not been counted yet: these are the figures of 2024-03-15."
PAST = "Nothing had been counted by 1900-01-01: the figures begin on 2023-05-01. They stand here."


def page_of(client: Client, world: World, name: str, day: str) -> str:
    client.force_login(world.leader)
    address = PAGES[name].format(campaign=world.campaign.pk)
    answer = client.get(
        f"{address}union={world.city.pk}&day={day}", headers={"accept-language": "en"}
    )
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("name", PAGES)
def test_every_page_says_that_another_day_is_shown(client: Client, world: World, name: str) -> None:
    assert page_of(client, world, name, "2999-01-01").count(FUTURE) == 1
    assert page_of(client, world, name, "1900-01-01").count(PAST) == 1
    content = page_of(client, world, name, "2024-03-01")
    assert "not been counted yet" not in content
    assert "Nothing had been counted" not in content


@pytest.mark.django_db
def test_either_side_of_a_comparison_may_be_another_day(client: Client, world: World) -> None:
    client.force_login(world.leader)
    asked = {"union": str(world.city.pk), "day": "1900-01-01", "day2": "2999-01-01"}
    answer = client.get("/dashboard/compare/", asked, headers={"accept-language": "en"})
    content = answer.content.decode()
    assert (content.count(FUTURE), content.count(PAST)) == (1, 1)
    sides = answer.context["first"].day, answer.context["second"].day
    assert sides == (dt.date(2023, 5, 1), dt.date(2024, 3, 15))
    both = asked | {"day": "2999-01-01"}
    answer = client.get("/dashboard/compare/", both, headers={"accept-language": "en"})
    assert answer.content.decode().count(FUTURE) == 1


@pytest.mark.django_db
def test_before_the_figures_begin_nothing_is_zero(client: Client, world: World) -> None:
    shown = as_of(dt.date(1900, 1, 1))
    assert shown is not None
    assert (shown.day, shown.asked, shown.first) == (
        dt.date(2023, 5, 1), dt.date(1900, 1, 1), dt.date(2023, 5, 1),
    )  # fmt: skip
    # Stations and unions have a longer history than people.
    longer = as_of(dt.date(2022, 12, 31), of_people=False)
    assert longer is not None
    assert (longer.day, longer.note) == (dt.date(2022, 12, 31), "")
    months = monthly_values(world.city, shown.day, 3, first=shown.first)
    assert [(row.members, row.joined, row.stations) for row in months] == [
        (1, 1, 1), (None, None, 1), (None, None, 1),
    ]  # fmt: skip
    assert 'min="2023-05-01" max="2024-03-15"' in page_of(client, world, "dashboard", "1900-01-01")
    client.force_login(world.leader)
    for file in ("export.xlsx", "export.pdf"):
        answer = client.get(f"/dashboard/{file}", {"day": "1900-01-01"})
        assert "2023-05-01" in answer["Content-Disposition"]


@pytest.mark.django_db
@pytest.mark.parametrize("name", PAGES)
def test_a_day_that_is_none_is_named_and_leads_back(
    client: Client, world: World, name: str
) -> None:
    client.force_login(world.leader)
    address = PAGES[name].format(campaign=world.campaign.pk)
    address += f"union={world.city.pk}&day=<abc>"
    answer = client.get(address, headers={"accept-language": "en"})
    content = answer.content.decode()
    assert answer.status_code == 404
    assert "“&lt;abc&gt;” is no date." in content
    assert '<a class="btn btn-primary" href="/dashboard/">Back to the dashboard</a>' in content
    assert "This page does not exist" not in content


@pytest.mark.django_db
def test_a_period_that_ends_before_it_begins_is_refused(client: Client, world: World) -> None:
    client.force_login(world.leader)
    asked = {"union": str(world.city.pk), "metric": "joined", "day": "2024-03-10"}
    for since, status in (("2024-03-10", 200), ("2024-03-11", 404), ("2999-01-01", 404)):
        answer = client.get(
            "/dashboard/rows/", asked | {"since": since}, headers={"accept-language": "en"}
        )
        assert answer.status_code == status
        said = f"The period would begin on {since}, after its last day, 2024-03-10."
        assert (said in answer.content.decode()) is (status == 404)
