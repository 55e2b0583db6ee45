"""Everything kept about a person, as JSON and on paper, and nothing of anybody else."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from audit.models import AuditEntry
from members.models import Membership
from members.own_export import explained
from members.services.review import approve_application
from tests.builders import make_application, make_join_code, make_membership, person
from tests.members.own_page import (
    browser_of,
    county as county,
    log_in,
    number_of,
    phone_of,
    union as union,
)
from unions.models import Union

pytestmark = pytest.mark.django_db
WHO = person(8_001, name="王小明")


@pytest.fixture
def joined(union: Union) -> Membership:
    """Joined online, beside somebody else."""
    make_membership(union, person(8_002, name="李四海"), on="2024-01-02")
    make_application(make_join_code(union), person(8_003, name="赵小刚"))
    application = make_application(make_join_code(union), WHO, employer_name="顺丰速运")
    return approve_application(application, actor=None)


def test_the_json_holds_everything_of_the_person_in_full(joined: Membership) -> None:
    answer = browser_of(joined.member).post("/me/download/data.json")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "no-store" in answer.headers["Cache-Control"]
    document = json.loads(answer.content)
    assert list(document) == ["format", "made_at", "keys", *explained()]
    assert set(document["keys"]) == set(explained())
    assert document["person"]["name"] == "王小明"
    assert document["person"]["id_number"] == number_of(joined.member)
    assert document["person"]["phone"] == phone_of(joined.member)
    assert [spell["union"] for spell in document["memberships"]] == [joined.union.name]
    assert document["memberships"][0]["employer"] == "顺丰速运"
    assert [event["day"] for event in document["events"]] == [joined.started_on.isoformat()]
    (application,) = document["applications"]
    assert application["id_number"] == number_of(joined.member)
    assert len(document["consents"]) == 2
    assert all(consent["text"] and consent["given_at"] for consent in document["consents"])
    assert [look["what"] for look in document["looked"]] == [
        "own data downloaded",
        "application approved",
        "application sent in",
    ]


def test_nothing_of_anybody_else_is_in_it(joined: Membership) -> None:
    text = browser_of(joined.member).post("/me/download/data.json").content.decode()
    for other in (person(8_002, name="李四海"), person(8_003, name="赵小刚")):
        for value in (other.name, other.id_number, other.phone):
            assert value not in text


def test_the_pdf_and_each_download_is_logged(joined: Membership) -> None:
    client = browser_of(joined.member)
    pdf = client.post("/me/download/data.pdf")
    assert (pdf.headers["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    client.post("/me/download/data.json")
    entries = AuditEntry.objects.filter(action="member.downloaded_by_self").order_by("pk")
    assert [entry.data for entry in entries] == [
        {"by": "member", "format": "pdf"},
        {"by": "member", "format": "json"},
    ]
    assert client.get("/me/download/data.json").status_code == 405


def test_an_applicant_downloads_the_own_application(union: Union) -> None:
    make_application(make_join_code(union), WHO)
    client = Client()
    log_in(client, WHO.phone)
    document = json.loads(client.post("/me/download/data.json").content)
    assert document["person"] == {}
    assert [row["name"] for row in document["applications"]] == ["王小明"]
    assert client.post("/me/download/data.pdf").content[:5] == b"%PDF-"
