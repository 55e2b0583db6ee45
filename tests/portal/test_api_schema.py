"""The schema of the API: complete, valid, and true about who may call."""

from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

PUBLIC = {"/api/v1/stations/", "/api/v1/stations/{id}/"}
SCOPED = {
    "/api/v1/campaigns/",
    "/api/v1/campaigns/{id}/",
    "/api/v1/campaigns/{id}/progress/",
    "/api/v1/campaigns/{id}/versions/",
    "/api/v1/dashboard/ranking/",
    "/api/v1/dashboard/trend/",
    "/api/v1/unions/",
    "/api/v1/unions/{id}/",
}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    generated: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return generated


def test_every_endpoint_is_described_and_read_only(schema: dict[str, Any]) -> None:
    validate_schema(schema)
    assert {path: sorted(methods) for path, methods in schema["paths"].items()} == {
        path: ["get"] for path in PUBLIC | SCOPED
    }


def test_who_may_call(schema: dict[str, Any]) -> None:
    """By token or session; nothing but the stations without."""
    for path, methods in schema["paths"].items():
        ways = [way for choice in methods["get"].get("security", []) for way in choice]
        assert ways == ([] if path in PUBLIC else ["tokenAuth", "cookieAuth"]), path


def test_filters_are_described(schema: dict[str, Any]) -> None:
    named = {
        path: {parameter["name"] for parameter in schema["paths"][path]["get"]["parameters"]}
        for path in ("/api/v1/stations/", "/api/v1/unions/", "/api/v1/campaigns/")
    }
    paging = {"cursor", "page_size"}
    assert named == {
        "/api/v1/stations/": {"region", "kind", "facility", "q", "near", "datum"} | paging,
        "/api/v1/unions/": {"kind", "parent", "region", "q"} | paging,
        "/api/v1/campaigns/": {"kind", "status", "owner", "q"} | paging,
    }


@pytest.mark.django_db
def test_it_is_served(client: Client) -> None:
    answer = client.get("/api/schema/")
    assert (answer.status_code, answer.headers["Content-Type"]) == (
        200,
        "application/vnd.oai.openapi; charset=utf-8",
    )
    assert b"/api/v1/stations/:" in answer.content
