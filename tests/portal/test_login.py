"""Guessing passwords is slow: attempts are counted by address and by user name."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import Client, override_settings

from core import throttling
from tests.builders import PASSWORD
from tests.portal.world import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(throttling, "_breaker", throttling._CircuitBreaker())
    return make_world()


def attempt(username: str, password: str = "wrong", address: str = "203.0.113.9") -> HttpResponse:
    client = Client(headers={"Accept-Language": "en"}, REMOTE_ADDR=address)
    form = {"username": username, "password": password}
    return client.post("/admin/login/?next=/admin/", form)  # type: ignore[return-value]


def errors(response: HttpResponse) -> list[str]:
    return list(response.context["form"].non_field_errors())  # type: ignore[attr-defined]


@override_settings(LOGIN_LIMIT_PER_USER=2, LOGIN_LIMIT_SECONDS=300)
def test_too_many_for_one_user_from_anywhere(world: World) -> None:
    addresses = ["203.0.113.1", "203.0.113.2"]
    assert [attempt("city", address=address).status_code for address in addresses] == [200, 200]
    for username in ("city", "CITY"):
        response = attempt(username, PASSWORD, "203.0.113.3")
        assert (response.status_code, response.headers["Retry-After"]) == (429, "300")
        assert errors(response) == ["Too many attempts to log in. Please try again in 5 minutes."]
        assert "_auth_user_id" not in response.client.session  # type: ignore[attr-defined]
    assert attempt("neighbour", PASSWORD).status_code == 302


@override_settings(LOGIN_LIMIT_PER_IP=2)
def test_too_many_from_one_address_whoever_it_is(world: World) -> None:
    assert [attempt(name).status_code for name in ("city", "neighbour", "low")] == [200, 200, 429]
    assert attempt("city", PASSWORD).status_code == 429
    assert attempt("city", PASSWORD, "203.0.113.10").status_code == 302


@override_settings(LOGIN_LIMIT_PER_USER=2)
def test_the_right_password_in_time_forgets_the_wrong_ones(world: World) -> None:
    for _round in range(3):
        assert attempt("city").status_code == 200
        assert attempt("city", PASSWORD).status_code == 302


@override_settings(LOGIN_LIMIT_PER_USER=2)
def test_unknown_and_known_names_are_told_the_same(world: World) -> None:
    known = [attempt("city") for _ in range(3)]
    unknown = [attempt("nobody") for _ in range(3)]
    assert [(a.status_code, errors(a)) for a in known] == [
        (a.status_code, errors(a)) for a in unknown
    ]
    assert known[-1].status_code == 429


@override_settings(LOGIN_LIMIT_PER_USER=1)
def test_an_empty_form_is_no_attempt(world: World) -> None:
    for _round in range(3):
        assert attempt("city", "").status_code == 200
    assert attempt("city", PASSWORD).status_code == 302


@override_settings(LOGIN_LIMIT_PER_USER=1, LOGIN_LIMIT_PER_IP=1, REDIS_URL="redis://127.0.0.1:1/0")
def test_without_redis_people_log_in(world: World) -> None:
    assert [attempt("city").status_code for _ in range(3)] == [200, 200, 200]
    assert attempt("city", PASSWORD).status_code == 302
