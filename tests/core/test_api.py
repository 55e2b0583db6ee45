"""Paging by key and the checks on query parameters, seen through the list of stations."""

import base64

import pytest
from django.test import Client

from tests.builders import make_region, make_union
from tests.stations.builders import make_station

pytestmark = pytest.mark.django_db
URL = "/api/v1/stations/"


@pytest.fixture
def _five() -> None:
    host = make_union("市总", "city_federation")
    region = make_region("37", "山东省")
    for number in range(5):
        make_station(f"站 {number}", host, region)


@pytest.mark.usefixtures("_five")
def test_pages_follow_each_other_without_gaps_or_a_count(client: Client) -> None:
    seen, url = [], f"{URL}?page_size=2"
    while url:
        page = client.get(url).json()
        assert set(page) == {"next", "previous", "results"}
        seen.append([row["name"] for row in page["results"]])
        url = page["next"]
    assert seen == [["站 0", "站 1"], ["站 2", "站 3"], ["站 4"]]
    back = client.get(page["previous"]).json()
    assert [row["name"] for row in back["results"]] == ["站 2", "站 3"]


@pytest.mark.usefixtures("_five")
def test_no_page_is_longer_than_the_longest(client: Client) -> None:
    assert len(client.get(f"{URL}?page_size=100000").json()["results"]) == 5


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "",
        *(base64.b64encode(text).decode() for text in (b"p=abc", b"p=1&o=7", b"p=-1")),
    ],
)
def test_a_cursor_that_was_never_given_out_is_an_input_error(client: Client, cursor: str) -> None:
    answer = client.get(URL, {"cursor": cursor}, headers={"accept-language": "en"})
    if cursor == "":
        assert answer.status_code == 200
        return
    assert answer.status_code == 400
    assert answer.json() == {"cursor": ["This page does not exist."]}


def test_a_number_too_large_for_the_database_is_an_empty_page(client: Client) -> None:
    cursor = base64.b64encode(b"p=99999999999999999999").decode()
    answer = client.get(URL, {"cursor": cursor})
    assert (answer.status_code, answer.json()["results"]) == (200, [])


def test_a_misspelt_filter_is_refused(client: Client) -> None:
    answer = client.get(f"{URL}?regoin=37&typ=1", headers={"accept-language": "en"})
    assert answer.status_code == 400
    assert answer.json() == {
        "regoin": ["There is no such filter."],
        "typ": ["There is no such filter."],
    }
