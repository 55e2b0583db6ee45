"""The home page and the pages for what goes wrong."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import Client, override_settings
from django.urls import path

from portal import urls as portal_urls
from tests.builders import make_official, make_union
from unions.enums import Role


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("371502199001011234")


def forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


urlpatterns = [path("broken", broken), path("forbidden", forbidden), *portal_urls.urlpatterns]


def page_of(client: Client, address: str, status: int) -> str:
    response = client.get(address, HTTP_ACCEPT_LANGUAGE="en")
    assert response.status_code == status
    return response.content.decode()


@pytest.mark.django_db
def test_home_leads_everybody_on_without_asking_the_database(
    client: Client, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        page = page_of(client, "/", 200)
    links = re.findall(r'<a [^>]*href="([^"#]+)"', page)
    assert set(links) == {
        "/", "/join/", "/join/status/", "/me/", "/stations/", "/campaigns/", "/admin/login/",
    }  # fmt: skip


@pytest.mark.django_db
def test_home_leads_officials_to_their_pages(client: Client) -> None:
    union = make_union("市总", "city_federation")
    client.force_login(make_official("official", union))
    page = page_of(client, "/", 200)
    assert page.count('href="/dashboard/"') == page.count('href="/admin/"') == 2
    assert "/admin/login/" not in page
    client.force_login(make_official("leader", union, Role.LEADER))
    page = page_of(client, "/", 200)
    assert page.count('href="/dashboard/"') == 2
    assert 'href="/admin/"' not in page


@pytest.mark.parametrize(
    ("language", "switch", "attribute"), [("en", "zh-hans", "en"), ("zh-CN", "en", "zh-Hans")]
)
def test_language_can_be_switched(
    client: Client, language: str, switch: str, attribute: str
) -> None:
    page = client.get("/", HTTP_ACCEPT_LANGUAGE=language).content.decode()
    assert f'<html lang="{attribute}">' in page
    assert re.findall(r'name="show" value="([^"]+)"', page) == ["large", switch]
    response = client.post("/display/", {"show": switch, "next": "/join/"})
    assert (response.status_code, response.headers["Location"]) == (302, "/join/")
    assert f'<html lang="{attribute}">' not in client.get("/").content.decode()


def test_large_type_is_remembered_on_the_device_until_switched_off(client: Client) -> None:
    client.post("/display/", {"show": "large", "next": "/"})
    page = client.get("/").content.decode()
    assert 'class="large-type"' in page
    assert 'name="show" value="plain"' in page
    client.post("/display/", {"show": "plain"})
    assert 'class="large-type"' not in client.get("/").content.decode()


@pytest.mark.parametrize("elsewhere", ["https://example.org/", "//example.org", "\\\\x", ""])
def test_switching_never_leads_elsewhere(client: Client, elsewhere: str) -> None:
    response = client.post("/display/", {"show": "huge", "next": elsewhere})
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert not response.cookies
    assert client.get("/display/").status_code == 405


@override_settings(ROOT_URLCONF="tests.portal.test_pages")
def test_error_pages_are_ours_and_tell_nothing(client: Client) -> None:
    client.raise_request_exception = False
    assert "<h1>This page does not exist</h1>" in page_of(client, "/nowhere", 404)
    assert "<h1>You may not do this</h1>" in page_of(client, "/forbidden", 403)
    page = page_of(client, "/broken", 500)
    assert "<h1>Something went wrong on our side</h1>" in page
    assert "371502199001011234" not in page


@pytest.mark.parametrize("name", ["400.html", "500.html"])
def test_pages_for_broken_things_need_nothing_that_may_be_broken(name: str) -> None:
    with override_settings(
        STORAGES={
            "staticfiles": {
                "BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
            }
        }
    ):
        assert "/static/portal/site.css" in render_to_string(name)
