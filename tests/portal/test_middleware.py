"""Request ids, log lines without people in them, and the content security policy."""

import io
import json
import logging
import logging.config

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLResolver, get_resolver

from portal.logs import logging_config
from portal.middleware import tile_origin
from tests.builders import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def log_lines():
    """What would be written in production, as one dictionary a line."""
    config = logging_config(level="INFO", json=True)
    formatter = logging.config.DictConfigurator(config).configure_formatter(
        config["formatters"]["portal"]
    )
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)


def test_a_sane_request_id_is_kept(client):
    response = client.get("/healthz", headers={"x-request-id": "ticket-2026.11.22"})
    assert response.headers["X-Request-ID"] == "ticket-2026.11.22"


def test_a_page_that_is_not_there_is_logged_without_its_query(client, log_lines):
    response = client.get("/nowhere/", {"phone": "13812345678"})
    lines = log_lines()
    assert [(line["logger"], line["event"]) for line in lines] == [
        ("portal.access", "request"),
        ("django.request", "Not Found: /nowhere/"),
    ]
    assert {line["request_id"] for line in lines} == {response.headers["X-Request-ID"]}
    assert "13812345678" not in json.dumps(lines)


def test_a_refusal_is_one_line_without_a_traceback(client, log_lines):
    client.force_login(make_user("nobody"))
    assert client.get("/admin/").status_code == 403
    [line] = [line for line in log_lines() if line["logger"] == "django.request"]
    assert (line["event"], line["level"]) == ("Forbidden (Permission denied): /admin/", "warning")
    assert "exception" not in line


@pytest.mark.parametrize("given", ["short", "x" * 65, "with space in it", "line\tbreak-------"])
def test_a_strange_request_id_is_replaced(client, given):
    made = client.get("/healthz", headers={"x-request-id": given}).headers["X-Request-ID"]
    assert made != given
    assert (len(made), int(made, 16) > 0) == (32, True)


def test_one_line_per_request_without_query_or_address(client, log_lines):
    response = client.get(
        "/", {"phone": "13812345678"}, REMOTE_ADDR="203.0.113.9", headers={"user-agent": "Agent/7"}
    )
    [line] = [line for line in log_lines() if line["logger"] == "portal.access"]
    assert line.pop("ms") > 0
    assert line.pop("time")
    assert line == {
        "event": "request",
        "logger": "portal.access",
        "level": "info",
        "method": "GET",
        "route": "home",
        "path": "/",
        "status": 200,
        "request_id": response.headers["X-Request-ID"],
    }
    everything = json.dumps(log_lines())
    for private in ("13812345678", "203.0.113.9", "Agent/7"):
        assert private not in everything


def routes_with_tokens(resolver, before=""):
    """The routes whose addresses hold a token, put together from the root."""
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes_with_tokens(pattern, route)
        elif "<str:token>" in route:
            yield route


def test_a_token_stands_in_no_line_whatever_becomes_of_the_request(log_lines):
    routes = list(routes_with_tokens(get_resolver()))
    assert len(routes) == 5
    browser = Client(enforce_csrf_checks=True)
    for route in routes:
        address = "/" + route.replace("<str:token>", "s3cret-t0ken_x")
        browser.get(address)  # 404 or 410 or 405, of which Django writes a line of its own
        browser.get(address.rstrip("/"))  # redirected before it is known which page it is
        browser.get(address + "more")
        browser.post(address, {})  # refused for want of the cookie, as with some apps' browsers
    lines = log_lines()
    assert {line["logger"] for line in lines} == {
        "portal.access", "django.request", "django.security.csrf",
    }  # fmt: skip
    assert len(lines) > 5 * len(routes)
    assert [line for line in lines if "s3cret" in json.dumps(line)] == []


def test_row_values_of_a_database_error_are_not_logged(log_lines):
    name = "Zhang San"
    said_by_postgres = f"duplicate key\nDETAIL:  Key (name)=({name}) already exists.\n"
    try:
        raise ValueError(said_by_postgres)
    except ValueError:
        logging.getLogger("tests.portal").exception("failed")
    [line] = log_lines()
    assert "duplicate key" in line["exception"]
    assert name not in json.dumps(line)


def test_public_pages_load_only_from_this_site(client):
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe-eval" not in policy
    assert "frame-ancestors 'none'" in policy


def test_only_the_officials_site_may_evaluate(client):
    policy = client.get("/admin/login/").headers["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-inline' 'unsafe-eval';" in policy


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("", ""),
        ("https://tiles.example.org/{z}/{x}/{y}.png", "https://tiles.example.org"),
        ("https://{s}.tiles.example.org/{z}/{x}/{y}.png", "https://*.tiles.example.org"),
    ],
)
def test_a_configured_tile_server_may_send_images(url, origin):
    assert tile_origin(url) == origin


def test_logs_are_json_outside_development():
    formatter = settings.LOGGING["formatters"]["portal"]
    assert type(formatter["processors"][-1]).__name__ == "JSONRenderer"
