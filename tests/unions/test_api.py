"""GET /api/v1/unions/: in the caller's scope, exact."""

import datetime as dt

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.tokens import issue_token
from tests.builders import make_official, make_region, make_union, make_user
from unions.enums import Role
from unions.models import Union

pytestmark = pytest.mark.django_db
URL = "/api/v1/unions/"
ENGLISH = {"accept-language": "en"}


@pytest.fixture
def unions() -> dict[str, Union]:
    """A province with two cities, a county and a grassroots union under the first."""
    province = make_union("省总", "provincial_federation")
    region = make_region("3715", "聊城市", make_region("37", "山东省"))
    city = make_union("市总", "city_federation", province, region=region, code="GH-3715")
    other = make_union("邻市总", "city_federation", province)
    county = make_union("县总", "county_federation", city)
    low = make_union("快递工会", "grassroots_union", county, short_name="快工", is_nef=True)
    return {"province": province, "city": city, "other": other, "county": county, "low": low}


@pytest.fixture
def official(unions: dict[str, Union]) -> User:
    return make_official("city", unions["city"])


def seen(client: Client, query: str = "") -> list[str]:
    return [row["name"] for row in client.get(f"{URL}?{query}").json()["results"]]


def test_scope_of_every_role(client: Client, unions: dict[str, Union], official: User) -> None:
    grassroots = make_official("county", unions["county"], Role.GRASSROOTS_OFFICIAL)
    leader = make_official("leader", unions["city"], Role.LEADER)
    for user, names in (
        (official, ["市总", "县总", "快递工会"]),
        (grassroots, ["县总"]),
        (leader, []),
        (make_user("nobody"), []),
    ):
        client.force_login(user)
        assert seen(client) == names
        for union in unions.values():
            expected = 200 if union.name in names else 404
            assert client.get(f"{URL}{union.pk}/").status_code == expected


def test_without_log_in_and_with_a_token(
    client: Client, unions: dict[str, Union], official: User
) -> None:
    assert client.get(URL).status_code == 401
    key = issue_token(official)
    headers = {"authorization": f"Token {key}"}
    assert len(client.get(URL, headers=headers).json()["results"]) == 3
    newer = issue_token(official)
    assert client.get(URL, headers=headers).status_code == 401
    User.objects.filter(pk=official.pk).update(is_active=False)
    assert client.get(URL, headers={"authorization": f"Token {newer}"}).status_code == 401


def test_a_union_in_full(client: Client, unions: dict[str, Union], official: User) -> None:
    client.force_login(official)
    city = unions["city"]
    assert client.get(f"{URL}{city.pk}/", headers=ENGLISH).json() == {
        "id": city.pk,
        "name": "市总",
        "short_name": "",
        "kind": {"code": "city_federation", "name": "City federation"},
        "parent": unions["province"].pk,
        "region": "3715",
        "code": "GH-3715",
        "status": "active",
        "is_nef": False,
        "mode": "",
        "strategy": "",
        "driver": "",
        "channel": "",
        "founded_on": "2020-01-01",
        "term_ends_on": None,
        "closed_on": None,
    }


def test_filters(client: Client, unions: dict[str, Union], official: User) -> None:
    client.force_login(official)
    assert seen(client, "kind=county_federation") == ["县总"]
    assert seen(client, f"parent={unions['city'].pk}") == ["县总"]
    assert seen(client, f"parent={unions['province'].pk}") == ["市总"]
    assert seen(client, "region=37") == ["市总"]
    assert seen(client, "q=快工") == ["快递工会"]
    assert seen(client, "q=GH-3715") == ["市总"]
    assert seen(client, "q=邻市") == []


def test_input_errors(client: Client, official: User) -> None:
    client.force_login(official)
    answer = client.get(f"{URL}?kind=guild&parent=x&region=abc", headers=ENGLISH)
    assert answer.status_code == 400
    assert answer.json() == {
        "kind": ['Invalid pk "guild" - object does not exist.'],
        "parent": ["A valid integer is required."],
        "region": ["A region code has 2, 4, 6, 9 or 12 digits."],
    }


def test_nothing_can_be_written(client: Client, unions: dict[str, Union], official: User) -> None:
    client.force_login(official)
    for method in (client.post, client.put, client.patch, client.delete):
        assert method(URL).status_code == 405
        assert method(f"{URL}{unions['city'].pk}/").status_code == 405


@pytest.mark.parametrize("count", [1, 3])
def test_query_budget(
    client: Client,
    unions: dict[str, Union],
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    parent = make_union("另县总", "county_federation", unions["other"])
    for number in range(count - 1):
        make_union(f"工会 {number}", "grassroots_union", parent)
    client.force_login(make_official("other-county", parent))
    # Session, user, appointments, unions.
    with django_assert_num_queries(4):
        assert len(client.get(URL).json()["results"]) == count


def test_an_appointment_that_ended_ends_the_view(
    client: Client, unions: dict[str, Union], official: User
) -> None:
    client.force_login(official)
    official.appointments.update(ends_on=dt.date.today() - dt.timedelta(days=2))
    assert seen(client) == []


def test_answers_in_scope_are_private_and_speak_the_readers_language(
    client: Client, unions: dict[str, Union], official: User
) -> None:
    token = f"Token {issue_token(official)}"
    inside = client.get(URL, headers={"authorization": token})
    assert inside.headers["Cache-Control"] == "private, no-store"
    outside = client.get(
        f"{URL}{unions['other'].pk}/",
        headers={"authorization": token, "accept-language": "zh-hans"},
    )
    assert (outside.status_code, outside.json()) == (404, {"detail": "未找到。"})
