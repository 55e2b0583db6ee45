"""The officials' site finds its pages by name, with Redis or without."""

from __future__ import annotations

import pytest
from django.test import Client, override_settings

from tests.portal.world import logged_in, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return logged_in(make_world().official)


@pytest.mark.parametrize("number", ["1", "99", "-1", "x", ""])
def test_any_page_answers(client: Client, number: str) -> None:
    for extended in ("", "&extended=1"):
        response = client.get(f"/admin/search/?s=union&page={number}{extended}")
        assert response.status_code == 200
        assert "/admin/unions/union/" in response.text


def test_nothing_found_and_nothing_asked(client: Client) -> None:
    assert client.get("/admin/search/?s=zzzz&page=99").status_code == 200
    assert client.get("/admin/search/?s=").content == b""
    assert client.get("/admin/search/").content == b""


def test_only_own_pages_are_found(client: Client) -> None:
    assert "/admin/reports/reportrun/" not in client.get("/admin/search/?s=report").text


def test_it_needs_no_redis(client: Client) -> None:
    gone = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    with override_settings(CACHES=gone, REDIS_URL="redis://127.0.0.1:1/0"):
        response = client.get("/admin/search/?s=union")
    assert response.status_code == 200
    assert "/admin/unions/union/" in response.text
