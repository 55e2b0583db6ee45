"""Whatever is sent to the own page's forms, the answer is polite and nothing half is written."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings, strategies as st

from members.models import DataRequest, Membership, Transfer
from tests.builders import make_join_code
from tests.members.own_page import (
    browser_of,
    county as county,
    membership as membership,
    other_union as other_union,
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
    "/me/who/": ["last_characters"],
    "/me/data/phone/": ["phone"],
    "/me/data/phone/code/": ["code"],
    "/me/data/employer/": ["employer_name"],
    "/me/data/correct/": ["field", "name", "id_type", "id_number", "worker_group", "note"],
    "/me/move/": ["code", "reason", "employer_name"],
    "/me/leave/": ["nonsense"],
    "/me/consents/joining/": ["nonsense"],
}


@pytest.fixture
def browser(membership: Membership, other_union: Union) -> Client:
    """A member's browser that also carries a typed phone."""
    make_join_code(other_union)
    client = browser_of(membership.member)
    client.post("/me/data/phone/", {"phone": "+8612988000001"})
    return client


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
    assert answer.status_code in (200, 302, 400, 429)
    assert Membership.objects.get().ended_on is None


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
        assert visitor.get(address).status_code in (302, 400)
    for query in ({"q": text}, {"county": text}, {"code": text}):
        assert browser.get("/me/move/", query).status_code in (200, 400)
    assert visitor.get(f"/card/{quote(text, safe='')}x/").status_code in (400, 404, 429)
    assert not Transfer.objects.exists()
    assert not DataRequest.objects.exists()
