"""How an application stands, for whoever has receipt and phone; everybody else learns nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client, override_settings

from members.models import Application, RejectionReason
from members.services.review import approve_application, reject_application
from tests.builders import make_application, make_join_code, make_union, person

pytestmark = pytest.mark.django_db

PHONE = "12900000777"
NOT_FOUND = "No application with this receipt number and mobile number. Check both."


@pytest.fixture
def application() -> Application:
    """An application with PHONE that waits for review."""
    city = make_union("市总", "city_federation")
    union = make_union("县总", "county_federation", city)
    return make_application(make_join_code(union), person(777))


def ask(client: Client, number: str, phone: str = PHONE) -> Any:
    data = {"receipt_number": number, "phone": phone}
    return client.post("/join/status/", data, HTTP_ACCEPT_LANGUAGE="en")


def heading(response: Any) -> str:
    return re.findall(r"<h1[^>]*>(.*?)</h1>", response.content.decode(), re.S)[0]


def test_waiting(client: Client, application: Application) -> None:
    response = ask(client, application.receipt_number)
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    assert heading(response) == "Your application is being reviewed"
    page = response.content.decode()
    assert "It is with 县总." in page
    for personal in (application.name, PHONE, application.masked_phone):
        assert personal not in page


def test_approved(client: Client, application: Application) -> None:
    approve_application(application, actor=None)
    response = ask(client, application.receipt_number)
    assert heading(response) == "Welcome: you are a member"
    assert "县总 approved your application on" in response.content.decode()


def test_not_approved_shows_reason_and_note(client: Client, application: Application) -> None:
    reason = RejectionReason.objects.get(pk="outside_area")
    reject_application(application, reason=reason, note="请找<临清>", actor=None)
    response = ask(client, application.receipt_number)
    assert heading(response) == "Your application was not approved"
    page = response.content.decode()
    assert reason.text_en.replace("'", "&#x27;") in page
    assert "请找&lt;临清&gt;" in page


def test_every_wrong_combination_gets_the_same_answer(
    client: Client, application: Application
) -> None:
    other = make_application(application.join_code, person(778))  # type: ignore[arg-type]
    pages = []
    for number, phone in (
        (application.receipt_number, "12900000778"),
        (other.receipt_number, PHONE),
        ("K7MPX3QR9TWA", PHONE),
        ("nonsense", PHONE),
    ):
        response = ask(client, number, phone)
        assert response.status_code == 200
        page = response.content.decode()
        assert NOT_FOUND in page
        page = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", page)
        pages.append(page.replace(number, "").replace(phone, ""))
    assert len(set(pages)) == 1


def test_mistyped_phone_is_told_beside_its_box(client: Client, application: Application) -> None:
    page = ask(client, application.receipt_number, "12").content.decode()
    assert re.search(r'id="id_phone_error">Enter a mobile number, such as', page)


def test_a_link_cannot_ask(client: Client, application: Application) -> None:
    query = {"receipt_number": application.receipt_number, "phone": PHONE}
    assert (
        heading(client.get("/join/status/", query, HTTP_ACCEPT_LANGUAGE="en"))
        == "Check my application"
    )


@override_settings(STATUS_LIMIT_PER_IP=2)
def test_address_is_limited(client: Client, application: Application) -> None:
    statuses = [ask(client, "x", f"1290000100{n}").status_code for n in range(3)]
    assert statuses == [200, 200, 429]
    response = ask(client, application.receipt_number)
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "600"
    assert "Too many attempts just now" in response.content.decode()


@override_settings(STATUS_LIMIT_PER_PHONE=2)
def test_phone_is_limited_by_what_came_from_the_same_address(application: Application) -> None:
    """Not by what came from elsewhere: that would tell that its holder has asked."""
    here, there = Client(), Client(REMOTE_ADDR="203.0.113.9")
    assert [ask(here, "x").status_code for _ in range(3)] == [200, 200, 429]
    assert [ask(there, "x").status_code for _ in range(3)] == [200, 200, 429]
    assert ask(here, "x", "12900000001").status_code == 200


def test_query_budget(
    client: Client, application: Application, django_assert_num_queries: Any
) -> None:
    # A repeated sending, the application, and its steps.
    with django_assert_num_queries(3):
        ask(client, application.receipt_number)
