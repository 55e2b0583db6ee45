"""Whatever is sent to the own page's forms, the answer is polite and nothing half is written."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings, strategies as st

from core.normalising import normalise_text
from members.models import Application, DataRequest, Membership, Transfer
from tests.builders import make_application, make_join_code, person
from tests.members.own_page import (
    browser_of,
    county as county,
    membership as membership,
    number_of,
    other_union as other_union,
    phone_of,
    union as union,
)
from unions.models import Union

pytestmark = pytest.mark.django_db

HOSTILE = st.one_of(
    st.text(max_size=80),
    st.sampled_from(["\x00", "a\x00b", "\u202e", "😀" * 30, "'; --", "<script>", "A" * 5000]),
)
FORMS = {
    "/me/login/": ["phone"],
    "/me/code/": ["code"],
    "/me/data/phone/": ["phone"],
    "/me/data/phone/code/": ["code"],
    "/me/data/employer/": ["employer_name"],
    "/me/data/correct/": ["field", "name", "id_type", "id_number", "worker_group", "note"],
    "/me/move/": ["code", "reason", "employer_name"],
    "/me/leave/": ["nonsense"],
    "/me/consents/joining/": ["nonsense"],
}


@pytest.fixture
def browser(membership: Membership, other_union: Union, settings: Any) -> Client:
    """The browser of a member with an application elsewhere; it also carries a typed phone."""
    for limit in ("OWN_PAGE_LIMIT_PER_IP", "CODE_CALLS_PER_IP_WITHOUT_PROOF", "CARD_LIMIT_PER_IP"):
        setattr(settings, limit, 10_000)
    known: Any = {
        "id_number": number_of(membership.member),
        "phone": phone_of(membership.member),
    }
    make_application(make_join_code(other_union), person(name="王小明", **known))
    client = browser_of(membership.member)
    client.post("/me/data/phone/", {"phone": "+8612988000001"})
    return client


def status_for(address: str, first: str) -> int:
    """The page again with what is wrong; nothing here is right, but for names of employers."""
    if address == "/me/data/employer/" and "\0" not in first:
        return 302 if len(first) <= 120 and len(normalise_text(first)) <= 120 else 200
    return 200


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(address=st.sampled_from(sorted(FORMS)), values=st.lists(HOSTILE, min_size=6, max_size=6))
def test_hostile_values_are_answered_politely(
    browser: Client, address: str, values: list[str]
) -> None:
    answer = browser.post(address, dict(zip(FORMS[address], values, strict=False)))
    assert answer.status_code == status_for(address, values[0])
    assert Membership.objects.get().ended_on is None
    assert Application.objects.get().status == "submitted"


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=HOSTILE)
def test_hostile_cookies_searches_and_tokens_are_answered_politely(
    browser: Client, text: str
) -> None:
    printable = "".join(c for c in text if 32 < ord(c) < 127 and c not in '";,\\')[:300]
    visitor = Client()
    visitor.cookies["own_page"] = printable
    visitor.cookies["own_page_phone"] = printable
    for address in ("/me/", "/me/code/", "/me/who/"):
        assert visitor.get(address).status_code == 302
    for query in ({"q": text}, {"county": text}, {"code": text}):
        assert browser.get("/me/move/", query).status_code == 200
    assert visitor.get(f"/card/{quote(text, safe='')}x/").status_code == 404
    assert not Transfer.objects.exists()
    assert not DataRequest.objects.exists()
