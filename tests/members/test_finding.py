"""The page that finds a union: by place and work, step by step, without any script."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from stations.models import Station, StationKind
from tests.members.routing_world import (
    CITY,
    DONGCHANG,
    ELSEWHERE,
    GULOU,
    LINQING,
    LIUYUAN,
    YANGGU,
    make_regions,
    make_tree,
    place,
)

pytestmark = pytest.mark.django_db

ENGLISH: dict[str, Any] = {"HTTP_ACCEPT_LANGUAGE": "en"}


def chosen(answer: Any) -> dict[str, str]:
    """The selected option of each level on the page."""
    return {
        choice.name: choice.chosen.pk if choice.chosen else ""
        for choice in answer.context["cascade"]
    }


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_place_is_chosen_level_by_level(client: Client) -> None:
    make_regions()
    answer = client.get("/join/")
    assert chosen(answer) == {"r1": ""}
    assert not answer.context["is_placed"]
    # A province with one city: there is nothing to choose.
    assert chosen(client.get("/join/?r1=37")) == {"r1": "37", "r2": CITY, "r3": ""}
    answer = client.get(f"/join/?r1=37&r2={CITY}&r3={DONGCHANG}")
    assert chosen(answer) == {"r1": "37", "r2": CITY, "r3": DONGCHANG, "r4": ""}
    assert answer.context["is_placed"]
    # Another county: the township of the one before is forgotten.
    answer = client.get(f"/join/?r1=37&r2={CITY}&r3={LINQING}&r4={GULOU}")
    assert chosen(answer) == {"r1": "37", "r2": CITY, "r3": LINQING, "r4": ""}
    answer = client.get(f"/join/?place={LIUYUAN}")
    assert chosen(answer) == {"r1": "37", "r2": CITY, "r3": DONGCHANG, "r4": LIUYUAN}


@pytest.mark.parametrize(
    "query", ["place=x", "place=%00", "r1=99&r2=3715", "r1=", "place=" + "9" * 99]
)
def test_nonsense_begins_at_the_top(client: Client, query: str) -> None:
    make_regions()
    answer = client.get(f"/join/?{query}")
    assert (answer.status_code, chosen(answer)) == (200, {"r1": ""})


def test_cascade_costs_the_same_with_more_regions(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    make_regions()
    with django_assert_max_num_queries(12):
        client.get(f"/join/?place={GULOU}")


def test_proposal_says_why_and_offers_others(client: Client) -> None:
    make_tree()
    answer = client.post(
        "/join/which/",
        {"place": GULOU, "worker_group": "courier", "employer_name": "顺达公司"},
        **ENGLISH,
    )
    assert answer.status_code == 200
    shown = text(answer)
    assert "顺达公司工会 Your employer has a union" in shown
    assert "There is a federation of your trade here" in shown
    assert answer.context["best"].union.name == "顺达公司工会"
    assert len(answer.context["others"]) == 2
    assert f"/join/{answer.context['best'].code}/" in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]


def test_nobody_is_left_without_an_answer(client: Client) -> None:
    make_tree()
    answer = client.post("/join/which/", {"place": YANGGU}, **ENGLISH)
    assert "阳谷县总工会" in text(answer)
    assert "0635-12" in text(answer)
    nowhere = client.post("/join/which/", {"place": ELSEWHERE}, **ENGLISH)
    assert nowhere.status_code == 200
    assert "12351" in text(nowhere)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({}, "Choose where you work, down to the county."),
        ({"place": CITY}, "Choose where you work, down to the county."),
        ({"place": "nowhere"}, "Choose where you work, down to the county."),
        ({"place": GULOU, "worker_group": "wizard"}, "Choose the group that fits best."),
        ({"place": GULOU, "employer_name": "x" * 121}, "at most 120 characters"),
    ],
)
def test_mistakes_are_said_beside_their_field(
    client: Client, sent: dict[str, str], says: str
) -> None:
    make_regions()
    answer = client.post("/join/which/", sent, **ENGLISH)
    assert answer.status_code == 200
    assert says in text(answer)


def test_answers_are_asked_for_by_post_only(client: Client) -> None:
    """The employer of somebody about to join stands in no address."""
    make_tree()
    answer = client.get(f"/join/which/?place={GULOU}&employer_name=顺达公司")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/join/")


def test_places_of_a_name_lead_to_the_cascade(client: Client) -> None:
    make_regions()
    answer = client.get("/join/?q=古楼")
    assert f"/join/?place={GULOU}#which" in answer.content.decode()


@pytest.mark.parametrize(
    ("longitude", "latitude", "leads_to"),
    [
        ("115.98", "36.45", f"/join/?place={DONGCHANG}#which"),
        ("103.8", "36.06", "/join/?position=unknown#which"),
        ("181", "36", "/join/?position=unknown#which"),
        ("nan", "36", "/join/?position=unknown#which"),
        ("", "", "/join/?position=unknown#which"),
    ],
)
def test_position_becomes_a_county_and_nothing_else(
    client: Client, longitude: str, latitude: str, leads_to: str
) -> None:
    unions = make_tree()
    Station.objects.create(
        name="古楼驿站",
        kind=StationKind.objects.order_by("pk")[0],
        host_union=unions["古楼街道总工会"],
        region=place(GULOU),
        address="东关街",
        longitude="115.985000",
        latitude="36.456000",
        opened_on="2022-01-01",
    )
    answer = client.post("/stations/place/", {"longitude": longitude, "latitude": latitude})
    assert (answer.status_code, answer.headers["Location"]) == (302, leads_to)
    assert client.get("/join/?position=unknown").status_code == 200
    assert client.get("/stations/place/").status_code == 405
