"""GET /api/v1/campaigns/<id>/progress/: per target union in scope, exact."""

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from campaigns.models import Campaign, CampaignStatus, Target
from reports.models import CampaignProgress
from tests.builders import make_official, make_union
from tests.campaigns.builders import make_campaign, make_target
from unions.enums import Role
from unions.models import Union

pytestmark = pytest.mark.django_db


@pytest.fixture
def unions() -> dict[str, Union]:
    province = make_union("省总", "provincial_federation")
    city = make_union("市总", "city_federation", province)
    return {
        "province": province,
        "city": city,
        "other": make_union("邻市总", "city_federation", province),
        "county": make_union("县总", "county_federation", city),
    }


@pytest.fixture
def campaign(unions: dict[str, Union]) -> Campaign:
    """The province's, with a target for every union and, for each, one measurement."""
    campaign = make_campaign("省行动", unions["province"])
    for union in unions.values():
        measure(make_target(campaign, union), "2024-06-30", "40")
    return campaign


def measure(target: Target, day: str, value: str) -> None:
    CampaignProgress.objects.create(
        target=target,
        day=dt.date.fromisoformat(day),
        value=Decimal(value),
        target_value=target.value,
        share=Decimal(value) / target.value,
        time_elapsed=Decimal("0.5"),
        status=CampaignProgress.Status.BEHIND,
    )


def url(campaign: Campaign, query: str = "") -> str:
    return f"/api/v1/campaigns/{campaign.pk}/progress/?{query}"


def shown(client: Client, campaign: Campaign, query: str = "") -> list[tuple[str, str | None]]:
    found = client.get(url(campaign, query)).json()["targets"]
    return [(row["union_name"], row["value"]) for row in found]


def test_each_sees_the_targets_in_scope(
    client: Client, unions: dict[str, Union], campaign: Campaign
) -> None:
    value = "40.000000"
    assert client.get(url(campaign)).status_code == 401
    for user, expected in (
        (make_official("province", unions["province"]), ["省总", "市总", "县总", "邻市总"]),
        (make_official("city", unions["city"]), ["市总", "县总"]),
        (make_official("leader", unions["city"], Role.LEADER), ["市总", "县总"]),
        (make_official("low", unions["county"], Role.GRASSROOTS_OFFICIAL), ["县总"]),
    ):
        client.force_login(user)
        assert sorted(shown(client, campaign)) == sorted((name, value) for name in expected)


def test_a_campaign_that_sets_no_target_in_scope_is_not_found(
    client: Client, unions: dict[str, Union], campaign: Campaign
) -> None:
    client.force_login(make_official("other", unions["other"]))
    theirs = make_campaign("市行动", unions["city"])
    make_target(theirs, unions["county"])
    assert client.get(url(theirs)).status_code == 404
    assert client.get(url(campaign)).status_code == 200
    Campaign.objects.filter(pk=campaign.pk).update(status=CampaignStatus.DRAFT)
    assert client.get(url(campaign)).status_code == 404


def test_a_target_in_full_and_one_not_measured(client: Client, unions: dict[str, Union]) -> None:
    campaign = make_campaign("市行动", unions["city"])
    measured, bare = make_target(campaign, unions["city"]), make_target(campaign, unions["county"])
    measure(measured, "2024-06-30", "40")
    measure(measured, "2024-07-31", "60")
    client.force_login(make_official("city", unions["city"]))
    answer = client.get(url(campaign, "day=2024-07-01")).json()
    common = {
        "indicator": measured.indicator_id,
        "indicator_name": "新增会员",
        "unit": "person",
        "period_start": "2024-01-01",
        "period_end": "2024-12-31",
        "target_value": "100.0000",
    }
    assert answer == {
        "campaign": campaign.pk,
        "day": "2024-07-01",
        "targets": [
            {
                "target": measured.pk,
                "union": unions["city"].pk,
                "union_name": "市总",
                **common,
                "measured_on": "2024-06-30",
                "value": "40.000000",
                "share": "0.400000",
                "time_elapsed": "0.500000",
                "status": "behind",
                "books_differ": False,
            },
            {
                "target": bare.pk,
                "union": unions["county"].pk,
                "union_name": "县总",
                **common,
                "measured_on": None,
                "value": None,
                "share": None,
                "time_elapsed": "0.500000",
                "status": "no_data",
                "books_differ": False,
            },
        ],
    }


def test_a_day_that_is_none_is_an_input_error(
    client: Client, unions: dict[str, Union], campaign: Campaign
) -> None:
    client.force_login(make_official("city", unions["city"]))
    answer = client.get(url(campaign, "day=yesterday"), headers={"accept-language": "en"})
    assert answer.status_code == 400
    assert answer.json() == {
        "day": ["Date has wrong format. Use one of these formats instead: YYYY-MM-DD."]
    }


@pytest.mark.parametrize("count", [1, 3])
def test_query_budget(
    client: Client,
    unions: dict[str, Union],
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    campaign = make_campaign("省行动", unions["province"])
    for name in ("city", "other", "county")[:count]:
        measure(make_target(campaign, unions[name]), "2024-06-30", "40")
    client.force_login(make_official("province", unions["province"]))
    # Session, user, appointments, campaign, newest counted day, targets, measurements.
    with django_assert_num_queries(7):
        assert len(shown(client, campaign)) == count
