"""GET /api/v1/campaigns/: in the caller's scope, exact."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from campaigns.models import CampaignStatus
from campaigns.services.campaigns import publish_campaign
from tests.builders import make_official, make_union
from tests.campaigns.builders import make_campaign, make_target
from unions.enums import Role
from unions.models import Union

pytestmark = pytest.mark.django_db
URL = "/api/v1/campaigns/"


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


def names(client: Client, query: str = "") -> list[str]:
    return [row["name"] for row in client.get(f"{URL}?{query}").json()["results"]]


def test_scope_by_owner_drafts_too(client: Client, unions: dict[str, Union]) -> None:
    campaigns = {
        name: make_campaign(name, unions[owner], status=status)
        for name, owner, status in (
            ("省行动", "province", CampaignStatus.PUBLISHED),
            ("市行动", "city", CampaignStatus.PUBLISHED),
            ("县草案", "county", CampaignStatus.DRAFT),
            ("邻市行动", "other", CampaignStatus.PUBLISHED),
        )
    }
    assert client.get(URL).status_code == 401
    for user, expected in (
        (make_official("city", unions["city"]), ["市行动", "县草案"]),
        (make_official("county", unions["county"], Role.GRASSROOTS_OFFICIAL), ["县草案"]),
        (make_official("leader", unions["city"], Role.LEADER), []),
    ):
        client.force_login(user)
        assert names(client) == expected
        for name, campaign in campaigns.items():
            answer = client.get(f"{URL}{campaign.pk}/")
            assert answer.status_code == (200 if name in expected else 404)


def test_a_campaign_in_full(client: Client, unions: dict[str, Union]) -> None:
    campaign = make_campaign("集中行动", unions["city"], summary="摘要", source="文件")
    target = make_target(campaign, unions["county"], "250.5")
    # Somebody else's, and so not shown even in a campaign of one's own.
    make_target(campaign, unions["other"])
    client.force_login(make_official("city", unions["city"]))
    found = client.get(f"{URL}{campaign.pk}/").json()
    phases = found.pop("phases")
    assert found == {
        "id": campaign.pk,
        "name": "集中行动",
        "kind": "drive",
        "status": "published",
        "owner": unions["city"].pk,
        "starts_on": "2024-01-01",
        "ends_on": "2024-12-31",
        "group_set": "set4",
        "plan": None,
        "summary": "摘要",
        "note": "",
        "source": "文件",
        "shows_progress": False,
        "requirements": [],
        "indicators": [
            {
                "id": target.indicator_id,
                "name": "新增会员",
                "metric": "new_members",
                "unit": "person",
                "group_set": "set4",
                "targets": [
                    {
                        "id": target.pk,
                        "union": unions["county"].pk,
                        "period_start": "2024-01-01",
                        "period_end": "2024-12-31",
                        "value": "250.5000",
                        "note": "",
                        "withdrawn_on": None,
                    }
                ],
            }
        ],
    }
    assert [(phase["name"], phase["starts_on"], phase["ends_on"]) for phase in phases] == [
        ("动员", "2024-01-01", "2024-04-30"),
        ("攻坚", "2024-03-01", "2024-12-31"),
    ]


def test_versions_of_the_own_scope(client: Client, unions: dict[str, Union]) -> None:
    campaign = make_campaign("集中行动", unions["city"], status=CampaignStatus.DRAFT)
    target = make_target(campaign, unions["county"], "250")
    make_target(campaign, unions["other"])
    publish_campaign(campaign, actor=None)
    client.force_login(make_official("city", unions["city"]))
    versions = client.get(f"{URL}{campaign.pk}/versions/").json()["results"]
    assert [(row["target"], row["number"], row["value"], row["reason"]) for row in versions] == [
        (target.pk, 1, "250.0000", "")
    ]
    client.force_login(make_official("neighbour", unions["other"]))
    assert client.get(f"{URL}{campaign.pk}/versions/").status_code == 404


def test_filters(client: Client, unions: dict[str, Union]) -> None:
    make_campaign("行动计划", unions["city"], kind="plan")
    make_campaign("集中行动", unions["county"], status=CampaignStatus.CLOSED)
    client.force_login(make_official("city", unions["city"]))
    assert names(client) == ["行动计划", "集中行动"]
    assert names(client, "kind=plan") == ["行动计划"]
    assert names(client, "status=closed") == ["集中行动"]
    assert names(client, f"owner={unions['county'].pk}") == ["集中行动"]
    assert names(client, "q=计划") == ["行动计划"]
    answer = client.get(f"{URL}?kind=war&owner=0", headers={"accept-language": "en"})
    assert (answer.status_code, answer.json()) == (
        400,
        {
            "kind": ['"war" is not a valid choice.'],
            "owner": ["Ensure this value is greater than or equal to 1."],
        },
    )


@pytest.mark.parametrize("count", [1, 3])
def test_query_budget(
    client: Client,
    unions: dict[str, Union],
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(count):
        campaign = make_campaign(f"行动 {number}", unions["city"])
        for union in (unions["city"], unions["county"], unions["other"])[:count]:
            make_target(campaign, union)
    client.force_login(make_official("city", unions["city"]))
    # Session, user, appointments, campaigns.
    with django_assert_num_queries(4):
        assert len(names(client)) == count
    # The campaign, its phases, papers, indicators and targets.
    with django_assert_num_queries(8):
        assert client.get(f"{URL}{campaign.pk}/").status_code == 200
