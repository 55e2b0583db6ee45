"""Joining under pressure: limits, a dead Redis, and how often the database is asked."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from core import throttling
from members.models import Application, JoinCode
from tests.builders import make_join_code, make_union
from tests.members.joining import ID_NUMBER, PHONE, answers, code as code, send, union as union
from unions.models import Union

pytestmark = pytest.mark.django_db

# -- limits ---------------------------------------------------------------------------------------


@override_settings(JOIN_LIMIT_PER_IP_WITHOUT_PROOF=2)
def test_address_is_limited_and_the_form_is_kept(client: Client, code: JoinCode) -> None:
    assert [send(client, code, name="").status_code for _ in range(3)] == [200, 200, 429]
    response = send(client, code)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "600")
    page = response.content.decode()
    assert "Too many attempts just now" in page
    assert "in 10 minutes" in page
    assert f'value="{ID_NUMBER}"' in page
    assert Application.objects.count() == 0
    other = Client(REMOTE_ADDR="203.0.113.9")
    assert send(other, code).status_code == 302


@override_settings(JOIN_LIMIT_PER_PHONE=1)
def test_phone_is_limited_by_what_came_from_the_same_address(code: JoinCode) -> None:
    """Not by what came from elsewhere: that would tell that its holder has just applied."""
    here, there = Client(), Client(REMOTE_ADDR="203.0.113.9")
    assert send(here, code).status_code == 302
    assert send(here, code, phone="+86 " + PHONE).status_code == 429
    assert send(here, code, phone="12900000099").status_code == 302
    assert [send(there, code).status_code for _ in range(2)] == [302, 429]


@override_settings(JOIN_LIMIT_PER_PHONE=1, STATUS_LIMIT_PER_PHONE=1)
def test_without_an_address_no_phone_is_limited(code: JoinCode) -> None:
    """Behind a socket without a trusted proxy all share one: a limit would tell of the others."""
    client = Client(REMOTE_ADDR="")
    assert [send(client, code).status_code for _ in range(2)] == [302, 302]
    question = {"receipt_number": "K7MP-X3QR-9TWA", "phone": PHONE}
    assert [client.post("/join/status/", question).status_code for _ in range(2)] == [200, 200]


@override_settings(JOIN_LIMIT_PER_CODE=2)
def test_code_is_limited_whoever_sends(code: JoinCode) -> None:
    def answer(number: int, through: JoinCode) -> int:
        client = Client(REMOTE_ADDR=f"203.0.113.{number}")
        return send(client, through, phone=f"1290000{number:04d}").status_code

    assert [answer(number, code) for number in range(3)] == [302, 302, 429]
    assert answer(3, make_join_code(code.union)) == 302


def test_without_redis_joining_works_silently(client: Client, code: JoinCode) -> None:
    breaker = throttling._CircuitBreaker()
    with (
        override_settings(REDIS_URL="redis://127.0.0.1:1/0", JOIN_LIMIT_PER_IP_WITHOUT_PROOF=1),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(throttling, "_breaker", breaker)
        statuses = [send(client, code, phone=f"1290000{n:04d}").status_code for n in range(3)]
    assert statuses == [302, 302, 302]
    assert Application.objects.count() == 3


# -- queries --------------------------------------------------------------------------------------


def test_query_budget(client: Client, code: JoinCode, django_assert_num_queries: Any) -> None:
    # code with union, consent texts, extra questions, set and its groups (2), groups, platforms;
    # one more to be counted as opened
    with django_assert_num_queries(8):
        client.get(f"/join/{code.code}/")
    # code, consent texts, extra questions, groups; then all that is written, in one statement
    data = answers()
    with django_assert_num_queries(5):
        assert client.post(f"/join/{code.code}/", data).status_code == 302
    with django_assert_num_queries(2):  # a repeated sending, the application
        client.get("/join/received/")


@pytest.mark.parametrize("count", [1, 3])
def test_search_query_budget(
    client: Client, union: Union, code: JoinCode, count: int, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        make_join_code(make_union(f"工会{number}", "grassroots_union", union.parent))
    with django_assert_num_queries(10):
        assert client.get(reverse("members:find"), {"q": "工会"}).status_code == 200
