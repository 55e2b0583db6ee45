"""/stations/: the list without any script, its filters and pages, and one station's page."""

import datetime as dt
import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from reference.models import Region
from stations.models import StationJoinCode, StationStatus
from stations.views import PAGE_SIZE
from tests.builders import make_join_code, make_region, make_union
from tests.stations.builders import make_station
from unions.models import Union

pytestmark = pytest.mark.django_db
URL = "/stations/"


@pytest.fixture
def county() -> Region:
    province = make_region("37", "山东省")
    return make_region("371502", "东昌府区", make_region("3715", "聊城市", province))


@pytest.fixture
def host() -> Union:
    return make_union("市总", "city_federation")


def titles(page: str) -> list[str]:
    """The names on the cards; the template for scripts has none."""
    return re.findall(r'<h3><a href="/stations/\d+/">([^<]+)</a></h3>', page)


def get(client: Client, address: str = URL) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_list_needs_no_script_and_no_log_in(
    client: Client, host: Union, county: Region
) -> None:
    make_station("乙", host, county)
    make_station("甲", host, county, facilities=["wifi"], status=StationStatus.PAUSED)
    make_station("丙", host, county, status="closed", closed_on=dt.date(2024, 1, 1))
    page = get(client)
    assert sorted(titles(page)) == sorted(["乙", "甲"])
    assert "<span>无线网络</span>" in page
    assert "山东省聊城市东昌府区 人民路 1 号" in page


def test_filters_work_together_and_stay_chosen(client: Client, host: Union, county: Region) -> None:
    make_station("甲驿站", host, county, facilities=["wifi", "toilet"])
    make_station("乙驿站", host, county, facilities=["wifi"])
    make_station("丙驿站", host, make_region("62", "甘肃省"), facilities=["wifi", "toilet"])
    page = get(client, f"{URL}?q=驿站&region=3715&facility=wifi&facility=toilet&kind=union_station")
    assert titles(page) == ["甲驿站"]
    assert '<option value="3715" selected>' in page
    assert '<option value="union_station" selected>' in page
    assert page.count("checked") == 2
    # By region, then by the characters of the name.
    assert titles(get(client, f"{URL}?region=&kind=&q=")) == ["乙驿站", "甲驿站", "丙驿站"]


def test_a_wrong_filter_is_named_and_the_others_still_hold(
    client: Client, host: Union, county: Region
) -> None:
    make_station("甲", host, county)
    make_station("乙", host, county, kind_id="drivers_home")
    page = get(client, f"{URL}?region=99&kind=drivers_home&facility=sauna&q=%00")
    assert titles(page) == ["乙"]
    assert page.count('class="field-error"') == 3


def test_a_list_is_paged_and_keeps_its_filters(client: Client, host: Union, county: Region) -> None:
    for number in range(PAGE_SIZE + 1):
        make_station(f"站 {number:02}", host, county)
    first = get(client, f"{URL}?region=37")
    assert titles(first) == [f"站 {number:02}" for number in range(PAGE_SIZE)]
    assert 'href="?region=37&amp;page=2"' in first
    second = get(client, f"{URL}?region=37&page=2")
    assert titles(second) == [f"站 {PAGE_SIZE}"]
    assert 'href="?region=37&amp;page=1"' in second
    assert titles(get(client, f"{URL}?page=nonsense")) == titles(first)


@pytest.mark.parametrize("count", [1, 3])
def test_query_budget(
    client: Client,
    host: Union,
    county: Region,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(count):
        make_station(f"站 {number}", host, county, facilities=["wifi"])
    # Regions with stations (2), kinds, facilities to choose, count, stations, their facilities.
    with django_assert_num_queries(7):
        assert len(titles(get(client))) == count


def test_a_station_says_where_when_and_what(client: Client, host: Union, county: Region) -> None:
    station = make_station(
        "湖畔驿站", host, county, facilities=["wifi"], opening_hours="08:00–20:00",
        phone="0635-8888888", longitude="115.985", latitude="36.456",
    )  # fmt: skip
    page = get(client, f"{URL}{station.pk}/")
    for text in (
        "湖畔驿站", "08:00–20:00", 'href="tel:0635-8888888"', "山东省聊城市东昌府区", "市总",
        "<span>无线网络</span>", "115.985000, 36.456000", "GCJ-02",
    ):  # fmt: skip
        assert text in page
    assert "/join/" not in page.partition("<main")[2]


def test_a_station_with_a_usable_code_leads_to_the_form(
    client: Client, host: Union, county: Region
) -> None:
    union = make_union("镇工会", "township_union", make_union("县总", "county_federation", host))
    station, code = make_station("甲", host, county), make_join_code(union)
    StationJoinCode.objects.create(station=station, join_code=code)
    assert f'href="/join/{code.code}/"' in get(client, f"{URL}{station.pk}/")
    type(code).objects.update(is_active=False)
    assert "/join/" not in get(client, f"{URL}{station.pk}/").partition("<main")[2]


def test_closed_for_good_or_unknown_is_not_found(
    client: Client, host: Union, county: Region
) -> None:
    closed = make_station("甲", host, county, status="closed", closed_on=dt.date(2024, 1, 1))
    assert client.get(f"{URL}{closed.pk}/").status_code == 404
    assert client.get(f"{URL}{closed.pk + 1}/").status_code == 404
    assert client.post(URL).status_code == 405


def test_no_script_or_style_block_is_inline(client: Client, host: Union, county: Region) -> None:
    station = make_station("甲", host, county, longitude=116, latitude=36)
    for address in (URL, f"{URL}{station.pk}/"):
        page = get(client, address)
        assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
        assert re.findall(r"<style|\son\w+=", page) == []
