"""GET /api/v1/stations/: public, exact."""

import datetime as dt

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from core.coordinates import wgs84_to_gcj02
from reference.models import Region
from stations.models import StationStatus
from tests.builders import make_official, make_region, make_union
from tests.stations.builders import make_station
from unions.models import Union

pytestmark = pytest.mark.django_db
URL = "/api/v1/stations/"
ENGLISH = {"accept-language": "en"}
NO_POSITION = "Enter longitude and latitude in degrees, with a comma between."


@pytest.fixture
def county() -> Region:
    province = make_region("37", "山东省")
    return make_region("371502", "东昌府区", make_region("3715", "聊城市", province))


@pytest.fixture
def host() -> Union:
    return make_union("市总", "city_federation")


def names(answer: object) -> list[str]:
    return [row["name"] for row in answer.json()["results"]]  # type: ignore[attr-defined]


def test_a_station_in_full(client: Client, host: Union, county: Region) -> None:
    station = make_station(
        "湖畔驿站", host, county, facilities=["toilet", "drinking_water"],
        longitude="115.985", latitude="36.456", opening_hours="08:00–20:00", phone="0635-8888888",
    )  # fmt: skip
    expected = {
        "id": station.pk,
        "name": "湖畔驿站",
        "kind": {"code": "union_station", "name": "Union rest station"},
        "status": "open",
        "region": {"code": "371502", "full_name": "山东省聊城市东昌府区"},
        "address": "人民路 1 号",
        "longitude": 115.985,
        "latitude": 36.456,
        "opening_hours": "08:00–20:00",
        "phone": "0635-8888888",
        "facilities": [
            {"code": "drinking_water", "name": "Drinking water"},
            {"code": "toilet", "name": "Toilet"},
        ],
        "host_union": {"id": host.pk, "name": "市总"},
        "opened_on": "2023-01-01",
        "distance": None,
        "page": f"/stations/{station.pk}/",
    }
    assert client.get(f"{URL}{station.pk}/", headers=ENGLISH).json() == expected
    assert client.get(URL, headers=ENGLISH).json() == {
        "next": None,
        "previous": None,
        "results": [expected],
    }
    chinese = client.get(f"{URL}{station.pk}/").json()
    assert chinese["kind"] == {"code": "union_station", "name": "工会驿站"}


def test_filters(client: Client, host: Union, county: Region) -> None:
    make_station("甲驿站", host, county, facilities=["wifi", "toilet"])
    make_station("乙驿站", host, county, facilities=["wifi"], kind_id="drivers_home")
    make_station("丙站", host, make_region("62", "甘肃省"))
    assert names(client.get(URL)) == ["甲驿站", "乙驿站", "丙站"]
    assert names(client.get(f"{URL}?region=37")) == ["甲驿站", "乙驿站"]
    assert names(client.get(f"{URL}?kind=drivers_home")) == ["乙驿站"]
    assert names(client.get(f"{URL}?facility=wifi&facility=toilet")) == ["甲驿站"]
    assert names(client.get(URL, {"q": "驿站", "region": "3715", "facility": "wifi"})) == [
        "甲驿站", "乙驿站",
    ]  # fmt: skip


def test_nearest_first_converts_what_a_browser_says(
    client: Client, host: Union, county: Region
) -> None:
    here = wgs84_to_gcj02(115.98, 36.45)
    make_station("远", host, county, longitude="115.98", latitude="36.46")
    make_station(
        "此处", host, county,
        longitude=round(here.longitude, 6), latitude=round(here.latitude, 6),
    )  # fmt: skip
    make_station("无坐标", host, county)
    from_browser = client.get(f"{URL}?near=115.98,36.45").json()
    assert [(row["name"], row["distance"]) for row in from_browser["results"]] == [
        ("此处", 0),
        ("远", 1215),
    ]
    assert (from_browser["next"], from_browser["previous"]) == (None, None)
    as_on_maps = client.get(f"{URL}?near=115.98,36.46&datum=gcj02&page_size=1").json()
    assert [(row["name"], row["distance"]) for row in as_on_maps["results"]] == [("远", 0)]
    assert names(client.get(f"{URL}?near=115.98,36.45&region=62")) == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"near": "115.98"}, {"near": [NO_POSITION]}),
        ({"near": "1,2,3"}, {"near": [NO_POSITION]}),
        ({"near": "nan,36"}, {"near": [NO_POSITION]}),
        ({"near": "181,0"}, {"near": [NO_POSITION]}),
        ({"region": "3"}, {"region": ["A region code has 2, 4, 6, 9 or 12 digits."]}),
        ({"kind": "castle"}, {"kind": ['Invalid pk "castle" - object does not exist.']}),
        ({"facility": "sauna"}, {"facility": ['Invalid pk "sauna" - object does not exist.']}),
        ({"datum": "bd09"}, {"datum": ['"bd09" is not a valid choice.']}),
    ],
)  # fmt: skip
def test_input_errors_stand_under_their_parameter(
    client: Client, query: dict[str, str], expected: dict[str, list[str]]
) -> None:
    answer = client.get(URL, query, headers=ENGLISH)
    assert (answer.status_code, answer.json()) == (400, expected)


def test_input_errors_are_in_the_callers_language(client: Client) -> None:
    answer = client.get(f"{URL}?datum=bd09")
    assert answer.json() == {"datum": ["“bd09” 不是合法选项。"]}


def test_what_is_closed_or_missing_is_not_found(
    client: Client, host: Union, county: Region
) -> None:
    closed = make_station(
        "关闭", host, county, status=StationStatus.CLOSED, closed_on=dt.date(2024, 1, 1)
    )
    assert client.get(f"{URL}{closed.pk}/").status_code == 404
    assert client.get(f"{URL}{10**30}/").status_code == 404
    assert names(client.get(URL)) == []


def test_nothing_can_be_written(client: Client, host: Union, county: Region) -> None:
    station = make_station("甲", host, county)
    client.force_login(make_official("city", host))
    for method in (client.post, client.put, client.patch, client.delete):
        assert method(URL).status_code == 405
        assert method(f"{URL}{station.pk}/").status_code == 405


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(("query", "queries"), [("", 2), ("near=116,36", 5)])
def test_query_budget(
    client: Client,
    host: Union,
    county: Region,
    count: int,
    query: str,
    queries: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(count):
        make_station(f"{number}", host, county, facilities=["wifi"], longitude=116, latitude=36)
    # Three looks around and one at everything, for there are fewer than asked for.
    with django_assert_num_queries(queries):
        assert len(client.get(f"{URL}?{query}").json()["results"]) == count
