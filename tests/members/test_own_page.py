"""Logging in by phone code, and that a session shows one person's data and nobody else's."""

from __future__ import annotations

import pytest
from django.test import Client

from members.models import Membership
from tests.builders import make_membership, make_union, person
from tests.members.own_page import log_in, phone_of
from unions.models import Union

pytestmark = pytest.mark.django_db

PAGES = ["/me/", "/me/data/", "/me/move/", "/me/leave/", "/me/consents/", "/me/looked/",
         "/me/download/", "/me/data/phone/", "/me/data/employer/", "/me/data/correct/"]  # fmt: skip


@pytest.fixture
def union() -> Union:
    city = make_union("聊城市总工会", "city_federation")
    county = make_union("东昌府区总工会", "county_federation", city)
    return make_union("柳园街道工会", "township_union", county)


@pytest.fixture
def membership(union: Union) -> Membership:
    return make_membership(union, person(name="王小明"), on="2024-01-02")


def test_a_code_sent_to_the_phone_opens_the_own_pages(membership: Membership) -> None:
    client = Client()
    answer = log_in(client, phone_of(membership.member))
    assert (answer.status_code, answer.headers["Location"]) == (302, "/me/")
    for page in PAGES:
        shown = client.get(page, HTTP_ACCEPT_LANGUAGE="en")
        assert shown.status_code == 200, page
        assert "no-store" in shown.headers["Cache-Control"], page
    assert "王小明" in client.get("/me/").content.decode()
