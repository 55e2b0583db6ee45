"""Logging in by phone code: no oracle, no fixation, one person per session."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.encryption import blind_index, encrypt
from core.phone import demo_phone
from members.models import Member, Membership, OneTimeCode
from members.models.application import PHONE_CONTEXT
from members.services.review import approve_application
from tests.builders import (
    make_application,
    make_join_code,
    make_membership,
    make_official,
    person,
)
from tests.members.own_page import (
    browser_of,
    county as county,
    last_code,
    log_in,
    membership as membership,
    number_of,
    other_union as other_union,
    phone_of,
    union as union,
)
from unions.models import Union

pytestmark = pytest.mark.django_db

PAGES = ["/me/", "/me/data/", "/me/move/", "/me/leave/", "/me/consents/", "/me/looked/",
         "/me/download/", "/me/data/phone/", "/me/data/employer/", "/me/data/correct/"]  # fmt: skip
STRANGER = demo_phone(99_000_001)


def share_phone(member: Member, phone: str) -> None:
    """Give ``member`` the phone of somebody else."""
    member.phone_encrypted = encrypt(phone, context=PHONE_CONTEXT)
    member.phone_hash = blind_index(phone, context=PHONE_CONTEXT)
    member.save()


def test_a_code_sent_to_the_phone_opens_the_own_pages(membership: Membership) -> None:
    client = browser_of(membership.member)
    for page in PAGES:
        shown = client.get(page)
        assert shown.status_code == 200, page
        assert "no-store" in shown.headers["Cache-Control"], page
    assert "王小明" in client.get("/me/").content.decode()


def test_a_known_and_an_unknown_phone_get_the_same_answer_from_the_same_work(
    membership: Membership,
) -> None:
    found = []
    for phone in (phone_of(membership.member), STRANGER):
        client = Client()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            sent = client.post("/me/login/", {"phone": phone})
        with CaptureQueriesContext(connection) as more:
            page = client.get("/me/code/")
        with CaptureQueriesContext(connection) as wrong:
            refused = client.post("/me/code/", {"code": "000000"})
        tables = [
            query["sql"].partition('FROM "')[2].partition('"')[0]
            for query in queries.captured_queries
        ]
        hidden = "****" + phone[-4:]
        found.append(
            (
                sent.status_code, sent.headers["Location"], sent.content, tables,
                page.status_code, strip_token(page.content.decode()).replace(hidden, ""),
                len(more), refused.status_code, len(wrong), sorted(client.cookies),
            )
        )  # fmt: skip
    assert found[0] == found[1]


def strip_token(text: str) -> str:
    """Without the hidden token, which is random."""
    lines = text.splitlines()
    return "\n".join(line for line in lines if "csrfmiddlewaretoken" not in line)


def test_only_who_has_the_code_learns_that_a_phone_is_unknown() -> None:
    client = Client()
    assert log_in(client, STRANGER).headers["Location"] == "/me/nobody/"
    assert "own_page" not in client.cookies
    assert client.get("/me/").headers["Location"] == "/me/login/"


def test_five_wrong_codes_kill_the_right_one(membership: Membership) -> None:
    client = Client()
    phone = phone_of(membership.member)
    client.post("/me/login/", {"phone": phone})
    right = last_code(phone)
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(5):
        assert client.post("/me/code/", {"code": wrong}).status_code == 200
    assert client.post("/me/code/", {"code": right}).status_code == 200
    assert client.get("/me/").status_code == 302
    assert OneTimeCode.objects.get().wrong_tries == 5


def test_codes_and_numbers_sent_from_one_address_are_limited(settings: Any) -> None:
    settings.OWN_PAGE_LIMIT_PER_IP = 2
    client = Client()
    statuses = [client.post("/me/login/", {"phone": "x"}).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_logging_in_makes_a_new_session_and_takes_over_none(membership: Membership) -> None:
    attacker = browser_of(membership.member)
    planted = attacker.cookies["own_page"].value
    attacker.post("/me/logout/")
    victim = Client()
    victim.cookies["own_page"] = planted
    OneTimeCode.objects.all().delete()
    log_in(victim, phone_of(membership.member))
    assert victim.cookies["own_page"].value != planted
    assert victim.get("/me/").status_code == 200
    attacker.cookies["own_page"] = planted
    assert attacker.get("/me/").status_code == 302


def test_sessions_of_officials_and_of_the_own_page_do_not_mix(
    membership: Membership, union: Union
) -> None:
    official = Client()
    official.force_login(make_official("gongzuozhe", union))
    official.cookies["own_page"] = official.cookies["sessionid"].value
    assert official.get("/me/").headers["Location"] == "/me/login/"
    member = browser_of(membership.member)
    assert "sessionid" not in member.cookies
    cookie = member.cookies["own_page"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/me/", True, "Lax")
    member.cookies["sessionid"] = cookie.value
    assert member.get("/admin/").status_code == 302


def test_a_session_ends_by_log_out_idleness_and_age(membership: Membership) -> None:
    client = browser_of(membership.member)
    key = client.cookies["own_page"].value
    client.post("/me/logout/")
    client.cookies["own_page"] = key
    assert client.get("/me/").status_code == 302
    OneTimeCode.objects.all().delete()
    client = browser_of(membership.member)
    row = Session.objects.get(pk=client.cookies["own_page"].value)
    assert row.expire_date - timezone.now() < dt.timedelta(minutes=31)
    Session.objects.update(expire_date=timezone.now() - dt.timedelta(seconds=1))
    assert client.get("/me/").status_code == 302


def test_acts_need_the_token_of_the_form(membership: Membership) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies["own_page"] = browser_of(membership.member).cookies["own_page"].value
    for address in ("/me/leave/", "/me/logout/", "/me/download/data.json", "/me/consents/joining/"):
        assert client.post(address, {"sure": "on"}).status_code == 403
    membership.refresh_from_db()
    assert membership.ended_on is None


def test_people_who_share_a_phone_are_told_apart_and_see_only_their_own(
    membership: Membership, union: Union
) -> None:
    phone = phone_of(membership.member)
    wife = make_membership(union, person(4_321, name="李小红"), on="2024-01-02").member
    share_phone(wife, phone)
    client = Client()
    assert log_in(client, phone).headers["Location"] == "/me/who/"
    assert client.get("/me/").headers["Location"] == "/me/login/"
    OneTimeCode.objects.all().delete()
    log_in(client, phone)
    answer = client.post("/me/who/", {"last_characters": number_of(wife)[-4:]})
    assert answer.headers["Location"] == "/me/"
    for page in PAGES:
        text = client.get(page).content.decode()
        assert "王小明" not in text, page
        assert "王*明" not in text, page
    assert "李小红" in client.get("/me/").content.decode()


def test_the_end_of_the_number_is_asked_five_times_at_most(
    membership: Membership, union: Union
) -> None:
    phone = phone_of(membership.member)
    share_phone(make_membership(union, person(4_322), on="2024-01-02").member, phone)
    client = Client()
    log_in(client, phone)
    statuses = [client.post("/me/who/", {"last_characters": "0000"}).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 200, 403]
    right = {"last_characters": number_of(membership.member)[-4:]}
    assert client.post("/me/who/", right).headers["Location"] == "/me/login/"


def test_a_merged_record_leads_to_the_kept_one_once_the_number_is_given(
    membership: Membership, union: Union
) -> None:
    old = make_membership(union, person(4_323), on="2023-01-02").member
    Membership.objects.filter(member=old).update(ended_on="2023-06-01", status="ended")
    old.merged_into = membership.member
    old.save()
    client = Client()
    assert log_in(client, phone_of(old)).headers["Location"] == "/me/who/"
    client.post("/me/who/", {"last_characters": number_of(membership.member)})
    assert "王小明" in client.get("/me/").content.decode()


def test_a_frozen_record_opens_nothing(membership: Membership) -> None:
    client = browser_of(membership.member)
    Member.objects.update(frozen_at=timezone.now())
    assert client.get("/me/").status_code == 302
    OneTimeCode.objects.all().delete()
    assert log_in(Client(), phone_of(membership.member)).headers["Location"] == "/me/nobody/"


def test_who_types_anothers_number_with_an_own_phone_sees_the_own_application_only(
    membership: Membership, union: Union, other_union: Union
) -> None:
    victim = number_of(membership.member)
    make_application(make_join_code(union), person(name="王小明", id_number=victim))
    spy = person(name="王小明", id_number=victim, phone=STRANGER)
    own = make_application(make_join_code(other_union), spy)
    client = Client()
    assert log_in(client, STRANGER).headers["Location"] == "/me/"
    shown = client.get("/me/", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert "You are not a member yet" in shown
    assert other_union.name in shown
    for page in ("/me/", "/me/data/", "/me/looked/", "/me/consents/"):
        text = client.get(page).content.decode()
        assert union.name not in text, page
        assert "王小明" not in text, page
        assert victim not in text, page
    # The person whose number it is sees it, without the other's phone.
    OneTimeCode.objects.all().delete()
    text = browser_of(membership.member).get("/me/").content.decode()
    assert "sent with another mobile number than yours" in text
    assert own.masked_phone not in text


def test_an_applicant_becomes_a_member_within_the_session(union: Union) -> None:

    who = person(4_324, name="赵小刚")
    application = make_application(make_join_code(union), who)
    client = Client(headers={"Accept-Language": "en"})
    log_in(client, who.phone)
    assert "You are not a member yet" in client.get("/me/").content.decode()
    approve_application(application, actor=None)
    assert "Member since" in client.get("/me/").content.decode()
